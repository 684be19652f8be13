import assert from "node:assert/strict";
import { test } from "node:test";
import type { MeasurementLog } from "../../../hal/measurements.js";
import { INVALID_REQUEST, UNEXPECTED_REQUEST, UNSUPPORTED_REQUEST } from "../../../src/errors.js";
import { readRecord } from "../../../src/measurement-block.js";
import { hashExtendMeasurement, readLog } from "../../../src/measurement-log.js";
import { algorithms } from "../../../src/messages/algorithms.js";
import { capabilities } from "../../../src/messages/capabilities.js";
import { certificate } from "../../../src/messages/certificate.js";
import { challenge } from "../../../src/messages/challenge.js";
import { digests } from "../../../src/messages/digests.js";
import {
  measurementExtensionLog,
  readGetMeasurementExtensionLog,
  readMeasurementExtensionLog,
  writeGetMeasurementExtensionLog,
  writeMeasurementExtensionLog,
} from "../../../src/messages/measurement-extension-log.js";
import { measurements } from "../../../src/messages/measurements.js";
import { version } from "../../../src/messages/version.js";
import { Responder } from "../../../src/responder.js";
import { V1_3, V1_4, VERSIONS, type Version } from "../../../src/versions.js";
import { Reader, WireError, Writer } from "../../../src/wire.js";
import { ascii, concat, readLe, toHex } from "../../support/bytes.js";
import { board, type Conversation, digestOf, HASHES, negotiated, TestMeasurements } from "../../support/fixture.js";
import { DMTF_LOG, entryBytes, getLog, HEM_INDEX, logBytes, logEntry } from "../../support/log.js";
import * as requests from "../../support/requests.js";
import { EXCHANGES, Peer, SESSION_FLAGS, sessionBoard, sessionTables } from "../../support/session.js";
import { messagesOf, type Pair, pairsOf, RECORDINGS } from "../../support/vectors.js";

const EXCHANGES_HERE = [version, capabilities, algorithms, digests, certificate, challenge, measurements];
const LOGGING: readonly Version[] = [V1_3, V1_4];
const sha384 = HASHES[1].engine;

/** A connection to a board with a log. */
const logging = (v: Version, log: MeasurementLog = DMTF_LOG, offer = {}): Conversation =>
  negotiated(
    v,
    { melSpecification: 1, ...offer },
    board({ exchanges: [...EXCHANGES_HERE, measurementExtensionLog], log }),
  );

/** Pairs of DMTF's own requester and responder. */
function recorded(code: number): Pair[] {
  const recording = RECORDINGS.find(({ name }) => name === "v1.3-p384-allcaps")!;
  return pairsOf(messagesOf(recording).messages).filter(({ request }) => request[1] === code);
}

test("the log of DMTF's sample, byte for byte as recorded", () => {
  const pairs = recorded(0xef);
  assert.equal(pairs.length, 4);
  for (const { request, response } of pairs) {
    assert.equal(toHex(logging(V1_3).answer(request)), toHex(response));
    for (const [bytes, again] of [
      [request, (r: Reader, w: Writer) => writeGetMeasurementExtensionLog(w, readGetMeasurementExtensionLog(r))],
      [response, (r: Reader, w: Writer) => writeMeasurementExtensionLog(w, readMeasurementExtensionLog(r))],
    ] as const) {
      const r = new Reader(bytes);
      const w = new Writer(new Uint8Array(bytes.length).fill(0xee));
      w.bytes(r.bytes(2));
      again(r, w);
      assert.equal(toHex(w.written()), toHex(bytes));
      assert.equal(r.remaining, 0);
    }
  }
});

test("the hash-extend measurement over it is the one that DMTF's sample measured and signed", () => {
  const measured = recorded(0xe0).map(({ response }) =>
    readRecord(response.subarray(8, 8 + readLe(response, 5, 3)), response[4]).find(({ index }) => index === HEM_INDEX),
  );
  assert.equal(measured.length, 4);
  const value = new Uint8Array(48).fill(0xee);
  hashExtendMeasurement(DMTF_LOG, HEM_INDEX).digest(sha384, value);
  for (const block of measured) {
    assert.equal(block!.valueType, 8);
    assert.equal(toHex(block!.value), toHex(value));
  }
});

test("a hash-extend measurement leaves out what it does not cover, and begins as zeros", () => {
  const log = {
    entries: [logEntry(9, ascii("one"), 3), logEntry(9, ascii("two"), 0), logEntry(9, ascii("three"), 3)],
  };
  let expected = new Uint8Array(48);
  for (const [at, text] of [
    [1, "one"],
    [3, "three"],
  ] as const) {
    expected = digestOf(sha384, expected, entryBytes(at, 3, 9, ascii(text))) as typeof expected;
  }
  const value = new Uint8Array(48);
  hashExtendMeasurement(log, 3).digest(sha384, value);
  assert.equal(toHex(value), toHex(expected));
  hashExtendMeasurement(log, 4).digest(sha384, value);
  assert.equal(toHex(value), "00".repeat(48));
});

test("every portion of a log, from every offset, is that part of it, with what remains", () => {
  const whole = logBytes(
    entryBytes(1, 0x11, 0x89, ascii("ROM")),
    entryBytes(2, 0x11, 0x89, ascii("Boot FW")),
    entryBytes(3, 0x11, 0x86, Uint8Array.of(10, 3, 0, 1)),
  );
  for (const v of LOGGING) {
    const conversation = logging(v);
    for (let offset = 0; offset < whole.length; offset++) {
      for (const length of [0, 1, 15, 16, 17, 40, whole.length - offset, whole.length, 0x7fffffff, 0xffffffff]) {
        const response = conversation.answer(getLog(v, offset, length));
        const portion = whole.subarray(offset, Math.min(whole.length, offset + length));
        assert.equal(toHex(response.subarray(12)), toHex(portion));
        assert.equal(readLe(response, 4, 4), portion.length);
        assert.equal(readLe(response, 8, 4), whole.length - offset - portion.length);
      }
    }
    for (const offset of [whole.length, whole.length + 1, 0x7fffffff, 0xffffffff]) {
      for (const length of [0, 1, 0xffffffff]) conversation.refused(getLog(v, offset, length), INVALID_REQUEST);
    }
  }
});

test("a portion fits the smaller DataTransferSize, so that a log comes in several", () => {
  const log = { entries: Array.from({ length: 60 }, (_, i) => logEntry(0x89, new Uint8Array(i).fill(i))) };
  for (const [own, theirs] of [
    [4096, 42],
    [100, 4096],
    [200, 200],
  ] as const) {
    const on = board({ exchanges: [...EXCHANGES_HERE, measurementExtensionLog], log, dataTransferSize: own });
    const conversation = negotiated(V1_3, { melSpecification: 1, dataTransferSize: theirs }, on);
    const parts: Uint8Array[] = [];
    let offset = 0;
    for (let remainder = 1; remainder > 0; ) {
      const response = conversation.answer(getLog(V1_3, offset));
      assert.ok(response.length <= Math.min(own, theirs));
      parts.push(response.subarray(12));
      offset += response.length - 12;
      remainder = readLe(response, 8, 4);
    }
    const records = readLog(concat(...parts));
    assert.deepEqual(
      records.map(({ value }) => toHex(value)),
      log.entries.map((_, i) => toHex(new Uint8Array(i).fill(i))),
    );
  }
});

test("an empty log is its header", () => {
  const response = logging(V1_3, { entries: [] }).answer(getLog(V1_3));
  assert.equal(toHex(response), `136f00001000000000000000${"00".repeat(16)}`);
  assert.deepEqual(readLog(response.subarray(12)), []);
});

test("a log that was not negotiated is an UnexpectedRequest; before 1.3 there is none", () => {
  for (const v of LOGGING) {
    for (const offer of [{ melSpecification: 0 }, { melSpecification: 2 }, { measurementSpecification: 0 }]) {
      logging(v, DMTF_LOG, offer).refused(getLog(v), UNEXPECTED_REQUEST);
    }
  }
  for (const v of VERSIONS.filter((older) => older < V1_3)) {
    logging(v).refused(getLog(v), UNSUPPORTED_REQUEST, 0xef);
  }
});

test("MEL_CAP and MELspecificationSel are there for a board that lists the exchange, from 1.3 on", () => {
  for (const v of VERSIONS) {
    const { board: on } = logging(v);
    const conversation = negotiated(v, { melSpecification: 0xff }, on);
    const { vca } = conversation;
    const tail = vca.subarray(vca.length - 36);
    assert.equal(tail[1], 0x63);
    assert.equal(tail[31], v >= V1_3 ? 1 : 0);
  }
  assert.equal(negotiated(V1_3, { melSpecification: 1 }).vca.at(-5), 0);
});

test("a request cut short is an InvalidRequest; what trails it is ignored", () => {
  for (const v of LOGGING) {
    const conversation = logging(v);
    const request = getLog(v);
    for (let length = 4; length < request.length; length++) {
      conversation.refused(request.subarray(0, length), INVALID_REQUEST);
    }
    assert.equal(conversation.answer(concat(request, Uint8Array.of(1, 2))).length, 75);
  }
});

test("it ends L1, and M1 if no challenge was answered yet", () => {
  for (const v of LOGGING) {
    const conversation = logging(v);
    const unsigned = requests.getMeasurements(v, 0);
    conversation.answer(unsigned);
    conversation.answer(getLog(v));
    const request = requests.getMeasurements(v);
    assert.ok(conversation.isL1([], request, conversation.answer(request)));

    conversation.answer(requests.getDigests(v));
    conversation.answer(getLog(v));
    const asked = requests.challenge(v);
    assert.ok(conversation.isM1([], asked, conversation.answer(asked)));
    const b = conversation.pair(requests.getDigests(v));
    conversation.answer(getLog(v));
    assert.ok(conversation.isM1(b, asked, conversation.answer(asked)));
  }
});

test("in a session it is answered, in a handshake not", () => {
  const on = sessionBoard({}, { exchanges: [...EXCHANGES, measurementExtensionLog], log: DMTF_LOG });
  const peer = new Peer(V1_3, on, { flags: SESSION_FLAGS, tables: sessionTables(), melSpecification: 1 });
  const session = peer.keyExchange();
  session.refused(getLog(V1_3), UNEXPECTED_REQUEST);
  session.finish();
  assert.equal(toHex(session.answer(getLog(V1_3))), toHex(recorded(0xef)[0].response));
});

test("a log grows between two requests", () => {
  const entries = [logEntry(0x89, ascii("boot"))];
  const conversation = logging(V1_4, { entries });
  assert.equal(conversation.answer(getLog(V1_4)).length, 12 + 16 + 15);
  entries.push(logEntry(0x89, ascii("update")));
  assert.equal(conversation.answer(getLog(V1_4)).length, 12 + 16 + 15 + 17);
});

test("types that came with 1.3 are not measured before it", () => {
  const source = new TestMeasurements();
  const list = [...source.list.slice(0, 4), hashExtendMeasurement(DMTF_LOG, HEM_INDEX), ...source.list.slice(4)];
  for (const v of VERSIONS) {
    const on = board({ measurements: { algorithm: 4, engine: sha384, source: { list, generation: 0 } } });
    const conversation = negotiated(v, {}, on);
    assert.equal(conversation.answer(requests.getMeasurements(v, 0, 0))[2], v >= V1_3 ? 7 : 6);
    assert.equal(conversation.answer(requests.getMeasurements(v, 0, 0xff))[4], v >= V1_3 ? 7 : 6);
    if (v < V1_3) conversation.refused(requests.getMeasurements(v, 0, HEM_INDEX), INVALID_REQUEST);
    else assert.equal(conversation.answer(requests.getMeasurements(v, 0, HEM_INDEX))[4], 1);
  }
});

test("a log splits into its entries, or is refused whole", () => {
  const one = entryBytes(1, 0x11, 0x89, ascii("one"));
  const two = entryBytes(2, 0, 9, ascii("two"));
  const whole = logBytes(one, two);
  assert.deepEqual(
    readLog(whole).map(({ melIndex, measurementIndex, valueType }) => [melIndex, measurementIndex, valueType]),
    [
      [1, 0x11, 0x89],
      [2, 0, 9],
    ],
  );
  for (let length = 0; length < whole.length; length++) {
    assert.throws(() => readLog(whole.subarray(0, length)), WireError);
  }
  assert.throws(() => readLog(concat(whole, Uint8Array.of(0))), WireError);
  for (const bad of [logBytes(two), logBytes(one, one), logBytes(two, one)])
    assert.throws(() => readLog(bad), WireError);
  for (const [at, value] of [
    [0, 3],
    [0, 1],
    [4, 0],
    [4, 0xff],
    [16 + 9, 0xff],
    [16 + 10, 1],
  ]) {
    const changed = whole.slice();
    changed[at] = value;
    assert.throws(() => readLog(changed), WireError, `${at}`);
  }
});

test("a board that lists the exchange has to bring a log, and measurements", () => {
  const { responder } = board();
  assert.ok(responder instanceof Responder);
  const exchanges = [...EXCHANGES_HERE, measurementExtensionLog];
  assert.throws(() => board({ exchanges }), /no log to serve/);
});
