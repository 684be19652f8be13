import assert from "node:assert/strict";
import { test } from "node:test";
import { INVALID_REQUEST, RESPONSE_TOO_LARGE, UNEXPECTED_REQUEST, UNSUPPORTED_REQUEST } from "../../../src/errors.js";
import { readKeyPairInfo, writeKeyPairInfo } from "../../../src/messages/key-pair-info.js";
import { V1_2, V1_3, V1_4, VERSIONS, type Version } from "../../../src/versions.js";
import { Reader, WireError, Writer } from "../../../src/wire.js";
import { concat, fromHex, toHex } from "../../support/bytes.js";
import { Conversation, negotiated } from "../../support/fixture.js";
import { multiKey, TestKeyPairs } from "../../support/key-pairs.js";
import { Peer, sessionBoard } from "../../support/session.js";

const getKeyPairInfo = (version: Version, id: number): Uint8Array => Uint8Array.of(version, 0xfc, 0, 0, id);
const keyed = (keyPairs = new TestKeyPairs()) => sessionBoard({}, multiKey(keyPairs));

/** Frame 40 of v1.3-p384-allcaps: DMTF's answer for key pair 1. */
const RECORDED = "137c000018013f0001000100ff010000010000000f0003300d06092a864886f70d0101010500";
const PQC = "04070000000400000000";

test("KEY_PAIR_INFO is what DMTF's responder answered, and in 1.4 has the algorithms that came with it behind", () => {
  const conversation = negotiated(V1_3, {}, keyed());
  assert.equal(toHex(conversation.answer(getKeyPairInfo(V1_3, 1))), RECORDED);
  const newer = negotiated(V1_4, {}, keyed());
  assert.equal(toHex(newer.answer(getKeyPairInfo(V1_4, 1))), `14${RECORDED.slice(2)}${PQC}`);
});

test("it comes in sessions too, but not before FINISH", () => {
  const on = sessionBoard({}, multiKey());
  const opened = new Peer(V1_3, on).keyExchange();
  opened.refused(getKeyPairInfo(V1_3, 1), UNEXPECTED_REQUEST);
  assert.equal(toHex(opened.finish().answer(getKeyPairInfo(V1_3, 1))), RECORDED);
});

test("where nothing can be changed there are no capabilities", () => {
  const { pairs } = new TestKeyPairs();
  const fixed = { count: 24, read: (id: number) => pairs[id - 1] };
  const { exchanges, ...rest } = multiKey(fixed);
  const on = sessionBoard({}, { exchanges: exchanges!.filter(({ request }) => request !== 0xfd), ...rest });
  const response = new Conversation(V1_3, {}, on).reach(3).answer(getKeyPairInfo(V1_3, 1));
  assert.equal(toHex(response), RECORDED.replace("18013f00", "18010000"));
});

test("key pairs that are none, requests that are too short, versions that have it not", () => {
  const conversation = negotiated(V1_3, {}, keyed());
  for (const id of [0, 25, 255]) conversation.refused(getKeyPairInfo(V1_3, id), INVALID_REQUEST);
  conversation.refused(getKeyPairInfo(V1_3, 1).subarray(0, 4), INVALID_REQUEST);
  for (const version of VERSIONS.filter((each) => each <= V1_2)) {
    negotiated(version, {}, keyed()).refused(getKeyPairInfo(version, 1), UNSUPPORTED_REQUEST, 0xfc);
  }
  const early = new Conversation(V1_3, {}, keyed()).reach(2);
  early.refused(getKeyPairInfo(V1_3, 1), UNEXPECTED_REQUEST);
});

test("key pairs that are post-quantum only, the last, are not shown before 1.4", () => {
  const keyPairs = new TestKeyPairs();
  for (const id of [23, 24]) keyPairs.set(id, { asymCapabilities: 0, asym: 0, pqcAsymCapabilities: 2, pqcAsym: 2 });
  const before = negotiated(V1_3, {}, keyed(keyPairs));
  assert.equal(before.answer(getKeyPairInfo(V1_3, 1))[4], 22);
  for (const id of [23, 24]) before.refused(getKeyPairInfo(V1_3, id), INVALID_REQUEST);
  const newer = negotiated(V1_4, {}, keyed(keyPairs));
  const shown = newer.answer(getKeyPairInfo(V1_4, 24)).subarray(2);
  const { total, asym, pqcAsym } = readKeyPairInfo(new Reader(shown), V1_4);
  assert.deepEqual([total, asym, pqcAsym], [24, 0, 2]);
});

test("it fits, or it is a ResponseTooLarge", () => {
  for (const [version, length] of [
    [V1_3, 23 + 120],
    [V1_4, 23 + 120 + 10],
  ] as const) {
    const keyPairs = new TestKeyPairs();
    keyPairs.set(1, { publicKeyInfo: new Uint8Array(120) });
    const small = negotiated(version, { dataTransferSize: length - 1 }, keyed(keyPairs));
    small.refused(getKeyPairInfo(version, 1), RESPONSE_TOO_LARGE);
    const enough = negotiated(version, { dataTransferSize: length }, keyed(keyPairs));
    assert.equal(enough.answer(getKeyPairInfo(version, 1)).length, length);
  }
});

test("every truncation is a WireError, and lengths of PQC masks are what they say", () => {
  const whole = fromHex(`14${RECORDED.slice(2)}${PQC}`);
  const reader = (bytes: Uint8Array) => {
    const r = new Reader(bytes);
    r.skip(2);
    return r;
  };
  for (let length = 2; length < whole.length; length++) {
    assert.throws(() => readKeyPairInfo(reader(whole.subarray(0, length)), V1_4), WireError, `${length}`);
  }
  const decoded = readKeyPairInfo(reader(whole), V1_4);
  assert.deepEqual([decoded.pqcAsymCapabilities, decoded.pqcAsym], [7, 0]);
  const w = new Writer(new Uint8Array(whole.length));
  w.bytes(whole.subarray(0, 2));
  writeKeyPairInfo(w, decoded, V1_4);
  assert.equal(toHex(w.message), toHex(whole));

  const fixed = whole.subarray(0, whole.length - 10);
  const of = (...tail: number[]) => readKeyPairInfo(reader(concat(fixed, Uint8Array.from(tail))), V1_4);
  assert.equal(of(0, 0).pqcAsymCapabilities, 0);
  assert.equal(of(2, 1, 0x80, 1, 1).pqcAsymCapabilities, 0x8001);
  assert.equal(of(4, 0, 0, 0, 0x80, 0).pqcAsymCapabilities, 0x80000000);
  assert.equal(of(6, 2, 0, 0, 0, 0, 0, 0).pqcAsymCapabilities, 2);
  assert.throws(() => of(5, 0, 0, 0, 0, 1, 0), WireError);
});
