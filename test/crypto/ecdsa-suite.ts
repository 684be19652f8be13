import assert from "node:assert/strict";
import { test } from "node:test";
import type { HashAlgorithm, Verifier } from "../../hal/crypto.js";
import type { Signer } from "../../hal/portable/crypto.js";
import { ascii, concat, fromHex, toHex } from "../support/bytes.js";
import type { CurveVectors } from "./vectors.js";

/** What the tests of one curve need of an engine. `reference` is another engine's verifier. */
export interface EcdsaEngine {
  readonly verifier: Verifier;
  readonly reference: Verifier;
  readonly hashes: Readonly<Record<keyof CurveVectors["signatures"], HashAlgorithm>>;
  signer(scalar: Uint8Array): Signer;
}

const number = (bytes: Uint8Array): bigint => BigInt(`0x${toHex(bytes)}`);
const bytesOf = (value: bigint, length: number): Uint8Array => fromHex(value.toString(16).padStart(2 * length, "0"));

function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = bytes.slice();
  copy[bit >>> 3] ^= 0x80 >>> (bit & 7);
  return copy;
}

function digestOf(algorithm: HashAlgorithm, message: Uint8Array): Uint8Array {
  const out = new Uint8Array(algorithm.outputLen);
  const hash = algorithm.create();
  hash.update(message);
  hash.digestInto(out);
  return out;
}

export function ecdsaSuite(name: string, vectors: CurveVectors, engine: EcdsaEngine): void {
  const { verifier } = engine;
  const length = vectors.order.length / 2;
  const publicKey = fromHex(vectors.publicKey);
  const digest = digestOf(engine.hashes.sha384, ascii("sample"));
  const signature = fromHex(vectors.signatures.sha384);
  const r = signature.subarray(0, length);
  const s = signature.subarray(length);
  const order = BigInt(`0x${vectors.order}`);

  test(`${name}: known signatures, digests of every length`, () => {
    assert.deepEqual([verifier.signatureLength, verifier.publicKeyLength], [2 * length, 2 * length]);
    for (const hash of ["sha256", "sha384", "sha512"] as const) {
      const known = fromHex(vectors.signatures[hash]);
      assert.equal(verifier.verify(publicKey, digestOf(engine.hashes[hash], ascii("sample")), known), true);
      assert.equal(verifier.verify(publicKey, digestOf(engine.hashes[hash], ascii("simple")), known), false);
    }
  });

  test(`${name}: only the leftmost bits of a digest count`, () => {
    const longer = concat(digest.subarray(0, Math.min(length, digest.length)), ascii("anything"));
    assert.equal(verifier.verify(publicKey, length <= digest.length ? longer : digest, signature), true);
    assert.equal(verifier.verify(publicKey, flipped(digest, 8 * Math.min(length, 48) - 1), signature), false);
  });

  test(`${name}: one bit more or less`, () => {
    for (const bit of [0, 1, 8 * length - 1, 8 * length, 16 * length - 1]) {
      assert.equal(verifier.verify(publicKey, digest, flipped(signature, bit)), false);
      assert.equal(verifier.verify(flipped(publicKey, bit), digest, signature), false);
    }
    for (const bit of [0, 100, 8 * Math.min(length, 48) - 1])
      assert.equal(verifier.verify(publicKey, flipped(digest, bit), signature), false);
  });

  test(`${name}: r and s outside 1 to n - 1; both s and n - s`, () => {
    const outside = [0n, order, (1n << BigInt(8 * length)) - 1n].map((value) => bytesOf(value, length));
    for (const value of outside) {
      assert.equal(verifier.verify(publicKey, digest, concat(value, s)), false);
      assert.equal(verifier.verify(publicKey, digest, concat(r, value)), false);
      assert.equal(verifier.verify(publicKey, digest, concat(value, value)), false);
    }
    assert.equal(verifier.verify(publicKey, digest, concat(r, bytesOf(order - number(s), length))), true);
  });

  test(`${name}: signatures and keys of wrong lengths, keys that are no points`, () => {
    for (const wrong of [signature.subarray(1), concat(signature, new Uint8Array(1)), new Uint8Array(0)])
      assert.equal(verifier.verify(publicKey, digest, wrong), false);
    const compressed = concat(fromHex("02"), publicKey.subarray(0, length));
    const prefixed = concat(fromHex("04"), publicKey);
    const bad = [publicKey.subarray(1), compressed, prefixed, new Uint8Array(0), new Uint8Array(512)];
    for (const wrong of [...bad, new Uint8Array(2 * length), new Uint8Array(2 * length).fill(0xff)])
      assert.equal(verifier.verify(wrong, digest, signature), false);
    const swapped = concat(publicKey.subarray(length), publicKey.subarray(0, length));
    assert.equal(verifier.verify(swapped, digest, signature), false);
  });

  test(`${name}: signs digests of every kind for both verifiers`, () => {
    const signer = engine.signer(fromHex(vectors.scalar));
    const out = new Uint8Array(2 * length);
    assert.equal(signer.signatureLength, 2 * length);
    signer.publicKey(out);
    assert.equal(toHex(out), vectors.publicKey);
    const lengths = [20, 32, 48, 64];
    const digests = [...lengths.map((size) => new Uint8Array(size).fill(0xff)), new Uint8Array(length), digest];
    for (const each of digests) {
      const made = new Uint8Array(2 * length + 1).fill(0x55);
      signer.sign(each, made);
      assert.equal(made[2 * length], 0x55);
      assert.equal(verifier.verify(publicKey, each, made.subarray(0, 2 * length)), true);
      assert.equal(engine.reference.verify(publicKey, each, made.subarray(0, 2 * length)), true);
    }
  });

  test(`${name}: no two signatures are the same; short buffers are refused`, () => {
    const signer = engine.signer(fromHex(vectors.scalar));
    const [first, second] = [new Uint8Array(2 * length), new Uint8Array(2 * length)];
    signer.sign(digest, first);
    signer.sign(digest, second);
    assert.notEqual(toHex(first), toHex(second));
    assert.throws(() => signer.sign(digest, first.subarray(1)), RangeError);
    assert.throws(() => signer.publicKey(first.subarray(1)), RangeError);
  });

  test(`${name}: numbers that are no private keys`, () => {
    for (const wrong of [new Uint8Array(length), fromHex(vectors.order), new Uint8Array(length).fill(0xff)])
      assert.throws(() => engine.signer(wrong), RangeError);
    for (const size of [0, length - 1, length + 1, 200])
      assert.throws(() => engine.signer(new Uint8Array(size).fill(1)), RangeError);
    engine.signer(bytesOf(1n, length));
    engine.signer(bytesOf(order - 1n, length));
  });
}
