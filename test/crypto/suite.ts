/** What every implementation of hal/crypto.ts shall do, in tests: an engine leaves out what it does not have. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as nist from "@noble/curves/nist.js";
import type { Aead, HashAlgorithm, KeyAgreement, Random, Verifier } from "../../hal/crypto.js";
import { p256, p384, type Signer } from "../../hal/portable/crypto.js";
import { toHex } from "../support/bytes.js";
import { aeadSuite } from "./aead-suite.js";
import { agreementSuite } from "./agreement-suite.js";
import { ecdsaSuite } from "./ecdsa-suite.js";
import { hashSuite } from "./hash-suite.js";
import { AEADS, P256, P384 } from "./vectors.js";

const SHA2 = ["sha256", "sha384", "sha512"] as const;
const SHA3 = ["sha3_256", "sha3_384", "sha3_512"] as const;
const CURVES = { secp256r1: nist.p256, secp384r1: nist.p384, secp521r1: nist.p521 };

export interface Engines {
  readonly hashes: Readonly<Record<(typeof SHA2)[number], HashAlgorithm>>;
  readonly sha3?: Readonly<Record<(typeof SHA3)[number], HashAlgorithm>>;
  readonly signatures?: {
    readonly p256: Verifier;
    readonly p384: Verifier;
    p256Signer(scalar: Uint8Array): Signer;
    p384Signer(scalar: Uint8Array): Signer;
  };
  readonly agreements: Readonly<Record<keyof typeof CURVES, KeyAgreement>>;
  readonly aeads?: Readonly<Record<keyof typeof AEADS, Aead>>;
  readonly random: Random;
}

export function cryptoSuite({ hashes, sha3, signatures, agreements, aeads, random }: Engines): void {
  for (const name of SHA2) hashSuite(name, hashes[name]);
  if (sha3 !== undefined) for (const name of SHA3) hashSuite(name, sha3[name]);
  if (signatures !== undefined) {
    const { p256Signer, p384Signer } = signatures;
    ecdsaSuite("p256", P256, { hashes, verifier: signatures.p256, reference: p256, signer: p256Signer });
    ecdsaSuite("p384", P384, { hashes, verifier: signatures.p384, reference: p384, signer: p384Signer });
  }
  for (const name of ["secp256r1", "secp384r1", "secp521r1"] as const)
    agreementSuite(name, CURVES[name], agreements[name]);
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
