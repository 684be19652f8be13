import type { Aead, HashAlgorithm, KeyAgreement, Random, Verifier } from "../crypto.js";

/**
 * hal/crypto.ts over the PSA Crypto API. Output buffers that are too short throw a RangeError; failures of the engine
 * itself throw too; faults of the peer are `false`.
 */
export const sha256: HashAlgorithm;
export const sha384: HashAlgorithm;
export const sha512: HashAlgorithm;
export const p256: Verifier;
export const p384: Verifier;
export const secp256r1: KeyAgreement;
export const secp384r1: KeyAgreement;
export const secp521r1: KeyAgreement;
export const aes128Gcm: Aead;
export const aes256Gcm: Aead;
export const chacha20Poly1305: Aead;
export const random: Random;

/** Bits of the group's order: P-256 or P-384. */
export type Bits = 256 | 384;

/** A private key that stays with the engine. */
export interface SigningKey {
  /** Bytes of a signature: r then s, big-endian. */
  readonly signatureLength: number;
  /** Writes the public key, X then Y, big-endian, as long as a signature. */
  publicKey(out: Uint8Array): void;
  /** Signs `digest` (already hashed, any hash) into the first `signatureLength` bytes of `signature`. */
  sign(digest: Uint8Array, signature: Uint8Array): void;
  /** Lets go of the key, as collection does: a volatile one is wiped, a persistent one stays in storage. */
  close(): void;
  /** Wipes the key, from storage too. */
  destroy(): void;
}

/** Imports a private scalar, big-endian, `bits / 8` bytes; persistent under `id` (1–0x3FFFFFFF), else volatile. */
export function importKey(bits: Bits, scalar: Uint8Array, id?: number): SigningKey;
/** Makes a key pair; persistent under `id` (1–0x3FFFFFFF), else volatile. */
export function generateKey(bits: Bits, id?: number): SigningKey;
/**
 * The persistent key `id`, or the volatile one that the board's C made (spdm_import_key); undefined if there is none.
 * Open a volatile key once: it is wiped with the first object that lets go of it.
 */
export function openKey(id: number): SigningKey | undefined;
