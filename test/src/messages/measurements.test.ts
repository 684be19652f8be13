import assert from "node:assert/strict";
import { test } from "node:test";
import { rawMeasurement } from "../../../hal/portable/measurement.js";
import { INVALID_REQUEST, RESPONSE_TOO_LARGE, UNEXPECTED_REQUEST, UNSPECIFIED } from "../../../src/errors.js";
import {
  MANIFEST_INDEX,
  type MeasurementBlock,
  readRecord,
  readStructuredManifest,
  STRUCTURED_MANIFEST,
  structuredManifest,
} from "../../../src/measurement-block.js";
import { V1_0, V1_1, V1_2, V1_3, V1_4, VERSIONS } from "../../../src/versions.js";
import { WireError } from "../../../src/wire.js";
import { ascii, concat, fromHex, readLe, toHex } from "../../support/bytes.js";
import {
  board,
  CONFIGURATION,
  type Conversation,
  digestOf,
  FIRMWARE,
  HASHES,
  MANIFEST,
  negotiated,
} from "../../support/fixture.js";
import { CONTEXT, getMeasurements } from "../../support/requests.js";

const SIGNED = 1;
const RAW = 2;
const COUNT = 0;
const ALL = 0xff;
const MODE = `0400000004000000${"00".repeat(8)}`;
const INDICES = [1, 2, 3, 0x10, 0xfd, 0xfe];
const CHANGE = 0x30;

const sha384 = (data: Uint8Array): string => toHex(digestOf(HASHES[1].engine, data));
const recordOf = (response: Uint8Array): Uint8Array => response.subarray(8, 8 + readLe(response, 5, 3));
const blocksOf = (response: Uint8Array): MeasurementBlock[] => readRecord(recordOf(response), response[4]);

/** Index, specification, sizes and value of a block, as on the wire. */
function block(index: string, type: string, value: string): string {
  const length = value.length / 2;
  const le = (n: number) => toHex(Uint8Array.of(n, n >>> 8));
  return `${index}01${le(length + 3)}${type}${le(length)}${value}`;
}

const DIGESTS = [
  block("01", "00", sha384(ascii("rom"))),
  block("02", "01", sha384(FIRMWARE)),
  block("03", "03", sha384(CONFIGURATION)),
  block("10", "87", "0700000000000000"),
  block("fd", "04", sha384(MANIFEST)),
  block("fe", "85", MODE),
];
const RAWS = [
  DIGESTS[0],
  DIGESTS[1],
  block("03", "83", toHex(CONFIGURATION)),
  DIGESTS[3],
  block("fd", "84", toHex(MANIFEST)),
  DIGESTS[5],
];

test("all measurements as digests; version number and device mode are raw always", () => {
  for (const version of VERSIONS) {
    const response = negotiated(version).answer(getMeasurements(version, 0, ALL));
    const record = DIGESTS.join("");
    const head = `${version.toString(16)}60000006${toHex(Uint8Array.of(record.length / 2, (record.length / 2) >> 8, 0))}`;
    assert.equal(toHex(response.subarray(0, 8 + record.length / 2)), head + record);
    // Nonce and no opaque data, signature or not; from 1.3 on the context.
    const rest = response.length - 8 - record.length / 2;
    assert.equal(rest, 34 + (version >= V1_3 ? 8 : 0));
    if (version >= V1_3) assert.equal(toHex(response.slice(-8)), toHex(CONTEXT));
    assert.equal(readLe(response, 8 + record.length / 2 + 32, 2), 0);
  }
});

test("raw bit streams from 1.2 on, where there are any; before, the attribute is reserved", () => {
  for (const version of VERSIONS) {
    const response = negotiated(version).answer(getMeasurements(version, RAW, ALL));
    assert.equal(toHex(recordOf(response)), (version >= V1_2 ? RAWS : DIGESTS).join(""));
  }
});

test("one measurement by its index", () => {
  for (const version of VERSIONS) {
    const conversation = negotiated(version);
    for (const [i, index] of INDICES.entries()) {
      for (const signed of [0, SIGNED]) {
        const request = getMeasurements(version, signed, index);
        const response = conversation.answer(request);
        assert.equal(response[4], 1);
        assert.equal(toHex(recordOf(response)), DIGESTS[i]);
        assert.deepEqual(
          blocksOf(response).map((b) => b.index),
          [index],
        );
      }
    }
  }
});

test("an index that there is none of is an InvalidRequest", () => {
  for (const version of VERSIONS) {
    const conversation = negotiated(version);
    for (const index of [4, 0x0f, 0x11, 0xf0, 0xfc]) {
      for (const attributes of [0, SIGNED]) {
        conversation.refused(getMeasurements(version, attributes, index), INVALID_REQUEST);
      }
    }
  }
});

test("operation 0 gives the number of measurements in Param1, and an empty record", () => {
  for (const version of VERSIONS) {
    const conversation = negotiated(version);
    const response = conversation.answer(getMeasurements(version, 0, COUNT));
    assert.equal(toHex(response.subarray(0, 8)), `${version.toString(16)}60060000000000`);
    assert.equal(response.length, 8 + 34 + (version >= V1_3 ? 8 : 0));
    const request = getMeasurements(version, SIGNED, COUNT);
    const signed = conversation.answer(request);
    assert.equal(signed[2], 6);
    assert.ok(conversation.isL1([getMeasurements(version, 0, COUNT), response], request, signed));
  }
});

test("a signature is the chosen slot's; 1.0 has no slot", () => {
  for (const version of VERSIONS) {
    const conversation = negotiated(version);
    for (const slot of version === V1_0 ? [0] : [0, 1, 4]) {
      const request = getMeasurements(version, SIGNED, ALL, slot);
      assert.equal(request.length, 36 + (version >= V1_1 ? 1 : 0) + (version >= V1_3 ? 8 : 0));
      const response = conversation.answer(request);
      assert.equal(response[3] & 0x0f, slot);
      assert.equal(response[2], 0);
      assert.ok(conversation.isL1([], request, response, slot));
      assert.equal(conversation.isL1([], request, response, slot === 4 ? 0 : 4), false);
    }
  }
});

test("a slot that is empty or none is an InvalidRequest", () => {
  for (const version of VERSIONS.filter((v) => v >= V1_1)) {
    const conversation = negotiated(version);
    for (const slot of [2, 7, 8, 0x0f]) {
      conversation.refused(getMeasurements(version, SIGNED, ALL, slot), INVALID_REQUEST);
    }
    // The upper bits are reserved.
    assert.equal(conversation.answer(getMeasurements(version, SIGNED, ALL, 0xf4))[3] & 0x0f, 4);
  }
  negotiated(V1_0, {}, board({ slots: [1] })).refused(getMeasurements(V1_0), INVALID_REQUEST);
});

test("a nonce and a slot are there only if a signature is asked for", () => {
  for (const version of VERSIONS) {
    const signed = getMeasurements(version);
    const conversation = negotiated(version);
    for (const length of [4, 35, 36, signed.length - 8, signed.length - 1]) {
      if (length < signed.length) conversation.refused(signed.subarray(0, length), INVALID_REQUEST);
    }
    assert.equal(getMeasurements(version, 0).length, version >= V1_3 ? 12 : 4);
  }
  for (const version of [V1_3, V1_4]) {
    negotiated(version).refused(getMeasurements(version, 0).subarray(0, 11), INVALID_REQUEST);
  }
});

test("what trails a request is ignored and not signed", () => {
  for (const version of VERSIONS) {
    const conversation = negotiated(version);
    const unsigned = getMeasurements(version, 0, 1);
    const first = conversation.answer(concat(unsigned, fromHex("aabb")));
    const request = getMeasurements(version);
    const response = conversation.answer(concat(request, fromHex("ccdd")));
    assert.ok(conversation.isL1([unsigned, first], request, response));
  }
});

test("every response has a nonce of its own", () => {
  let calls = 0;
  const random = (out: Uint8Array) => out.fill(++calls);
  const conversation = negotiated(V1_1, {}, board({ random }));
  for (const [attributes, nonce] of [
    [0, "01"],
    [SIGNED, "02"],
    [0, "03"],
  ] as const) {
    const response = conversation.answer(getMeasurements(V1_1, attributes, COUNT));
    assert.equal(toHex(response.subarray(8, 40)), nonce.repeat(32));
  }
});

const contentChange = (conversation: Conversation, attributes: number): number =>
  conversation.answer(getMeasurements(conversation.version, attributes, ALL))[3] & CHANGE;

test("content changed: from 1.2 on, and in signed responses only", () => {
  for (const version of VERSIONS) {
    const conversation = negotiated(version);
    const { measurements } = conversation.board;
    const is12 = version >= V1_2;
    assert.equal(contentChange(conversation, SIGNED), is12 ? 0x20 : 0);
    assert.equal(contentChange(conversation, 0), 0);
    measurements.generation++;
    assert.equal(contentChange(conversation, 0), 0);
    assert.equal(contentChange(conversation, SIGNED), is12 ? 0x10 : 0);
    // A new run begins: what changed before it does not count.
    assert.equal(contentChange(conversation, 0), 0);
    assert.equal(contentChange(conversation, SIGNED), is12 ? 0x20 : 0);
  }
});

test("measurements that were not negotiated are an UnexpectedRequest", () => {
  for (const version of VERSIONS) {
    const conversation = negotiated(version, { measurementSpecification: 0 });
    for (const attributes of [0, SIGNED]) {
      conversation.refused(getMeasurements(version, attributes), UNEXPECTED_REQUEST);
    }
  }
});

test("MEASUREMENTS beyond the requester's DataTransferSize are a ResponseTooLarge with their size", () => {
  const length = 8 + DIGESTS.join("").length / 2 + 34 + 96;
  const conversation = negotiated(V1_2, { dataTransferSize: length - 1 });
  const size = conversation.refused(getMeasurements(V1_2), RESPONSE_TOO_LARGE);
  assert.equal(readLe(size, 0, 4), length);
  assert.equal(conversation.answer(getMeasurements(V1_2, 0)).length, length - 96);
  assert.equal(negotiated(V1_2, { dataTransferSize: length }).answer(getMeasurements(V1_2)).length, length);
});

test("MEASUREMENTS beyond the board's own DataTransferSize are refused, not cut off, in every version", () => {
  for (const version of VERSIONS) {
    const conversation = negotiated(version, {}, board({ dataTransferSize: 200 }));
    conversation.refused(getMeasurements(version, 0), version >= V1_2 ? RESPONSE_TOO_LARGE : UNSPECIFIED);
    conversation.answer(getMeasurements(version, 0, 1));
  }
});

test("a record splits into its blocks, or is refused whole", () => {
  const record = fromHex(DIGESTS.join(""));
  assert.equal(readRecord(record, 6).length, 6);
  for (const count of [0, 5, 7]) assert.throws(() => readRecord(record, count), WireError);
  assert.throws(() => readRecord(record.subarray(0, record.length - 1), 6), WireError);
  assert.throws(() => readRecord(fromHex("0102040000010000"), 1), WireError);
  assert.throws(() => readRecord(fromHex("0101050000010000"), 1), WireError);
  assert.deepEqual(readRecord(new Uint8Array(0), 0), []);
});

test("a structured manifest names who has defined its format, from 1.3 on", () => {
  const vendor = { standardId: 3, vendorId: fromHex("031a") };
  const value = structuredManifest(vendor, ascii("contents"));
  assert.equal(toHex(value), `0302031a${toHex(ascii("contents"))}`);
  assert.deepEqual(readStructuredManifest(value), { vendor, manifest: ascii("contents") });
  for (const bad of ["", "03", "0302", "030203", "0303031a00", "0001"]) {
    assert.throws(() => readStructuredManifest(fromHex(bad)), WireError);
  }

  const list = [rawMeasurement(MANIFEST_INDEX, STRUCTURED_MANIFEST, false, value)];
  const { engine } = HASHES[1];
  for (const version of VERSIONS) {
    const on = board({ measurements: { algorithm: 4, engine, source: { list, generation: 0 } } });
    const conversation = negotiated(version, {}, on);
    if (version < V1_3) conversation.refused(getMeasurements(version, RAW, MANIFEST_INDEX), INVALID_REQUEST);
    else {
      const response = conversation.answer(getMeasurements(version, RAW, MANIFEST_INDEX));
      assert.equal(toHex(recordOf(response)), block("fd", "8a", toHex(value)));
      const digest = conversation.answer(getMeasurements(version, 0, MANIFEST_INDEX));
      assert.equal(toHex(recordOf(digest)), block("fd", "0a", sha384(value)));
    }
  }
});
