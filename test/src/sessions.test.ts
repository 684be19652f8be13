/** Sessions from KEY_EXCHANGE and PSK_EXCHANGE to their ends, several at once. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { SESSION_LIMIT_EXCEEDED, UNEXPECTED_REQUEST } from "../../src/errors.js";
import { V1_1, V1_2, V1_3, V1_4 } from "../../src/versions.js";
import { ascii, concat, toHex } from "../support/bytes.js";
import { seeded } from "../support/random.js";
import { challenge, getMeasurements, getVersion, vendorDefined } from "../support/requests.js";
import {
  IN_THE_CLEAR_FLAG,
  keyExchangeRequest,
  Peer,
  pskExchangeRequest,
  SESSION_FLAGS,
  type SessionEnd,
  sessionBoard,
  TestClock,
} from "../support/session.js";

const WITH_SESSIONS = [V1_1, V1_2, V1_3, V1_4];

for (const version of WITH_SESSIONS) {
  for (const usesPsk of [false, true]) {
    test(`SPDM 1.${version & 15}, ${usesPsk ? "PSK_EXCHANGE" : "KEY_EXCHANGE"}: a session, and what it carries`, () => {
      const session = new Peer(version, sessionBoard({ heartbeatPeriod: 10, clock: () => 0 })).open(usesPsk);
      assert.equal(session.opening[2], 10);
      session.heartbeat();
      assert.equal(session.answer([version, 0x81, 0, 0])[3], 0x13);
      assert.equal(session.answer([version, 0x82, 0, 0, 0, 0, 0xff, 0xff]).length > 1000, true);
      assert.equal(session.answer(getMeasurements(version))[4], 6);
      const reversed = session.answer(vendorDefined(version, 7, [0x98, 0x1e], [1, 2, 3]));
      assert.equal(toHex(reversed.subarray(-3)), "030201");
      const echoed = session.askData(concat(Uint8Array.of(0x42), ascii("over the bus")));
      assert.equal(toHex(echoed!), toHex(concat(Uint8Array.of(0x42), ascii("over the bus"))));
      for (const operation of [1, 2, 2, 1]) {
        session.updateKeys(operation);
        session.heartbeat();
      }
      session.end();
      assert.equal(session.exchange(session.seal(Uint8Array.of(5, version, 0x81, 0, 0))).length, 0);
    });
  }

  test(`SPDM 1.${version & 15}: a handshake in the clear`, () => {
    const on = sessionBoard({ inTheClear: true });
    const peer = new Peer(version, on, { flags: SESSION_FLAGS | IN_THE_CLEAR_FLAG });
    const session = peer.keyExchange();
    assert.ok(session.session.inTheClear);
    // No record has keys before FINISH.
    assert.equal(peer.secured(new Uint8Array(60)).length, 0);
    session.finish();
    assert.ok(session.isAlive);
    // A session by PSK has no handshake in the clear.
    assert.ok(peer.open(true).isAlive);
  });

  test(`SPDM 1.${version & 15}: records that are only authenticated`, () => {
    for (const [on, flags] of [
      [sessionBoard({ encrypts: false }), SESSION_FLAGS & ~0x40],
      [sessionBoard(), SESSION_FLAGS & ~0x40],
    ] as const) {
      const peer = new Peer(version, on, { flags });
      for (const usesPsk of [false, true]) {
        const session = peer.open(usesPsk);
        const record = session.seal(Uint8Array.of(5, version, 0x81, 0, 0));
        assert.equal(toHex(record.subarray(8, 13)), toHex(Uint8Array.of(5, version, 0x81, 0, 0)));
        assert.equal(record.length, 8 + 5 + 16);
        assert.equal(session.session.open(session.exchange(record))![2], 0x01);
        session.updateKeys(2);
        session.end();
      }
    }
  });
}

test("four sessions at once and no fifth, until one ends", () => {
  const peer = new Peer(V1_2);
  const sessions = [false, true, false, true].map((usesPsk) => peer.open(usesPsk));
  assert.equal(new Set(sessions.map(({ session }) => session.id)).size, 4);
  const { publicKey: exchangeData } = peer.keyPair();
  peer.conversation.refused(keyExchangeRequest(V1_2, { exchangeData }), SESSION_LIMIT_EXCEEDED);
  peer.conversation.refused(pskExchangeRequest(V1_2), SESSION_LIMIT_EXCEEDED);
  for (const session of sessions) assert.ok(session.isAlive);
  sessions[1].end();
  assert.ok(peer.open(false).isAlive);
  peer.conversation.refused(pskExchangeRequest(V1_2), SESSION_LIMIT_EXCEEDED);
});

test("GET_VERSION ends all sessions", () => {
  const peer = new Peer(V1_2);
  const sessions = [peer.open(), peer.open(true), peer.keyExchange()];
  peer.conversation.answer(getVersion());
  for (const session of sessions) {
    assert.equal(session.exchange(session.seal(Uint8Array.of(5, V1_2, 0x81, 0, 0))).length, 0);
  }
});

test("GET_VERSION is not for sessions", () => {
  const session = new Peer(V1_2).open();
  const answer = session.ask(getVersion());
  assert.equal(toHex(answer), toHex(Uint8Array.of(V1_2, 0x7f, UNEXPECTED_REQUEST, 0)));
  session.refused(challenge(V1_2), UNEXPECTED_REQUEST);
  assert.ok(session.isAlive);
});

test("both sides' ReqSessionID may be the same in two sessions: ours tells them apart", () => {
  const peer = new Peer(V1_2);
  const [a, b] = [peer.open(false, 7), peer.open(true, 7)];
  assert.equal(a.session.id & 0xffff, b.session.id & 0xffff);
  assert.ok(a.isAlive && b.isAlive);
});

/** One message at random; the session counts on. */
function chat(session: SessionEnd, next: (bound: number) => number): void {
  const { version } = session;
  const kind = next(100);
  if (kind < 2) session.updateKeys(1 + next(2));
  else if (kind < 30) session.heartbeat();
  else if (kind < 60) assert.ok(session.isAlive);
  else if (kind < 70) assert.equal(session.answer(getMeasurements(version, 0, 0))[2], 6);
  else {
    const message = Uint8Array.from({ length: 2 + next(300) }, () => next(256));
    message[0] = 0x42;
    assert.equal(toHex(session.askData(message)!), toHex(message));
  }
}

test("four sessions, 10,000 messages among them at random", () => {
  const next = seeded(11);
  const peer = new Peer(V1_3, sessionBoard({ heartbeatPeriod: 10, clock: () => 0 }));
  const sessions = [false, true, false, true].map((usesPsk) => peer.open(usesPsk));
  for (let i = 0; i < 10_000; i++) {
    const place = next(4);
    if (next(500) === 0) {
      sessions[place].end();
      sessions[place] = peer.open(next(2) === 0);
    }
    chat(sessions[place], next);
  }
  for (const session of sessions) assert.ok(session.isAlive);
});

test("measurements: L1 of each session and of the connection are their own", () => {
  const peer = new Peer(V1_2);
  const [a, b] = [peer.open(), peer.open(true)];
  const unsigned = getMeasurements(V1_2, 0, 1);
  const signed = getMeasurements(V1_2, 1, 0xff);
  const c = peer.conversation;
  const [first, second, third] = [a.answer(unsigned), b.answer(unsigned), c.answer(unsigned)];
  assert.ok(c.isL1([unsigned, first], signed, a.answer(signed)));
  assert.ok(c.isL1([unsigned, third], signed, c.answer(signed)));
  assert.ok(c.isL1([unsigned, second], signed, b.answer(signed)));
  // Any other request of the session ends its own run, and no other.
  const [again, kept] = [a.answer(unsigned), b.answer(unsigned)];
  assert.ok(again.length > 0 && a.isAlive);
  assert.ok(c.isL1([], signed, a.answer(signed)));
  assert.ok(c.isL1([unsigned, kept], signed, b.answer(signed)));
});

test("a session ends when nothing was heard of it for two heartbeat periods", () => {
  const clock = new TestClock();
  clock.now = 0x7fffff00; // it wraps soon
  const on = sessionBoard({ heartbeatPeriod: 3, clock: clock.read });
  const peer = new Peer(V1_2, on);
  const [beating, silent] = [peer.open(), peer.open(true)];
  clock.now += 5000;
  beating.heartbeat();
  clock.now += 1000;
  assert.ok(silent.isAlive);
  clock.now += 4999;
  beating.heartbeat();
  clock.now += 1002;
  assert.equal(silent.exchange(silent.seal(Uint8Array.of(5, V1_2, 0x81, 0, 0))).length, 0);
  beating.heartbeat();
  clock.now += 6001;
  on.responder.idle();
  clock.now -= 6001; // not even if time were to go back: it is gone
  assert.equal(beating.exchange(beating.seal(Uint8Array.of(5, V1_2, 0x81, 0, 0))).length, 0);
});

test("without a period there is no heartbeat, and no session ends for it", () => {
  const clock = new TestClock();
  const session = new Peer(V1_2, sessionBoard({ clock: clock.read })).open();
  assert.equal(session.opening[2], 0);
  session.refused([V1_2, 0xe8, 0, 0], UNEXPECTED_REQUEST);
  clock.now += 1e9;
  assert.ok(session.isAlive);
});
