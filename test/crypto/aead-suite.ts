import assert from "node:assert/strict";
import { test } from "node:test";
import type { Aead, AeadKey } from "../../hal/crypto.js";
import { concat, toHex } from "../support/bytes.js";
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

  /** Whether `key` refuses these, and leaves nothing of the text. */
  function refuses(key: AeadKey, iv: Uint8Array, data: Uint8Array, cipher: Uint8Array, tag: Uint8Array): boolean {
    const buffer = cipher.slice();
    return !key.open(iv, data, buffer, tag) && buffer.every((byte) => byte === 0);
  }

  function flip(data: Uint8Array, bit: number): Uint8Array {
    const copy = data.slice();
    copy[bit >>> 3] ^= 1 << (bit & 7);
    return copy;
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

  test(`${name}: only associated data, and no text`, () => {
    const none = new Uint8Array(0);
    for (const length of [0, 1, 8, 16, 17, 1024, 4095, 4096]) {
      const data = bytes(length);
      const { key, tag } = sealed(none, data);
      assert.equal(key.open(nonce, data, none, tag), true);
      for (const bit of [0, 8 * length - 1])
        if (length > 0) assert.equal(key.open(nonce, flip(data, bit), none, tag), false);
      assert.equal(key.open(nonce, concat(data, new Uint8Array(1)), none, tag), false);
      assert.equal(key.open(nonce, data, none, flip(tag, 127)), false);
      key.destroy();
    }
  });

  test(`${name}: a record, all of it in one buffer, sealed and opened in place`, () => {
    for (const length of [0, 1, 15, 16, 17, 100, 1024]) {
      const [data, plain] = [bytes(8), bytes(length)];
      const { key, cipher, tag } = sealed(plain, data);
      const buffer = new Uint8Array(3 + 8 + length + aead.tagLength + 5).fill(0x55);
      const views = [3, 11, 11 + length, 11 + length + aead.tagLength];
      const [header, body, mac] = [0, 1, 2].map((i) => buffer.subarray(views[i], views[i + 1]));
      const whole = (...parts: readonly Uint8Array[]) => `555555${toHex(concat(...parts))}5555555555`;
      header.set(data);
      body.set(plain);
      key.seal(nonce, header, body, mac);
      assert.equal(toHex(buffer), whole(data, cipher, tag));
      assert.equal(key.open(nonce, header, body, mac), true);
      assert.equal(toHex(buffer), whole(data, plain, tag));
      body.set(cipher);
      header[7] ^= 0x80;
      assert.equal(key.open(nonce, header, body, mac), false);
      assert.equal(toHex(buffer), whole(flip(data, 63), new Uint8Array(length), tag));
      key.destroy();
    }
  });

  test(`${name}: every bit of the tag counts, and all that it covers`, () => {
    const { key, cipher, tag } = sealed(text);
    for (let bit = 0; bit < 8 * tag.length; bit++)
      assert.ok(refuses(key, nonce, associatedData, cipher, flip(tag, bit)));
    for (const bit of [0, 8 * cipher.length - 1])
      assert.ok(refuses(key, nonce, associatedData, flip(cipher, bit), tag));
    for (const bit of [0, 95]) assert.ok(refuses(key, flip(nonce, bit), associatedData, cipher, tag));
    for (const bit of [0, 8 * associatedData.length - 1])
      assert.ok(refuses(key, nonce, flip(associatedData, bit), cipher, tag));
    assert.ok(refuses(key, nonce, new Uint8Array(0), cipher, tag));
    assert.ok(refuses(key, nonce, associatedData, cipher.slice(1), tag));
    for (const length of [0, 4, 8, 12, 15])
      assert.ok(refuses(key, nonce, associatedData, cipher, tag.slice(0, length)));
    assert.ok(refuses(key, nonce, associatedData, cipher, concat(tag, new Uint8Array(1))));
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
