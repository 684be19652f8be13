/**
 * Derives the alias's key from that of the identity image's entry `index` and from what was measured, up to 512 bytes, and
 * returns its identifier for `openKey` of psa.js; 0 if there is no such key, or after `aliasDone`.
 */
export function aliasKey(index: number, measured: Uint8Array): number;
/**
 * Signs `digest`, SHA-256 or SHA-384, with the key of entry `index`, the same each time: r then s, big-endian, into the
 * first bytes of `signature`. Throws a RangeError if there is no such key, and after `aliasDone`.
 */
export function aliasSign(index: number, digest: Uint8Array, signature: Uint8Array): void;
/** No more aliases, until the next start. */
export function aliasDone(): void;
