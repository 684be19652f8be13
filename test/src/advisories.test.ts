/**
 * What other SPDM implementations were broken by: one test each, by the advisory's name or the fault's. That each of them
 * notices when its guard is taken out is tested by guards.test.ts.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Deferral } from "../../src/deferral.js";
import { DECRYPT_ERROR, INVALID_REQUEST, RESPONSE_TOO_LARGE, UNEXPECTED_REQUEST } from "../../src/errors.js";
import { AFTER_CAPABILITIES, AFTER_VERSION } from "../../src/exchange.js";
import { measurementExtensionLog } from "../../src/messages/measurement-extension-log.js";
import { V1_1, V1_2, V1_4 } from "../../src/versions.js";
import { concat, fromHex, readLe, toHex } from "../support/bytes.js";
import { changeableBoard, getCsr } from "../support/certificate-slots.js";
import { sequence, tlv } from "../support/der.js";
import { Conversation, CURVES, chainOf, DATA_TRANSFER_SIZE, leafKeyOf } from "../support/fixture.js";
import { DMTF_LOG, getLog } from "../support/log.js";
import {
  getCapabilities,
  getCertificate,
  getMeasurements,
  getVersion,
  negotiateAlgorithms,
} from "../support/requests.js";
import {
  EXCHANGES,
  IN_THE_CLEAR_FLAG,
  keyExchangeRequest,
  Peer,
  SESSION_FLAGS,
  sessionBoard,
  sessionTables,
  supportedVersions,
  TestClock,
} from "../support/session.js";

/** Asserts that `message` ends the session that it comes in, with DecryptError. */
function assertFatal(session: ReturnType<Peer["keyExchange"]>, message: Uint8Array): void {
  session.refused(message, DECRYPT_ERROR);
  assert.equal(session.exchange(session.seal(Uint8Array.of(5, session.version, 0x81, 0, 0))).length, 0);
}

test("CVE-2023-31127: PSK_FINISH does not end a handshake of KEY_EXCHANGE, nor FINISH one of PSK_EXCHANGE", () => {
  const peer = new Peer(V1_2);
  for (const [session, code] of [
    [peer.keyExchange(), 0xe7],
    [peer.pskExchange(), 0xe5],
  ] as const) {
    const request = session.finishRequest();
    request[1] = code;
    session.refused(request, UNEXPECTED_REQUEST);
    assert.equal(session.session.phase, 0);
    session.refused([V1_2, 0x81, 0, 0], UNEXPECTED_REQUEST);
  }
});

test("CVE-2023-32690: a CTExponent that nobody could shift by is refused", () => {
  for (const ctExponent of [32, 64, 255]) {
    const c = new Conversation(V1_1).reach(AFTER_VERSION);
    c.refused(getCapabilities(V1_1, { ctExponent }), INVALID_REQUEST);
  }
});

test("CVE-2026-61810: FINISH's opaque data are part of what is proved", () => {
  const session = new Peer(V1_4).keyExchange();
  const opaque = Uint8Array.of(1, 0, 0, 0, 0, 0, 1, 0, 7, 0, 0, 0);
  // RequesterVerifyData as DSP0274 1.4.0 can be read: over the header alone.
  const head = Uint8Array.of(V1_4, 0xe5, 0, 0);
  const proof = session.session.ownVerifyData(session.peer.hashed(concat(session.th, head)));
  assertFatal(session, concat(head, Uint8Array.of(opaque.length, 0), opaque, proof));

  const good = session.peer.keyExchange();
  const covered = concat(head, Uint8Array.of(opaque.length, 0), opaque);
  good.th = concat(good.th, covered);
  const honest = good.session.ownVerifyData(good.peer.hashed(good.th));
  good.th = concat(good.th, honest);
  good.finish(concat(covered, honest));
  assert.ok(good.isAlive);
});

test("FINISH and PSK_FINISH: wrong verify data end the session", () => {
  for (const version of [V1_1, V1_2, V1_4]) {
    const peer = new Peer(version);
    for (const session of [peer.keyExchange(), peer.pskExchange()]) {
      assertFatal(
        session,
        session.finishRequest((message) => {
          message[message.length - 1] ^= 1;
        }),
      );
    }
  }
});

test("DMTF-2026-0002: an offset and a length that wrap together", () => {
  const peer = new Peer(V1_4);
  peer.conversation.refused(getCertificate(V1_4, 0, 0xffff, 0xffff), INVALID_REQUEST);
  const session = peer.open();
  session.refused(getCertificate(V1_4, 0, 0xffff, 0xffff), INVALID_REQUEST);
  const length = session.answer(getCertificate(V1_4, 0, 1, 0xffff)).length;
  assert.equal(length, 8 + readLe(session.answer(getCertificate(V1_4, 0, 0, 4)), 8, 4) - 1);
});

test("DMTF-2026-0002: nor an offset and a length of the measurement extension log", () => {
  const on = sessionBoard({}, { exchanges: [...EXCHANGES, measurementExtensionLog], log: DMTF_LOG });
  const peer = new Peer(V1_4, on, { flags: SESSION_FLAGS, tables: sessionTables(), melSpecification: 1 });
  const session = peer.open();
  for (const ask of [
    (request: Uint8Array) => peer.conversation.ask(request),
    (request: Uint8Array) => session.ask(request),
  ]) {
    for (const [offset, length] of [
      [0xffffffff, 0xffffffff],
      [0xffffffff, 1],
      [0xfffffff0, 0x20],
      [0x80000000, 0x80000000],
      [63, 0xffffffff],
    ]) {
      assert.equal(toHex(ask(getLog(V1_4, offset, length))), "147f0100");
    }
    const last = ask(getLog(V1_4, 62, 0xffffffff));
    assert.deepEqual([last.length, readLe(last, 4, 4), readLe(last, 8, 4)], [13, 1, 0]);
  }
  assert.deepEqual(on.faults, []);
});

test("libspdm #3664: RESPOND_IF_READY gets nothing of another session", () => {
  const delayMs = (code: number) => (code === 0xe0 ? 1000 : 0);
  const deferral = new Deferral({ clock: () => 0, delayMs, maxSpdmMsgSize: DATA_TRANSFER_SIZE });
  const peer = new Peer(V1_2, sessionBoard({}, { deferral }));
  const [mine, other] = [peer.open(), peer.open(true)];
  const [code, token] = mine.ask(getMeasurements(V1_2, 0)).subarray(5);
  assert.equal(code, 0xe0);
  for (let served = 0; served < 2; served++) {
    other.refused([V1_2, 0xff, code, token], UNEXPECTED_REQUEST);
    peer.conversation.refused(Uint8Array.of(V1_2, 0xff, code, token), UNEXPECTED_REQUEST);
    peer.board.responder.idle();
  }
  assert.equal(mine.ask([V1_2, 0xff, code, token])[1], 0x60);
});

test("sequence numbers: no record is made twice under one key and number", () => {
  const session = new Peer(V1_2).open();
  const seen = new Set<string>();
  for (let i = 0; i < 300; i++) {
    const answer = session.exchange(session.seal(Uint8Array.of(5, V1_2, 0x81, 0, 0)));
    assert.ok(session.session.open(answer.slice()) !== undefined);
    assert.equal(readLe(answer, 4, 2), i);
    seen.add(toHex(answer.subarray(4)));
  }
  assert.equal(seen.size, 300);
});

test("ALGORITHMS selects of each table one bit that was offered, and what nobody needs not at all", () => {
  for (const [flags, expected] of [
    [SESSION_FLAGS, [0x08, 0x02, 0x01]],
    [SESSION_FLAGS & ~0x0200, [0, 0x02, 0x01]], // no KEY_EX_CAP
    [0, [0, 0, 0]],
  ] as const) {
    const c = new Conversation(V1_2, { flags }, sessionBoard()).reach(AFTER_CAPABILITIES);
    const response = c.answer(negotiateAlgorithms(V1_2, { tables: sessionTables(0x08) }));
    assert.deepEqual(
      [38, 42, 46].map((at) => readLe(response, at, 2)),
      expected,
    );
  }
});

test("a shared secret keeps its leading zeros", () => {
  // The board's key pairs are the same each time, so that one run tells what the next one will send.
  const board = new Peer(V1_2).keyExchange().opening.subarray(40, 104);
  const peer = new Peer(V1_2);
  const shared = new Uint8Array(32).fill(1);
  let pair = peer.keyPair();
  for (let i = 0; i < 5000 && shared[0] !== 0; i++) {
    pair = peer.keyPair();
    assert.ok(pair.key.agree(board, shared));
  }
  assert.equal(shared[0], 0);
  const session = peer.keyExchange({ pair }).finish();
  assert.equal(toHex(session.opening.subarray(40, 104)), toHex(board));
  assert.ok(session.isAlive);
});

test("GET_VERSION ends sessions and wipes them", () => {
  const peer = new Peer(V1_2);
  const session = peer.open();
  peer.conversation.answer(getVersion());
  assert.equal(session.exchange(session.seal(Uint8Array.of(5, V1_2, 0x81, 0, 0))).length, 0);
});

test("opaque data: every length in them is checked", () => {
  const peer = new Peer(V1_2);
  const { publicKey: exchangeData } = peer.keyPair();
  const good = supportedVersions(V1_2, [0x1100, 0x1200]);
  const bad: [number, number][] = [];
  bad.push([0, 0], [0, 2], [0, 255]); // elements that are not there, or not counted
  bad.push([4, 12], [4, 255]); // registries that do not exist
  bad.push([5, 1], [5, 255], [6, 4], [6, 255], [7, 1], [7, 255]); // VendorLen, DataLen
  bad.push([10, 0], [10, 3], [10, 255]); // the count of versions
  for (const [at, value] of bad) {
    const opaque = good.slice();
    opaque[at] = value;
    peer.conversation.refused(keyExchangeRequest(V1_2, { exchangeData, opaque }), INVALID_REQUEST);
  }
  // A second element of a registry that does not exist, padding that is not zero, bytes behind the elements.
  for (const [count, ...more] of [
    [2, 12, 0, 0, 0],
    [2, 0, 0, 1, 0, 9, 1, 0, 0],
    [1, 0, 0, 0, 0],
  ]) {
    const opaque = concat(good, Uint8Array.from(more));
    opaque[0] = count;
    peer.conversation.refused(keyExchangeRequest(V1_2, { exchangeData, opaque }), INVALID_REQUEST);
  }
  for (let cut = 1; cut < good.length; cut++) {
    peer.conversation.refused(
      keyExchangeRequest(V1_2, { exchangeData, opaque: good.subarray(0, cut) }),
      INVALID_REQUEST,
    );
  }
});

test("slots: the eighth is the last", () => {
  const peer = new Peer(V1_2, sessionBoard({}, { slots: [0, 7] }));
  assert.ok(peer.keyExchange({ slot: 7 }).finish().isAlive);
  const { publicKey: exchangeData } = peer.keyPair();
  for (const slot of [1, 6, 8, 0x0f, 32, 39, 0xff]) {
    peer.conversation.refused(keyExchangeRequest(V1_2, { exchangeData, slot }), INVALID_REQUEST);
  }
});

test("heartbeat: no timer of an ended session ends another one", () => {
  const clock = new TestClock();
  const on = sessionBoard({ heartbeatPeriod: 2, clock: clock.read, inTheClear: true });
  const peer = new Peer(V1_2, on, { flags: SESSION_FLAGS | IN_THE_CLEAR_FLAG });
  const first = peer.open(true);
  clock.now += 3900;
  first.end();
  // In the clear it takes no record to open it.
  const second = peer.keyExchange();
  clock.now += 3900;
  second.finish();
  clock.now += 3900;
  // Not assert.ok: to say what was false it parses this whole file, which takes guards.test.ts minutes.
  assert.equal(second.isAlive, true);
  clock.now += 4001;
  assert.equal(second.isAlive, false);
});

test("DMTF-2026-0001: a RequesterInfo longer than its message, or than any request could hold", () => {
  const peer = new Peer(V1_4, changeableBoard());
  const session = peer.open();
  const spki = concat(fromHex(CURVES[1].spki), leafKeyOf(CURVES[1], chainOf(CURVES[1], 0)));
  for (const length of [1, 0x100, 0xfff, 0x7fff, 0x8000, 0xfff8, 0xffff]) {
    const request = getCsr(V1_4);
    request.set([length & 0xff, length >>> 8], 4);
    peer.conversation.refused(request, INVALID_REQUEST);
    session.refused(request, INVALID_REQUEST);
  }
  // What fits into the request is written as long as it is; what does not fit into a response then, not at all.
  const value = tlv(0x0c, new Uint8Array(3700).fill(0x61));
  const name = sequence(tlv(0x31, sequence(tlv(0x06, fromHex("550403")), value)));
  const info = sequence(fromHex("020100"), name, spki, tlv(0xa0));
  peer.conversation.refused(getCsr(V1_4, { info }), RESPONSE_TOO_LARGE);
  assert.ok(session.isAlive);
});
