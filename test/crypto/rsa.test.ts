/** RSASSA and RSAPSS of hal/node against OpenSSL's own encodings, which sign whole messages. */
import assert from "node:assert/strict";
import {
  constants,
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  privateEncrypt,
  sign,
  verify,
} from "node:crypto";
import { test } from "node:test";
import type { SigningTerms, Verifier } from "../../hal/crypto.js";
import * as rsa from "../../hal/node/rsa.js";
import { concat, fromHex, toHex } from "../support/bytes.js";
import * as node from "../support/node-crypto.js";
import rsaKeys from "./rsa-keys.json" with { type: "json" };

const { random } = node;
const HASHES = {
  sha256: node.sha256,
  sha384: node.sha384,
  sha512: node.sha512,
  "sha3-256": node.sha3_256,
  "sha3-384": node.sha3_384,
  "sha3-512": node.sha3_512,
} as const;
const SCHEMES = [
  { name: "RSASSA", signer: rsa.rsassaSigner, padding: constants.RSA_PKCS1_PADDING },
  { name: "RSAPSS", signer: rsa.rsapssSigner, padding: constants.RSA_PKCS1_PSS_PADDING },
] as const;
const VERIFIERS: Readonly<Record<string, Verifier>> = {
  RSASSA2048: rsa.rsassa2048,
  RSASSA3072: rsa.rsassa3072,
  RSASSA4096: rsa.rsassa4096,
  RSAPSS2048: rsa.rsapss2048,
  RSAPSS3072: rsa.rsapss3072,
  RSAPSS4096: rsa.rsapss4096,
};
const MESSAGE = Buffer.from("what is signed");
const digestOf = (name: string) => new Uint8Array(createHash(name).update(MESSAGE).digest());
const termsOf = (name: keyof typeof HASHES): SigningTerms => ({ hash: HASHES[name], context: "" });
const options = (key: KeyObject, padding: number) => ({
  key,
  padding,
  ...(padding === constants.RSA_PKCS1_PSS_PADDING ? { saltLength: constants.RSA_PSS_SALTLEN_DIGEST } : {}),
});

interface Setup {
  readonly privateKey: KeyObject;
  readonly publicKey: Uint8Array;
  readonly pkcs8: Uint8Array;
}

function setup(bits: keyof typeof rsaKeys): Setup {
  const pkcs8 = Buffer.from(rsaKeys[bits], "base64");
  const privateKey = createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" });
  return { privateKey, publicKey: rsa.rsaPublicKey(createPublicKey(privateKey))!, pkcs8 };
}

for (const bits of ["2048", "3072", "4096"] as const) {
  const { privateKey, publicKey, pkcs8 } = setup(bits);
  const length = Number(bits) / 8;
  for (const { name, signer, padding } of SCHEMES) {
    const verifier = VERIFIERS[name + bits];

    test(`${name} ${bits}: OpenSSL's signatures and ours, under every hash`, () => {
      assert.deepEqual([verifier.signatureLength, verifier.publicKeyLength], [length, length + 4]);
      const own = signer(pkcs8, random);
      for (const hash of Object.keys(HASHES) as (keyof typeof HASHES)[]) {
        const digest = digestOf(hash);
        const theirs = sign(hash, MESSAGE, options(privateKey, padding));
        assert.equal(verifier.verify(publicKey, digest, theirs, termsOf(hash)), true);
        const made = new Uint8Array(length + 1).fill(0x55);
        own.sign(digest, made, termsOf(hash));
        assert.equal(made[length], 0x55);
        assert.equal(
          verify(hash, MESSAGE, options(createPublicKey(privateKey), padding), made.subarray(0, length)),
          true,
        );
        // Of the other hash with digests of this length; and without terms, which is SHA-2.
        const other = (hash.startsWith("sha3-") ? hash.replace("3-", "") : hash.replace("sha", "sha3-")) as typeof hash;
        assert.equal(verifier.verify(publicKey, digest, theirs, termsOf(other)), false);
        assert.equal(verifier.verify(publicKey, digest, theirs), !hash.startsWith("sha3-"));
      }
    });
  }
}

const { privateKey, publicKey, pkcs8 } = setup("2048");
const digest = digestOf("sha256");
/** A signature of these bytes, whatever they are. */
const signedRaw = (encoded: Uint8Array) =>
  privateEncrypt({ key: privateKey, padding: constants.RSA_NO_PADDING }, encoded);

for (const { name, signer } of SCHEMES) {
  const verifier = VERIFIERS[`${name}2048`];
  const signature = new Uint8Array(256);
  signer(pkcs8, random).sign(digest, signature);
  const takes = (key: Uint8Array, d: Uint8Array, s: Uint8Array) => verifier.verify(key, d, s);

  test(`${name}: one bit more or less; wrong lengths`, () => {
    assert.equal(takes(publicKey, digest, signature), true);
    for (const at of [0, 100, 255]) {
      const wrong = signature.slice();
      wrong[at] ^= 1;
      assert.equal(takes(publicKey, digest, wrong), false);
      const otherKey = publicKey.slice();
      otherKey[at] ^= 2;
      assert.equal(takes(otherKey, digest, signature), false);
    }
    const otherDigest = digest.slice();
    otherDigest[31] ^= 1;
    assert.equal(takes(publicKey, otherDigest, signature), false);
    for (const wrong of [digest.subarray(1), new Uint8Array(0), new Uint8Array(100)])
      assert.equal(takes(publicKey, wrong, signature), false);
    for (const wrong of [signature.subarray(1), concat(signature, Uint8Array.of(0)), new Uint8Array(0)])
      assert.equal(takes(publicKey, digest, wrong), false);
    for (const wrong of [publicKey.subarray(1), concat(Uint8Array.of(0), publicKey), new Uint8Array(0)])
      assert.equal(takes(wrong, digest, signature), false);
  });

  test(`${name}: numbers that are not below the modulus, and trivial ones`, () => {
    for (const trivial of [0, 1]) {
      const number = new Uint8Array(256);
      number[255] = trivial;
      assert.equal(takes(publicKey, digest, number), false);
    }
    assert.equal(takes(publicKey, digest, publicKey.subarray(0, 256)), false);
    assert.equal(takes(publicKey, digest, new Uint8Array(256).fill(0xff)), false);
  });

  test(`${name}: keys that are none`, () => {
    const exponent = (e: string) => concat(publicKey.subarray(0, 256), fromHex(e));
    // With the exponent 1 everybody could sign.
    for (const e of ["00000000", "00000001", "00000002", "00010000"])
      assert.equal(takes(exponent(e), digest, signature), false);
    assert.equal(takes(exponent("00010001"), digest, signature), true);
    const even = publicKey.slice();
    even[255] &= 0xfe;
    const short = publicKey.slice();
    short[0] &= 0x7f;
    for (const wrong of [even, short, new Uint8Array(260), new Uint8Array(260).fill(0xff)])
      assert.equal(takes(wrong, digest, signature), false);
  });

  test(`${name}: keys and buffers that signers refuse`, () => {
    const pkcs8Of = (key: KeyObject) => key.export({ format: "der", type: "pkcs8" });
    const short = generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey;
    const ec = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
    for (const wrong of [short, ec]) assert.throws(() => signer(pkcs8Of(wrong), random), RangeError);
    assert.throws(() => signer(new Uint8Array(100), random));
    const own = signer(pkcs8, random);
    assert.throws(() => own.sign(digest, new Uint8Array(255)), RangeError);
    assert.throws(() => own.sign(new Uint8Array(20), new Uint8Array(256)), RangeError);
    assert.throws(() => own.publicKey(new Uint8Array(259)), RangeError);
    const out = new Uint8Array(260);
    own.publicKey(out);
    assert.equal(toHex(out), toHex(publicKey));
  });
}

test("RSASSA: what parsers were deceived by is not the encoding", () => {
  const info = fromHex("3031300d060960864801650304020105000420");
  const encoding = (head: Uint8Array, tail = new Uint8Array(0)) =>
    concat(
      fromHex("0001"),
      new Uint8Array(256 - 3 - head.length - 32 - tail.length).fill(0xff),
      Uint8Array.of(0),
      head,
      digest,
      tail,
    );
  const takes = (encoded: Uint8Array) => rsa.rsassa2048.verify(publicKey, digest, signedRaw(encoded));
  assert.equal(takes(encoding(info)), true);
  // Rubbish behind the digest (CVE-2006-4339), NULL left out, another hash, a long length, no digest info at all.
  assert.equal(takes(encoding(info, new Uint8Array(100))), false);
  assert.equal(takes(encoding(fromHex("302f300b0609608648016503040201" + "0420"))), false);
  assert.equal(takes(encoding(fromHex("3031300d060960864801650304020205000420"))), false);
  assert.equal(takes(encoding(fromHex("308131300d060960864801650304020105000420"))), false);
  assert.equal(takes(encoding(new Uint8Array(0))), false);
  for (const [at, value] of [
    [0, 1],
    [1, 2],
    [2, 0xfe],
    [100, 0],
  ]) {
    const wrong = encoding(info);
    wrong[at] = value;
    if (at !== 0) assert.equal(takes(wrong), false);
  }
});

test("RSASSA: needs no random numbers", () => {
  const signature = new Uint8Array(256);
  rsa
    .rsassaSigner(pkcs8, () => {
      throw new Error("no entropy");
    })
    .sign(digest, signature);
  assert.equal(rsa.rsassa2048.verify(publicKey, digest, signature), true);
});

test("RSAPSS: the salt is as long as the digest, and new each time", () => {
  for (const saltLength of [0, 20, 31, 33, 222]) {
    const theirs = sign("sha256", MESSAGE, {
      key: privateKey,
      padding: constants.RSA_PKCS1_PSS_PADDING,
      saltLength,
    });
    assert.equal(rsa.rsapss2048.verify(publicKey, digest, theirs), false);
  }
  const own = rsa.rsapssSigner(pkcs8, random);
  const [first, second] = [new Uint8Array(256), new Uint8Array(256)];
  own.sign(digest, first);
  own.sign(digest, second);
  assert.notEqual(toHex(first), toHex(second));
  assert.throws(() =>
    rsa
      .rsapssSigner(pkcs8, () => {
        throw new Error("no entropy");
      })
      .sign(digest, first),
  );
});

test("rsaPublicKey: of RSA keys of the three lengths only", () => {
  assert.equal(rsa.rsaPublicKey(generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey), undefined);
  assert.equal(rsa.rsaPublicKey(generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey), undefined);
  // As many bytes as a key of 2048 bits, but the first bit of them, which the encodings need.
  const short = generateKeyPairSync("rsa", { modulusLength: 2047 });
  assert.equal(rsa.rsaPublicKey(short.publicKey), undefined);
  assert.throws(() => rsa.rsassaSigner(short.privateKey.export({ format: "der", type: "pkcs8" }), random), RangeError);
  const long = generateKeyPairSync("rsa", { modulusLength: 2048, publicExponent: 0x10001 });
  assert.equal(rsa.rsaPublicKey(long.publicKey)!.length, 260);
});
