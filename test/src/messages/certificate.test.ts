import assert from "node:assert/strict";
import { test } from "node:test";
import { DATA_TOO_LARGE, INVALID_REQUEST, UNSPECIFIED, UNSUPPORTED_REQUEST } from "../../../src/errors.js";
import {
  readCertificate,
  readGetCertificate,
  writeCertificate,
  writeGetCertificate,
} from "../../../src/messages/certificate.js";
import { V1_1, V1_2, V1_3, V1_4, VERSIONS, type Version } from "../../../src/versions.js";
import { Reader, Writer } from "../../../src/wire.js";
import { concat, fromHex, readLe, toHex, u16 } from "../../support/bytes.js";
import { board, type Conversation, CURVES, HASHES, negotiated, spdmChainOf } from "../../support/fixture.js";
import { getCertificate } from "../../support/requests.js";

const SLOT_SIZE_REQUESTED = 1;
const p384 = CURVES[1];
const sha384 = HASHES[1].engine;

/** The slot's chain, asked for in portions of `length`, and how many it took. */
function fetch(conversation: Conversation, slot: number, length: number): [chain: Uint8Array, portionCount: number] {
  const { version } = conversation;
  let chain: Uint8Array = new Uint8Array(0);
  for (let count = 1; ; count++) {
    const response = conversation.answer(getCertificate(version, slot, chain.length, length));
    const portionLength = readLe(response, 4, 2);
    assert.equal(toHex(response.subarray(0, 4)), toHex(Uint8Array.of(version, 0x02, slot, 0)));
    assert.equal(response.length, 8 + portionLength);
    assert.ok(portionLength > 0 && portionLength <= length);
    chain = concat(chain, response.subarray(8));
    if (readLe(response, 6, 2) === 0) return [chain, count];
  }
}

test("CERTIFICATE gives each slot's chain, whole or in portions, in every version", () => {
  for (const version of VERSIONS) {
    const conversation = negotiated(version);
    for (const slot of [0, 1, 4]) {
      const expected = spdmChainOf(p384, slot, sha384);
      for (const length of [0xffff, expected.length, expected.length - 1, 100]) {
        const [chain, portionCount] = fetch(conversation, slot, length);
        assert.equal(toHex(chain), toHex(expected));
        assert.equal(portionCount, Math.ceil(expected.length / Math.min(length, 4088)));
      }
    }
  }
});

test("portions keep within a DataTransferSize of 42: 34 bytes each", () => {
  for (const version of [V1_2, V1_3, V1_4]) {
    const conversation = negotiated(version, { dataTransferSize: 42 });
    const expected = spdmChainOf(p384, 4, sha384);
    const [chain, portionCount] = fetch(conversation, 4, 0xffff);
    assert.equal(toHex(chain), toHex(expected));
    assert.equal(portionCount, Math.ceil(expected.length / 34));
  }
});

test("portions keep within the board's own DataTransferSize, also where the requester has told none", () => {
  for (const version of VERSIONS) {
    const conversation = negotiated(version, {}, board({ dataTransferSize: 208 }));
    const expected = spdmChainOf(p384, 0, sha384);
    const [chain, portionCount] = fetch(conversation, 0, 0xffff);
    assert.equal(toHex(chain), toHex(expected));
    assert.equal(portionCount, Math.ceil(expected.length / 200));
  }
});

test("PortionLength and RemainderLength add up to what is behind Offset", () => {
  const length = spdmChainOf(p384, 0, sha384).length;
  for (const version of VERSIONS) {
    const conversation = negotiated(version);
    for (const [offset, wanted, portion] of [
      [0, 0, 0],
      [0, 1, 1],
      [length - 1, 5, 1],
      [10, length, length - 10],
    ]) {
      const response = conversation.answer(getCertificate(version, 0, offset, wanted));
      assert.deepEqual([readLe(response, 4, 2), readLe(response, 6, 2)], [portion, length - offset - portion]);
    }
  }
});

test("Offset at or beyond the end is an InvalidRequest", () => {
  const length = spdmChainOf(p384, 0, sha384).length;
  for (const version of VERSIONS) {
    const conversation = negotiated(version);
    for (const offset of [length, length + 1, 0xffff]) {
      for (const wanted of [0, 1, 0xffff]) {
        conversation.refused(getCertificate(version, 0, offset, wanted), INVALID_REQUEST);
      }
    }
  }
});

test("a slot that is empty, or none at all, is an InvalidRequest", () => {
  for (const version of VERSIONS) {
    const conversation = negotiated(version);
    for (const slot of [2, 7, 8, 9, 12, 15]) conversation.refused(getCertificate(version, slot), INVALID_REQUEST);
  }
});

test("SlotSizeRequested, from 1.3 on, gives the size only, whatever Offset and Length say", () => {
  const length = spdmChainOf(p384, 1, sha384).length;
  for (const version of [V1_3, V1_4]) {
    const conversation = negotiated(version);
    for (const offset of [0, 5, 0xffff]) {
      const response = conversation.answer(getCertificate(version, 1, offset, 0xffff, SLOT_SIZE_REQUESTED));
      assert.equal(toHex(response), toHex(Uint8Array.of(version, 2, 1, 0, 0, 0, ...u16(length))));
    }
    const empty = conversation.answer(getCertificate(version, 2, 0, 0, SLOT_SIZE_REQUESTED));
    assert.equal(toHex(empty.subarray(2)), "020000000000");
    conversation.refused(getCertificate(version, 8, 0, 0, SLOT_SIZE_REQUESTED), INVALID_REQUEST);
  }
  for (const version of VERSIONS.filter((v) => v < V1_3)) {
    const response = negotiated(version).answer(getCertificate(version, 1, 0, 0xffff, SLOT_SIZE_REQUESTED));
    assert.equal(readLe(response, 4, 2), length);
  }
});

test("the large form needs LARGE_RESP_CAP, which is not here; before 1.4 its bit is reserved", () => {
  const large = (version: Version) => concat(getCertificate(version, 0x80, 0, 0), fromHex("00000000ffff0000"));
  negotiated(V1_4).refused(large(V1_4), UNSUPPORTED_REQUEST, 0x82);
  for (const version of VERSIONS.filter((v) => v < V1_4)) {
    const response = negotiated(version).answer(getCertificate(version, 0x80, 0, 16));
    assert.equal(toHex(response.subarray(2, 6)), "00001000");
  }
});

test("a chain beyond 65,535 bytes is DataTooLarge with its length in 1.4, and cannot be had before", () => {
  const baseAsym = [
    {
      algorithm: p384.algorithm,
      identity: {
        signatureLength: 96,
        slotMask: 1,
        chainLength: () => 0x10000 - 52,
        readChain: (_slot: number, offset: number, into: Uint8Array) => {
          into.fill(0);
          if (offset === 0) into.set([0x30, 0x82, 0, 0]);
        },
        sign: () => assert.fail("no key"),
      },
    },
  ];
  const extended = negotiated(V1_4, {}, board({ baseAsym })).refused(getCertificate(V1_4), DATA_TOO_LARGE);
  assert.equal(toHex(extended), "00000100");
  negotiated(V1_1, {}, board({ baseAsym })).refused(getCertificate(V1_1), UNSPECIFIED);
});

test("a short GET_CERTIFICATE is refused, what trails one is ignored", () => {
  for (const version of VERSIONS) {
    const request = getCertificate(version, 0, 0, 64);
    const conversation = negotiated(version);
    for (let length = 4; length < 8; length++) conversation.refused(request.subarray(0, length), INVALID_REQUEST);
    const response = toHex(conversation.answer(request));
    assert.equal(toHex(conversation.answer(concat(request, fromHex("ffffff")))), response);
  }
});

test("the large form of 1.4 decodes and encodes back", () => {
  const request = fromHex("1482830100000000" + "78563412" + "21436587");
  const r = new Reader(request);
  r.skip(2);
  const asked = readGetCertificate(r, V1_4);
  assert.deepEqual(asked, { slot: 3, slotSizeRequested: true, large: true, offset: 0x12345678, length: 0x87654321 });
  const w = new Writer(new Uint8Array(16));
  w.bytes(request.subarray(0, 2));
  writeGetCertificate(w, asked);
  assert.equal(toHex(w.message), toHex(request));

  const response = fromHex("1402830200000000" + "02000000" + "04030201" + "abcd");
  const answer = new Reader(response);
  answer.skip(2);
  const certificate = readCertificate(answer, V1_4);
  assert.equal(certificate.remainderLength, 0x01020304);
  assert.equal(certificate.certificateInfo, 2);
  const out = new Writer(new Uint8Array(18));
  out.bytes(response.subarray(0, 2));
  writeCertificate(out, certificate);
  assert.equal(toHex(out.message), toHex(response));
});
