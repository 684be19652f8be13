import assert from "node:assert/strict";
import { test } from "node:test";
import { CHUNK_CAP } from "../../../src/capabilities.js";
import { Chunks } from "../../../src/chunks.js";
import { DATA_TOO_LARGE, INVALID_REQUEST, UNSPECIFIED, UNSUPPORTED_REQUEST } from "../../../src/errors.js";
import {
  readCertificate,
  readGetCertificate,
  writeCertificate,
  writeGetCertificate,
} from "../../../src/messages/certificate.js";
import { V1_1, V1_2, V1_3, V1_4, VERSIONS, type Version } from "../../../src/versions.js";
import { Reader, Writer } from "../../../src/wire.js";
import { concat, fromHex, readLe, toHex, u16, u32 } from "../../support/bytes.js";
import { fetchLarge } from "../../support/chunks.js";
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

test("the large form, with LARGE_RESP_CAP, reaches beyond 65,535 bytes, in portions and chunks", () => {
  const length = 0x12345;
  const readChain = (_slot: number, offset: number, into: Uint8Array) => {
    for (let i = 0; i < into.length; i++) into[i] = offset + i < 4 ? [0x30, 0x82, 0, 0][offset + i] : offset + i;
  };
  const identity = { signatureLength: 96, slotMask: 1, chainLength: () => length, readChain, sign: () => {} };
  const chunks = new Chunks({ maxSpdmMsgSize: 0x3000 });
  const on = board({ baseAsym: [{ algorithm: p384.algorithm, identity }], chunks });
  const offer = { flags: CHUNK_CAP, dataTransferSize: 4096, maxSpdmMsgSize: 0x8000 };
  const conversation = negotiated(V1_4, offer, on);
  const ask = (request: Uint8Array) => conversation.ask(request);
  const total = 4 + 48 + length;
  const parts: Uint8Array[] = [];
  for (let offset = 0; offset < total; ) {
    const lengths = Uint8Array.from([...u32(offset), ...u32(0xffffffff)]);
    const request = concat(getCertificate(V1_4, 0x80, 0, 0), lengths);
    const announced = ask(request);
    const isLarge = announced[1] === 0x7f;
    const response = isLarge ? fetchLarge(V1_4, ask, announced, 4096) : announced;
    const portion = response.subarray(16);
    offset += portion.length;
    assert.equal(toHex(response.subarray(0, 8)), "1402800000000000");
    assert.deepEqual([readLe(response, 8, 4), readLe(response, 12, 4)], [portion.length, total - offset]);
    assert.equal(response.length, offset < total ? 0x3000 : response.length);
    parts.push(portion);
  }
  const chain = concat(...parts);
  const certificates = new Uint8Array(length);
  readChain(0, 0, certificates);
  assert.equal(readLe(chain, 0, 4), total);
  assert.equal(toHex(chain.subarray(52)), toHex(certificates));
  const beyond = concat(getCertificate(V1_4, 0x80, 0, 0), Uint8Array.from([...u32(total), ...u32(1)]));
  conversation.refused(beyond, INVALID_REQUEST);
  conversation.refused(beyond.subarray(0, 15), INVALID_REQUEST);
  assert.equal(toHex(conversation.refused(getCertificate(V1_4), DATA_TOO_LARGE)), toHex(Uint8Array.from(u32(total))));
  const size = conversation.answer(concat(getCertificate(V1_4, 0x80, 0, 0, SLOT_SIZE_REQUESTED), new Uint8Array(8)));
  assert.equal(toHex(size.subarray(8)), `00000000${toHex(Uint8Array.from(u32(total)))}`);
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
