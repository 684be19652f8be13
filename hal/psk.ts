import type { HashAlgorithm } from "./crypto.js";

/** A pre-shared key that stays with its owner. */
export interface Psk {
  /** HKDF-Extract (RFC 5869 §2.2): HMAC of the key under `salt`, into the first `hash.outputLen` bytes of `out`. */
  extract(hash: HashAlgorithm, salt: Uint8Array, out: Uint8Array): void;
}

export interface PskStore {
  /** The key that PSKHint names, or undefined; an empty hint names the only key, if there is exactly one. */
  find(hint: Uint8Array): Psk | undefined;
}
