import { hmac } from "@noble/hashes/hmac.js";
import { sha256, sha384, sha512 } from "@noble/hashes/sha2.js";
import type { Psk, PskStore } from "../psk.js";

/** A pre-shared key and the PSKHint that names it. */
export interface HintedKey {
  readonly hint: Uint8Array;
  readonly key: Uint8Array;
}

const HASHES = Object.freeze([sha256, sha384, sha512]);

/** Pre-shared keys in memory, kept, not copied. They extract under SHA-256, SHA-384 and SHA-512. */
export function portablePskStore(keys: readonly HintedKey[]): PskStore {
  return {
    find(hint) {
      const named = hint.length === 0 ? keys : keys.filter((key) => equal(key.hint, hint));
      return named.length === 1 ? portablePsk(named[0].key) : undefined;
    },
  };
}

function portablePsk(key: Uint8Array): Psk {
  return {
    extract({ outputLen }, salt, out) {
      out.set(hmac(HASHES.find((hash) => hash.outputLen === outputLen)!, salt, key));
    },
  };
}

/** Not in constant time: hints are public. */
function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
