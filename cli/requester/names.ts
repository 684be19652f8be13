import {
  AES_128_GCM,
  AES_256_GCM,
  CHACHA20_POLY1305,
  ECDSA_P256,
  ECDSA_P384,
  MEASUREMENT_RAW_ONLY,
  MEASUREMENT_SHA_256,
  MEASUREMENT_SHA_384,
  MEASUREMENT_SHA_512,
  SECP256R1,
  SECP384R1,
  SECP521R1,
  SHA_256,
  SHA_384,
  SHA_512,
} from "../../src/algorithms.js";
import * as errors from "../../src/errors.js";
import * as codes from "../../src/exchange.js";
import type { Version } from "../../src/versions.js";

const ERRORS: Readonly<Record<number, string>> = {
  [errors.INVALID_REQUEST]: "InvalidRequest",
  [errors.BUSY]: "Busy",
  [errors.UNEXPECTED_REQUEST]: "UnexpectedRequest",
  [errors.UNSPECIFIED]: "Unspecified",
  [errors.DECRYPT_ERROR]: "DecryptError",
  [errors.UNSUPPORTED_REQUEST]: "UnsupportedRequest",
  [errors.REQUEST_IN_FLIGHT]: "RequestInFlight",
  [errors.INVALID_RESPONSE_CODE]: "InvalidResponseCode",
  [errors.SESSION_LIMIT_EXCEEDED]: "SessionLimitExceeded",
  [errors.SESSION_REQUIRED]: "SessionRequired",
  [errors.RESET_REQUIRED]: "ResetRequired",
  [errors.RESPONSE_TOO_LARGE]: "ResponseTooLarge",
  [errors.REQUEST_TOO_LARGE]: "RequestTooLarge",
  [errors.LARGE_RESPONSE]: "LargeResponse",
  [errors.MESSAGE_LOST]: "MessageLost",
  [errors.INVALID_POLICY]: "InvalidPolicy",
  [errors.DATA_TOO_LARGE]: "DataTooLarge",
  [errors.VERSION_MISMATCH]: "VersionMismatch",
  [errors.RESPONSE_NOT_READY]: "ResponseNotReady",
  [errors.REQUEST_RESYNCH]: "RequestResynch",
  [errors.OPERATION_FAILED]: "OperationFailed",
  [errors.NO_PENDING_REQUESTS]: "NoPendingRequests",
  [errors.REQUEST_SESSION_TERMINATED]: "RequestSessionTerminated",
  [errors.INVALID_STATE]: "InvalidState",
  [errors.VENDOR_DEFINED]: "VendorDefined",
};

export const errorName = (code: number): string => ERRORS[code] ?? `error 0x${code.toString(16)}`;

const REQUESTS: Readonly<Record<number, string>> = {
  [codes.GET_DIGESTS]: "GET_DIGESTS",
  [codes.GET_CERTIFICATE]: "GET_CERTIFICATE",
  [codes.CHALLENGE]: "CHALLENGE",
  [codes.GET_VERSION]: "GET_VERSION",
  [codes.GET_MEASUREMENTS]: "GET_MEASUREMENTS",
  [codes.GET_CAPABILITIES]: "GET_CAPABILITIES",
  [codes.NEGOTIATE_ALGORITHMS]: "NEGOTIATE_ALGORITHMS",
  [codes.KEY_EXCHANGE]: "KEY_EXCHANGE",
  [codes.FINISH]: "FINISH",
  [codes.PSK_EXCHANGE]: "PSK_EXCHANGE",
  [codes.PSK_FINISH]: "PSK_FINISH",
  [codes.HEARTBEAT]: "HEARTBEAT",
  [codes.KEY_UPDATE]: "KEY_UPDATE",
  [codes.GET_ENCAPSULATED_REQUEST]: "GET_ENCAPSULATED_REQUEST",
  [codes.DELIVER_ENCAPSULATED_RESPONSE]: "DELIVER_ENCAPSULATED_RESPONSE",
  [codes.END_SESSION]: "END_SESSION",
  [codes.GET_CSR]: "GET_CSR",
  [codes.SET_CERTIFICATE]: "SET_CERTIFICATE",
};

export const requestName = (code: number): string => REQUESTS[code] ?? `request 0x${code.toString(16)}`;

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
export const DHES: Readonly<Record<string, number>> = {
  secp256r1: SECP256R1,
  secp384r1: SECP384R1,
  secp521r1: SECP521R1,
};
export const AEADS: Readonly<Record<string, number>> = {
  "AES-128-GCM": AES_128_GCM,
  "AES-256-GCM": AES_256_GCM,
  "ChaCha20-Poly1305": CHACHA20_POLY1305,
};

/** The bit that `name` has, or all there are if none is named. */
export const oneOrAll = (names: Readonly<Record<string, number>>, name: string | undefined): number =>
  name === undefined ? Object.values(names).reduce((all, bit) => all | bit, 0) : names[name];

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
