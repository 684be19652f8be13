/**
 * Records that are not what is due: replayed, reordered, shortened, flipped, of another session. The session that they
 * claim to be of ends with DecryptError, others do not notice; what claims to be of none is met with silence.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { DECRYPT_ERROR, INVALID_REQUEST } from "../../src/errors.js";
import { V1_2 } from "../../src/versions.js";
import { toHex } from "../support/bytes.js";
import { Peer, SESSION_FLAGS, type SessionEnd, sessionBoard, supportedVersions } from "../support/session.js";

const DIGESTS = Uint8Array.of(5, V1_2, 0x81, 0, 0);
const ERROR = toHex(Uint8Array.of(5, V1_2, 0x7f, DECRYPT_ERROR, 0));

/** Asserts that `record` ends its session with DecryptError, sealed in it. */
function assertEnds(session: SessionEnd, record: Uint8Array): void {
  const answer = session.exchange(record);
  const opened = session.session.open(answer);
  assert.ok(opened !== undefined, `answer ${toHex(answer)} to ${toHex(record)}`);
  assert.equal(toHex(opened), ERROR);
  assert.equal(session.exchange(session.seal(DIGESTS)).length, 0, "it is still there");
}

/** Runs `attack` on a new session beside one that must not notice, encrypted and authenticated only. */
function inBothKinds(name: string, attack: (session: SessionEnd, other: SessionEnd) => void): void {
  for (const flags of [SESSION_FLAGS, SESSION_FLAGS & ~0x40]) {
    test(`${name}, ${flags === SESSION_FLAGS ? "encrypted" : "authenticated only"}`, () => {
      const peer = new Peer(V1_2, sessionBoard(), { flags });
      const other = peer.open(true);
      attack(peer.open(), other);
      assert.ok(other.isAlive);
    });
  }
}

inBothKinds("a replayed record", (session) => {
  const record = session.seal(DIGESTS);
  assert.ok(session.session.open(session.exchange(record)) !== undefined);
  assertEnds(session, record);
});

inBothKinds("a record before its turn", (session) => {
  session.seal(DIGESTS);
  assertEnds(session, session.seal(DIGESTS));
});

inBothKinds("a record of the responder's own", (session) => {
  const own = session.exchange(session.seal(DIGESTS));
  assert.ok(session.session.open(own.slice()) !== undefined);
  assertEnds(session, own);
});

inBothKinds("a record of another session", (session, other) => {
  assert.ok(other.isAlive);
  const record = other.seal(DIGESTS);
  const stolen = record.slice();
  stolen.set(session.seal(DIGESTS).subarray(0, 4));
  assertEnds(session, stolen);
  assert.ok(other.session.open(other.exchange(record)) !== undefined);
});

test("each truncation", () => {
  const peer = new Peer(V1_2);
  const other = peer.open();
  const length = 8 + 2 + DIGESTS.length + 16;
  for (let cut = 0; cut < length; cut++) {
    const session = peer.open(true);
    const record = session.seal(DIGESTS).subarray(0, cut);
    if (cut >= 8) assertEnds(session, record);
    else {
      // It does not say whose it is, and so the one behind it is before its turn.
      assert.equal(session.exchange(record).length, 0);
      assertEnds(session, session.seal(DIGESTS));
    }
  }
  assert.ok(other.isAlive);
});

test("each flipped bit", () => {
  const peer = new Peer(V1_2);
  const other = peer.open();
  const length = 8 + 2 + DIGESTS.length + 16;
  for (let bit = 0; bit < 8 * length; bit++) {
    const session = peer.open(true);
    const record = session.seal(DIGESTS);
    record[bit >> 3] ^= 1 << (bit & 7);
    if (bit >= 32) assertEnds(session, record);
    else {
      // The session it claims to be of is none.
      assert.equal(session.exchange(record).length, 0);
      assertEnds(session, session.seal(DIGESTS));
    }
  }
  assert.ok(other.isAlive);
});

test("a length beyond the record's, or short of it", () => {
  for (const change of [1, -1, 0x100]) {
    const session = new Peer(V1_2).open();
    const record = session.seal(DIGESTS);
    const length = (record[6] | (record[7] << 8)) + change;
    record[6] = length;
    record[7] = length >>> 8;
    assertEnds(session, record);
  }
});

test("bytes behind a record", () => {
  const session = new Peer(V1_2).open();
  assertEnds(session, Uint8Array.from([...session.seal(DIGESTS), 0]));
});

test("unknown sessions are met with silence", () => {
  const peer = new Peer(V1_2);
  const session = peer.open();
  for (const length of [0, 1, 7, 8, 9, 40, 4000]) assert.equal(peer.secured(new Uint8Array(length)).length, 0);
  assert.ok(session.isAlive);
});

test("a record is wiped, whatever became of it", () => {
  const peer = new Peer(V1_2);
  const session = peer.open();
  const out = new Uint8Array(5000);
  for (const record of [session.seal(DIGESTS), session.seal(DIGESTS).fill(1, 8)]) {
    peer.board.responder.respondSecured(record, out);
    assert.ok(record.every((byte) => byte === 0));
  }
});

test("AEADLimit: a session ends before a sequence number would come again", () => {
  for (const [own, theirs] of [
    [3, 64],
    [53, 3],
    [3, 3],
  ]) {
    const on = sessionBoard({ aeadLimitExponent: own });
    const peer = new Peer(V1_2, on);
    const session = peer.keyExchange({ opaque: supportedVersions(V1_2, [0x1300], theirs) }).finish();
    for (let i = 0; i < 8; i++) assert.ok(session.isAlive, `record ${i}`);
    // Our eighth record was the last under this key, and so there is no ninth, not even for an ERROR.
    assert.equal(session.exchange(session.seal(DIGESTS)).length, 0);
    assert.equal(peer.secured(session.seal(DIGESTS)).length, 0);
  }
});

test("KEY_UPDATE begins the count anew", () => {
  const peer = new Peer(V1_2, sessionBoard({ aeadLimitExponent: 3 }));
  const session = peer.keyExchange({ opaque: supportedVersions(V1_2, [0x1300]) }).finish();
  for (let round = 0; round < 10; round++) {
    for (let i = 0; i < 4; i++) assert.ok(session.isAlive);
    session.updateKeys(2);
  }
});

test("a requester that goes on with its old key has undone the update", () => {
  const session = new Peer(V1_2).open();
  session.answer([V1_2, 0xe9, 1, 7]);
  // To it the acknowledgement may as well have been lost: the old key does not prove the new one.
  session.refused([V1_2, 0xe9, 3, 8], INVALID_REQUEST);
  assert.ok(session.isAlive);
  session.answer([V1_2, 0xe9, 1, 9]);
  session.session.updateOwnKey();
  session.refused([V1_2, 0xe9, 1, 7], INVALID_REQUEST);
  session.refused([V1_2, 0xe9, 2, 7], INVALID_REQUEST);
  session.answer([V1_2, 0xe9, 3, 8]);
  assert.ok(session.isAlive);
  session.session.updateOwnKey();
  assertEnds(session, session.seal(DIGESTS));
});

test("once the new key is used, the old key counts no more", () => {
  const session = new Peer(V1_2).open();
  session.answer([V1_2, 0xe9, 1, 7]);
  const late = session.seal(DIGESTS);
  session.session.updateOwnKey();
  // Twice: the number due under the new key is another one then.
  assert.ok(session.isAlive && session.isAlive);
  assertEnds(session, late);
});

test("a record that neither key opens ends the session while a KEY_UPDATE waits", () => {
  const peer = new Peer(V1_2);
  const other = peer.open(true);
  const session = peer.open();
  session.answer([V1_2, 0xe9, 1, 7]);
  const record = session.seal(DIGESTS);
  record[12] ^= 1;
  assertEnds(session, record);
  assert.ok(other.isAlive);
});

test("VerifyNewKey without an update, unknown operations", () => {
  const session = new Peer(V1_2).open();
  for (const operation of [0, 3, 4, 255]) session.refused([V1_2, 0xe9, operation, 1], INVALID_REQUEST);
  session.refused([V1_2, 0xe9, 1, 1, 0], INVALID_REQUEST);
  assert.ok(session.isAlive);
});
