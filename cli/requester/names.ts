import {
  ECDSA_P256,
  ECDSA_P384,
  MEASUREMENT_RAW_ONLY,
  MEASUREMENT_SHA_256,
  MEASUREMENT_SHA_384,
  MEASUREMENT_SHA_512,
  SHA_256,
  SHA_384,
  SHA_512,
} from "../../src/algorithms.js";
import type { Version } from "../../src/versions.js";

const ERRORS: Readonly<Record<number, string>> = {
  1: "InvalidRequest",
  3: "Busy",
  4: "UnexpectedRequest",
  5: "Unspecified",
  6: "DecryptError",
  7: "UnsupportedRequest",
  8: "RequestInFlight",
  9: "InvalidResponseCode",
  10: "SessionLimitExceeded",
  11: "SessionRequired",
  12: "ResetRequired",
  13: "ResponseTooLarge",
  14: "RequestTooLarge",
  15: "LargeResponse",
  16: "MessageLost",
  17: "InvalidPolicy",
  18: "DataTooLarge",
  65: "VersionMismatch",
  66: "ResponseNotReady",
  67: "RequestResynch",
  68: "OperationFailed",
  69: "NoPendingRequests",
  70: "RequestSessionTerminated",
  71: "InvalidState",
  255: "VendorDefined",
};

export const errorName = (code: number): string => ERRORS[code] ?? `error 0x${code.toString(16)}`;

/** "1.2" of 0x12. */
export const versionName = (version: Version): string => `${version >> 4}.${version & 15}`;

/** Algorithms by the names that the command line and the report use. */
export const HASHES: Readonly<Record<string, number>> = {
  "SHA-256": SHA_256,
  "SHA-384": SHA_384,
  "SHA-512": SHA_512,
};
export const MEASUREMENT_HASHES: Readonly<Record<string, number>> = {
  "raw bit stream": MEASUREMENT_RAW_ONLY,
  "SHA-256": MEASUREMENT_SHA_256,
  "SHA-384": MEASUREMENT_SHA_384,
  "SHA-512": MEASUREMENT_SHA_512,
};
export const ASYMS: Readonly<Record<string, number>> = { "P-256": ECDSA_P256, "P-384": ECDSA_P384 };

export function nameOf(names: Readonly<Record<string, number>>, bit: number): string {
  return Object.keys(names).find((name) => names[name] === bit) ?? `0x${bit.toString(16)}`;
}

const VALUE_TYPES: readonly string[] = [
  "immutable ROM",
  "mutable firmware",
  "hardware configuration",
  "firmware configuration",
  "measurement manifest",
  "device mode",
  "firmware version",
  "secure version number",
  "hash-extend",
  "informational",
  "structured manifest",
];

/** DMTFSpecMeasurementValueType in words; bit 7, raw, is left to the caller. */
export const valueTypeName = (valueType: number): string => VALUE_TYPES[valueType & 0x7f] ?? `type ${valueType & 0x7f}`;
