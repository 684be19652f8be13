import type { Identity } from "../identity.js";
import type { Signer } from "./crypto.js";

/** One slot: its certificates in DER, root first, and the key to its leaf. */
export interface Slot {
  readonly chain: Uint8Array;
  /** CertModel of the chain; default 1, DeviceCert. */
  readonly model?: number;
  readonly signer: Signer;
}

/** Bit n set: `slots` has n. */
export function maskOf(slots: Iterable<number>): number {
  let mask = 0;
  for (const slot of slots) mask |= 1 << slot;
  return mask;
}

/** An identity in memory; `slots` by number, kept, not copied. At least one is there. */
export function portableIdentity(slots: ReadonlyMap<number, Slot>): Identity {
  let signatureLength = 0;
  let takesContent = false;
  for (const { signer } of slots.values()) {
    signatureLength = signer.signatureLength;
    takesContent = signer.takesContent ?? false;
  }
  return {
    signatureLength,
    get slotMask() {
      return maskOf(slots.keys());
    },
    certificateModel: (slot) => slots.get(slot)?.model ?? 1,
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
