import type { CertificateSlots } from "./certificate-slots.js";
import type { HashAlgorithm, SigningTerms } from "./crypto.js";

/**
 * What a device proves itself with under one asymmetric algorithm: up to eight certificate slots and the keys to
 * their leaves. Private keys never leave the implementation.
 */
export interface Identity {
  /** Bytes of a signature; of ECDSA r then s, big-endian. */
  readonly signatureLength: number;
  /** Whether `sign` takes content that it hashes itself, and not a digest. False if absent. */
  readonly takesContent?: boolean;
  /** Bit n set: slot n holds a certificate chain and its key. */
  readonly slotMask: number;
  /**
   * Instead of certificates: the public key that requesters were provisioned with, what `provisionedKey` makes; slot 0xFF
   * stands for it then (DSP0274 1.3, PUB_KEY_ID_CAP).
   */
  readonly publicKey?: PublicKey;
  /** CertModel of the slot's chain, 1 to 3; 1, DeviceCert, if absent. */
  certificateModel?(slot: number): number;
  /** Bytes of the slot's DER certificates, root first, leaf last, one behind the other; 0 for an empty slot. */
  chainLength(slot: number): number;
  /** Fills `into` from the slot's chain at `offset`; the caller stays within `chainLength`. */
  readChain(slot: number, offset: number, into: Uint8Array): void;
  /** Signs `digest` (already hashed), or content, with the slot's leaf key into `signature`, `signatureLength` bytes. */
  sign(slot: number, digest: Uint8Array, signature: Uint8Array, terms: SigningTerms): void;
  /** How its chains are replaced in the field; undefined if they are not. */
  readonly certificateSlots?: CertificateSlots;
}

/** A public key that requesters were provisioned with. */
export interface PublicKey {
  /** Flags of CAPABILITIES that it adds to `flags`; throws an Error if those are of what it excludes. */
  flags(flags: number): number;
  /** Digest of its DER SubjectPublicKeyInfo. */
  digest(hash: HashAlgorithm): Uint8Array;
}
