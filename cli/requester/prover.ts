import type { Identity } from "../../hal/identity.js";
import { REQ_BASE_ASYM, REQ_PQC_ASYM } from "../../src/algorithms.js";
import { Chains } from "../../src/chain.js";
import type { Algorithms } from "../../src/messages/algorithms.js";
import { splitChain } from "../chain.js";
import { selected } from "./algorithms.js";
import type { Conversation } from "./conversation.js";
import type { Offer } from "./offer.js";
import { Impossible } from "./verdict.js";

/** What we prove ourselves with as ALGORITHMS selected it of the offer, if it did. */
export function proverOf(c: Conversation, chosen: Algorithms, offer: Offer): Prover | undefined {
  const { identities = [], pqcIdentities = [] } = offer;
  const [bit, pqcBit] = [selected(chosen, REQ_BASE_ASYM), selected(chosen, REQ_PQC_ASYM)];
  const own =
    pqcBit === 0
      ? identities.find(({ algorithm }) => algorithm === bit)
      : pqcIdentities.find(({ algorithm }) => algorithm === pqcBit);
  return own === undefined ? undefined : new Prover(c, own.identity);
}

/** What we prove ourselves with in one connection, and what we did so far. */
export class Prover {
  readonly chains: Chains;
  readonly signatureLength: number;
  /** Where signatures of ours went: CHALLENGE_AUTH, FINISH. */
  readonly proofs: string[] = [];
  readonly identity: Identity;
  #slot = 0;

  constructor(c: Conversation, identity: Identity) {
    this.identity = identity;
    this.chains = new Chains(identity, c.suite!.hash);
    this.signatureLength = identity.signatureLength;
  }

  /** The slot that the responder wants us to sign FINISH with; 0 unless it says otherwise. */
  get slot(): number {
    return this.#slot;
  }

  /** Throws Impossible if there is nothing in it. */
  chooseSlot(slot: number): void {
    if (!this.chains.has(slot))
      throw new Impossible(`the responder wants us to sign with slot ${slot}, which we have not`);
    this.#slot = slot;
  }

  /** Of the chosen slot's chain. */
  get chainDigest(): Uint8Array {
    return this.chains.digest(this.#slot);
  }

  /** The chosen slot's leaf by its subject. */
  get subject(): string {
    const chain = new Uint8Array(this.identity.chainLength(this.#slot));
    this.identity.readChain(this.#slot, 0, chain);
    return splitChain(chain).at(-1)?.subject ?? "nobody";
  }
}
