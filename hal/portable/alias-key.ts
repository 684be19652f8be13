/**
 * Keys of aliases in the DICE manner (TCG "DICE Attestation Architecture" 1.1), in JavaScript, for hosts and tests.
 *
 *   UDS = HMAC-SHA-384("moddable-spdm UDS", DeviceID's private scalar)
 *   CDI = HMAC-SHA-384(UDS, what was measured)
 *   key = HMAC-SHA-384(CDI, "moddable-spdm alias" | bytes of the key, 1 byte | n, 1 byte), as many of its first bytes as the
 *         key has, for the first n from 0 on for which that is a private key
 *
 * So whoever knows one alias's key, or the CDI of one firmware, knows neither another's nor DeviceID's key.
 */
import type { ECDSA } from "@noble/curves/abstract/weierstrass.js";
import { p256, p384 } from "@noble/curves/nist.js";
import { sha256, sha384 } from "@noble/hashes/sha2.js";
import { hmac } from "../../src/hmac.js";
import { latin1 } from "../../src/latin1.js";
import type { HashAlgorithm } from "../crypto.js";

const UDS_LABEL = latin1("moddable-spdm UDS");
const ALIAS_LABEL = latin1("moddable-spdm alias");
/** One candidate in 2^32 is no key of P-256, fewer of P-384. */
const CANDIDATE_COUNT = 8;

/** Keys on one curve; private scalars are big-endian, as long as the curve's order. */
export interface AliasKeys {
  /** What certificates are signed over. */
  readonly hash: HashAlgorithm;
  /** The alias's private scalar, which the caller wipes. `measured`: what the key is to depend on. */
  derive(deviceKey: Uint8Array, measured: Uint8Array): Uint8Array;
  /** X then Y, big-endian. */
  publicKey(scalar: Uint8Array): Uint8Array;
  /** r then s, big-endian: RFC 6979 without more entropy, so that the same comes of the same at each start. */
  sign(scalar: Uint8Array, digest: Uint8Array): Uint8Array;
}

function aliasKeys(curve: ECDSA, hash: HashAlgorithm, length: number): AliasKeys {
  return Object.freeze({
    hash,
    derive(deviceKey: Uint8Array, measured: Uint8Array): Uint8Array {
      const secret = new Uint8Array(sha384.outputLen);
      const candidate = new Uint8Array(sha384.outputLen);
      try {
        hmac(sha384, UDS_LABEL, [deviceKey], candidate);
        hmac(sha384, candidate, [measured], secret);
        for (let n = 0; n < CANDIDATE_COUNT; n++) {
          hmac(sha384, secret, [ALIAS_LABEL, Uint8Array.of(length, n)], candidate);
          const scalar = candidate.slice(0, length);
          if (curve.utils.isValidSecretKey(scalar)) return scalar;
          scalar.fill(0);
        }
        throw new Error("no private key came of the measurements"); // with a probability of 2^-256
      } finally {
        secret.fill(0);
        candidate.fill(0);
      }
    },
    publicKey: (scalar: Uint8Array) => curve.getPublicKey(scalar, false).subarray(1),
    sign: (scalar: Uint8Array, digest: Uint8Array) => curve.sign(digest, scalar, { prehash: false, lowS: false }),
  });
}

export const p256Alias: AliasKeys = /* @__PURE__ */ aliasKeys(p256, sha256, 32);
export const p384Alias: AliasKeys = /* @__PURE__ */ aliasKeys(p384, sha384, 48);
