import * as algorithm from "../../src/algorithms.js";
import * as errors from "../../src/errors.js";
import { EVENT_LOST } from "../../src/event-groups.js";
import * as codes from "../../src/exchange.js";
import * as keys from "../../src/key-pairs.js";
import { VERSIONS, type Version } from "../../src/versions.js";

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

/** All that SPDM 1.0 to 1.4 have, by code. */
export const REQUESTS: Readonly<Record<number, string>> = {
  [codes.GET_DIGESTS]: "GET_DIGESTS",
  [codes.GET_CERTIFICATE]: "GET_CERTIFICATE",
  [codes.CHALLENGE]: "CHALLENGE",
  [codes.GET_VERSION]: "GET_VERSION",
  [codes.CHUNK_SEND]: "CHUNK_SEND",
  [codes.CHUNK_GET]: "CHUNK_GET",
  [codes.GET_ENDPOINT_INFO]: "GET_ENDPOINT_INFO",
  [codes.SLOT_MANAGEMENT]: "SLOT_MANAGEMENT",
  [codes.GET_MEASUREMENTS]: "GET_MEASUREMENTS",
  [codes.GET_CAPABILITIES]: "GET_CAPABILITIES",
  [codes.GET_SUPPORTED_EVENT_TYPES]: "GET_SUPPORTED_EVENT_TYPES",
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
  [codes.GET_MEASUREMENT_EXTENSION_LOG]: "GET_MEASUREMENT_EXTENSION_LOG",
  [codes.SUBSCRIBE_EVENT_TYPES]: "SUBSCRIBE_EVENT_TYPES",
  [codes.SEND_EVENT]: "SEND_EVENT",
  [codes.GET_KEY_PAIR_INFO]: "GET_KEY_PAIR_INFO",
  [codes.SET_KEY_PAIR_INFO]: "SET_KEY_PAIR_INFO",
  [codes.VENDOR_DEFINED_REQUEST]: "VENDOR_DEFINED_REQUEST",
  [codes.RESPOND_IF_READY]: "RESPOND_IF_READY",
};

export const requestName = (code: number): string => REQUESTS[code] ?? `request 0x${code.toString(16)}`;

/** "1.2" of 0x12. */
export const versionName = (version: Version): string => `${version >> 4}.${version & 15}`;

/** 0x12 of "1.2". */
export const versionNamed = (name: string | undefined): Version | undefined =>
  VERSIONS.find((version) => versionName(version) === name);

/** Algorithms by the names that the command line and the report use. */
export const HASHES: Readonly<Record<string, number>> = {
  "SHA-256": algorithm.SHA_256,
  "SHA-384": algorithm.SHA_384,
  "SHA-512": algorithm.SHA_512,
  "SHA3-256": algorithm.SHA3_256,
  "SHA3-384": algorithm.SHA3_384,
  "SHA3-512": algorithm.SHA3_512,
};
export const MEASUREMENT_HASHES: Readonly<Record<string, number>> = {
  "raw bit stream": algorithm.MEASUREMENT_RAW_ONLY,
  "SHA-256": algorithm.MEASUREMENT_SHA_256,
  "SHA-384": algorithm.MEASUREMENT_SHA_384,
  "SHA-512": algorithm.MEASUREMENT_SHA_512,
  "SHA3-256": algorithm.MEASUREMENT_SHA3_256,
  "SHA3-384": algorithm.MEASUREMENT_SHA3_384,
  "SHA3-512": algorithm.MEASUREMENT_SHA3_512,
};
export const ASYMS: Readonly<Record<string, number>> = {
  "P-256": algorithm.ECDSA_P256,
  "P-384": algorithm.ECDSA_P384,
  "P-521": algorithm.ECDSA_P521,
  ED25519: algorithm.ED25519,
  ED448: algorithm.ED448,
  "RSASSA-2048": algorithm.RSASSA_2048,
  "RSASSA-3072": algorithm.RSASSA_3072,
  "RSASSA-4096": algorithm.RSASSA_4096,
  "RSAPSS-2048": algorithm.RSAPSS_2048,
  "RSAPSS-3072": algorithm.RSAPSS_3072,
  "RSAPSS-4096": algorithm.RSAPSS_4096,
};
export const DHES: Readonly<Record<string, number>> = {
  secp256r1: algorithm.SECP256R1,
  secp384r1: algorithm.SECP384R1,
  secp521r1: algorithm.SECP521R1,
  "FFDHE-2048": algorithm.FFDHE_2048,
  "FFDHE-3072": algorithm.FFDHE_3072,
  "FFDHE-4096": algorithm.FFDHE_4096,
};
/** PqcAsymAlgo: bits of another field than those of `ASYMS`. */
export const PQC_ASYMS: Readonly<Record<string, number>> = {
  "ML-DSA-44": algorithm.ML_DSA_44,
  "ML-DSA-65": algorithm.ML_DSA_65,
  "ML-DSA-87": algorithm.ML_DSA_87,
  "SLH-DSA-SHA2-128s": algorithm.SLH_DSA_SHA2_128S,
  "SLH-DSA-SHAKE-128s": algorithm.SLH_DSA_SHAKE_128S,
  "SLH-DSA-SHA2-128f": algorithm.SLH_DSA_SHA2_128F,
  "SLH-DSA-SHAKE-128f": algorithm.SLH_DSA_SHAKE_128F,
  "SLH-DSA-SHA2-192s": algorithm.SLH_DSA_SHA2_192S,
  "SLH-DSA-SHAKE-192s": algorithm.SLH_DSA_SHAKE_192S,
  "SLH-DSA-SHA2-192f": algorithm.SLH_DSA_SHA2_192F,
  "SLH-DSA-SHAKE-192f": algorithm.SLH_DSA_SHAKE_192F,
  "SLH-DSA-SHA2-256s": algorithm.SLH_DSA_SHA2_256S,
  "SLH-DSA-SHAKE-256s": algorithm.SLH_DSA_SHAKE_256S,
  "SLH-DSA-SHA2-256f": algorithm.SLH_DSA_SHA2_256F,
  "SLH-DSA-SHAKE-256f": algorithm.SLH_DSA_SHAKE_256F,
};
export const KEMS: Readonly<Record<string, number>> = {
  "ML-KEM-512": algorithm.ML_KEM_512,
  "ML-KEM-768": algorithm.ML_KEM_768,
  "ML-KEM-1024": algorithm.ML_KEM_1024,
};
export const AEADS: Readonly<Record<string, number>> = {
  "AES-128-GCM": algorithm.AES_128_GCM,
  "AES-256-GCM": algorithm.AES_256_GCM,
  "ChaCha20-Poly1305": algorithm.CHACHA20_POLY1305,
};

/** Of key pairs: AsymAlgoCapabilities, PqcAsymAlgoCapabilities, KeyUsageMask. */
export const KEY_ALGORITHMS: Readonly<Record<string, number>> = {
  "RSA-2048": keys.KEY_RSA_2048,
  "RSA-3072": keys.KEY_RSA_3072,
  "RSA-4096": keys.KEY_RSA_4096,
  "P-256": keys.KEY_P256,
  "P-384": keys.KEY_P384,
  "P-521": keys.KEY_P521,
  SM2: keys.KEY_SM2,
  Ed25519: keys.KEY_ED25519,
  Ed448: keys.KEY_ED448,
};
export const PQC_ALGORITHMS: Readonly<Record<string, number>> = {
  "ML-DSA-44": 1,
  "ML-DSA-65": 2,
  "ML-DSA-87": 4,
};
export const KEY_USES: Readonly<Record<string, number>> = {
  "key-exchange": keys.KEY_EX_USE,
  challenge: keys.CHALLENGE_USE,
  measurements: keys.MEASUREMENT_USE,
  "endpoint-info": keys.ENDPOINT_INFO_USE,
  standards: keys.STANDARDS_KEY_USE,
  vendor: keys.VENDOR_KEY_USE,
};

/** The bit that `name` has, or all there are if none is named. */
export const oneOrAll = (names: Readonly<Record<string, number>>, name: string | undefined): number =>
  name === undefined ? Object.values(names).reduce((all, bit) => all | bit, 0) : names[name];

/** The same of one of two kinds of algorithms; none if only one of the other kind is named. */
export const oneOrOthers = (
  names: Readonly<Record<string, number>>,
  name: string | undefined,
  other: string | undefined,
): number => (name === undefined && other !== undefined ? 0 : oneOrAll(names, name));

export function nameOf(names: Readonly<Record<string, number>>, bit: number): string {
  return Object.keys(names).find((name) => names[name] === bit) ?? `0x${bit.toString(16)}`;
}

/** The names of all bits that are set; of those that have none, their hexadecimal. */
export const namesOf = (names: Readonly<Record<string, number>>, bits: number): string[] =>
  Array.from({ length: 32 }, (_, i) => 1 << i)
    .filter((bit) => (bits & bit) !== 0)
    .map((bit) => nameOf(names, bit >>> 0));

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

/** Registries and standards bodies by ID (DSP0274 1.3 table "Registry or standards body ID"). */
const REGISTRIES: readonly string[] = [
  "DMTF",
  "TCG",
  "USB",
  "PCI-SIG",
  "IANA",
  "HDBaseT",
  "MIPI",
  "CXL",
  "JEDEC",
  "VESA",
  "IANA CBOR",
  "DMTF DSP",
];

export const registryName = (id: number): string => REGISTRIES[id] ?? `registry ${id}`;

const EVENT_TYPES: readonly string[] = [
  "",
  "EventLost",
  "MeasurementChanged",
  "MeasurementPreUpdate",
  "CertificateChanged",
];

/** EventTypeId of DMTF's group in words. */
export const eventTypeName = (type: number): string => EVENT_TYPES[type] ?? `type ${type}`;

/** EventDetail of DMTF's group in words. */
export function eventDetail(type: number, detail: Uint8Array): string {
  if (type === EVENT_LOST) {
    const { buffer, byteOffset } = detail;
    const view = new DataView(buffer, byteOffset);
    return `those behind ${view.getUint32(0, true)}, up to ${view.getUint32(4, true)}`;
  }
  const set = Array.from({ length: detail.length * 8 }, (_, bit) => bit).filter(
    (bit) => (detail[bit >> 3] & (1 << (bit & 7))) !== 0,
  );
  return `${detail.length === 1 ? "slots" : "measurements"} ${set.join(", ")}`;
}
