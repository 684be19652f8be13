import type { Identity } from "../identity.js";
import type { Signer } from "./crypto.js";

/** One slot: its certificates in DER, root first, and the key to its leaf. */
export interface Slot {
  readonly chain: Uint8Array;
  readonly signer: Signer;
}

/** An identity in memory; `slots` by number, kept, not copied. At least one is there. */
export function portableIdentity(slots: ReadonlyMap<number, Slot>): Identity {
  let slotMask = 0;
  let signatureLength = 0;
  let takesContent = false;
  for (const [slot, { signer }] of slots) {
    slotMask |= 1 << slot;
    signatureLength = signer.signatureLength;
    takesContent = signer.takesContent ?? false;
  }
  return {
    signatureLength,
    slotMask,
    chainLength: (slot) => slots.get(slot)?.chain.length ?? 0,
    readChain(slot, offset, into) {
      into.set(slots.get(slot)!.chain.subarray(offset, offset + into.length));
    },
    takesContent,
    sign(slot, digest, signature, terms) {
      slots.get(slot)!.signer.sign(digest, signature, terms);
    },
  };
}
