/** Bits of KEY_PAIR_INFO (DSP0274 1.3, "Key configuration"), and which key pair stands behind a slot. */
import type { Identity } from "../hal/identity.js";
import type { KeyPair, KeyPairs } from "../hal/key-pairs.js";
import * as algorithm from "./algorithms.js";
import type { Connection } from "./connection.js";
import { INVALID_REQUEST, SpdmError } from "./errors.js";

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

// CertModel of CertificateInfo
export const NO_MODEL = 0;
export const DEVICE_CERT = 1;
export const ALIAS_CERT = 2;
export const GENERIC_CERT = 3;

/** In place of a slot: the public key that the peer was provisioned with (PUB_KEY_ID_CAP). */
export const PUBLIC_KEY_SLOT = 0xff;
/** Likewise where slots have four bits. */
export const PUBLIC_KEY_SLOT_4 = 0x0f;

/** The AsymAlgoCapabilities bit of keys that serve a BaseAsymAlgo bit; 0 for none. */
export function keyAlgorithm(baseAsym: number): number {
  switch (baseAsym) {
    case algorithm.RSASSA_2048:
    case algorithm.RSAPSS_2048:
      return KEY_RSA_2048;
    case algorithm.RSASSA_3072:
    case algorithm.RSAPSS_3072:
      return KEY_RSA_3072;
    case algorithm.RSASSA_4096:
    case algorithm.RSAPSS_4096:
      return KEY_RSA_4096;
    case algorithm.ECDSA_P256:
      return KEY_P256;
    case algorithm.ECDSA_P384:
      return KEY_P384;
    case algorithm.ECDSA_P521:
      return KEY_P521;
    case algorithm.ED25519:
      return KEY_ED25519;
    case algorithm.ED448:
      return KEY_ED448;
    default:
      return 0;
  }
}

export interface IdentifiedKeyPair {
  /** KeyPairID. */
  readonly id: number;
  readonly pair: KeyPair;
}

/** The key pair of a slot under an algorithm, an AsymAlgoCapabilities bit. */
export function keyPairBehind(keyPairs: KeyPairs, asym: number, slot: number): IdentifiedKeyPair | undefined {
  for (let id = 1; id <= keyPairs.count; id++) {
    const pair = keyPairs.read(id);
    if (pair.asym === asym && (pair.slotMask & (1 << slot)) !== 0) return { id, pair };
  }
  return undefined;
}

/** CertModel of a provisioned slot's chain. */
export const certificateModel = (identity: Identity, slot: number): number =>
  identity.certificateModel?.(slot) ?? DEVICE_CERT;

/** Throws SpdmError unless `slot` has a chain, or stands for the public key, and in multi-key connections a key for `use`. */
export function requireSlot(c: Connection, slot: number, use: number): void {
  const { chains, multiKey } = c.negotiated!;
  if (!chains.has(slot) || (multiKey && !c.options.multiKey!.serves(c, slot, use))) {
    throw new SpdmError(INVALID_REQUEST);
  }
}
