/** The key pairs of a device that keeps them in memory: those it was provisioned with, and some to be generated. */
import type { DesiredKeyPair, KeyPair, KeyPairChanges, KeyPairs } from "../hal/key-pairs.js";
import type { Signer } from "../hal/portable/crypto.js";
import * as key from "../src/key-pairs.js";

const DEFAULT_USES = key.SPDM_USES;
const SPARE_CAPABILITIES =
  key.GEN_KEY_CAP | key.ERASABLE_CAP | key.CERT_ASSOC_CAP | key.KEY_USAGE_CAP | key.ASYM_ALGO_CAP | key.SHAREABLE_CAP;
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
}

/** A key that stays as it is. */
export interface ProvisionedKey {
  /** AsymAlgoCapabilities bit, 0 for none. */
  readonly asym: number;
  /** PqcAsymAlgoCapabilities bit; 0 if absent. */
  readonly pqcAsym?: number;
  readonly slotMask: number;
  /** KeyUsageMask; by default all of SPDM's. */
  readonly usage?: number;
  /** DER AlgorithmIdentifier. */
  readonly publicKeyInfo: Uint8Array;
}

export interface MemoryKeyPairsOptions {
  /** Those of keys to be generated. */
  readonly algorithms: readonly KeyAlgorithm[];
  readonly provisioned: readonly ProvisionedKey[];
  /** How many may be generated besides. */
  readonly spareCount: number;
  readonly policy: Omit<KeyPairChanges, "change" | "erase" | "generate">;
  /** Whether a slot of chains under the algorithm holds one: such a slot keeps its key. */
  holdsChain(asym: number, slot: number): boolean;
}

/** Spares come first, from KeyPairID 1 on: DMTF's requester tries what can be changed on that one. */
export class MemoryKeyPairs implements KeyPairs {
  readonly count: number;
  readonly changes: KeyPairChanges;
  readonly #options: MemoryKeyPairsOptions;
  readonly #pairs: KeyPair[];
  readonly #signers: (Signer | undefined)[];

  constructor(options: MemoryKeyPairsOptions) {
    const { algorithms, provisioned, spareCount, policy } = options;
    const fixed = provisioned.map(({ asym, pqcAsym = 0, slotMask, publicKeyInfo, usage = DEFAULT_USES }) => ({
      ...{ capabilities: 0, usageCapabilities: usage, usage, asymCapabilities: asym, asym },
      ...{ pqcAsymCapabilities: pqcAsym, pqcAsym, slotMask, publicKeyInfo },
    }));
    const spare: KeyPair = {
      ...{ capabilities: SPARE_CAPABILITIES, usageCapabilities: DEFAULT_USES, usage: 0 },
      ...{ asymCapabilities: algorithms.reduce((bits, { asym }) => bits | asym, 0), asym: 0 },
      ...{ pqcAsymCapabilities: 0, pqcAsym: 0, slotMask: 0, publicKeyInfo: NO_BYTES },
    };
    this.#options = options;
    this.#pairs = [...new Array<KeyPair>(spareCount).fill(spare), ...fixed];
    this.#signers = new Array(spareCount).fill(undefined);
    this.count = this.#pairs.length;
    this.changes = {
      ...policy,
      change: (id, desired) => this.#change(id, desired),
      erase: (id) => this.#erase(id, spare),
      generate: (id, desired) => this.#generate(id, desired),
    };
  }

  read(id: number): KeyPair {
    return this.#pairs[id - 1];
  }

  /** What signs with a generated key, or undefined where there is none. */
  signer(id: number): Signer | undefined {
    return this.#signers[id - 1];
  }

  #change(id: number, { usage, asym, slotMask }: DesiredKeyPair): boolean {
    const pair = this.read(id);
    // What a key is of was settled when it was made.
    if ((asym !== 0 && asym !== pair.asym) || !this.#mayHave(id, pair.asym, slotMask)) return false;
    if (usage !== 0 && pair.asym === 0) return false;
    this.#pairs[id - 1] = { ...pair, usage: usage || pair.usage, slotMask };
    return true;
  }

  #erase(id: number, spare: KeyPair): boolean {
    this.#signers[id - 1] = undefined;
    this.#pairs[id - 1] = spare;
    return true;
  }

  #generate(id: number, desired: DesiredKeyPair): boolean {
    const pair = this.read(id);
    const asym = desired.asym || pair.asym;
    const algorithm = this.#options.algorithms.find((one) => one.asym === asym);
    if (algorithm === undefined || !this.#mayHave(id, asym, desired.slotMask)) return false;
    this.#signers[id - 1] = algorithm.generate();
    const usage = desired.usage || pair.usage || DEFAULT_USES;
    const publicKeyInfo = Uint8Array.from(algorithm.publicKeyInfo);
    this.#pairs[id - 1] = { ...pair, usage, asym, slotMask: desired.slotMask, publicKeyInfo };
    return true;
  }

  /** Whether these may be the slots of the key pair: none that another key has, and none with a chain comes or goes. */
  #mayHave(id: number, asym: number, slotMask: number): boolean {
    if (asym === 0) return slotMask === 0;
    const taken = this.#pairs.some(
      (other, i) => i !== id - 1 && other.asym === asym && (other.slotMask & slotMask) !== 0,
    );
    if (taken) return false;
    const moved = slotMask ^ this.read(id).slotMask;
    for (let slot = 0; slot < 8; slot++) {
      if ((moved & (1 << slot)) !== 0 && this.#options.holdsChain(asym, slot)) return false;
    }
    return true;
  }
}
