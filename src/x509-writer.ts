/** Writes what certificates and certification requests have in common. */
import { ECDSA_P256, ECDSA_P384 } from "./algorithms.js";
import { BIT_STRING, BOOLEAN, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE } from "./der.js";
import { element, unsignedInteger } from "./der-writer.js";
import { latin1 } from "./latin1.js";
import * as x509 from "./x509.js";

/** Values of keyUsage and basicConstraints. */
export const FOR_SIGNATURES = "\x03\x02\x07\x80";
export const FOR_CERTIFICATES = "\x03\x02\x02\x04";
export const NO_AUTHORITY = "\x30\x00";
export const AUTHORITY = "\x30\x03\x01\x01\xff";

const ZERO = new Uint8Array(1);
const TRUE = Object.freeze([BOOLEAN, 1, 0xff]);

/** SubjectPublicKeyInfo of `publicKey`, X then Y; undefined for algorithms that are not written here. */
export function publicKeyInfo(algorithm: number, publicKey: Uint8Array): Uint8Array | undefined {
  const curve = algorithm === ECDSA_P256 ? x509.EC_P256 : algorithm === ECDSA_P384 ? x509.EC_P384 : undefined;
  if (curve === undefined) return undefined;
  const point = element(BIT_STRING, ZERO, Uint8Array.of(x509.UNCOMPRESSED), publicKey);
  return element(SEQUENCE, element(SEQUENCE, latin1(curve)), point);
}

/** Extension of `type`, an identifier's contents, with `value`, DER; both as characters or bytes. */
export function extension(type: string, critical: boolean, value: string | Uint8Array): Uint8Array {
  const contents = element(OCTET_STRING, typeof value === "string" ? latin1(value) : value);
  const identifier = element(OBJECT_IDENTIFIER, latin1(type));
  return critical
    ? element(SEQUENCE, identifier, Uint8Array.from(TRUE), contents)
    : element(SEQUENCE, identifier, contents);
}

/** AlgorithmIdentifier of ECDSA with the SHA-2 digest of so many bytes. */
export function signatureAlgorithm(digestLength: number): Uint8Array {
  const contents =
    digestLength === 32
      ? x509.ECDSA_WITH_SHA256
      : digestLength === 48
        ? x509.ECDSA_WITH_SHA384
        : x509.ECDSA_WITH_SHA512;
  return element(SEQUENCE, latin1(contents));
}

/**
 * CertificationRequest or Certificate: `info`, CertificationRequestInfo or TBSCertificate, and its signature.
 * @param digestLength Of the SHA-2 digest of `info` under the signature.
 * @param signature r then s, big-endian.
 */
export function signedInfo(info: Uint8Array, digestLength: number, signature: Uint8Array): Uint8Array {
  const half = signature.length / 2;
  const value = element(
    SEQUENCE,
    unsignedInteger(signature.subarray(0, half)),
    unsignedInteger(signature.subarray(half)),
  );
  return element(SEQUENCE, info, signatureAlgorithm(digestLength), element(BIT_STRING, ZERO, value));
}
