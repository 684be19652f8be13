import type { CredentialEntry } from "../../certs/identity-image.js";
import type { Identity } from "../identity.js";
import { identityRead } from "./chip.js";

const SLOT_COUNT = 8;

/** What signs for one slot; the key stays with it. */
export interface Signer {
  sign(digest: Uint8Array, signature: Uint8Array): void;
}

interface Slot {
  readonly entry: CredentialEntry;
  readonly signer: Signer;
}

export type SignerOf = (entry: CredentialEntry) => Signer;

/** The slots of one algorithm: chains are read from flash when they are asked for. */
export class FlashIdentity implements Identity {
  readonly signatureLength: number;
  slotMask = 0;
  private slots: readonly (Slot | undefined)[] = [];

  /** `signer` is asked once for each entry of `algorithm`; signatures are `signatureLength` bytes. */
  constructor(entries: readonly CredentialEntry[], algorithm: number, signatureLength: number, signer: SignerOf) {
    this.signatureLength = signatureLength;
    this.fill(entries, algorithm, signer);
  }

  /** Has these entries instead. */
  fill(entries: readonly CredentialEntry[], algorithm: number, signer: SignerOf): void {
    const slots: (Slot | undefined)[] = new Array(SLOT_COUNT).fill(undefined);
    let mask = 0;
    for (const entry of entries) {
      if (entry.algorithm !== algorithm) continue;
      slots[entry.slot] = { entry, signer: signer(entry) };
      mask |= 1 << entry.slot;
    }
    this.slotMask = mask;
    this.slots = slots;
  }

  certificateModel(slot: number): number {
    return this.occupied(slot).entry.model;
  }

  chainLength(slot: number): number {
    return this.slots[slot]?.entry.chain.length ?? 0;
  }

  readChain(slot: number, offset: number, into: Uint8Array): void {
    identityRead(this.occupied(slot).entry.chain.offset + offset, into);
  }

  sign(slot: number, digest: Uint8Array, signature: Uint8Array): void {
    this.occupied(slot).signer.sign(digest, signature);
  }

  private occupied(slot: number): Slot {
    const found = this.slots[slot];
    if (found === undefined) throw new RangeError("empty slot");
    return found;
  }
}
