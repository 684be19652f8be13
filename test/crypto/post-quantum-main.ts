/** Runs on XS (post-quantum.test.ts): ML-DSA and ML-KEM where there is no Web Crypto and little of the language. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256, sha384 } from "../../hal/portable/crypto.js";
import { mlDsa65, mlDsa65Signer } from "../../hal/portable/ml-dsa.js";
import { mlKem768 } from "../../hal/portable/ml-kem.js";
import { ascii, fromHex, toHex } from "../support/bytes.js";
import { deterministicRandom } from "../support/random.js";
import vectors from "../vectors/fips203-204.json" with { type: "json" };

test("ML-DSA-65: a known answer, which verifies, and not with another context", () => {
  const vector = vectors.mlDsa.find(({ set, context }) => set === "ML-DSA-65" && context !== "")!;
  const signer = mlDsa65Signer(fromHex(vector.seed), () => {});
  const [publicKey, signature] = [new Uint8Array(1952), new Uint8Array(3309)];
  signer.publicKey(publicKey);
  const context = Array.from(fromHex(vector.context), (code) => String.fromCharCode(code)).join("");
  signer.sign(fromHex(vector.message), signature, { hash: sha384, context });
  assert.equal(toHex(sha256(signature)), vector.signatureSha256);
  assert.equal(mlDsa65.verify(publicKey, fromHex(vector.message), signature, { hash: sha384, context }), true);
  assert.equal(mlDsa65.verify(publicKey, ascii("other"), signature, { hash: sha384, context: "" }), false);
});

test("ML-KEM-768: known answers, and no secret of a key that is none", () => {
  const vector = vectors.mlKem.find(({ set }) => set === "ML-KEM-768")!;
  const { key, message, ciphertextSha256, sharedSecret } = vector.encapsulation;
  const [ciphertext, shared] = [new Uint8Array(1088), new Uint8Array(32)];
  const kem = mlKem768((out) => out.set(fromHex(message)));
  assert.equal(kem.encapsulate(fromHex(key), ciphertext, shared), true);
  assert.equal(toHex(sha256(ciphertext)), ciphertextSha256);
  assert.equal(toHex(shared), sharedSecret);
  assert.equal(kem.encapsulate(new Uint8Array(1184).fill(0xff), ciphertext, shared), false);
  const encapsulationKey = new Uint8Array(1184);
  const pair = mlKem768(deterministicRandom()).generate(encapsulationKey);
  const ours = new Uint8Array(32);
  assert.equal(kem.encapsulate(encapsulationKey, ciphertext, shared), true);
  assert.equal(pair.decapsulate(ciphertext, ours), true);
  assert.equal(toHex(ours), toHex(shared));
});
