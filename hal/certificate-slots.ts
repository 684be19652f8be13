import type { SigningTerms } from "./crypto.js";

/**
 * The certificate slots of one identity, as they change in the field: GET_CSR and SET_CERTIFICATE work on it. Private keys
 * stay with it.
 */
export interface CertificateSlots {
  /** BaseAsymAlgo bit of all its keys. */
  readonly algorithm: number;
  /** Bytes of a public key, of ECDSA X then Y, big-endian; and of a signature, of ECDSA r then s. */
  readonly publicKeyLength: number;
  readonly signatureLength: number;
  /** KeyPairIDs of the keys there are now. The first is the one of connections that name none. */
  readonly keyPairs: readonly number[];
  /** Bit n set: slot n can hold a chain, whether it does or not. */
  readonly supportedMask: number;
  /** Bit n set: what was installed in slot n, or erased there, counts from the next reset on. */
  readonly pendingMask: number;
  /** CertModels that chains may be of (DSP0274 1.3 §10.24): 1 device, 2 alias, 3 generic certificates. */
  readonly models: readonly number[];
  /** Bytes of DER certificates that the slot has room for. */
  capacity(slot: number): number;
  /** KeyPairID of the leaf of an occupied slot. */
  keyPairOf(slot: number): number;
  /** Writes the public key, `publicKeyLength` bytes. */
  publicKey(keyPairId: number, into: Uint8Array): void;
  /** As `Identity.sign`, by the key pair and not by a slot. */
  sign(keyPairId: number, digest: Uint8Array, signature: Uint8Array, terms: SigningTerms): void;
  /**
   * Replaces what is in the slot by `chain`, DER certificates, root first, at most `capacity`, which is not kept. All or
   * nothing, whatever happens to the power meanwhile. False, with nothing changed, if the medium failed.
   */
  install(slot: number, chain: Uint8Array, keyPairId: number, model: number): boolean;
  /** Empties the slot; false as of `install`. The key pair stays, and stays the slot's. */
  erase(slot: number): boolean;
}

/**
 * GET_CSR requests that wait for a reset, on devices that can sign a request with a new key only after one. Survives it.
 */
export interface PendingRequests {
  /** The request under `tag`, 1 to 7, as it was stored; undefined if there is none. */
  find(tag: number): Uint8Array | undefined;
  /** Stores a copy of it; false if there is no room. */
  store(tag: number, request: Uint8Array): boolean;
  remove(tag: number): void;
  /** Whether the reset came that the request under `tag` waited for. */
  isReady(tag: number): boolean;
}
