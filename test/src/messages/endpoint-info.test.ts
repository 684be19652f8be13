import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeviceClass } from "../../../hal/endpoint-info.js";
import { INVALID_REQUEST, RESPONSE_TOO_LARGE, UNEXPECTED_REQUEST, UNSUPPORTED_REQUEST } from "../../../src/errors.js";
import { algorithms } from "../../../src/messages/algorithms.js";
import { capabilities } from "../../../src/messages/capabilities.js";
import { certificate } from "../../../src/messages/certificate.js";
import { challenge } from "../../../src/messages/challenge.js";
import { digests } from "../../../src/messages/digests.js";
import {
  deviceClassesLength,
  endpointInfo,
  endpointInfoUnsigned,
  readDeviceClasses,
  writeDeviceClasses,
} from "../../../src/messages/endpoint-info.js";
import { measurements } from "../../../src/messages/measurements.js";
import { version } from "../../../src/messages/version.js";
import { V1_3, V1_4, VERSIONS, type Version } from "../../../src/versions.js";
import { WireError, Writer } from "../../../src/wire.js";
import { ascii, concat, fromHex, readLe, toHex } from "../../support/bytes.js";
import { board, type Conversation, negotiated } from "../../support/fixture.js";
import { challenge as getChallenge, getDigests, getEndpointInfo, getMeasurements } from "../../support/requests.js";
import { EXCHANGES, Peer, sessionBoard } from "../../support/session.js";
import { messagesOf, pairsOf, RECORDINGS } from "../../support/vectors.js";

const INFORMING: readonly Version[] = [V1_3, V1_4];
const REST = [version, capabilities, algorithms, digests, certificate, challenge, measurements];

/** What DMTF's sample responder is. */
const SAMPLE: readonly DeviceClass[] = [
  { standardId: 0, vendorId: new Uint8Array(0), subordinateIds: [fromHex("123456")] },
];
const SAMPLE_INFO = "010000000700000103123456";

const informing = (v: Version, deviceClasses = SAMPLE, exchange = endpointInfo, offer = {}): Conversation =>
  negotiated(v, offer, board({ exchanges: [...REST, exchange], deviceClasses }));

test("the device class of DMTF's sample, byte for byte as recorded but for nonce and signature", () => {
  const recording = RECORDINGS.find(({ name }) => name === "v1.3-p384-allcaps")!;
  const pairs = pairsOf(messagesOf(recording).messages).filter(({ request }) => request[1] === 0x87);
  assert.equal(pairs.length, 4);
  for (const { request, response } of pairs) {
    const nonce = response.subarray(8, 40);
    let isNonce = false;
    const random = (out: Uint8Array) => {
      if (isNonce) out.set(nonce);
    };
    const on = board({ exchanges: [...REST, endpointInfo], deviceClasses: SAMPLE, random });
    const conversation = negotiated(V1_3, {}, on);
    isNonce = true;
    const answer = conversation.answer(request);
    assert.equal(answer.length, response.length);
    assert.equal(toHex(answer.subarray(0, -96)), toHex(response.subarray(0, -96)));
    assert.ok(conversation.isIl1(request, answer, request[3]));
  }
});

test("unsigned it has neither nonce nor slot", () => {
  for (const v of INFORMING) {
    for (const exchange of [endpointInfo, endpointInfoUnsigned]) {
      const request = getEndpointInfo(v);
      request[3] = 4;
      const answer = toHex(informing(v, SAMPLE, exchange).answer(request));
      assert.equal(answer, `${v.toString(16)}070000000000000c000000${SAMPLE_INFO}`);
    }
  }
});

test("a signature is the chosen slot's, over VCA and no other message", () => {
  for (const v of INFORMING) {
    const conversation = informing(v);
    conversation.answer(getDigests(v));
    conversation.answer(getMeasurements(v, 0));
    for (const slot of [0, 1, 4]) {
      const request = getEndpointInfo(v, slot);
      const response = conversation.answer(request);
      assert.equal(response[3], slot);
      assert.ok(conversation.isIl1(request, response, slot));
      assert.equal(conversation.isIl1(request, response, slot === 4 ? 0 : 4), false);
      const other = request.slice();
      other[8] ^= 1;
      assert.equal(conversation.isIl1(other, response, slot), false);
    }
    for (const slot of [2, 7, 8, 0x0f]) conversation.refused(getEndpointInfo(v, slot), INVALID_REQUEST);
    // The upper bits are reserved.
    assert.equal(conversation.answer(getEndpointInfo(v, 0xf4))[3], 4);
  }
});

test("it ends L1 but not M1", () => {
  for (const v of INFORMING) {
    const conversation = informing(v);
    conversation.answer(getMeasurements(v, 0));
    conversation.answer(getEndpointInfo(v, 0));
    const request = getMeasurements(v);
    assert.ok(conversation.isL1([], request, conversation.answer(request)));
    const b = conversation.pair(getDigests(v));
    conversation.answer(getEndpointInfo(v, 0));
    const asked = getChallenge(v);
    assert.ok(conversation.isM1(b, asked, conversation.answer(asked)));
  }
});

test("a board that does not sign says so, and refuses to", () => {
  for (const v of INFORMING) {
    const conversation = informing(v, SAMPLE, endpointInfoUnsigned);
    conversation.refused(getEndpointInfo(v, 0), UNSUPPORTED_REQUEST, 0x87);
    const at = toHex(conversation.vca).indexOf(`${v.toString(16)}61`) / 2;
    assert.equal((readLe(conversation.vca, at + 8, 4) >>> 22) & 3, 1);
    const { vca } = informing(v);
    assert.equal((readLe(vca, at + 8, 4) >>> 22) & 3, 2);
  }
});

test("subcodes that there are none of are an InvalidRequest; before 1.3 the request is unsupported", () => {
  for (const v of INFORMING) {
    for (const subCode of [0, 2, 0xff]) informing(v).refused(getEndpointInfo(v, undefined, subCode), INVALID_REQUEST);
  }
  for (const v of VERSIONS.filter((older) => older < V1_3)) {
    informing(v).refused(getEndpointInfo(v), UNSUPPORTED_REQUEST, 0x87);
  }
});

test("a request cut short is an InvalidRequest; what trails it is ignored and not signed", () => {
  for (const v of INFORMING) {
    const conversation = informing(v);
    for (const request of [getEndpointInfo(v), getEndpointInfo(v, 0)]) {
      for (let length = 4; length < request.length; length++) {
        conversation.refused(request.subarray(0, length), INVALID_REQUEST);
      }
    }
    const request = getEndpointInfo(v, 0);
    assert.ok(conversation.isIl1(request, conversation.answer(concat(request, fromHex("0102")))));
  }
});

test("ENDPOINT_INFO beyond the requester's DataTransferSize is a ResponseTooLarge with its size", () => {
  const length = 12 + 12 + 32 + 96;
  const conversation = informing(V1_3, SAMPLE, endpointInfo, { dataTransferSize: length - 1 });
  assert.equal(readLe(conversation.refused(getEndpointInfo(V1_3, 0), RESPONSE_TOO_LARGE), 0, 4), length);
  assert.equal(conversation.answer(getEndpointInfo(V1_3)).length, length - 128);
  const enough = informing(V1_3, SAMPLE, endpointInfo, { dataTransferSize: length });
  assert.equal(enough.answer(getEndpointInfo(V1_3, 0)).length, length);
});

test("in a session it is answered and signed over VCA alone, in a handshake not", () => {
  const on = sessionBoard({}, { exchanges: [...EXCHANGES, endpointInfo], deviceClasses: SAMPLE });
  const peer = new Peer(V1_3, on);
  const session = peer.keyExchange();
  session.refused(getEndpointInfo(V1_3, 0), UNEXPECTED_REQUEST);
  session.finish();
  const request = getEndpointInfo(V1_3, 1);
  assert.ok(peer.conversation.isIl1(request, session.answer(request), 1));
});

test("identifiers split into their parts, or are refused whole", () => {
  const classes: DeviceClass[] = [
    ...SAMPLE,
    { standardId: 3, vendorId: fromHex("031a"), subordinateIds: [] },
    { standardId: 10, vendorId: fromHex("0102030405"), subordinateIds: [ascii("a"), new Uint8Array(0), ascii("bcd")] },
    { standardId: 0xee, vendorId: ascii("who"), subordinateIds: [new Uint8Array(200)] },
  ];
  const w = new Writer(new Uint8Array(deviceClassesLength(classes)));
  writeDeviceClasses(w, classes);
  const info = w.message;
  assert.equal(w.remaining, 0);
  assert.equal(toHex(info).slice(0, 42), "040000000700000103123456050302031a000f0a05");
  assert.deepEqual(readDeviceClasses(info), classes);
  for (let length = 0; length < info.length; length++) {
    assert.throws(() => readDeviceClasses(info.subarray(0, length)), WireError);
  }
  assert.throws(() => readDeviceClasses(concat(info, Uint8Array.of(0))), WireError);
  const sample = fromHex(SAMPLE_INFO);
  for (const [at, value] of [
    [0, 2],
    [0, 0],
    [4, 6],
    [4, 8],
    [6, 1],
    [7, 0],
    [7, 2],
    [8, 2],
    [8, 4],
  ]) {
    const changed = sample.slice();
    changed[at] = value;
    assert.throws(() => readDeviceClasses(changed), WireError, `${at}: ${value}`);
  }
});

test("a board that lists the exchange has to say what it is", () => {
  assert.throws(() => board({ exchanges: [...REST, endpointInfo] }), /no device class/);
});
