import type { Span } from "../../certs/identity-image.js";
import type { ChainSource } from "../../src/chain.js";
import { identityRead } from "./chip.js";

/** A chain in flash as slot 0's, read when it is asked for. */
export function flashChain(chain: Span): ChainSource {
  return {
    slotMask: 1,
    chainLength: (slot) => (slot === 0 ? chain.length : 0),
    readChain(_slot, offset, into) {
      identityRead(chain.offset + offset, into);
    },
  };
}
