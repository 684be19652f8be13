/** Algorithm bits of NEGOTIATE_ALGORITHMS and ALGORITHMS (DSP0274 1.3 §10.5). */

// BaseAsymAlgo
export const RSASSA_2048 = 1 << 0;
export const RSAPSS_2048 = 1 << 1;
export const RSASSA_3072 = 1 << 2;
export const RSAPSS_3072 = 1 << 3;
export const ECDSA_P256 = 1 << 4;
export const RSASSA_4096 = 1 << 5;
export const RSAPSS_4096 = 1 << 6;
export const ECDSA_P384 = 1 << 7;
export const ECDSA_P521 = 1 << 8;
// From 1.2 on.
export const ED25519 = 1 << 10;
export const ED448 = 1 << 11;

// PqcAsymAlgo, from 1.4 on
export const ML_DSA_44 = 1 << 0;
export const ML_DSA_65 = 1 << 1;
export const ML_DSA_87 = 1 << 2;
export const SLH_DSA_SHA2_128S = 1 << 3;
export const SLH_DSA_SHAKE_128S = 1 << 4;
export const SLH_DSA_SHA2_128F = 1 << 5;
export const SLH_DSA_SHAKE_128F = 1 << 6;
export const SLH_DSA_SHA2_192S = 1 << 7;
export const SLH_DSA_SHAKE_192S = 1 << 8;
export const SLH_DSA_SHA2_192F = 1 << 9;
export const SLH_DSA_SHAKE_192F = 1 << 10;
export const SLH_DSA_SHA2_256S = 1 << 11;
export const SLH_DSA_SHAKE_256S = 1 << 12;
export const SLH_DSA_SHA2_256F = 1 << 13;
export const SLH_DSA_SHAKE_256F = 1 << 14;

// BaseHashAlgo
export const SHA_256 = 1 << 0;
export const SHA_384 = 1 << 1;
export const SHA_512 = 1 << 2;
export const SHA3_256 = 1 << 3;
export const SHA3_384 = 1 << 4;
export const SHA3_512 = 1 << 5;

// MeasurementHashAlgo: one up from BaseHashAlgo, since bit 0 means "raw bit stream only".
export const MEASUREMENT_RAW_ONLY = 1 << 0;
export const MEASUREMENT_SHA_256 = SHA_256 << 1;
export const MEASUREMENT_SHA_384 = SHA_384 << 1;
export const MEASUREMENT_SHA_512 = SHA_512 << 1;
export const MEASUREMENT_SHA3_256 = SHA3_256 << 1;
export const MEASUREMENT_SHA3_384 = SHA3_384 << 1;
export const MEASUREMENT_SHA3_512 = SHA3_512 << 1;

// MeasurementSpecification
export const DMTF_MEASUREMENT = 1 << 0;

// MELspecification, from 1.3 on
export const DMTF_MEL = 1 << 0;

// OtherParamsSupport
export const OPAQUE_DATA_FORMAT = 0x0f;
export const OPAQUE_DATA_FORMAT_1 = 0x02;
export const MULTI_KEY_CONN = 0x10;

// DHE
export const FFDHE_2048 = 1 << 0;
export const FFDHE_3072 = 1 << 1;
export const FFDHE_4096 = 1 << 2;
export const SECP256R1 = 1 << 3;
export const SECP384R1 = 1 << 4;
export const SECP521R1 = 1 << 5;

// AEAD
export const AES_128_GCM = 1 << 0;
export const AES_256_GCM = 1 << 1;
export const CHACHA20_POLY1305 = 1 << 2;

// KEM, from 1.4 on
export const ML_KEM_512 = 1 << 0;
export const ML_KEM_768 = 1 << 1;
export const ML_KEM_1024 = 1 << 2;

// KeySchedule
export const SPDM_KEY_SCHEDULE = 1 << 0;

// AlgType of an algorithm structure table
export const DHE = 2;
export const AEAD = 3;
export const REQ_BASE_ASYM = 4;
export const KEY_SCHEDULE = 5;
export const REQ_PQC_ASYM = 6;
export const KEM = 7;
