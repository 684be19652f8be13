import type { PskEntry } from "../../certs/identity-image.js";
import type { Psk, PskStore } from "../psk.js";
import { identityRead } from "./chip.js";
import { pskExtract } from "./identity-keys.js";

/** The pre-shared keys of the identity image: hints are read when they are asked for, keys by C only. */
export function flashPskStore(entries: readonly PskEntry[]): PskStore {
  return {
    find(hint) {
      const named = hint.length === 0 ? entries : entries.filter((entry) => isHint(entry, hint));
      return named.length === 1 ? flashPsk(named[0]) : undefined;
    },
  };
}

function isHint({ hint }: PskEntry, asked: Uint8Array): boolean {
  if (hint.length !== asked.length) return false;
  const stored = new Uint8Array(hint.length);
  identityRead(hint.offset, stored);
  return stored.every((byte, i) => byte === asked[i]);
}

function flashPsk(entry: PskEntry): Psk {
  return {
    extract({ outputLen }, salt, out) {
      pskExtract(entry.index, outputLen, salt, out);
    },
  };
}
