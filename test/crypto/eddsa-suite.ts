import assert from "node:assert/strict";
import { test } from "node:test";
import type { SigningTerms, Verifier } from "../../hal/crypto.js";
import type { Signer } from "../../hal/portable/crypto.js";
import { sha512 } from "../../hal/portable/crypto.js";
import { concat, fromHex, toHex } from "../support/bytes.js";
import type { EdVector } from "./vectors.js";

export interface EdEngine {
  readonly verifier: Verifier;
  readonly signer: (seed: Uint8Array) => Signer;
  /** Order of the base point. */
  readonly order: bigint;
  /** Encodings of points of small order, which every signature of a certain kind fits. */
  readonly smallOrder: readonly string[];
}

/** As in certificates, there is no context without terms. */
const termsOf = (context: string): SigningTerms | undefined => (context === "" ? undefined : { hash: sha512, context });

function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = bytes.slice();
  copy[bit >>> 3] ^= 0x80 >>> (bit & 7);
  return copy;
}

const number = (bytes: Uint8Array): bigint => BigInt(`0x${toHex(bytes.slice().reverse())}`);
const bytesOf = (value: bigint, length: number): Uint8Array =>
  fromHex(value.toString(16).padStart(2 * length, "0")).reverse();

export function eddsaSuite(name: string, vectors: readonly EdVector[], engine: EdEngine): void {
  const { verifier } = engine;
  const length = vectors[0].publicKey.length / 2;
  const last = vectors[vectors.length - 1];
  const terms = termsOf(last.context);
  const publicKey = fromHex(last.publicKey);
  const content = fromHex(last.content);
  const signature = fromHex(last.signature);

  test(`${name}: known keys and signatures, which are the only ones`, () => {
    assert.deepEqual(
      [verifier.signatureLength, verifier.publicKeyLength, verifier.takesContent],
      [2 * length, length, true],
    );
    for (const vector of vectors) {
      const signer = engine.signer(fromHex(vector.seed));
      const [key, made] = [new Uint8Array(length), new Uint8Array(2 * length + 1).fill(0x55)];
      assert.deepEqual([signer.signatureLength, signer.takesContent], [2 * length, true]);
      signer.publicKey(key);
      assert.equal(toHex(key), vector.publicKey);
      signer.sign(fromHex(vector.content), made, termsOf(vector.context));
      assert.equal(toHex(made), `${vector.signature}55`);
      const known = made.subarray(0, 2 * length);
      assert.equal(verifier.verify(key, fromHex(vector.content), known, termsOf(vector.context)), true);
      assert.equal(verifier.verify(key, fromHex(`${vector.content}00`), known, termsOf(vector.context)), false);
    }
  });

  test(`${name}: one bit more or less`, () => {
    for (const bit of [0, 1, 8 * length - 1, 8 * length, 16 * length - 9, 16 * length - 1])
      assert.equal(verifier.verify(publicKey, content, flipped(signature, bit), terms), false);
    for (const bit of [0, 1, 8 * length - 9, 8 * length - 8])
      assert.equal(verifier.verify(flipped(publicKey, bit), content, signature, terms), false);
    assert.equal(verifier.verify(publicKey, flipped(content, 7), signature, terms), false);
  });

  test(`${name}: S is below the order, so that nobody makes a second signature of one`, () => {
    const s = number(signature.subarray(length)) + engine.order;
    const second = concat(signature.subarray(0, length), bytesOf(s, length));
    assert.equal(verifier.verify(publicKey, content, second, terms), false);
  });

  test(`${name}: encodings that are not canonical, keys that are no points, wrong lengths`, () => {
    for (const wrong of [signature.subarray(1), concat(signature, new Uint8Array(1)), new Uint8Array(0)])
      assert.equal(verifier.verify(publicKey, content, wrong, terms), false);
    const ones = new Uint8Array(length).fill(0xff);
    for (const wrong of [publicKey.subarray(1), concat(publicKey, new Uint8Array(1)), new Uint8Array(0), ones])
      assert.equal(verifier.verify(wrong, content, signature, terms), false);
    assert.equal(verifier.verify(publicKey, content, concat(ones, signature.subarray(length)), terms), false);
    // R = the neutral element, S = 0: fits a key of small order whatever the content.
    const neutral = bytesOf(1n, length);
    for (const point of engine.smallOrder)
      assert.equal(verifier.verify(fromHex(point), content, concat(neutral, new Uint8Array(length)), terms), false);
  });

  test(`${name}: numbers that are no private keys; short buffers`, () => {
    for (const size of [0, length - 1, length + 1])
      assert.throws(() => engine.signer(new Uint8Array(size)), RangeError);
    const signer = engine.signer(fromHex(last.seed));
    assert.throws(() => signer.sign(content, new Uint8Array(2 * length - 1), terms), RangeError);
    assert.throws(() => signer.publicKey(new Uint8Array(length - 1)), RangeError);
  });
}
