import assert from "node:assert/strict";
import { test } from "node:test";
import { INVALID_REQUEST, RESPONSE_TOO_LARGE } from "../../../src/errors.js";
import { readDigests, writeDigests } from "../../../src/messages/digests.js";
import { V1_2, V1_3, V1_4, VERSIONS } from "../../../src/versions.js";
import { Reader, Writer } from "../../../src/wire.js";
import { concat, fromHex, toHex } from "../../support/bytes.js";
import { board, CURVES, digestOf, HASHES, negotiated, spdmChainOf } from "../../support/fixture.js";
import { getDigests } from "../../support/requests.js";

test("DIGESTS: the slots' mask, then each slot's digest, ascending, in every version, hash and curve", () => {
  for (const version of VERSIONS) {
    for (const curve of CURVES) {
      for (const { algorithm, engine } of HASHES) {
        const conversation = negotiated(version, { baseAsym: curve.algorithm, baseHash: algorithm });
        const digests = [0, 1, 4].map((slot) => digestOf(engine, spdmChainOf(curve, slot, engine)));
        // Param1 is the mask of slots that there are from 1.3 on, reserved before.
        const expected = concat(Uint8Array.of(version, 0x01, version >= V1_3 ? 0x13 : 0, 0x13), ...digests);
        assert.equal(toHex(conversation.answer(getDigests(version))), toHex(expected));
        assert.equal(toHex(conversation.answer(getDigests(version))), toHex(expected));
      }
    }
  }
});

test("eight slots", () => {
  const conversation = negotiated(V1_4, { baseHash: 4 }, board({ slots: [0, 1, 2, 3, 4, 5, 6, 7] }));
  const response = conversation.answer(getDigests(V1_4));
  assert.equal(toHex(response.subarray(0, 4)), "1401ffff");
  assert.equal(response.length, 4 + 8 * 64);
});

test("the parameters are reserved, what trails is ignored, less is refused", () => {
  for (const version of VERSIONS) {
    const conversation = negotiated(version);
    const response = toHex(conversation.answer(getDigests(version)));
    assert.equal(toHex(conversation.answer(Uint8Array.of(version, 0x81, 0xff, 0xff, 1, 2, 3))), response);
    conversation.refused(Uint8Array.of(version, 0x81, 0), INVALID_REQUEST);
  }
});

test("more digests than the requester can take are a ResponseTooLarge", () => {
  const conversation = negotiated(V1_2, { dataTransferSize: 4 + 3 * 48 - 1 });
  assert.equal(toHex(conversation.refused(getDigests(V1_2), RESPONSE_TOO_LARGE)), "94000000");
  negotiated(V1_2, { dataTransferSize: 4 + 3 * 48 }).answer(getDigests(V1_2));
});

test("key information of multi-key connections decodes and encodes back, from 1.3 on", () => {
  const suite = { hash: HASHES[0].engine, signatureLength: 64 };
  const digests = "aa".repeat(32) + "bb".repeat(32);
  const message = fromHex(`1301ff11${digests}0102131434127856`);
  const r = new Reader(message);
  r.skip(2);
  const decoded = readDigests(r, V1_3, suite, true);
  assert.equal(r.remaining, 0);
  assert.deepEqual(decoded.keys, [
    { keyPairId: 1, certificateInfo: 0x13, keyUsageMask: 0x1234 },
    { keyPairId: 2, certificateInfo: 0x14, keyUsageMask: 0x5678 },
  ]);
  const w = new Writer(new Uint8Array(message.length));
  w.bytes(message.subarray(0, 2));
  writeDigests(w, decoded, V1_3);
  assert.equal(toHex(w.message), toHex(message));

  const old = new Reader(message);
  old.skip(2);
  assert.equal(readDigests(old, V1_2, suite, true).keys, undefined);
  assert.equal(old.remaining, 8);
});
