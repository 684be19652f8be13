import { hmac } from "../../src/hmac.js";
import type { Psk, PskStore } from "../psk.js";

/** A pre-shared key and the PSKHint that names it. */
export interface HintedKey {
  readonly hint: Uint8Array;
  readonly key: Uint8Array;
}

/** Pre-shared keys in memory, kept, not copied. */
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
    extract(hash, salt, out) {
      hmac(hash, salt, [key], out);
    },
  };
}

/** Not in constant time: hints are public. */
function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
