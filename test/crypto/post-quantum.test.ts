/** ML-DSA, ML-KEM and SLH-DSA over noble: known answers (test/vectors/fips203-204.json says whose), and what engines promise. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import { slh_dsa_sha2_128f } from "@noble/post-quantum/slh-dsa.js";
import { buildRunner } from "../../boards/xs/build.js";
import type { SigningTerms } from "../../hal/crypto.js";
import { sha384 } from "../../hal/portable/crypto.js";
import * as mlDsa from "../../hal/portable/ml-dsa.js";
import { mlKem512, mlKem768, mlKem1024 } from "../../hal/portable/ml-kem.js";
import * as slhDsa from "../../hal/portable/slh-dsa.js";
import { ascii, fromHex, toHex } from "../support/bytes.js";
import { deterministicRandom } from "../support/random.js";
import vectors from "../vectors/fips203-204.json" with { type: "json" };
import { runOnXs, summary } from "./on-xs.js";

const ML_DSAS = [
  { set: "ML-DSA-44", verifier: mlDsa.mlDsa44, signer: mlDsa.mlDsa44Signer, publicKey: 1312, signature: 2420 },
  { set: "ML-DSA-65", verifier: mlDsa.mlDsa65, signer: mlDsa.mlDsa65Signer, publicKey: 1952, signature: 3309 },
  { set: "ML-DSA-87", verifier: mlDsa.mlDsa87, signer: mlDsa.mlDsa87Signer, publicKey: 2592, signature: 4627 },
];
const ML_KEMS = [
  { set: "ML-KEM-512", make: mlKem512, key: 800, ciphertext: 768 },
  { set: "ML-KEM-768", make: mlKem768, key: 1184, ciphertext: 1088 },
  { set: "ML-KEM-1024", make: mlKem1024, key: 1568, ciphertext: 1568 },
];
/** FIPS 205 §11, table 2. */
const SLH_DSAS = [
  { verifiers: [slhDsa.slhDsaSha2128s, slhDsa.slhDsaShake128s], publicKey: 32, signature: 7856 },
  { verifiers: [slhDsa.slhDsaSha2128f, slhDsa.slhDsaShake128f], publicKey: 32, signature: 17088 },
  { verifiers: [slhDsa.slhDsaSha2192s, slhDsa.slhDsaShake192s], publicKey: 48, signature: 16224 },
  { verifiers: [slhDsa.slhDsaSha2192f, slhDsa.slhDsaShake192f], publicKey: 48, signature: 35664 },
  { verifiers: [slhDsa.slhDsaSha2256s, slhDsa.slhDsaShake256s], publicKey: 64, signature: 29792 },
  { verifiers: [slhDsa.slhDsaSha2256f, slhDsa.slhDsaShake256f], publicKey: 64, signature: 49856 },
];

const SEED = new Uint8Array(32).fill(7);
const CONTENT = ascii("content");
const sha256Of = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const terms = (context: string): SigningTerms => ({ hash: sha384, context });
const contextOf = (hex: string) => terms(Buffer.from(hex, "hex").toString("latin1"));
/** With rnd all zeros the hedged signature is the deterministic one (FIPS 204 §3.4). */
const zeros = () => {};

for (const { set, verifier, signer, publicKey: keyLength, signature: length } of ML_DSAS) {
  describe(set, () => {
    const key = (seed: Uint8Array = SEED, random = deterministicRandom()) => {
      const own = signer(seed, random);
      const publicKey = new Uint8Array(keyLength);
      own.publicKey(publicKey);
      return { own, publicKey };
    };
    const made = () => {
      const { own, publicKey } = key();
      const signature = new Uint8Array(length);
      own.sign(CONTENT, signature, terms("context"));
      return { own, publicKey, signature };
    };

    for (const vector of vectors.mlDsa.filter((each) => each.set === set)) {
      test(`known answer: ${vector.comment}`, () => {
        const { own, publicKey } = key(fromHex(vector.seed), zeros);
        assert.equal(sha256Of(publicKey), vector.publicKeySha256);
        const signature = new Uint8Array(length);
        own.sign(fromHex(vector.message), signature, contextOf(vector.context));
        assert.equal(sha256Of(signature), vector.signatureSha256);
        assert.ok(verifier.verify(publicKey, fromHex(vector.message), signature, contextOf(vector.context)));
      });
    }

    for (const vector of vectors.mlDsaInvalid.filter((each) => each.set === set)) {
      test(`known to be invalid: ${vector.comment}`, () => {
        const [publicKey, message, signature] = [vector.publicKey, vector.message, vector.signature].map(fromHex);
        assert.equal(signature.length, length);
        assert.equal(verifier.verify(publicKey, message, signature, contextOf(vector.context)), false);
      });
    }

    test("buffers that are too short are refused", () => {
      const { own } = key();
      assert.throws(() => own.publicKey(new Uint8Array(keyLength - 1)), RangeError);
      assert.throws(() => own.sign(CONTENT, new Uint8Array(length - 1)), /bytes needed/);
    });

    test("lengths are FIPS 204's, and content is hashed by the algorithm", () => {
      const { own } = key();
      assert.deepEqual([verifier.publicKeyLength, verifier.signatureLength], [keyLength, length]);
      assert.deepEqual([own.signatureLength, own.takesContent, verifier.takesContent], [length, true, true]);
    });

    test("signatures are hedged: each is another, and each verifies", () => {
      const { own, publicKey, signature } = made();
      const second = new Uint8Array(length);
      own.sign(CONTENT, second, terms("context"));
      assert.notEqual(toHex(second), toHex(signature));
      for (const each of [signature, second]) assert.ok(verifier.verify(publicKey, CONTENT, each, terms("context")));
    });

    test("context, content, key and signature must be the ones", () => {
      const { publicKey, signature } = made();
      const verify = (k: Uint8Array, content: Uint8Array, s: Uint8Array, t?: SigningTerms) =>
        verifier.verify(k, content, s, t);
      assert.equal(verify(publicKey, CONTENT, signature, terms("Context")), false);
      assert.equal(verify(publicKey, CONTENT, signature), false);
      assert.equal(verify(publicKey, ascii("contents"), signature, terms("context")), false);
      assert.equal(verify(key(new Uint8Array(32)).publicKey, CONTENT, signature, terms("context")), false);
      // In certificates there is no context.
      const bare = new Uint8Array(length);
      key().own.sign(CONTENT, bare);
      assert.ok(verify(publicKey, CONTENT, bare));
      assert.ok(verify(publicKey, CONTENT, bare, terms("")));
    });

    test("a bit flipped anywhere in signature or key; other lengths", () => {
      const { publicKey, signature } = made();
      const fails = (k: Uint8Array, s: Uint8Array) =>
        assert.equal(verifier.verify(k, CONTENT, s, terms("context")), false);
      for (let i = 0; i < length; i += 61) fails(publicKey, flipped(signature, i));
      // The last bytes are hints.
      for (let i = length - 8; i < length; i++) fails(publicKey, flipped(signature, i));
      for (let i = 0; i < keyLength; i += 97) fails(flipped(publicKey, i), signature);
      fails(publicKey, signature.subarray(1));
      fails(publicKey, new Uint8Array(length + 1));
      fails(publicKey, new Uint8Array(0));
      fails(publicKey.subarray(1), signature);
      fails(new Uint8Array(keyLength), signature);
      fails(publicKey, new Uint8Array(length).fill(0xff));
    });

    test("a random source that fails makes no signature", () => {
      const { own } = key(SEED, () => {
        throw new Error("no entropy");
      });
      const signature = new Uint8Array(length);
      assert.throws(() => own.sign(CONTENT, signature), /no entropy/);
      assert.equal(toHex(signature), toHex(new Uint8Array(length)));
    });
  });
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] ^= 1 << (at & 7);
  return copy;
}

/** A random source that gives these bytes, once. */
const giving = (bytes: Uint8Array) => (out: Uint8Array) => {
  assert.equal(out.length, bytes.length);
  out.set(bytes);
};

for (const { set, make, key: keyLength, ciphertext: ciphertextLength } of ML_KEMS) {
  describe(set, () => {
    const vector = vectors.mlKem.find((each) => each.set === set)!;

    test("known answers: key pair, decapsulation, implicit rejection", () => {
      for (const { seed, ciphertext, sharedSecret } of [vector, vector.rejected]) {
        const encapsulationKey = new Uint8Array(keyLength);
        const pair = make(giving(fromHex(seed))).generate(encapsulationKey);
        if (seed === vector.seed) assert.equal(sha256Of(encapsulationKey), vector.encapsulationKeySha256);
        const shared = new Uint8Array(32);
        assert.ok(pair.decapsulate(fromHex(ciphertext), shared));
        assert.equal(toHex(shared), sharedSecret);
      }
    });

    test("known answer: encapsulation", () => {
      const { key, message, ciphertextSha256, sharedSecret } = vector.encapsulation;
      const [ciphertext, shared] = [new Uint8Array(ciphertextLength), new Uint8Array(32)];
      assert.ok(make(giving(fromHex(message))).encapsulate(fromHex(key), ciphertext, shared));
      assert.equal(sha256Of(ciphertext), ciphertextSha256);
      assert.equal(toHex(shared), sharedSecret);
    });

    test("both sides come to the same secret; a ciphertext that was changed gives another", () => {
      const kem = make(deterministicRandom());
      const lengths = [kem.encapsulationKeyLength, kem.ciphertextLength, kem.sharedSecretLength];
      assert.deepEqual(lengths, [keyLength, ciphertextLength, 32]);
      const encapsulationKey = new Uint8Array(keyLength);
      const pair = kem.generate(encapsulationKey);
      const [ciphertext, theirs, ours] = [new Uint8Array(ciphertextLength), new Uint8Array(32), new Uint8Array(32)];
      assert.ok(kem.encapsulate(encapsulationKey, ciphertext, theirs));
      assert.ok(pair.decapsulate(ciphertext, ours));
      assert.equal(toHex(ours), toHex(theirs));
      for (let i = 0; i < ciphertextLength; i += 131) {
        assert.ok(pair.decapsulate(flipped(ciphertext, i), ours));
        assert.notEqual(toHex(ours), toHex(theirs));
      }
      ours.fill(0);
      assert.equal(pair.decapsulate(ciphertext.subarray(1), ours), false);
      assert.equal(pair.decapsulate(new Uint8Array(ciphertextLength + 1), ours), false);
      assert.equal(toHex(ours), "00".repeat(32));
      pair.destroy();
      assert.throws(() => pair.decapsulate(ciphertext, ours));
    });

    test("an encapsulation key with a coefficient of 3,329 or more is none, wherever it stands", () => {
      const kem = make(deterministicRandom());
      const good = new Uint8Array(keyLength);
      kem.generate(good);
      const [ciphertext, shared] = [new Uint8Array(ciphertextLength), new Uint8Array(32)];
      const encapsulates = (key: Uint8Array) => kem.encapsulate(key, ciphertext, shared);
      const pairs = (keyLength - 32) / 3;
      for (const pair of [0, 1, 100, pairs - 1]) {
        for (const value of [3329, 4095]) {
          const [low, high] = [good.slice(), good.slice()];
          low.set([value & 0xff, (low[3 * pair + 1] & 0xf0) | (value >> 8)], 3 * pair);
          high.set([(high[3 * pair + 1] & 0x0f) | ((value & 0x0f) << 4), value >> 4], 3 * pair + 1);
          assert.equal(encapsulates(low), false);
          assert.equal(encapsulates(high), false);
        }
        const most = good.slice();
        most.set([3328 & 0xff, (most[3 * pair + 1] & 0xf0) | (3328 >> 8)], 3 * pair);
        ciphertext.fill(0);
        assert.ok(encapsulates(most));
      }
      ciphertext.fill(0);
      shared.fill(0);
      for (const length of [0, keyLength - 1, keyLength + 1]) assert.equal(encapsulates(new Uint8Array(length)), false);
      assert.equal(encapsulates(new Uint8Array(keyLength).fill(0xff)), false);
      assert.ok(ciphertext.every((byte) => byte === 0) && shared.every((byte) => byte === 0));
    });

    test("a random source that fails makes no secret", () => {
      const kem = make(() => {
        throw new Error("no entropy");
      });
      const buffers = [keyLength, ciphertextLength, 32].map((length) => new Uint8Array(length));
      assert.throws(() => kem.generate(buffers[0]), /no entropy/);
      assert.throws(() => kem.encapsulate(buffers[0], buffers[1], buffers[2]), /no entropy/);
    });
  });
}

describe("SLH-DSA", () => {
  test("lengths are FIPS 205's, and nothing that is none verifies", () => {
    for (const { verifiers, publicKey, signature } of SLH_DSAS) {
      for (const verifier of verifiers) {
        assert.deepEqual([verifier.publicKeyLength, verifier.signatureLength], [publicKey, signature]);
        assert.equal(verifier.takesContent, true);
        const verify = (k: number, s: number) =>
          verifier.verify(new Uint8Array(k), CONTENT, new Uint8Array(s), terms("c"));
        assert.equal(verify(publicKey, signature), false);
        assert.equal(verify(publicKey, signature - 1), false);
        assert.equal(verify(publicKey + 1, signature), false);
      }
    }
  });

  test("a signature with a context, and none that is another's", () => {
    const { secretKey, publicKey } = slh_dsa_sha2_128f.keygen(new Uint8Array(48).fill(3));
    const signature = slh_dsa_sha2_128f.sign(CONTENT, secretKey, { context: ascii("context"), extraEntropy: false });
    const verify = (s: Uint8Array, t?: SigningTerms) => slhDsa.slhDsaSha2128f.verify(publicKey, CONTENT, s, t);
    assert.ok(verify(signature, terms("context")));
    assert.equal(verify(signature), false);
    assert.equal(slhDsa.slhDsaShake128f.verify(publicKey, CONTENT, signature, terms("context")), false);
    for (let i = 0; i < signature.length; i += 1709)
      assert.equal(verify(flipped(signature, i), terms("context")), false);
  });
});

test("on XS", async (t) => {
  t.diagnostic(summary(await runOnXs(await buildRunner(), "post-quantum-main.ts")));
});
