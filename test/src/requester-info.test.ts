/** A responder that asks requesters what they are, by encapsulated GET_ENDPOINT_INFO. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { INVALID_RESPONSE_CODE, NO_PENDING_REQUESTS, UNEXPECTED_REQUEST } from "../../src/errors.js";
import { MUT_AUTH_REQUESTED, MUT_AUTH_WITH_ENCAP_REQUEST } from "../../src/mutual-authentication.js";
import { type RequesterInfo, requesterInfo } from "../../src/requester-info.js";
import { V1_2, V1_3, V1_4, type Version } from "../../src/versions.js";
import { authenticatingPeer, mutual, Prover } from "../support/authenticating.js";
import { concat, fromHex, toHex, u32 } from "../support/bytes.js";
import { getDigests } from "../support/requests.js";
import { Peer, SESSION_FLAGS, type SessionEnd, sessionBoard } from "../support/session.js";

const ASKING: readonly Version[] = [V1_3, V1_4];
const EP_INFO_NO_SIG = 0x00400000;
const EP_INFO_SIG = 0x00800000;
const CONTEXT = "requester-endpoint_info signing";
/** DMTF's own registry, of which it has none: one subordinate ID, 123456. */
const INFO = fromHex("010000000700000103123456");
const UNSIGNED = (v: Version) => concat(Uint8Array.of(v, 0x07, 0, 0, 0, 0, 0, 0, ...u32(INFO.length)), INFO);

/** A board that asks, and what it was told. */
function asking(changes: Parameters<typeof sessionBoard>[1] = {}, sessions = {}) {
  const told: { signed: boolean; sessionId: number | undefined; ids: string[] }[] = [];
  const note = ({ deviceClasses, ...rest }: RequesterInfo) =>
    told.push({ ...rest, ids: deviceClasses.flatMap(({ subordinateIds }) => subordinateIds.map(toHex)) });
  return { told, on: sessionBoard(sessions, { requesterInfo: requesterInfo(note), ...changes }) };
}

const fetchRequest = (v: Version) => Uint8Array.of(v, 0xea, 0, 0);
const deliver = (v: Version, response: Uint8Array, id = 1) => concat(Uint8Array.of(v, 0xeb, id, 0), response);
const plainRequest = (v: Version) => `${v.toString(16)}6a0100${v.toString(16)}87010000000000`;
const lastAck = (v: Version) => `${v.toString(16)}6b000001000000`;

test("outside of sessions: once, unsigned, and told", () => {
  for (const v of ASKING) {
    for (const flags of [EP_INFO_NO_SIG, EP_INFO_SIG | 6]) {
      const { told, on } = asking();
      const { conversation: c } = new Peer(v, on, { flags: SESSION_FLAGS | flags });
      assert.equal(toHex(c.answer(fetchRequest(v))), plainRequest(v));
      assert.equal(toHex(c.answer(deliver(v, UNSIGNED(v)))), lastAck(v));
      assert.deepEqual(told, [{ signed: false, sessionId: undefined, ids: ["123456"] }]);
      c.refused(fetchRequest(v), NO_PENDING_REQUESTS);
      c.answer(getDigests(v));
    }
  }
});

test("GET_VERSION lets it be asked again", () => {
  const { told, on } = asking();
  for (let i = 1; i <= 2; i++) {
    const { conversation: c } = new Peer(V1_3, on, { flags: SESSION_FLAGS | EP_INFO_NO_SIG });
    c.answer(fetchRequest(V1_3));
    c.answer(deliver(V1_3, UNSIGNED(V1_3)));
    assert.equal(told.length, i);
  }
});

test("in a session of nobody in particular: unsigned, once in each, not in its handshake", () => {
  for (const v of ASKING) {
    for (const usesPsk of [false, true]) {
      const { told, on } = asking();
      const peer = new Peer(v, on, { flags: SESSION_FLAGS | EP_INFO_SIG | 6 });
      const handshake = usesPsk ? peer.pskExchange() : peer.keyExchange();
      handshake.refused(fetchRequest(v), NO_PENDING_REQUESTS);
      for (const session of [handshake.finish(), peer.open(usesPsk, 0x3333)]) {
        assert.equal(toHex(session.answer(fetchRequest(v))), plainRequest(v));
        assert.equal(toHex(session.answer(deliver(v, UNSIGNED(v)))), lastAck(v));
        assert.equal(told.at(-1)!.sessionId, session.session.id);
        session.refused(fetchRequest(v), NO_PENDING_REQUESTS);
        assert.ok(session.isAlive);
      }
      assert.deepEqual(
        told.map(({ signed }) => signed),
        [false, false],
      );
    }
  }
});

test("nobody is asked before 1.3, without EP_INFO_CAP or ENCAP_CAP, or by a board that does not want it", () => {
  const none = (v: Version, flags: number, on = asking().on) => {
    const answer = new Peer(v, on, { flags }).open().ask(fetchRequest(v));
    assert.equal(answer[1], 0x7f);
  };
  none(V1_2, SESSION_FLAGS | EP_INFO_NO_SIG);
  none(V1_3, SESSION_FLAGS);
  none(V1_3, (SESSION_FLAGS | EP_INFO_NO_SIG) & ~0x1000);
  none(V1_3, SESSION_FLAGS | EP_INFO_NO_SIG, sessionBoard());
});

test("the board's key update comes behind it", () => {
  const { on } = asking({}, { keyUpdateAfter: 0 });
  const session = new Peer(V1_3, on, { flags: SESSION_FLAGS | EP_INFO_NO_SIG }).open();
  session.answer(fetchRequest(V1_3));
  assert.equal(session.answer(deliver(V1_3, UNSIGNED(V1_3)))[9], 0xe9);
});

/** A session of a requester that proved itself, and what it is known by. */
function proven(v: Version, how: number) {
  const { told, on } = asking({ mutualAuthentication: mutual({ requested: how, mandatory: true }) });
  const peer = authenticatingPeer(v, on, SESSION_FLAGS | EP_INFO_SIG);
  const session = peer.keyExchange();
  const prover = new Prover(peer);
  if (how !== MUT_AUTH_REQUESTED) prover.prove((message) => session.ask(message));
  session.finish(prover.finish(session));
  return { told, session, prover };
}

/** ENDPOINT_INFO with a signature over VCA, the request and what goes before it. */
function signedInfo({ peer, version: v }: SessionEnd, prover: Prover, request: Uint8Array, info = INFO): Uint8Array {
  const head = Uint8Array.of(v, 0x07, 0, 0, 0, 0, 0, 0, ...new Uint8Array(32).fill(5), ...u32(info.length));
  const body = concat(head, info);
  return concat(body, prover.sign(CONTEXT, concat(peer.conversation.vca, request, body)));
}

test("in a session of a requester that proved itself: signed by its leaf's key, over a nonce of ours", () => {
  for (const v of ASKING) {
    for (const how of [MUT_AUTH_REQUESTED, MUT_AUTH_WITH_ENCAP_REQUEST]) {
      const { told, session, prover } = proven(v, how);
      const asked = session.answer(fetchRequest(v)).subarray(4);
      assert.equal(toHex(asked.subarray(0, 8)), `${v.toString(16)}87010001000000`);
      assert.equal(asked.length, 40);
      assert.ok(asked.subarray(8).some((byte) => byte !== 0));
      assert.equal(toHex(session.answer(deliver(v, signedInfo(session, prover, asked)))), lastAck(v));
      assert.deepEqual(told, [{ signed: true, sessionId: session.session.id, ids: ["123456"] }]);
    }
  }
});

test("a provisioned requester signs outside of sessions too", () => {
  const { told, session, prover } = proven(V1_4, MUT_AUTH_REQUESTED);
  const { conversation: c } = session.peer;
  const asked = c.answer(fetchRequest(V1_4)).subarray(4);
  c.answer(deliver(V1_4, signedInfo(session, prover, asked)));
  assert.deepEqual(told, [{ signed: true, sessionId: undefined, ids: ["123456"] }]);
});

test("what is cut short, changed, or signed by others is refused, told nobody, and not asked again", () => {
  const refusedWith = (make: (session: SessionEnd, prover: Prover, asked: Uint8Array) => Uint8Array) => {
    const { told, session, prover } = proven(V1_3, MUT_AUTH_REQUESTED);
    const asked = session.answer(fetchRequest(V1_3)).subarray(4);
    session.refused(deliver(V1_3, make(session, prover, asked)), INVALID_RESPONSE_CODE);
    assert.deepEqual(told, []);
    session.refused(fetchRequest(V1_3), NO_PENDING_REQUESTS);
    assert.ok(session.isAlive);
  };
  const whole = 8 + 32 + 4 + INFO.length + 96;
  for (const length of [4, 8, 39, 40, 44, 55, 56, whole - 1])
    refusedWith((...all) => signedInfo(...all).subarray(0, length));
  refusedWith((...all) => concat(signedInfo(...all), Uint8Array.of(0)));
  for (const at of [1, 3, 8, 40, 44, 50, 56, whole - 1])
    refusedWith((...all) => {
      const response = signedInfo(...all);
      response[at] ^= 1;
      return response;
    });
  // By its key, but of another request; and what is signed, but is no list of classes.
  refusedWith((session, prover) => signedInfo(session, prover, new Uint8Array(40)));
  refusedWith((session, prover, asked) => signedInfo(session, prover, asked, Uint8Array.of(2, 0, 0, 0)));
  refusedWith(() => UNSIGNED(V1_3));
  refusedWith(() => Uint8Array.of(V1_3, 0x7f, 0x07, 0x87));
  refusedWith(() => Uint8Array.of(V1_4, ...UNSIGNED(V1_3).subarray(1)));
});

test("unsigned, every bit flip is taken or refused", () => {
  const { on } = asking();
  const whole = UNSIGNED(V1_3);
  for (let bit = 0; bit < 8 * whole.length; bit++) {
    const { conversation: c } = new Peer(V1_3, on, { flags: SESSION_FLAGS | EP_INFO_NO_SIG });
    c.answer(fetchRequest(V1_3));
    const flipped = whole.slice();
    flipped[bit >> 3] ^= 1 << (bit & 7);
    const answer = c.ask(deliver(V1_3, flipped));
    if (answer[1] === 0x7f) assert.equal(answer[2], INVALID_RESPONSE_CODE);
  }
  assert.deepEqual(on.faults, []);
});

test("a response without its request, or to another, is unexpected", () => {
  const { told, on } = asking();
  const { conversation: c } = new Peer(V1_3, on, { flags: SESSION_FLAGS | EP_INFO_NO_SIG });
  c.refused(deliver(V1_3, UNSIGNED(V1_3)), UNEXPECTED_REQUEST);
  c.answer(fetchRequest(V1_3));
  c.answer(deliver(V1_3, UNSIGNED(V1_3)));
  c.refused(deliver(V1_3, UNSIGNED(V1_3), 2), UNEXPECTED_REQUEST);
  assert.equal(told.length, 1);
});
