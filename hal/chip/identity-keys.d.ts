/**
 * Brings the private key of the identity image's entry `index` from flash to PSA, past JavaScript, and returns its
 * identifier for `openKey` of psa.js; 0 if there is no such key.
 */
export function identityKey(index: number): number;
/**
 * HKDF-Extract: HMAC of the pre-shared key of entry `index` under `salt` (at most a block of the hash), by the hash with
 * digests of `digestLength` bytes (32, 48 or 64), into the first bytes of `out`. The key stays in C. Throws a RangeError if
 * there is no such key or `out` is too short.
 */
export function pskExtract(index: number, digestLength: number, salt: Uint8Array, out: Uint8Array): void;
