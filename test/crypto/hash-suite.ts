import assert from "node:assert/strict";
import { test } from "node:test";
import type { HashAlgorithm } from "../../hal/crypto.js";
import { hmac } from "../../src/hmac.js";
import { ascii, toHex } from "../support/bytes.js";
import { DIGESTS } from "./vectors.js";

function digest(algorithm: HashAlgorithm, ...parts: readonly Uint8Array[]): Uint8Array {
  const hash = algorithm.create();
  for (const part of parts) hash.update(part);
  const out = new Uint8Array(algorithm.outputLen);
  hash.digestInto(out);
  hash.destroy();
  return out;
}

/** The digest of the digests of messages of 0 to 299 bytes: every way to fill the last block and the one before. */
function chainedDigest(algorithm: HashAlgorithm): Uint8Array {
  const chain = algorithm.create();
  for (let length = 0; length < 300; length++) {
    const message = Uint8Array.from({ length }, (_, i) => i * 7 + length);
    chain.update(digest(algorithm, message));
  }
  const out = new Uint8Array(algorithm.outputLen);
  chain.digestInto(out);
  chain.destroy();
  return out;
}

/** RFC 4231 §4.3; of SHA-3 the same, computed with OpenSSL. */
const JEFE = {
  sha256: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
  sha384: "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
  sha512:
    "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
  sha3_256: "c7d4072e788877ae3596bbb0da73b887c9171f93095b294ae857fbe2645e1ba5",
  sha3_384: "f1101f8cbf9766fd6764d2ed61903f21ca9b18f57cf3e1a23ca13508a93243ce48c045dc007f26a21b3f5e0e9df4c20a",
  sha3_512:
    "5a4bfeab6166427c7a3647b747292b8384537cdb89afb3bf5665e4c5e709350b287baec921fd7ca0ee7a0c31d022a95e1fc92ba9d77df883960275beb4e62024",
} as const;

const LENGTHS = {
  sha256: [32, 64],
  sha384: [48, 128],
  sha512: [64, 128],
  sha3_256: [32, 136],
  sha3_384: [48, 104],
  sha3_512: [64, 72],
} as const;

export function hashSuite(name: keyof typeof DIGESTS, algorithm: HashAlgorithm): void {
  const answers = DIGESTS[name];

  test(`${name}: known answers`, () => {
    assert.deepEqual([algorithm.outputLen, algorithm.blockLen], [...LENGTHS[name]]);
    assert.equal(toHex(digest(algorithm)), answers.empty);
    assert.equal(toHex(digest(algorithm, ascii("abc"))), answers.abc);
    assert.equal(toHex(chainedDigest(algorithm)), answers.chained);
  });

  test(`${name}: parts add up to the whole`, () => {
    const message = Uint8Array.from({ length: 300 }, (_, i) => i);
    const whole = toHex(digest(algorithm, message));
    for (const at of [0, 1, 63, 64, 65, 127, 128, 129, 256, 300])
      assert.equal(toHex(digest(algorithm, message.subarray(0, at), message.subarray(at))), whole);
  });

  test(`${name}: HMAC`, () => {
    const out = new Uint8Array(algorithm.outputLen + 1);
    hmac(algorithm, ascii("Jefe"), [ascii("what do ya want "), ascii("for nothing?")], out);
    assert.equal(toHex(out), `${JEFE[name]}00`);
    assert.throws(() => hmac(algorithm, new Uint8Array(algorithm.blockLen + 1), [], out), RangeError);
  });

  test(`${name}: HMAC of the engine, if it has one, is the one made of its hashes`, () => {
    const { outputLen, blockLen } = algorithm;
    const plain = { outputLen, blockLen, create: () => algorithm.create() };
    for (const keyLength of [0, 1, outputLen, blockLen]) {
      for (const lengths of [[], [0], [1, 200], [outputLen, 0, 13]]) {
        const key = Uint8Array.from({ length: keyLength }, (_, i) => i * 3);
        const parts = lengths.map((length) => new Uint8Array(length).fill(length));
        const [own, made] = [new Uint8Array(outputLen), new Uint8Array(outputLen)];
        hmac(algorithm, key, parts, own);
        hmac(plain, key, parts, made);
        assert.equal(toHex(own), toHex(made));
      }
    }
  });

  test(`${name}: a clone and its original go their own ways`, () => {
    const hash = algorithm.create();
    hash.update(ascii("a"));
    const clone = hash.clone();
    hash.update(ascii("never mind"));
    clone.update(ascii("b"));
    const second = clone.clone();
    hash.destroy();
    clone.destroy();
    second.update(ascii("c"));
    const out = new Uint8Array(algorithm.outputLen);
    second.digestInto(out);
    assert.equal(toHex(out), answers.abc);
  });

  test(`${name}: a longer buffer keeps its rest, a shorter one is refused`, () => {
    const hash = algorithm.create();
    hash.update(ascii("abc"));
    const buffer = new Uint8Array(algorithm.outputLen + 8).fill(0x55);
    assert.throws(() => hash.digestInto(buffer.subarray(0, algorithm.outputLen - 1)), RangeError);
    hash.digestInto(buffer.subarray(4));
    assert.equal(toHex(buffer.subarray(4, 4 + algorithm.outputLen)), answers.abc);
    assert.equal(toHex(buffer.subarray(0, 4)) + toHex(buffer.subarray(-4)), "5555555555555555");
  });

  test(`${name}: is spent after its digest; destroy is harmless twice`, () => {
    const hash = algorithm.create();
    hash.digestInto(new Uint8Array(algorithm.outputLen));
    assert.throws(() => hash.update(ascii("more")));
    hash.destroy();
    hash.destroy();
    assert.throws(() => hash.update(ascii("more")));
  });
}
