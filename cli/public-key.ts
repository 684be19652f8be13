/** A responder's public key as it is provisioned, in place of a trust anchor. */
import { createPublicKey, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { ECDSA_P256, ECDSA_P384 } from "../src/algorithms.js";

export interface ProvisionedKey {
  /** BaseAsymAlgo bit. */
  readonly algorithm: number;
  /** DER SubjectPublicKeyInfo: what the responder shows the digest of. */
  readonly encoded: Uint8Array;
  /** X then Y, big-endian. */
  readonly publicKey: Uint8Array;
}

const CURVES: Readonly<Record<string, number>> = { "P-256": ECDSA_P256, "P-384": ECDSA_P384 };

/** Reads a public key, DER SubjectPublicKeyInfo or PEM; throws an Error with the file for any other. */
export function readPublicKey(file: string): ProvisionedKey {
  const bytes = readFileSync(file);
  let key: KeyObject;
  try {
    const isPem = bytes.includes("-----BEGIN");
    key = createPublicKey(isPem ? bytes : { key: bytes, format: "der", type: "spki" });
  } catch {
    throw new Error(`${file}: no public key in DER or PEM`);
  }
  const { crv = "", x = "", y = "" } = key.asymmetricKeyType === "ec" ? key.export({ format: "jwk" }) : {};
  const algorithm = CURVES[crv];
  if (algorithm === undefined) throw new Error(`${file}: no P-256 or P-384 key`);
  const publicKey = Buffer.concat([Buffer.from(x, "base64url"), Buffer.from(y, "base64url")]);
  return { algorithm, encoded: key.export({ format: "der", type: "spki" }), publicKey };
}
