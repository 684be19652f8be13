/** Algorithm bits of NEGOTIATE_ALGORITHMS and ALGORITHMS (DSP0274 1.3 §10.5). */

// BaseAsymAlgo
export const ECDSA_P256 = 0x10;
export const ECDSA_P384 = 0x80;

// BaseHashAlgo
export const SHA_256 = 1 << 0;
export const SHA_384 = 1 << 1;
export const SHA_512 = 1 << 2;

// MeasurementHashAlgo: one up from BaseHashAlgo, since bit 0 means "raw bit stream only".
export const MEASUREMENT_RAW_ONLY = 1 << 0;
export const MEASUREMENT_SHA_256 = SHA_256 << 1;
export const MEASUREMENT_SHA_384 = SHA_384 << 1;
export const MEASUREMENT_SHA_512 = SHA_512 << 1;

// MeasurementSpecification
export const DMTF_MEASUREMENT = 1 << 0;

// OtherParamsSupport
export const OPAQUE_DATA_FORMAT = 0x0f;
export const OPAQUE_DATA_FORMAT_1 = 0x02;
export const MULTI_KEY_CONN = 0x10;

// DHE
export const SECP256R1 = 1 << 3;
export const SECP384R1 = 1 << 4;
export const SECP521R1 = 1 << 5;

// AEAD
export const AES_128_GCM = 1 << 0;
export const AES_256_GCM = 1 << 1;
export const CHACHA20_POLY1305 = 1 << 2;

// KeySchedule
export const SPDM_KEY_SCHEDULE = 1 << 0;

// AlgType of an algorithm structure table
export const DHE = 2;
export const AEAD = 3;
export const REQ_BASE_ASYM = 4;
export const KEY_SCHEDULE = 5;
export const REQ_PQC_ASYM = 6;
export const KEM = 7;
