/** Bits of KEY_PAIR_INFO (DSP0274 1.3, "Key configuration"), and what a slot may be called. Without imports, as src/capabilities.ts. */

// Capabilities of a key pair
export const GEN_KEY_CAP = 1 << 0;
export const ERASABLE_CAP = 1 << 1;
export const CERT_ASSOC_CAP = 1 << 2;
export const KEY_USAGE_CAP = 1 << 3;
export const ASYM_ALGO_CAP = 1 << 4;
/** More slots than one may have it; with CERT_ASSOC_CAP only. */
export const SHAREABLE_CAP = 1 << 5;

// KeyUsageMask
export const KEY_EX_USE = 1 << 0;
export const CHALLENGE_USE = 1 << 1;
export const MEASUREMENT_USE = 1 << 2;
export const ENDPOINT_INFO_USE = 1 << 3;
export const STANDARDS_KEY_USE = 1 << 14;
export const VENDOR_KEY_USE = 1 << 15;
/** Those four. */
export const SPDM_USES = 0x0f;

// AsymAlgoCapabilities; PqcAsymAlgoCapabilities are as in PqcAsymAlgo.
export const KEY_RSA_2048 = 1 << 0;
export const KEY_RSA_3072 = 1 << 1;
export const KEY_RSA_4096 = 1 << 2;
export const KEY_P256 = 1 << 3;
export const KEY_P384 = 1 << 4;
export const KEY_P521 = 1 << 5;
export const KEY_SM2 = 1 << 6;
export const KEY_ED25519 = 1 << 7;
export const KEY_ED448 = 1 << 8;

// CertModel (DSP0274 1.3 §10.24)
export const NO_MODEL = 0;
export const DEVICE_CERT = 1;
/** The provisioned chain ends with the authority that signs alias certificates. */
export const ALIAS_CERT = 2;
export const GENERIC_CERT = 3;

/** In place of a slot: the public key that the peer was provisioned with (PUB_KEY_ID_CAP). */
export const PUBLIC_KEY_SLOT = 0xff;
/** Likewise where slots have four bits. */
export const PUBLIC_KEY_SLOT_4 = 0x0f;
