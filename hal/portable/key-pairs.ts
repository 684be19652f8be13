/**
 * The key pairs of a device that keeps them in memory, under one numbering for all algorithms: those it was provisioned
 * with, and some to be generated. Slots that can be changed are of these keys (certificate-slots.ts).
 */

import * as key from "../../src/key-pairs.js";
import type { DesiredKeyPair, KeyPair, KeyPairChanges, KeyPairs } from "../key-pairs.js";
import type { SlotKeys } from "./certificate-slots.js";
import type { Signer } from "./crypto.js";

const SLOT_CAPABILITIES = key.CERT_ASSOC_CAP | key.SHAREABLE_CAP;
const SPARE_CAPABILITIES =
  SLOT_CAPABILITIES | key.GEN_KEY_CAP | key.ERASABLE_CAP | key.KEY_USAGE_CAP | key.ASYM_ALGO_CAP;
/** Behind every slot. */
const NO_SLOT = 0x100;
const NO_BYTES = new Uint8Array(0);

// AlgorithmIdentifiers of id-ecPublicKey on P-256 and P-384 (RFC 5480 §2.1.1)
export const P256_INFO: readonly number[] = Object.freeze([
  ...[0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01],
  ...[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07],
]);
export const P384_INFO: readonly number[] = Object.freeze([
  ...[0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01],
  ...[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22],
]);

/** An algorithm that keys are of. */
export interface KeyAlgorithm {
  /** AsymAlgoCapabilities bit. */
  readonly asym: number;
  /** DER AlgorithmIdentifier. */
  readonly publicKeyInfo: readonly number[];
  /** Makes a new private key. */
  generate(): Signer;
  /** Told of a private key, made by `generate`, that there is no more. */
  forget?(signer: Signer): void;
}

/** A key that is neither erased nor replaced. */
export interface ProvisionedKey {
  /** AsymAlgoCapabilities bit, or 0 for a key under `pqcAsym`. */
  readonly asym: number;
  /** PqcAsymAlgo bit. */
  readonly pqcAsym?: number;
  readonly slotMask: number;
  /** KeyUsageMask; by default all of SPDM's. */
  readonly usage?: number;
  /** DER AlgorithmIdentifier. */
  readonly publicKeyInfo: Uint8Array;
  /** Signs for slots that can be changed; without it those that it has stay. */
  readonly signer?: Signer;
}

export interface MemoryKeyPairsOptions {
  /** Those of keys to be generated. Without any there are no changes. */
  readonly algorithms: readonly KeyAlgorithm[];
  readonly provisioned: readonly ProvisionedKey[];
  /** How many may be generated besides. */
  readonly spareCount: number;
  readonly policy: Omit<KeyPairChanges, "change" | "erase" | "generate">;
  /** Whether a slot of chains under the algorithm holds one: such a slot keeps its key, but for SET_CERTIFICATE. */
  holdsChain(asym: number, slot: number): boolean;
}

/** Spares come first, from KeyPairID 1 on: DMTF's requester tries what can be changed on that one. */
export class MemoryKeyPairs implements KeyPairs {
  readonly count: number;
  readonly changes?: KeyPairChanges;
  readonly #options: MemoryKeyPairsOptions;
  readonly #pairs: KeyPair[];
  readonly #signers: (Signer | undefined)[];

  constructor(options: MemoryKeyPairsOptions) {
    const { algorithms, provisioned, spareCount, policy } = options;
    const fixed = provisioned.map(({ asym, pqcAsym = 0, slotMask, publicKeyInfo, signer, usage = key.SPDM_USES }) => ({
      ...{ capabilities: signer === undefined ? 0 : SLOT_CAPABILITIES, usageCapabilities: usage, usage },
      ...{ asymCapabilities: asym, asym, pqcAsymCapabilities: pqcAsym, pqcAsym, slotMask, publicKeyInfo },
    }));
    const spare: KeyPair = {
      ...{ capabilities: SPARE_CAPABILITIES, usageCapabilities: key.SPDM_USES, usage: 0 },
      ...{ asymCapabilities: algorithms.reduce((bits, { asym }) => bits | asym, 0), asym: 0 },
      ...{ pqcAsymCapabilities: 0, pqcAsym: 0, slotMask: 0, publicKeyInfo: NO_BYTES },
    };
    const spares = new Array<KeyPair>(algorithms.length === 0 ? 0 : spareCount).fill(spare);
    this.#options = options;
    this.#pairs = [...spares, ...fixed];
    this.#signers = [...spares.map(() => undefined), ...provisioned.map(({ signer }) => signer)];
    this.count = this.#pairs.length;
    if (algorithms.length === 0) return;
    this.changes = {
      ...policy,
      change: (id, desired) => this.#change(id, desired),
      erase: (id) => this.#replace(id, spare, undefined),
      generate: (id, desired) => this.#generate(id, desired),
    };
  }

  read(id: number): KeyPair {
    return this.#pairs[id - 1];
  }

  /** The keys that slots of chains under the algorithm can be of, an AsymAlgoCapabilities bit. */
  slotKeys(asym: number): SlotKeys {
    const pairs = this.#pairs;
    const signers = this.#signers;
    const idOf = (signer: Signer) => 1 + signers.indexOf(signer);
    const lowestSlot = (id: number) => pairs[id - 1].slotMask & -pairs[id - 1].slotMask || NO_SLOT;
    return {
      get ids() {
        const own = pairs.flatMap((pair, i) => (pair.asym === asym && signers[i] !== undefined ? [i + 1] : []));
        return own.sort((a, b) => lowestSlot(a) - lowestSlot(b));
      },
      signer: (id) => signers[id - 1]!,
      idOf,
      assign(signer, slot) {
        const owner = idOf(signer) - 1;
        for (let i = 0; i < pairs.length; i++) {
          const rest = pairs[i].slotMask & ~(1 << slot);
          if (i === owner) pairs[i] = { ...pairs[i], slotMask: rest | (1 << slot) };
          else if (pairs[i].asym === asym) pairs[i] = { ...pairs[i], slotMask: rest };
        }
      },
    };
  }

  #change(id: number, { usage, asym, slotMask }: DesiredKeyPair): boolean {
    const pair = this.read(id);
    // What a key is of was settled when it was made.
    if ((asym !== 0 && asym !== pair.asym) || !this.#mayHave(id, pair.asym, slotMask)) return false;
    if (usage !== 0 && pair.asym === 0) return false;
    this.#pairs[id - 1] = { ...pair, usage: usage || pair.usage, slotMask };
    return true;
  }

  #generate(id: number, desired: DesiredKeyPair): boolean {
    const pair = this.read(id);
    const asym = desired.asym || pair.asym;
    const algorithm = this.#options.algorithms.find((one) => one.asym === asym);
    if (algorithm === undefined || !this.#mayHave(id, asym, desired.slotMask)) return false;
    const usage = desired.usage || pair.usage || key.SPDM_USES;
    const publicKeyInfo = Uint8Array.from(algorithm.publicKeyInfo);
    const made = { ...pair, usage, asym, slotMask: desired.slotMask, publicKeyInfo };
    return this.#replace(id, made, algorithm.generate());
  }

  #replace(id: number, pair: KeyPair, signer: Signer | undefined): boolean {
    const { asym } = this.read(id);
    const before = this.#signers[id - 1];
    if (before !== undefined) this.#options.algorithms.find((one) => one.asym === asym)?.forget?.(before);
    this.#signers[id - 1] = signer;
    this.#pairs[id - 1] = pair;
    return true;
  }

  /** Whether these may be the slots of the key pair: none that another key has, and none with a chain comes or goes. */
  #mayHave(id: number, asym: number, slotMask: number): boolean {
    const moved = slotMask ^ this.read(id).slotMask;
    if (asym === 0) return moved === 0;
    const taken = this.#pairs.some(
      (other, i) => i !== id - 1 && other.asym === asym && (other.slotMask & slotMask) !== 0,
    );
    if (taken) return false;
    for (let slot = 0; slot < 8; slot++) {
      if ((moved & (1 << slot)) !== 0 && this.#options.holdsChain(asym, slot)) return false;
    }
    return true;
  }
}
