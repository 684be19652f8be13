/** FFDHE of hal/node: with OpenSSL's primes, the sums by BigInt. */
import assert from "node:assert/strict";
import { checkPrimeSync } from "node:crypto";
import { test } from "node:test";
import * as engines from "../../hal/node/ffdhe.js";
import { fromHex, toHex } from "../support/bytes.js";
import { random } from "../support/node-crypto.js";
import primes from "./ffdhe-primes.json" with { type: "json" };

const GROUPS = [
  { name: "ffdhe2048", make: engines.ffdhe2048, bits: 2048 },
  { name: "ffdhe3072", make: engines.ffdhe3072, bits: 3072 },
  { name: "ffdhe4096", make: engines.ffdhe4096, bits: 4096 },
] as const;

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  for (let b = base, e = exponent; e > 0n; e >>= 1n, b = (b * b) % modulus) if (e & 1n) result = (result * b) % modulus;
  return result;
}

const bytesOf = (value: bigint, length: number) => fromHex(value.toString(16).padStart(2 * length, "0"));

for (const { name, make, bits } of GROUPS) {
  const engine = make(random);
  const length = bits / 8;
  const p = BigInt(`0x${primes[name]}`);

  function generate() {
    const publicKey = new Uint8Array(length);
    return { key: engine.generate(publicKey), publicKey };
  }

  test(`${name}: the prime is safe, and as long as what goes over the wire`, () => {
    assert.deepEqual([engine.publicKeyLength, engine.sharedSecretLength], [length, length]);
    assert.equal(p.toString(2).length, bits);
    assert.ok(checkPrimeSync(p, { checks: 4 }) && checkPrimeSync((p - 1n) / 2n, { checks: 4 }));
  });

  test(`${name}: both sides agree, on what BigInt comes to`, () => {
    const [a, b] = [generate(), generate()];
    assert.notEqual(toHex(a.publicKey), toHex(b.publicKey));
    const [left, right] = [new Uint8Array(length), new Uint8Array(length + 1).fill(0x55)];
    assert.equal(a.key.agree(b.publicKey, left), true);
    assert.equal(b.key.agree(a.publicKey, right), true);
    assert.equal(`${toHex(left)}55`, toHex(right));
    // Against 2^x: a peer of known exponent.
    const secret = new Uint8Array(length);
    const exponent = 0x1234_5678_9abc_def0_0fed_cba9n;
    assert.equal(a.key.agree(bytesOf(power(2n, exponent, p), length), secret), true);
    assert.equal(toHex(secret), toHex(bytesOf(power(BigInt(`0x${toHex(a.publicKey)}`), exponent, p), length)));
  });

  test(`${name}: leading zeros are kept`, () => {
    const { key, publicKey } = generate();
    const own = BigInt(`0x${toHex(publicKey)}`);
    let [peer, shared] = [2n, own];
    while (shared >> BigInt(bits - 8) !== 0n) [peer, shared] = [(peer * 2n) % p, (shared * own) % p];
    const secret = new Uint8Array(length).fill(0x55);
    assert.equal(key.agree(bytesOf(peer, length), secret), true);
    assert.equal(toHex(secret), toHex(bytesOf(shared, length)));
    assert.equal(secret[0], 0);
  });

  test(`${name}: what is not between 1 and p - 1 is refused, and nothing is written`, () => {
    const { key } = generate();
    const secret = new Uint8Array(length).fill(0x55);
    for (const wrong of [0n, 1n, p - 1n, p, p + 1n, p + 2n, (1n << BigInt(bits)) - 1n])
      assert.equal(key.agree(bytesOf(wrong, length), secret), false);
    const two = bytesOf(2n, length);
    for (const wrong of [two.subarray(1), new Uint8Array(0), bytesOf(2n, length + 1), new Uint8Array(2 * length)])
      assert.equal(key.agree(wrong, secret), false);
    assert.equal(toHex(secret), "55".repeat(length));
    assert.equal(key.agree(two, secret), true);
    assert.equal(key.agree(bytesOf(p - 2n, length), secret), true);
  });

  test(`${name}: short buffers are refused; a destroyed key agrees no more`, () => {
    assert.throws(() => engine.generate(new Uint8Array(length - 1)), RangeError);
    const { key } = generate();
    const two = bytesOf(2n, length);
    assert.throws(() => key.agree(two, new Uint8Array(length - 1)), RangeError);
    key.destroy();
    key.destroy();
    assert.throws(() => key.agree(two, new Uint8Array(length)));
  });
}
