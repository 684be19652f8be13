import type { Identity } from "../../hal/identity.js";
import { Chains } from "../../src/chain.js";
import { splitChain } from "../chain.js";
import type { Conversation } from "./conversation.js";
import type { OwnIdentity } from "./offer.js";
import { Impossible } from "./verdict.js";

/** What we prove ourselves with in one connection, and what we did so far. */
export class Prover {
  readonly chains: Chains;
  readonly signatureLength: number;
  /** Where signatures of ours went: CHALLENGE_AUTH, FINISH. */
  readonly proofs: string[] = [];
  readonly identity: Identity;
  #slot = 0;

  /** @param algorithm ReqBaseAsymAlg as ALGORITHMS selected it. */
  constructor(c: Conversation, identities: readonly OwnIdentity[], algorithm: number) {
    this.identity = identities.find((each) => each.algorithm === algorithm)!.identity;
    this.chains = new Chains(this.identity, c.suite!.hash);
    this.signatureLength = this.identity.signatureLength;
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
