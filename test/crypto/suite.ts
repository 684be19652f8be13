/** What every implementation of hal/crypto.ts shall do, in tests: an engine leaves out what it does not have. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { p256 as nobleP256, p384 as nobleP384 } from "@noble/curves/nist.js";
import type { Aead, HashAlgorithm, KeyAgreement, Random, Verifier } from "../../hal/crypto.js";
import { p256, p384, type Signer } from "../../hal/portable/crypto.js";
import { toHex } from "../support/bytes.js";
import { aeadSuite } from "./aead-suite.js";
import { agreementSuite } from "./agreement-suite.js";
import { ecdsaSuite } from "./ecdsa-suite.js";
import { hashSuite } from "./hash-suite.js";
import { AEADS, P256, P384 } from "./vectors.js";

export interface Engines {
  readonly hashes: { readonly sha256: HashAlgorithm; readonly sha384: HashAlgorithm; readonly sha512: HashAlgorithm };
  readonly signatures?: {
    readonly p256: Verifier;
    readonly p384: Verifier;
    p256Signer(scalar: Uint8Array): Signer;
    p384Signer(scalar: Uint8Array): Signer;
  };
  readonly agreements: { readonly secp256r1: KeyAgreement; readonly secp384r1: KeyAgreement };
  readonly aeads?: { readonly aes128Gcm: Aead; readonly aes256Gcm: Aead; readonly chacha20Poly1305: Aead };
  readonly random: Random;
}

export function cryptoSuite({ hashes, signatures, agreements, aeads, random }: Engines): void {
  for (const name of ["sha256", "sha384", "sha512"] as const) hashSuite(name, hashes[name]);
  if (signatures !== undefined) {
    const { p256Signer, p384Signer } = signatures;
    ecdsaSuite("p256", P256, { hashes, verifier: signatures.p256, reference: p256, signer: p256Signer });
    ecdsaSuite("p384", P384, { hashes, verifier: signatures.p384, reference: p384, signer: p384Signer });
  }
  agreementSuite("secp256r1", nobleP256, agreements.secp256r1);
  agreementSuite("secp384r1", nobleP384, agreements.secp384r1);
  for (const name of ["aes128Gcm", "aes256Gcm", "chacha20Poly1305"] as const)
    if (aeads !== undefined) aeadSuite(name, AEADS[name], aeads[name]);

  test("random: fills what it is given, and never the same", () => {
    const [first, second] = [new Uint8Array(40), new Uint8Array(40)];
    random(first.subarray(4, 36));
    random(second.subarray(4, 36));
    assert.notEqual(toHex(first), toHex(second));
    assert.equal(toHex(first.subarray(0, 4)) + toHex(first.subarray(36)), "0000000000000000");
    random(new Uint8Array(0));
  });
}
