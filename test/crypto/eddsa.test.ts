/** EdDSA of hal/portable by RFC 8032, and against Node's OpenSSL. */
import assert from "node:assert/strict";
import { generateKeyPairSync, sign, verify } from "node:crypto";
import { test } from "node:test";
import { ed448 as edwards448 } from "@noble/curves/ed448.js";
import { ED25519_TORSION_SUBGROUP, ed25519 as edwards25519 } from "@noble/curves/ed25519.js";
import { sha384 } from "../../hal/portable/crypto.js";
import { ed448, ed448Signer } from "../../hal/portable/ed448.js";
import { ed25519, ed25519Signer } from "../../hal/portable/ed25519.js";
import { ascii } from "../support/bytes.js";
import { random } from "../support/node-crypto.js";
import { eddsaSuite } from "./eddsa-suite.js";
import { ED448, ED25519 } from "./vectors.js";

eddsaSuite("Ed25519", ED25519, {
  verifier: ed25519,
  signer: ed25519Signer,
  order: edwards25519.Point.Fn.ORDER,
  smallOrder: ED25519_TORSION_SUBGROUP,
});
eddsaSuite("Ed448", ED448, { verifier: ed448, signer: ed448Signer, order: edwards448.Point.Fn.ORDER, smallOrder: [] });

for (const [name, verifier, signer] of [
  ["ed25519", ed25519, ed25519Signer],
  ["ed448", ed448, ed448Signer],
] as const) {
  test(`${name}: Node and noble take each other's signatures`, () => {
    for (let length = 0; length < 200; length += 37) {
      const { privateKey, publicKey } =
        name === "ed25519" ? generateKeyPairSync("ed25519") : generateKeyPairSync("ed448");
      const { x, d } = privateKey.export({ format: "jwk" });
      const content = new Uint8Array(length);
      random(content);
      const theirs = sign(null, content, privateKey);
      assert.equal(verifier.verify(Buffer.from(x!, "base64url"), content, theirs), true);
      const ours = new Uint8Array(verifier.signatureLength);
      signer(Buffer.from(d!, "base64url")).sign(content, ours);
      assert.equal(verify(null, content, publicKey, ours), true);
    }
  });
}

test("Ed448 signs for a context, Ed25519 has none", () => {
  const contexts = ["responder-challenge_auth signing", "requester-challenge_auth signing"];
  for (const [verifier, make, bound] of [
    [ed448, ed448Signer, true],
    [ed25519, ed25519Signer, false],
  ] as const) {
    const signer = make(new Uint8Array(verifier.publicKeyLength).fill(3));
    const [key, signature] = [new Uint8Array(verifier.publicKeyLength), new Uint8Array(verifier.signatureLength)];
    signer.publicKey(key);
    signer.sign(ascii("content"), signature, { hash: sha384, context: contexts[0] });
    const fits = (context: string) => verifier.verify(key, ascii("content"), signature, { hash: sha384, context });
    assert.deepEqual(contexts.map(fits), [true, !bound]);
    assert.equal(verifier.verify(key, ascii("content"), signature), !bound);
  }
});
