import assert from "node:assert/strict";
import { test } from "node:test";
import { INVALID_REQUEST, RESPONSE_TOO_LARGE } from "../../../src/errors.js";
import { V1_1, V1_2, V1_3, VERSIONS } from "../../../src/versions.js";
import { concat, fromHex, readLe, toHex } from "../../support/bytes.js";
import { board, digestOf, negotiated, spdmChainOf } from "../../support/fixture.js";
import { CONTEXT, challenge, getMeasurements } from "../../support/requests.js";

const TCB = 0x01;
const ALL = 0xff;
const HASH = 48;
const NONCE_AT = 4 + HASH;

test("CHALLENGE_AUTH: slot, mask, chain hash, nonce, no opaque data, context from 1.3 on, signature", () => {
  for (const version of VERSIONS) {
    for (const slot of [0, 1, 4]) {
      const conversation = negotiated(version);
      const { curve, hash } = conversation;
      const request = challenge(version, slot);
      const response = conversation.answer(request);
      assert.equal(toHex(response.subarray(0, 4)), toHex(Uint8Array.of(version, 0x03, slot, 0x13)));
      const chainHash = digestOf(hash, spdmChainOf(curve, slot, hash));
      assert.equal(toHex(response.subarray(4, NONCE_AT)), toHex(chainHash));
      const tail = toHex(response.subarray(NONCE_AT + 32, response.length - 96));
      assert.equal(tail, `0000${version >= V1_3 ? toHex(CONTEXT) : ""}`);
      assert.ok(conversation.isM1([], request, response, slot));
      // Slots 0 and 1 share a key, 4 has its own.
      assert.equal(conversation.isM1([], request, response, slot === 4 ? 0 : 4), false);
    }
  }
});

test("each CHALLENGE_AUTH has a nonce of its own, from the board's random source", () => {
  let calls = 0;
  const random = (out: Uint8Array) => out.fill(++calls);
  for (const version of VERSIONS) {
    calls = 0;
    const conversation = negotiated(version, {}, board({ random }));
    for (const nonce of ["01", "02", "03"]) {
      const response = conversation.answer(challenge(version));
      assert.equal(toHex(response.subarray(NONCE_AT, NONCE_AT + 32)), nonce.repeat(32));
    }
  }
});

test("a slot that is empty or none, or a raw public key that was not provisioned, is an InvalidRequest", () => {
  for (const version of VERSIONS) {
    const conversation = negotiated(version);
    for (const slot of [2, 7, 8, 0x10, 0x14, 0x80, 0xff]) {
      conversation.refused(challenge(version, slot), INVALID_REQUEST);
    }
  }
});

test("MeasurementSummaryHash of the TCB and of all is that of the blocks GET_MEASUREMENTS gives", () => {
  for (const version of VERSIONS) {
    const conversation = negotiated(version);
    const { hash } = conversation;
    const record = conversation.answer(getMeasurements(version, 0, 0xff));
    const blocks: Uint8Array[] = [];
    for (let at = 8; blocks.length < record[4]; ) {
      const end = at + 4 + readLe(record, at + 2, 2);
      blocks.push(record.subarray(at, end));
      at = end;
    }
    const tcb = blocks.filter(([index]) => [1, 2, 0x10].includes(index));
    for (const [type, covered] of [
      [TCB, tcb],
      [ALL, blocks],
    ] as const) {
      const request = challenge(version, 0, type);
      const response = conversation.answer(request);
      const at = NONCE_AT + 32;
      assert.equal(toHex(response.subarray(at, at + HASH)), toHex(digestOf(hash, ...covered)));
      assert.equal(readLe(response, at + HASH, 2), 0);
      assert.ok(conversation.isM1([], request, response));
    }
  }
});

test("the summary is made anew each time: a changed measurement shows", () => {
  const conversation = negotiated(V1_2);
  const [, changing] = conversation.board.measurements.list;
  const before = conversation.answer(challenge(V1_2, 0, TCB)).slice(84, 132);
  Object.assign(changing, { digest: (_: unknown, into: Uint8Array) => into.fill(7) });
  const after = conversation.answer(challenge(V1_2, 0, TCB)).slice(84, 132);
  assert.notEqual(toHex(before), toHex(after));
});

test("a MeasurementSummaryHashType that is not defined is an InvalidRequest", () => {
  for (const version of VERSIONS) {
    const conversation = negotiated(version);
    for (const type of [2, 3, 0x80, 0xfe]) conversation.refused(challenge(version, 0, type), INVALID_REQUEST);
  }
});

test("a summary without negotiated measurements is an InvalidRequest; none is fine", () => {
  for (const version of VERSIONS) {
    const conversation = negotiated(version, { measurementSpecification: 0 });
    for (const type of [TCB, ALL]) conversation.refused(challenge(version, 0, type), INVALID_REQUEST);
    conversation.answer(challenge(version));
  }
});

test("a short CHALLENGE is refused, without its context too; what trails one is ignored and not signed", () => {
  for (const version of VERSIONS) {
    const request = challenge(version);
    const conversation = negotiated(version);
    for (const length of [4, 5, 35, request.length - 8, request.length - 1]) {
      conversation.refused(request.subarray(0, length), INVALID_REQUEST);
    }
    const response = conversation.answer(concat(request, fromHex("00ff")));
    assert.ok(conversation.isM1([], request, response));
  }
});

test("a CHALLENGE_AUTH beyond DataTransferSize is a ResponseTooLarge with its size", () => {
  const length = 4 + 48 + 32 + 48 + 2 + 96;
  const conversation = negotiated(V1_2, { dataTransferSize: length - 1 });
  assert.equal(toHex(conversation.refused(challenge(V1_2, 0, ALL), RESPONSE_TOO_LARGE)), "e6000000");
  conversation.answer(challenge(V1_2));
  assert.equal(negotiated(V1_2, { dataTransferSize: length }).answer(challenge(V1_2, 0, ALL)).length, length);
});

test("BasicMutAuthReq is not set, not even for a requester that could", () => {
  const response = negotiated(V1_1, { flags: 0x1106 }).answer(challenge(V1_1));
  assert.equal(response[2], 0);
});
