import assert from "node:assert/strict";
import { test } from "node:test";
import type { Identity } from "../../hal/identity.js";
import { Chains } from "../../src/chain.js";
import { fromHex, toHex } from "../support/bytes.js";
import { CURVES, digestOf, HASHES, spdmChainOf, testIdentity } from "../support/fixture.js";

const sha256 = HASHES[0].engine;

/** Slot 0 with `der`, and no key. */
function holding(der: Uint8Array, onRead: (length: number) => void = () => {}): Identity {
  return {
    signatureLength: 64,
    slotMask: 1,
    chainLength: () => der.length,
    readChain: (_slot, offset, into) => {
      assert.ok(offset >= 0 && offset + into.length <= der.length, `read of ${into.length} at ${offset}`);
      onRead(into.length);
      into.set(der.subarray(offset, offset + into.length));
    },
    sign: () => assert.fail("no key"),
  };
}

test("a chain is length, root hash and certificates, under each hash and in each slot", () => {
  for (const curve of CURVES) {
    for (const { engine } of HASHES) {
      const chains = new Chains(testIdentity(curve, [0, 1, 4]), engine);
      assert.equal(chains.slotMask, 0x13);
      for (const slot of [0, 1, 4]) {
        const expected = spdmChainOf(curve, slot, engine);
        assert.equal(chains.length(slot), expected.length);
        const whole = new Uint8Array(expected.length);
        chains.read(slot, 0, whole);
        assert.equal(toHex(whole), toHex(expected));
        assert.equal(toHex(chains.digest(slot)), toHex(digestOf(engine, expected)));
      }
    }
  }
});

test("any portion of a chain can be read", () => {
  const expected = spdmChainOf(CURVES[0], 0, sha256);
  const chains = new Chains(testIdentity(CURVES[0], [0]), sha256);
  for (const length of [1, 7, 36, 37, 300]) {
    for (let offset = 0; offset + length <= expected.length; offset += offset < 50 ? 1 : 97) {
      const into = new Uint8Array(length);
      chains.read(0, offset, into);
      assert.equal(toHex(into), toHex(expected.subarray(offset, offset + length)));
    }
  }
});

test("slots beyond 7 are none, though a mask be shifted by 32", () => {
  const chains = new Chains({ ...testIdentity(CURVES[0], [0, 7]), slotMask: -1 }, sha256);
  for (const slot of [0, 7]) assert.ok(chains.has(slot));
  for (const slot of [8, 15, 31, 32, 39, 255]) assert.ok(!chains.has(slot), `slot ${slot}`);
  assert.ok(!new Chains(testIdentity(CURVES[0], [0]), sha256).has(1));
});

test("the root certificate is cut off by its DER length, short, in one byte or in two", () => {
  for (const root of ["3003aabbcc", `308180${"00".repeat(0x80)}`, `30820101${"11".repeat(0x101)}`]) {
    const der = fromHex(`${root}30021234`);
    const whole = new Uint8Array(4 + 32 + der.length);
    new Chains(holding(der), sha256).read(0, 0, whole);
    assert.equal(toHex(whole.subarray(4, 36)), toHex(digestOf(sha256, fromHex(root))));
  }
});

test("what does not begin with a certificate is our own mistake", () => {
  for (const der of ["31020000", "3083000001", "300600000000", "308200050000"]) {
    assert.throws(() => new Chains(holding(fromHex(der)), sha256).digest(0), Error);
  }
});

test("a chain is read once for its digest, in small pieces", () => {
  let read = 0;
  const der = new Uint8Array(1000);
  der.set([0x30, 0x82, 0x01, 0x00]);
  const chains = new Chains(
    holding(der, (length) => {
      assert.ok(length <= 256);
      read += length;
    }),
    sha256,
  );
  const digest = toHex(chains.digest(0));
  // The root's DER header, the root for its hash, all for the digest.
  assert.equal(read, 4 + 260 + 1000);
  assert.equal(toHex(chains.digest(0)), digest);
  assert.equal(read, 4 + 260 + 1000);
});
