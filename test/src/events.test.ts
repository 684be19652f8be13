import assert from "node:assert/strict";
import { test } from "node:test";
import { CHUNK_CAP } from "../../src/capabilities.js";
import { Chunks } from "../../src/chunks.js";
import {
  INVALID_REQUEST,
  INVALID_RESPONSE_CODE,
  NO_PENDING_REQUESTS,
  REQUEST_IN_FLIGHT,
  SESSION_REQUIRED,
  UNEXPECTED_REQUEST,
  UNSUPPORTED_REQUEST,
} from "../../src/errors.js";
import {
  CERTIFICATE_CHANGED,
  EVENT_LOST,
  MEASUREMENT_CHANGED,
  MEASUREMENT_PRE_UPDATE,
  readEventGroups,
} from "../../src/event-groups.js";
import { certificateChanged, deviceEvents, measurementChanged, measurementPreUpdate } from "../../src/events.js";
import { readSendEvent, writeEventAck, writeSendEvent } from "../../src/messages/send-event.js";
import { subscribeEventTypes } from "../../src/messages/subscribe-event-types.js";
import { supportedEventTypes } from "../../src/messages/supported-event-types.js";
import { V1_2, V1_3, V1_4, VERSIONS, type Version } from "../../src/versions.js";
import { Reader, WireError, Writer } from "../../src/wire.js";
import { concat, readLe, toHex, u32 } from "../support/bytes.js";
import { type Ask, fetchLarge } from "../support/chunks.js";
import { bitmap, eventBytes, eventGroup, sendEvent, subscribe } from "../support/events.js";
import { board, Conversation } from "../support/fixture.js";
import {
  EXCHANGES,
  keyExchangeRequest,
  Peer,
  pskExchangeRequest,
  SESSION_FLAGS,
  type SessionEnd,
  sessionBoard,
  sessionTables,
} from "../support/session.js";

const TELLING: readonly Version[] = [V1_3, V1_4];
const TYPES = [MEASUREMENT_CHANGED, MEASUREMENT_PRE_UPDATE, CERTIFICATE_CHANGED];
const ALL = 1;
const EVENT_ALL = 2;
const ENCAP = 0x1000;

const telling = (types: readonly number[] = TYPES, sessions = {}) =>
  sessionBoard(sessions, {
    exchanges: [...EXCHANGES, supportedEventTypes, subscribeEventTypes],
    events: deviceEvents(types),
  });

/** A session of a board that has events. */
function open(v: Version, offer = {}, on = telling()): SessionEnd {
  return new Peer(v, on, { flags: SESSION_FLAGS, tables: sessionTables(), ...offer }).open();
}

const notify = (session: SessionEnd, ...events: ReturnType<typeof certificateChanged>[]) => {
  for (const event of events) session.peer.board.responder.notify(event);
};
const poll = (session: SessionEnd): Uint8Array => session.answer([session.version, 0xea, 0, 0]);
const noneIsPending = (session: SessionEnd): void =>
  session.refused([session.version, 0xea, 0, 0], NO_PENDING_REQUESTS);

/** Delivers EVENT_ACK, or `response`, and returns the acknowledgement. */
function deliver(session: SessionEnd, requestId: number, response = [session.version, 0x71, 0, 0]): Uint8Array {
  return session.answer([session.version, 0xeb, requestId, 0, ...response]);
}

/** Fetches all there is; each event as instance ID, type and detail. */
function fetch(session: SessionEnd): [number, number, string][] {
  const fetched: [number, number, string][] = [];
  let requestId = 0;
  let message = new Uint8Array(0);
  const first = poll(session);
  [requestId, message] = [first[2], first.slice(4)];
  for (;;) {
    const r = new Reader(message);
    r.skip(2);
    for (const { instanceId, type, detail } of readSendEvent(r)) fetched.push([instanceId, type, toHex(detail)]);
    const ack = deliver(session, requestId);
    if (ack[3] === 0) return fetched;
    [requestId, message] = [ack[2], ack.slice(8)];
  }
}

test("SUPPORTED_EVENT_TYPES: DMTF's group in version 1, EventLost always", () => {
  for (const v of TELLING) {
    const request = [v, 0xe2, 0, 0];
    const head = `${v.toString(16)}6201001a000000`;
    assert.equal(toHex(open(v).answer(request)), `${head}00000400010000000000${"01000000"}020000000300000004000000`);
    const few = open(v, {}, telling([CERTIFICATE_CHANGED])).answer(request);
    assert.equal(toHex(few), `${v.toString(16)}6201001200000000000200010000000000${"01000000"}04000000`);
  }
});

test("EVENT_CAP is shown from 1.3 on; before, the requests are unsupported", () => {
  for (const v of VERSIONS.filter((each) => each >= V1_2)) {
    const session = open(v);
    const { vca } = session.peer.conversation;
    const at = toHex(vca).indexOf(`${v.toString(16)}61`) / 2;
    assert.equal((readLe(vca, at + 8, 4) >>> 25) & 1, v >= V1_3 ? 1 : 0);
    if (v >= V1_3) continue;
    session.refused([v, 0xe2, 0, 0], UNSUPPORTED_REQUEST, 0xe2);
    session.refused(subscribe(v), UNSUPPORTED_REQUEST, 0xf0);
  }
});

test("both requests are for sessions only, behind the handshake, and of exact length", () => {
  for (const v of TELLING) {
    const peer = new Peer(v, telling());
    for (const request of [Uint8Array.of(v, 0xe2, 0, 0), subscribe(v), subscribe(v, eventGroup([], ALL))]) {
      peer.conversation.refused(request, SESSION_REQUIRED);
      const session = peer.keyExchange();
      session.refused(request, UNEXPECTED_REQUEST);
      session.finish().refused(concat(request, Uint8Array.of(0)), INVALID_REQUEST);
      assert.equal(session.answer(request)[1], request[1] & 0x7f);
      session.end();
    }
  }
});

test("a subscription to all, to some, and to none", () => {
  for (const v of TELLING) {
    const session = open(v);
    notify(session, certificateChanged(1));
    noneIsPending(session);

    assert.equal(toHex(session.answer(subscribe(v, eventGroup([], ALL)))), `${v.toString(16)}700000`);
    notify(session, measurementChanged([1, 0xfe]), measurementPreUpdate([0]), certificateChanged(0x81));
    const request = poll(session);
    assert.equal(toHex(request.subarray(0, 4)), `${v.toString(16)}6a0100`);
    const events = [eventBytes(1, 2, bitmap(1, 0xfe)), eventBytes(2, 3, bitmap(0)), eventBytes(3, 4, [0x81])];
    assert.equal(toHex(request.subarray(4)), toHex(sendEvent(v, ...events)));
    assert.equal(toHex(deliver(session, 1)), `${v.toString(16)}6b000001000000`);
    noneIsPending(session);

    session.answer(subscribe(v, eventGroup([MEASUREMENT_CHANGED])));
    notify(session, certificateChanged(2), measurementChanged([3]));
    assert.deepEqual(fetch(session), [[4, 2, toHex(Uint8Array.from(bitmap(3)))]]);

    notify(session, measurementChanged([4]));
    session.answer(subscribe(v));
    notify(session, measurementChanged([5]));
    noneIsPending(session);
    session.answer(subscribe(v, eventGroup([CERTIFICATE_CHANGED])));
    notify(session, certificateChanged(4));
    assert.deepEqual(fetch(session), [[6, 4, "04"]]);
  }
});

test("a list that names what is not there, or is none, is an InvalidRequest and changes nothing", () => {
  for (const v of TELLING) {
    const session = open(v, {}, telling([MEASUREMENT_CHANGED]));
    session.answer(subscribe(v, eventGroup([MEASUREMENT_CHANGED])));
    const good = subscribe(v, eventGroup([EVENT_LOST, MEASUREMENT_CHANGED]));
    const bad = [
      subscribe(v, eventGroup([])),
      subscribe(v, eventGroup([MEASUREMENT_CHANGED], ALL)),
      subscribe(v, eventGroup([CERTIFICATE_CHANGED])), // DMTF's, but not this board's
      subscribe(v, eventGroup([0])),
      subscribe(v, eventGroup([5])),
      subscribe(v, eventGroup([34])),
      subscribe(v, eventGroup([0xffff])),
      subscribe(v, eventGroup([MEASUREMENT_CHANGED], 0, 0)),
      subscribe(v, eventGroup([MEASUREMENT_CHANGED], 0, 2)),
      subscribe(v, eventGroup([MEASUREMENT_CHANGED], 0, 1, [0, 1, 9])),
      subscribe(v, eventGroup([MEASUREMENT_CHANGED], 0, 1, [3, 2, 1, 1])),
      subscribe(v, eventGroup([EVENT_LOST]), eventGroup([MEASUREMENT_CHANGED])),
      Uint8Array.from([v, 0xf0, 1, 0, ...u32(0)]),
      Uint8Array.from([v, 0xf0, 0, 0, ...u32(0)]),
    ];
    for (let length = 4; length < good.length; length++) bad.push(good.slice(0, length));
    for (const [at, value] of [
      [2, 2],
      [2, 0xff],
      [4, 0],
      [4, good[4] - 4],
      [4, good[4] + 4],
      [7, 0xff],
      [10, 3],
      [11, 0xff],
    ]) {
      const changed = good.slice();
      changed[at] = value;
      bad.push(changed);
    }
    for (const request of bad) session.refused(request, INVALID_REQUEST);
    notify(session, measurementChanged([1]));
    assert.equal(fetch(session).length, 1);
    session.answer(good);
  }
});

test("each session has its own subscription and its own instance IDs", () => {
  const peer = new Peer(V1_3, telling());
  const sessions = [peer.open(false, 1), peer.open(false, 2), peer.open(true, 3)];
  sessions[0].answer(subscribe(V1_3, eventGroup([], ALL)));
  sessions[2].answer(subscribe(V1_3, eventGroup([CERTIFICATE_CHANGED])));
  peer.board.responder.notify(measurementChanged([1]));
  peer.board.responder.notify(certificateChanged(1));
  assert.deepEqual(
    fetch(sessions[0]).map(([id, type]) => [id, type]),
    [
      [1, MEASUREMENT_CHANGED],
      [2, CERTIFICATE_CHANGED],
    ],
  );
  noneIsPending(sessions[1]);
  assert.deepEqual(fetch(sessions[2]), [[1, CERTIFICATE_CHANGED, "01"]]);
  sessions[0].end();
  peer.board.responder.notify(certificateChanged(2));
  assert.deepEqual(fetch(sessions[2]), [[2, CERTIFICATE_CHANGED, "02"]]);
});

test("what is not acknowledged is told again, under the same instance IDs", () => {
  const session = open(V1_3);
  session.answer(subscribe(V1_3, eventGroup([], ALL)));
  notify(session, certificateChanged(1), certificateChanged(2));
  const first = toHex(poll(session).subarray(4));
  session.refused([V1_3, 0xe2, 0, 0], REQUEST_IN_FLIGHT);
  // An ERROR, a response that is none, one that is too long: the flow is over, the events are not.
  for (const response of [
    [V1_3, 0x7f, 5, 0],
    [V1_3, 0x70, 0, 0],
    [V1_3, 0x71, 0, 0, 0],
    [V1_2, 0x71, 0, 0],
  ]) {
    session.refused([V1_3, 0xeb, 1, 0, ...response], INVALID_RESPONSE_CODE);
    notify(session, certificateChanged(4));
    const again = toHex(poll(session).subarray(4));
    assert.equal(again.slice(16, first.length), first.slice(16));
  }
  const next = deliver(session, 1);
  assert.equal(next[3], 0);
  noneIsPending(session);
});

test("what happens while events are on their way is told behind them", () => {
  const session = open(V1_3);
  session.answer(subscribe(V1_3, eventGroup([], ALL)));
  notify(session, certificateChanged(1));
  poll(session);
  notify(session, certificateChanged(2));
  const next = deliver(session, 1);
  assert.equal(toHex(next.subarray(0, 8)), "136b020101000000");
  assert.equal(toHex(next.subarray(8)), toHex(sendEvent(V1_3, eventBytes(2, 4, [2]))));
  assert.equal(deliver(session, 2)[3], 0);
});

test("SEND_EVENT keeps to the requester's DataTransferSize", () => {
  for (const [dataTransferSize, perMessage] of [
    [120, 2],
    [153, 2],
    [154, 3],
    [400, 6],
  ] as const) {
    const session = new Peer(V1_3, telling(), { dataTransferSize }).open(true);
    session.answer(subscribe(V1_3, eventGroup([], ALL)));
    notify(session, ...[1, 2, 3, 4, 5, 6].map((index) => measurementChanged([index])));
    let message = poll(session);
    assert.ok(message.length <= dataTransferSize);
    assert.equal(readLe(message, 8, 4), perMessage);
    let count = perMessage as number;
    for (;;) {
      const ack = deliver(session, message[2]);
      if (ack[3] === 0) break;
      assert.ok(ack.length <= dataTransferSize);
      count += readLe(ack, 12, 4);
      message = ack;
    }
    assert.equal(count, 6);
  }
});

test("beyond eight that wait events are lost, and EventLost says which", () => {
  for (const v of TELLING) {
    const session = open(v);
    session.answer(subscribe(v, eventGroup([], ALL)));
    notify(session, certificateChanged(1));
    assert.equal(fetch(session).length, 1);
    for (let i = 2; i <= 12; i++) notify(session, certificateChanged(i));
    const told = fetch(session);
    assert.deepEqual(
      told.slice(0, 8),
      [2, 3, 4, 5, 6, 7, 8, 9].map((i) => [i, CERTIFICATE_CHANGED, `0${i}`]),
    );
    // Acknowledged to 9, lost to 12.
    assert.deepEqual(told.slice(8), [[13, EVENT_LOST, "090000000c000000"]]);
    notify(session, certificateChanged(0xee));
    assert.deepEqual(fetch(session), [[14, CERTIFICATE_CHANGED, "ee"]]);
  }
});

test("who did not subscribe to EventLost is not told, but sees the gap", () => {
  const session = open(V1_3);
  session.answer(subscribe(V1_3, eventGroup([CERTIFICATE_CHANGED])));
  for (let i = 1; i <= 10; i++) notify(session, certificateChanged(i));
  assert.equal(fetch(session).length, 8);
  notify(session, certificateChanged(0xee));
  assert.deepEqual(fetch(session), [[11, CERTIFICATE_CHANGED, "ee"]]);
});

test("SessionPolicy subscribes to all from 1.3 on, by KEY_EXCHANGE and by PSK_EXCHANGE", () => {
  for (const v of [V1_2, ...TELLING]) {
    const peer = new Peer(v, telling());
    const session = peer.keyExchange({ policy: EVENT_ALL | 1 }).finish();
    peer.board.responder.notify(certificateChanged(1));
    if (v < V1_3) session.refused([v, 0xea, 0, 0], UNEXPECTED_REQUEST);
    else assert.deepEqual(fetch(session), [[1, CERTIFICATE_CHANGED, "01"]]);
    const without = peer.keyExchange({ policy: 1, sessionId: 2 }).finish();
    peer.board.responder.notify(certificateChanged(1));
    without.refused([v, 0xea, 0, 0], v < V1_3 ? UNEXPECTED_REQUEST : NO_PENDING_REQUESTS);
  }
});

test("SessionPolicy for events that there are none of, or that could not be sent, opens no session", () => {
  for (const v of TELLING) {
    const peer = new Peer(v, sessionBoard());
    const { publicKey: exchangeData } = peer.keyPair();
    const keyExchange = keyExchangeRequest(v, { exchangeData, policy: EVENT_ALL });
    const pskExchange = pskExchangeRequest(v);
    pskExchange[3] = EVENT_ALL;
    for (const request of [keyExchange, pskExchange]) {
      peer.conversation.refused(request, INVALID_REQUEST);
      const unable = new Peer(v, telling(), { flags: SESSION_FLAGS & ~ENCAP, tables: sessionTables() });
      unable.conversation.refused(request, INVALID_REQUEST);
    }
    assert.ok(peer.open().isAlive);
  }
});

test("a requester that fetches no encapsulated requests may not subscribe", () => {
  const session = open(V1_3, { flags: SESSION_FLAGS & ~ENCAP });
  session.refused(subscribe(V1_3, eventGroup([], ALL)), INVALID_REQUEST);
});

test("behind events comes a key update that is due, which events neither put off nor hasten", () => {
  const session = open(V1_3, {}, telling(TYPES, { keyUpdateAfter: 4 }));
  session.answer(subscribe(V1_3, eventGroup([], ALL)));
  for (const due of [false, false, true]) {
    notify(session, certificateChanged(1));
    const first = poll(session);
    assert.equal(first[5], 0xf1);
    const ack = deliver(session, first[2]);
    assert.deepEqual([ack[3], ack[9]], due ? [1, 0xe9] : [0, undefined]);
  }
});

test("who takes messages too short for an event gets it in chunks", (t) => {
  const whole = (v: Version, ask: Ask, request: Uint8Array): Uint8Array => {
    const answer = ask(request);
    return answer[1] === 0x7f && answer[2] === 0x0f ? fetchLarge(v, ask, answer, size) : answer;
  };
  let size = 0;
  t.mock.method(Conversation.prototype, "answer", function (this: Conversation, request: Uint8Array) {
    return whole(this.version, (message) => this.ask(message), request);
  });
  for (const v of TELLING) {
    for (size of [42, 61, 62]) {
      const exchanges = [...EXCHANGES, subscribeEventTypes];
      const on = sessionBoard(
        {},
        { exchanges, events: deviceEvents(TYPES), chunks: new Chunks({ maxSpdmMsgSize: 4096 }) },
      );
      const flags = SESSION_FLAGS | CHUNK_CAP;
      const offer = { flags, tables: sessionTables(), dataTransferSize: size, maxSpdmMsgSize: 4096 };
      const session = new Peer(v, on, offer).open();
      const ask = (request: Uint8Array) => whole(v, (message) => session.ask(message), request);
      assert.equal(ask(subscribe(v, eventGroup([], ALL)))[1], 0x70);
      notify(session, measurementChanged([1]));
      const r = new Reader(ask(Uint8Array.of(v, 0xea, 0, 0)));
      r.skip(6);
      assert.equal(readSendEvent(r)[0].type, MEASUREMENT_CHANGED);
      assert.equal(ask(Uint8Array.of(v, 0xeb, 1, 0, v, 0x71, 0, 0))[3], 0);
    }
  }
});

test("a new subscription loses what waits, and says so to who wants to know", () => {
  const session = open(V1_3);
  session.answer(subscribe(V1_3, eventGroup([MEASUREMENT_CHANGED])));
  notify(session, measurementChanged([1]), measurementChanged([2]));
  session.answer(subscribe(V1_3, eventGroup([CERTIFICATE_CHANGED])));
  noneIsPending(session);
  notify(session, certificateChanged(1));
  session.answer(subscribe(V1_3, eventGroup([], ALL)));
  assert.deepEqual(fetch(session), [[4, EVENT_LOST, "0000000003000000"]]);
});

test("SEND_EVENT decodes in order of instance IDs, or is refused whole", () => {
  const read = (message: Uint8Array) => {
    const r = new Reader(message);
    r.skip(2);
    return readSendEvent(r);
  };
  const events = [eventBytes(7, 4, [1]), eventBytes(5, 2, bitmap(1)), eventBytes(6, 1, [0, 0, 0, 0, 4, 0, 0, 0])];
  const message = sendEvent(V1_3, ...events);
  assert.deepEqual(
    read(message).map(({ instanceId }) => instanceId),
    [5, 6, 7],
  );
  const foreign = [9, 0, 0, 0, 0, 0, 0, 0, 3, 2, 1, 1, 77, 0, 2, 0, 1, 2];
  assert.equal(read(sendEvent(V1_3, foreign))[0].type, 77);
  const w = new Writer(new Uint8Array(message.length));
  w.bytes(message.subarray(0, 2));
  writeSendEvent(w, [...read(message).slice(2), ...read(message).slice(0, 2)]);
  assert.equal(toHex(w.message), toHex(message));

  for (let length = 2; length < message.length; length++) {
    assert.throws(() => read(message.subarray(0, length)), WireError);
  }
  for (const bad of [
    concat(message, Uint8Array.of(0)),
    sendEvent(V1_3),
    sendEvent(V1_3, events[0], events[0]),
    sendEvent(V1_3, events[0], events[1]),
    sendEvent(V1_3, eventBytes(1, 0, [])),
    sendEvent(V1_3, eventBytes(1, 5, [])),
    sendEvent(V1_3, eventBytes(1, 4, [1, 2])),
    sendEvent(V1_3, eventBytes(1, 2, [1])),
  ]) {
    assert.throws(() => read(bad), WireError);
  }
  const ack = new Writer(new Uint8Array(2).fill(0xee));
  writeEventAck(ack);
  assert.equal(toHex(ack.message), "0000");
});

test("groups of vendors decode, too", () => {
  const list = Uint8Array.from([...eventGroup([1, 2]), ...eventGroup([], 1, 7, [3, 2, 0x34, 0x12])]);
  assert.deepEqual(
    readEventGroups(list, 2).map(({ standardId, version, attributes, types }) => [
      standardId,
      version,
      attributes,
      types,
    ]),
    [
      [0, 1, 0, [1, 2]],
      [3, 7, 1, []],
    ],
  );
});

test("a board that lists the exchanges has to bring events, sessions and encapsulated requests", () => {
  const exchanges = [...EXCHANGES, supportedEventTypes, subscribeEventTypes];
  assert.throws(() => sessionBoard({}, { exchanges }), /no events to tell of/);
  const events = deviceEvents(TYPES);
  const without = exchanges.filter(({ request }) => request !== 0xea && request !== 0xeb);
  assert.throws(() => sessionBoard({}, { exchanges: without, events }), /no encapsulated requests/);
  const alone = [supportedEventTypes, ...EXCHANGES.filter(({ request }) => request === 0xea)];
  assert.throws(() => board({ exchanges: alone, events }), /no encapsulated requests/);
});
