/** Which key stands behind a slot, and what of. */
import type { Identity } from "../hal/identity.js";
import type { KeyPair, KeyPairs } from "../hal/key-pairs.js";
import * as algorithm from "./algorithms.js";
import type { Connection } from "./connection.js";
import { INVALID_REQUEST, SpdmError } from "./errors.js";
import {
  DEVICE_CERT,
  KEY_ED448,
  KEY_ED25519,
  KEY_P256,
  KEY_P384,
  KEY_P521,
  KEY_RSA_2048,
  KEY_RSA_3072,
  KEY_RSA_4096,
} from "./key-pairs.js";

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

/** The key pair of a slot under an algorithm, a bit of AsymAlgoCapabilities or, with 0 for that, of PqcAsymAlgoCapabilities. */
export function keyPairBehind(
  keyPairs: KeyPairs,
  asym: number,
  slot: number,
  pqcAsym = 0,
): IdentifiedKeyPair | undefined {
  for (let id = 1; id <= keyPairs.count; id++) {
    const pair = keyPairs.read(id);
    if (pair.asym === asym && pair.pqcAsym === pqcAsym && (pair.slotMask & (1 << slot)) !== 0) return { id, pair };
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
