/** RESPOND_IF_READY: what is deferred, for how long, for whom, and what drops it. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Chunks } from "../../src/chunks.js";
import { Deferral } from "../../src/deferral.js";
import * as errors from "../../src/errors.js";
import type { Options } from "../../src/responder.js";
import { V1_1, V1_2, V1_3, V1_4, VERSIONS, type Version } from "../../src/versions.js";
import { concat, toHex } from "../support/bytes.js";
import { fetchLarge, sendLarge, split } from "../support/chunks.js";
import {
  type Board,
  board,
  type Conversation,
  DATA_TRANSFER_SIZE,
  negotiated,
  spdmChainOf,
} from "../support/fixture.js";
import { seeded } from "../support/random.js";
import * as requests from "../support/requests.js";
import {
  IN_THE_CLEAR_FLAG,
  Peer,
  SESSION_FLAGS,
  type SessionEnd,
  sessionBoard,
  TestClock,
} from "../support/session.js";

const WITH_SESSIONS: readonly Version[] = [V1_1, V1_2, V1_3, V1_4];
const CHALLENGE = 0x83;
const MEASURE = 0xe0;
const CERTIFICATE = 0x82;
const FINISH = 0xe5;

const ifReady = (version: Version, code: number, token: number) => Uint8Array.of(version, 0xff, code, token);

/** A board that takes `ms` for each of `codes`, which may be changed. */
function slow(codes: number[], ms = 200, options: Partial<Options> = {}, sessions = {}) {
  const clock = new TestClock();
  const cost = { ms, codes };
  const answered: string[] = [];
  const deferral = new Deferral({
    clock: clock.read,
    delayMs: (code) => (cost.codes.includes(code) ? cost.ms : 0),
    maxSpdmMsgSize: options.chunks?.maxSpdmMsgSize ?? DATA_TRANSFER_SIZE,
  });
  const on: Board = sessionBoard(
    { clock: clock.read, heartbeatPeriod: 200, ...sessions },
    {
      deferral,
      onAnswer: (request, response) => answered.push(toHex(Uint8Array.of(request[1], response[1]))),
      ...options,
    },
  );
  return { on, clock, cost, answered };
}

type Ask = (request: Uint8Array) => Uint8Array;

/** Asserts that `response` is ResponseNotReady of RDTExponent `rdt` for `code`; returns its token. */
function notReady(response: Uint8Array, version: Version, code: number, rdt = 18): number {
  const [token] = response.subarray(6);
  assert.equal(toHex(response), toHex(Uint8Array.of(version, 0x7f, 0x42, 0, rdt, code, token, 4)));
  return token;
}

/** The response to `request`, which has to be deferred. */
function later(board: Board, ask: Ask, request: Uint8Array): Uint8Array {
  const [version, code] = request;
  const token = notReady(ask(request), version, code);
  assert.ok(board.responder.idle());
  return ask(ifReady(version, code, token));
}

const asks = (c: Conversation): Ask => c.ask.bind(c);
const asksIn = (end: SessionEnd): Ask => end.ask.bind(end);
const isError = (response: Uint8Array, version: Version, code: number) =>
  assert.equal(toHex(response), toHex(Uint8Array.of(version, 0x7f, code, 0)));

describe("outside of sessions", () => {
  for (const version of VERSIONS) {
    test(`SPDM 1.${version & 15}: transcripts have the request and its response, and nothing between`, () => {
      const { on, answered } = slow([0x81, CERTIFICATE, CHALLENGE, MEASURE]);
      const c = negotiated(version, {}, on);
      const b: Uint8Array[] = [];
      for (const request of [requests.getDigests(version), requests.getCertificate(version)]) {
        b.push(request, later(on, asks(c), request));
      }
      assert.equal(toHex(b[3].subarray(8)), toHex(spdmChainOf(c.curve, 0, c.hash)));
      const challenge = requests.challenge(version);
      assert.ok(c.isM1(b, challenge, later(on, asks(c), challenge)));

      const first = requests.getMeasurements(version, 0, 1);
      const measured = [first, later(on, asks(c), first)];
      const last = requests.getMeasurements(version, 1, 2);
      assert.ok(c.isL1(measured, last, later(on, asks(c), last)));
      assert.deepEqual(answered.slice(-3), ["e07f", "e060", "ff60"]);
      assert.deepEqual(on.faults, []);
    });

    test(`SPDM 1.${version & 15}: asked too early it tells the time that is left`, () => {
      const { on, clock } = slow([CHALLENGE]);
      const c = negotiated(version, {}, on);
      const challenge = requests.challenge(version);
      const token = notReady(c.ask(challenge), version, CHALLENGE);
      const ask = () => c.ask(ifReady(version, CHALLENGE, token));
      for (const [now, rdt] of [
        [0, 18],
        [68, 18],
        [69, 17],
        [190, 14],
        [199, 10],
      ]) {
        clock.now = now;
        assert.equal(notReady(ask(), version, CHALLENGE, rdt), token);
      }
      clock.now = 200;
      // Never idle: the work is done now.
      assert.ok(c.isM1([], challenge, ask()));
      assert.equal(on.responder.idle(), false);
    });
  }

  test("a response that is ready before its time is handed out, once", () => {
    const { on } = slow([CHALLENGE]);
    const c = negotiated(V1_2, {}, on);
    const challenge = requests.challenge(V1_2);
    assert.ok(c.isM1([], challenge, later(on, asks(c), challenge)));
    isError(c.ask(ifReady(V1_2, CHALLENGE, 1)), V1_2, errors.UNEXPECTED_REQUEST);
    assert.equal(on.responder.idle(), false);
  });

  test("an ERROR may be what there is to be told", () => {
    const { on } = slow([CHALLENGE]);
    const c = negotiated(V1_2, {}, on);
    isError(later(on, asks(c), requests.challenge(V1_2, 7)), V1_2, errors.INVALID_REQUEST);
  });

  test("a wrong code or token gets nothing and changes nothing", () => {
    const { on } = slow([CHALLENGE]);
    const c = negotiated(V1_2, {}, on);
    const challenge = requests.challenge(V1_2);
    const token = notReady(c.ask(challenge), V1_2, CHALLENGE);
    for (let served = 0; served < 2; served++) {
      for (let i = 0; i < 256; i++) {
        if (i !== token) c.refused(ifReady(V1_2, CHALLENGE, i), errors.INVALID_REQUEST);
        if (i !== CHALLENGE) c.refused(ifReady(V1_2, i, token), errors.INVALID_REQUEST);
      }
      c.refused(Uint8Array.of(V1_2, 0xff, CHALLENGE), errors.INVALID_REQUEST);
      c.refused(ifReady(V1_1, CHALLENGE, token), errors.VERSION_MISMATCH);
      on.responder.idle();
    }
    assert.ok(c.isM1([], challenge, c.ask(ifReady(V1_2, CHALLENGE, token))));
  });

  test("each deferral has a new token, and after 255 comes 0", () => {
    const { on } = slow([CHALLENGE]);
    const c = negotiated(V1_2, {}, on);
    let last = 0;
    for (let i = 0; i < 600; i++) {
      const token = notReady(c.ask(requests.challenge(V1_2)), V1_2, CHALLENGE);
      assert.equal(token, (last + 1) & 0xff);
      c.refused(ifReady(V1_2, CHALLENGE, last), errors.INVALID_REQUEST);
      last = token;
    }
  });

  test("RDTExponent is the smallest that covers the time, and 31 at the most", () => {
    const { on, cost } = slow([CHALLENGE]);
    const c = negotiated(V1_2, {}, on);
    for (const [ms, rdt] of [
      [1, 10],
      [2, 11],
      [8, 13],
      [9, 14],
      [1048, 20],
      [1049, 21],
      [2_147_483, 31],
      [2_147_484, 31],
      [2 ** 40, 31],
    ]) {
      cost.ms = ms;
      notReady(c.ask(requests.challenge(V1_2)), V1_2, CHALLENGE, rdt);
    }
    cost.ms = -1;
    assert.equal(c.ask(requests.challenge(V1_2))[1], 0x03);
  });

  test("the clock may wrap meanwhile", () => {
    const { on, clock } = slow([CHALLENGE]);
    clock.now = 0x7fffffff - 100;
    const c = negotiated(V1_2, {}, on);
    const token = notReady(c.ask(requests.challenge(V1_2)), V1_2, CHALLENGE);
    clock.now += 150;
    notReady(c.ask(ifReady(V1_2, CHALLENGE, token)), V1_2, CHALLENGE, 16);
    clock.now += 50;
    assert.equal(c.ask(ifReady(V1_2, CHALLENGE, token))[1], 0x03);
  });
});

describe("what is never deferred", () => {
  const every = Array.from({ length: 256 }, (_, i) => i);

  test("the first three requests, and what is about the record it is in", () => {
    const { on, cost } = slow(every);
    const c = negotiated(V1_2, {}, on);
    notReady(c.ask(requests.getDigests(V1_2)), V1_2, 0x81);
    cost.codes = [];
    const peer = new Peer(V1_2, on);
    const session = peer.open();
    cost.codes = every;
    session.heartbeat();
    session.updateKeys(1);
    session.refused([V1_2, 0xea, 0, 0], errors.UNEXPECTED_REQUEST);
    session.refused([V1_2, 0xeb, 0, 0], errors.UNEXPECTED_REQUEST);
    session.end();
  });

  test("what is refused anyway", () => {
    const { on } = slow(every);
    const c = negotiated(V1_2, {}, on);
    c.refused(Uint8Array.of(V1_2, 0x99, 0, 0), errors.UNSUPPORTED_REQUEST, 0x99);
    c.refused(requests.getDigests(V1_1), errors.VERSION_MISMATCH);
    c.refused(Uint8Array.of(V1_2, 0xe8, 0, 0), errors.UNSUPPORTED_REQUEST, 0xe8);
    c.refused(Uint8Array.of(V1_2, 0xff, 0xff, 0), errors.UNEXPECTED_REQUEST);
  });

  test("anything without the layer, and a layer that is too small is no responder", () => {
    const c = negotiated(V1_2);
    c.refused(ifReady(V1_2, CHALLENGE, 0), errors.UNSUPPORTED_REQUEST, 0xff);
    const small = () => new Deferral({ clock: () => 0, delayMs: () => 0, maxSpdmMsgSize: DATA_TRANSFER_SIZE - 1 });
    assert.throws(() => board({ deferral: small() }), /deferred/);
  });
});

describe("another request", () => {
  test("drops one that was not served, as if it had never come", () => {
    const { on, answered } = slow([CHALLENGE]);
    const c = negotiated(V1_2, {}, on);
    const b = c.pair(requests.getDigests(V1_2));
    const dropped = notReady(c.ask(requests.challenge(V1_2)), V1_2, CHALLENGE);
    b.push(...c.pair(requests.getCertificate(V1_2)));
    assert.equal(on.responder.idle(), false);
    assert.ok(!answered.includes("8303"));
    isError(c.ask(ifReady(V1_2, CHALLENGE, dropped)), V1_2, errors.UNEXPECTED_REQUEST);
    const challenge = requests.challenge(V1_2);
    assert.ok(c.isM1(b, challenge, later(on, asks(c), challenge)));
  });

  test("takes the place of one that was", () => {
    const { on } = slow([CHALLENGE]);
    const c = negotiated(V1_2, {}, on);
    const first = notReady(c.ask(requests.challenge(V1_2)), V1_2, CHALLENGE);
    on.responder.idle();
    const challenge = requests.challenge(V1_2, 1);
    const token = notReady(c.ask(challenge), V1_2, CHALLENGE);
    c.refused(ifReady(V1_2, CHALLENGE, first), errors.INVALID_REQUEST);
    on.responder.idle();
    assert.ok(c.isM1([], challenge, c.ask(ifReady(V1_2, CHALLENGE, token)), 1));
  });

  test("GET_VERSION drops it too, served or not; a GET_VERSION that is refused does not", () => {
    for (const serves of [false, true]) {
      const { on } = slow([CHALLENGE]);
      const c = negotiated(V1_2, {}, on);
      const token = notReady(c.ask(requests.challenge(V1_2)), V1_2, CHALLENGE);
      if (serves) on.responder.idle();
      c.ask(Uint8Array.of(V1_2, 0x84, 0, 0));
      if (serves) assert.equal(c.ask(ifReady(V1_2, CHALLENGE, token))[1], 0x03);
      else notReady(c.ask(ifReady(V1_2, CHALLENGE, token)), V1_2, CHALLENGE);
      notReady(c.ask(requests.challenge(V1_2)), V1_2, CHALLENGE);
      if (serves) on.responder.idle();
      c.state = 0;
      c.vca = new Uint8Array(0);
      c.reach(3);
      assert.equal(on.responder.idle(), false);
      isError(c.ask(ifReady(V1_2, CHALLENGE, token + 1)), V1_2, errors.UNEXPECTED_REQUEST);
    }
  });
});

describe("in sessions", () => {
  for (const version of WITH_SESSIONS) {
    test(`SPDM 1.${version & 15}: FINISH waits under the keys of the handshake, and PSK_FINISH does`, () => {
      const { on } = slow([FINISH, 0xe7, MEASURE]);
      const peer = new Peer(version, on);
      for (const session of [peer.keyExchange(), peer.pskExchange()]) {
        const request = session.finishRequest();
        const token = notReady(session.ask(request), version, request[1]);
        on.responder.idle();
        // Whatever is refused meanwhile is still answered under them.
        session.refused(ifReady(version, request[1], token ^ 1), errors.INVALID_REQUEST);
        session.refused([version, 0x99, 0, 0], errors.UNSUPPORTED_REQUEST, 0x99);
        const response = session.ask(ifReady(version, request[1], token));
        assert.equal(response[1], request[1] & 0x7f);
        session.th = concat(session.th, response);
        session.establish();
        session.heartbeat();
        const measured = later(on, asksIn(session), requests.getMeasurements(version, 0, 1));
        assert.equal(measured[1], 0x60);
        session.end();
      }
      assert.deepEqual(on.faults, []);
    });
  }

  test("a FINISH that proves nothing is told so, and ends the session then", () => {
    for (const asks of [true, false]) {
      const { on } = slow([FINISH]);
      const peer = new Peer(V1_2, on);
      const other = peer.open(true);
      const session = peer.keyExchange();
      const request = session.finishRequest((message) => {
        message[message.length - 1] ^= 1;
      });
      const token = notReady(session.ask(request), V1_2, FINISH);
      on.responder.idle();
      // It is there until it is told.
      other.heartbeat();
      if (asks) session.refused(ifReady(V1_2, FINISH, token), errors.DECRYPT_ERROR);
      else session.refused([V1_2, 0xea, 0, 0], errors.UNEXPECTED_REQUEST);
      assert.equal(session.exchange(session.seal(Uint8Array.of(5, V1_2, 0xea, 0, 0))).length, 0);
      assert.ok(other.isAlive);
    }
  });

  test("a FINISH that nobody asks after ends its session; one that was not served may come again", () => {
    const { on } = slow([FINISH]);
    const peer = new Peer(V1_2, on);
    const session = peer.keyExchange();
    const request = session.finishRequest();
    notReady(session.ask(request), V1_2, FINISH);
    const token = notReady(session.ask(request), V1_2, FINISH);
    on.responder.idle();
    session.refused(request, errors.UNEXPECTED_REQUEST);
    assert.equal(session.exchange(session.seal(Uint8Array.of(5, ...ifReady(V1_2, FINISH, token)))).length, 0);
    assert.deepEqual(on.faults, []);
  });

  test("the channel is part of the token", () => {
    const { on } = slow([MEASURE]);
    const peer = new Peer(V1_2, on);
    const [a, b] = [peer.open(), peer.open(true)];
    const c = peer.conversation;
    const request = requests.getMeasurements(V1_2, 0, 1);
    for (const [mine, ...others] of [
      [asksIn(a), asksIn(b), asks(c)],
      [asks(c), asksIn(a), asksIn(b)],
    ]) {
      const token = notReady(mine(request), V1_2, MEASURE);
      for (let served = 0; served < 2; served++) {
        for (const other of others) isError(other(ifReady(V1_2, MEASURE, token)), V1_2, errors.UNEXPECTED_REQUEST);
        on.responder.idle();
      }
      assert.equal(mine(ifReady(V1_2, MEASURE, token))[1], 0x60);
    }
  });

  test("one at a time: elsewhere it is Busy, until nobody was promised anything", () => {
    const { on, clock } = slow([MEASURE]);
    const peer = new Peer(V1_2, on);
    const [a, b] = [peer.open(), peer.open(true)];
    const request = requests.getMeasurements(V1_2, 0, 1);
    const token = notReady(a.ask(request), V1_2, MEASURE);
    b.refused(request, errors.BUSY);
    b.heartbeat();
    // 4 times 2^18 µs behind what was told last.
    clock.now = 100;
    notReady(a.ask(ifReady(V1_2, MEASURE, token)), V1_2, MEASURE, 17);
    clock.now = 100 + 1048;
    b.refused(request, errors.BUSY);
    clock.now++;
    assert.equal(later(on, asksIn(b), request)[1], 0x60);
    a.refused(ifReady(V1_2, MEASURE, token), errors.UNEXPECTED_REQUEST);
    a.heartbeat();
  });

  test("who was told to wait is not taken for dead meanwhile", () => {
    const { on, clock } = slow([FINISH, MEASURE], 100_000, {}, { heartbeatPeriod: 1 });
    const peer = new Peer(V1_2, on);
    const [a, b] = [peer.keyExchange(), peer.keyExchange()];
    const request = a.finishRequest();
    const token = notReady(a.ask(request), V1_2, FINISH, 27);
    clock.now = 99_000;
    notReady(a.ask(ifReady(V1_2, FINISH, token)), V1_2, FINISH, 20);
    assert.equal(b.exchange(b.seal(Uint8Array.of(5, V1_2, 0xea, 0, 0))).length, 0);
    clock.now = 100_000;
    a.th = concat(a.th, a.ask(ifReady(V1_2, FINISH, token)));
    a.establish();
    notReady(a.ask(requests.getMeasurements(V1_2, 0, 1)), V1_2, MEASURE, 27);
    // 4 times 2^27 µs.
    clock.now += 536_870;
    on.responder.idle();
    const later = a.seal(Uint8Array.of(5, ...ifReady(V1_2, MEASURE, token + 1)));
    clock.now++;
    assert.equal(a.exchange(later).length, 0);
  });

  test("nor is who was told so of a FINISH in the clear", () => {
    const { on, clock } = slow([FINISH], 70_000, {}, { inTheClear: true });
    const peer = new Peer(V1_3, on, { flags: SESSION_FLAGS | IN_THE_CLEAR_FLAG });
    const session = peer.keyExchange();
    const { conversation } = peer;
    const token = notReady(conversation.ask(session.finishRequest()), V1_3, FINISH, 27);
    clock.now += 71_000;
    assert.equal(conversation.ask(ifReady(V1_3, FINISH, token))[1], 0x65);
  });

  test("it ends with its session", () => {
    const { on, clock, answered } = slow([MEASURE], 200, {}, { heartbeatPeriod: 1 });
    const peer = new Peer(V1_2, on);
    const [a, b] = [peer.open(), peer.open(true)];
    const request = requests.getMeasurements(V1_2, 0, 1);
    const token = notReady(a.ask(request), V1_2, MEASURE);
    const broken = a.seal(Uint8Array.of(5, V1_2, 0xe8, 0, 0));
    broken[broken.length - 1] ^= 1;
    a.exchange(broken);
    assert.equal(later(on, asksIn(b), request)[1], 0x60);
    notReady(b.ask(request), V1_2, MEASURE);
    clock.now = 3000;
    const { length } = answered;
    on.responder.idle();
    assert.equal(answered.length, length);
    const c = peer.open();
    c.refused(ifReady(V1_2, MEASURE, token + 2), errors.UNEXPECTED_REQUEST);
    assert.equal(later(on, asksIn(c), request)[1], 0x60);
  });
});

describe("large messages", () => {
  const SIZE = 64;
  const large = (dataTransferSize = SIZE) =>
    slow([CERTIFICATE, 0xfe, 0x85, 0x86], 200, { chunks: new Chunks({ maxSpdmMsgSize: 4096 }), dataTransferSize });
  const OFFER = { flags: 0x20000, dataTransferSize: SIZE, maxSpdmMsgSize: 0x1200 };

  for (const version of [V1_2, V1_3, V1_4]) {
    test(`SPDM 1.${version & 15}: wait, and go and come in chunks`, () => {
      const { on } = large();
      const c = negotiated(version, OFFER, on);
      const ask = asks(c);
      const announced = later(on, ask, requests.getCertificate(version));
      const chain = fetchLarge(version, ask, announced, SIZE).subarray(8);
      assert.equal(toHex(chain), toHex(spdmChainOf(c.curve, 0, c.hash)));

      const payload = Uint8Array.from({ length: 200 }, (_, i) => i);
      const request = requests.vendorDefined(version, 7, [0x98, 0x1e], [...payload]);
      const token = notReady(sendLarge(version, ask, request, SIZE), version, 0xfe);
      on.responder.idle();
      const echoed = fetchLarge(version, ask, ask(ifReady(version, 0xfe, token)), SIZE);
      assert.equal(toHex(echoed.subarray(-payload.length)), toHex(payload.reverse()));
    });
  }

  test("a response that has to wait for another channel's chunks is still there behind them", () => {
    const { on, cost } = large(256);
    cost.codes = [CERTIFICATE];
    const peer = new Peer(V1_2, on, { ...OFFER, flags: OFFER.flags | SESSION_FLAGS, dataTransferSize: 0x1200 });
    const session = peer.open(true);
    const token = notReady(session.ask(requests.getCertificate(V1_2)), V1_2, CERTIFICATE);
    on.responder.idle();
    const request = requests.vendorDefined(V1_2, 7, [0x98, 0x1e], [...new Uint8Array(300)]);
    const [first, last] = split(V1_2, request, 256);
    assert.equal(peer.conversation.ask(first)[1], 0x05);
    session.refused(ifReady(V1_2, CERTIFICATE, token), errors.BUSY);
    const ask = asks(peer.conversation);
    const echoed = ask(last);
    assert.equal((echoed[1] === 0x7f ? fetchLarge(V1_2, ask, echoed, 256) : echoed.subarray(6))[1], 0x7e);
    const chain = fetchLarge(V1_2, asksIn(session), session.ask(ifReady(V1_2, CERTIFICATE, token)), 256);
    assert.equal(chain[1], 0x02);
  });

  test("chunks of another request drop what waits, and are not dropped by it", () => {
    const { on } = large();
    const c = negotiated(V1_2, OFFER, on);
    const ask = asks(c);
    const dropped = notReady(ask(requests.getCertificate(V1_2)), V1_2, CERTIFICATE);
    on.responder.idle();
    const request = requests.vendorDefined(V1_2, 7, [0x98, 0x1e], [...new Uint8Array(100)]);
    const token = notReady(sendLarge(V1_2, ask, request, SIZE), V1_2, 0xfe);
    c.refused(ifReady(V1_2, CERTIFICATE, dropped), errors.INVALID_REQUEST);
    on.responder.idle();
    const announced = ask(ifReady(V1_2, 0xfe, token));
    c.refused(ifReady(V1_2, 0xfe, token), errors.UNEXPECTED_REQUEST);
    assert.equal(fetchLarge(V1_2, ask, announced, SIZE)[1], 0x7e);
  });
});

test("what was kept is wiped when it is handed out or dropped", () => {
  const kept: Uint8Array[] = [];
  const { on } = slow([0xfe], 200, {
    onAnswer: (request, response) => {
      if (request[1] === 0xfe && response[1] === 0x7e) kept.push(request, response);
    },
  });
  const c = negotiated(V1_2, {}, on);
  const request = requests.vendorDefined(V1_2, 7, [0x98, 0x1e], [1, 2, 3]);
  later(on, asks(c), request);
  notReady(c.ask(request), V1_2, 0xfe);
  on.responder.idle();
  assert.ok(kept[3].some((byte) => byte !== 0));
  c.ask(requests.getVersion());
  assert.deepEqual([kept.length, kept.every((bytes) => bytes.every((byte) => byte === 0))], [4, true]);
});

test("whatever comes in whatever order is answered, and nothing is the board's fault", () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = seeded(seed);
    const version = WITH_SESSIONS[random(4)];
    const { on, clock, cost } = slow([], 50);
    const peer = new Peer(version, on);
    const ends = [peer.open(), peer.open(true), peer.keyExchange()];
    const finish = ends[2].finishRequest();
    cost.codes = [0x81, CHALLENGE, MEASURE, FINISH, 0xfe];
    let token = 0;
    let code = CHALLENGE;
    for (let i = 0; i < 60; i++) {
      const message = [
        () => requests.getDigests(version),
        () => requests.challenge(version),
        () => requests.getMeasurements(version, random(2), 1),
        () => finish,
        () => ifReady(version, code, token),
        () => ifReady(version, code, token),
        () => ifReady(version, random(256), random(256)),
        () => requests.vendorDefined(version, 7, [0x98, 0x1e], [1]),
      ][random(8)]();
      const place = random(4);
      let response: Uint8Array;
      if (place === 3) response = askAny(on, message);
      else {
        const record = ends[place].seal(Uint8Array.of(5, ...message));
        const answer = ends[place].exchange(record);
        response = (answer.length === 0 ? undefined : ends[place].session.open(answer))?.slice(1) ?? new Uint8Array(4);
      }
      if (response[1] === 0x7f && response[2] === 0x42) [, code, token] = response.subarray(4);
      if (random(3) === 0) on.responder.idle();
      clock.now += random(60);
    }
    assert.deepEqual(on.faults, []);
    assert.equal(askAny(on, requests.getVersion())[1], 0x04);
  }
});

/** Any answer at all. */
function askAny(on: Board, request: Uint8Array): Uint8Array {
  const out = new Uint8Array(on.dataTransferSize);
  const length = on.responder.respond(request, out);
  assert.ok(length >= 4);
  return out.slice(0, length);
}
