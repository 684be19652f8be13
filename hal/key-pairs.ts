/**
 * The key pairs of a device, as GET_KEY_PAIR_INFO shows them and SET_KEY_PAIR_INFO changes them. Private keys stay with
 * the implementation. src/key-pairs.ts names the bits of every mask.
 */

/** One key pair (DSP0274 1.3, "KEY_PAIR_INFO response"). */
export interface KeyPair {
  /** What SET_KEY_PAIR_INFO may do with it. */
  readonly capabilities: number;
  /** Uses that it may be set to, at least one, and those that it is set to. */
  readonly usageCapabilities: number;
  readonly usage: number;
  /** Algorithms that it may be of, at least one of either kind, and the one it is of: 0 while there is no key. */
  readonly asymCapabilities: number;
  readonly asym: number;
  readonly pqcAsymCapabilities: number;
  readonly pqcAsym: number;
  /** Bit n set: slot n, of those under its algorithm, is of this key. */
  readonly slotMask: number;
  /** DER AlgorithmIdentifier of the public key (RFC 5280 §4.1.1.2); empty while there is no key. */
  readonly publicKeyInfo: Uint8Array;
}

export interface KeyPairs {
  /** TotalKeyPairs, 1 to 255: KeyPairIDs go from 1 to it. Those of post-quantum algorithms only come last. */
  readonly count: number;
  /** The key pair of `id`, 1 to `count`, as it is now. */
  read(id: number): KeyPair;
  /** Absent where nothing of them can be changed. */
  readonly changes?: KeyPairChanges;
}

/** What SET_KEY_PAIR_INFO wants of a key pair. Zeros mean "as it is", but for `slotMask`, which is what it shall be. */
export interface DesiredKeyPair {
  readonly usage: number;
  /** One bit of one of these two at the most. */
  readonly asym: number;
  readonly pqcAsym: number;
  readonly slotMask: number;
}

export interface KeyPairChanges {
  /** The device is where only those reach it who provision it: changes are taken outside of sessions too. */
  readonly trustedEnvironment: boolean;
  /** In sessions only from requesters that proved themselves, by certificate or by pre-shared key. */
  readonly provenRequesters: boolean;
  /** Whether changes count from the next reset on. */
  readonly needsReset: boolean;
  /**
   * Each returns whether it was done, or is to be done at the reset; false leaves everything as it was. The caller has
   * checked all against what `read` shows; `erase` and `generate` come for pairs without slots only.
   */
  change(id: number, desired: DesiredKeyPair): boolean;
  erase(id: number): boolean;
  generate(id: number, desired: DesiredKeyPair): boolean;
}
