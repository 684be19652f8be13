/** The suite over hal/portable; and what it signs goes to Node's cryptography, and the other way round. */
import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync, sign, verify } from "node:crypto";
import { test } from "node:test";
import { buildRunner } from "../../boards/xs/build.js";
import * as portable from "../../hal/portable/crypto.js";
import * as sha3 from "../../hal/portable/sha3.js";
import { random } from "../support/node-crypto.js";
import { ecdsaSuite } from "./ecdsa-suite.js";
import { runOnXs, summary } from "./on-xs.js";
import { cryptoSuite } from "./suite.js";
import { P521 } from "./vectors.js";

const { sha256, sha384, sha512, p256, p384, p521, secp256r1, secp384r1, secp521r1 } = portable;
const { p256Signer, p384Signer, p521Signer } = portable;
const hashes = { sha256, sha384, sha512 };
cryptoSuite({
  hashes,
  sha3,
  signatures: {
    p256,
    p384,
    p256Signer: (scalar) => p256Signer(scalar, random),
    p384Signer: (scalar) => p384Signer(scalar, random),
  },
  agreements: { secp256r1: secp256r1(random), secp384r1: secp384r1(random), secp521r1: secp521r1(random) },
  random,
});

ecdsaSuite("p521", P521, { hashes, verifier: p521, reference: p521, signer: (scalar) => p521Signer(scalar, random) });

const CURVES = [
  { name: "P-256", verifier: p256, signer: p256Signer },
  { name: "P-384", verifier: p384, signer: p384Signer },
  { name: "P-521", verifier: p521, signer: p521Signer },
];
for (const { name, verifier, signer } of CURVES)
  for (const [hashName, hash] of Object.entries(hashes))
    test(`${name} with ${hashName}: Node and noble take each other's signatures`, () => {
      const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: name });
      const { x, y } = publicKey.export({ format: "jwk" });
      const point = Buffer.concat([Buffer.from(x!, "base64url"), Buffer.from(y!, "base64url")]);
      const message = new Uint8Array(100);
      random(message);
      const digest = hash(message);
      const theirs = sign(hashName, message, { key: privateKey, dsaEncoding: "ieee-p1363" });
      assert.equal(verifier.verify(point, digest, theirs), true);

      const ours = new Uint8Array(verifier.signatureLength);
      const scalar = Buffer.from(privateKey.export({ format: "jwk" }).d!, "base64url");
      const key = signer(scalar, random);
      key.sign(digest, ours);
      assert.equal(
        verify(hashName, message, { key: createPublicKey(privateKey), dsaEncoding: "ieee-p1363" }, ours),
        true,
      );
    });

test("a random source that fails is an error, not a curve without blinding", () => {
  const failing = () => {
    throw new Error("no entropy");
  };
  assert.throws(() => p256Signer(new Uint8Array(32).fill(1), failing), /no entropy/);
  assert.throws(() => secp384r1(failing), /no entropy/);
});

test("the narrowest base window signs and agrees alike", () => {
  const signature = new Uint8Array(96);
  const publicKey = new Uint8Array(96);
  const key = p384Signer(new Uint8Array(48).fill(7), random, 1);
  const digest = new Uint8Array(48).fill(3);
  key.sign(digest, signature);
  key.publicKey(publicKey);
  assert.equal(p384.verify(publicKey, digest, signature), true);
});

test("hal/portable on XS", async (t) => {
  t.diagnostic(summary(await runOnXs(await buildRunner(), "noble-main.ts")));
});
