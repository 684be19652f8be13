import assert from "node:assert/strict";
import { test } from "node:test";
import type { Aead } from "../../hal/crypto.js";
import { toHex } from "../support/bytes.js";
import type { AeadVector } from "./vectors.js";

export function aeadSuite(name: string, vector: AeadVector, aead: Aead): void {
  const { nonce, associatedData, text } = vector;
  const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i * 5 + length);

  function sealed(plain: Uint8Array, data = associatedData) {
    const key = aead.create(vector.key);
    const cipher = plain.slice();
    const tag = new Uint8Array(aead.tagLength);
    key.seal(nonce, data, cipher, tag);
    return { key, cipher, tag };
  }

  test(`${name}: known answer, in place`, () => {
    assert.deepEqual([aead.keyLength, aead.nonceLength, aead.tagLength], [vector.key.length, 12, 16]);
    const { key, cipher, tag } = sealed(text);
    assert.equal(toHex(cipher), vector.sealed);
    assert.equal(toHex(tag), vector.tag);
    assert.equal(key.open(nonce, associatedData, cipher, tag), true);
    assert.equal(toHex(cipher), toHex(text));
  });

  test(`${name}: texts and associated data of every length`, () => {
    for (const length of [0, 1, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 1024])
      for (const data of [new Uint8Array(0), bytes(13), bytes(length)]) {
        const plain = bytes(length);
        const { key, cipher, tag } = sealed(plain, data);
        if (length > 15) assert.notEqual(toHex(cipher), toHex(plain));
        assert.equal(key.open(nonce, data, cipher, tag), true);
        assert.equal(toHex(cipher), toHex(plain));
        key.destroy();
      }
  });

  test(`${name}: text and tag within one buffer`, () => {
    const frame = new Uint8Array(8 + text.length + aead.tagLength + 8).fill(0x55);
    frame.set(text, 8);
    const tag = frame.subarray(8 + text.length, 8 + text.length + aead.tagLength);
    aead.create(vector.key).seal(nonce, associatedData, frame.subarray(8, 8 + text.length), tag);
    assert.equal(toHex(frame), `${"55".repeat(8)}${vector.sealed}${vector.tag}${"55".repeat(8)}`);
  });

  test(`${name}: every bit of the tag counts, and all that it covers`, () => {
    const { key, cipher, tag } = sealed(text);
    const flip = (data: Uint8Array, bit: number): Uint8Array => {
      const copy = data.slice();
      copy[bit >>> 3] ^= 1 << (bit & 7);
      return copy;
    };
    for (let bit = 0; bit < 8 * tag.length; bit++)
      assert.equal(key.open(nonce, associatedData, cipher.slice(), flip(tag, bit)), false);
    for (const bit of [0, 8 * cipher.length - 1])
      assert.equal(key.open(nonce, associatedData, flip(cipher, bit), tag), false);
    for (const bit of [0, 95]) assert.equal(key.open(flip(nonce, bit), associatedData, cipher.slice(), tag), false);
    for (const bit of [0, 8 * associatedData.length - 1])
      assert.equal(key.open(nonce, flip(associatedData, bit), cipher.slice(), tag), false);
    assert.equal(key.open(nonce, new Uint8Array(0), cipher.slice(), tag), false);
    assert.equal(key.open(nonce, associatedData, cipher.slice(1), tag), false);
    for (const length of [0, 4, 8, 12, 15])
      assert.equal(key.open(nonce, associatedData, cipher.slice(), tag.slice(0, length)), false);
    assert.equal(key.open(nonce, associatedData, cipher, tag), true);
  });

  test(`${name}: lengths that do not fit are refused`, () => {
    for (const length of [0, 8, aead.keyLength - 1, aead.keyLength + 1])
      assert.throws(() => aead.create(new Uint8Array(length)), RangeError);
    const key = aead.create(vector.key);
    const tag = new Uint8Array(aead.tagLength);
    assert.throws(() => key.seal(nonce, associatedData, text.slice(), tag.subarray(1)), RangeError);
    assert.throws(() => key.seal(nonce.subarray(1), associatedData, text.slice(), tag), RangeError);
    assert.throws(() => key.open(new Uint8Array(16), associatedData, text.slice(), tag), RangeError);
  });

  test(`${name}: keeps a copy of its key, until it is destroyed`, () => {
    const secret = vector.key.slice();
    const key = aead.create(secret);
    secret.fill(0);
    const cipher = text.slice();
    const tag = new Uint8Array(aead.tagLength);
    key.seal(nonce, associatedData, cipher, tag);
    assert.equal(toHex(tag), vector.tag);
    key.destroy();
    key.destroy();
    assert.throws(() => key.seal(nonce, associatedData, cipher, tag));
    assert.throws(() => key.open(nonce, associatedData, cipher, tag));
  });
}
