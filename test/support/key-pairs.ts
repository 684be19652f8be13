/** Key pairs to test with: the 24 of DMTF's emulator, as it was recorded with, of which two stand behind the test slots. */
import type { DesiredKeyPair, KeyPair, KeyPairChanges, KeyPairs } from "../../hal/key-pairs.js";
import { MULTI_KEY_CAP_NEG } from "../../src/capabilities.js";
import { certificate } from "../../src/messages/certificate.js";
import { digests } from "../../src/messages/digests.js";
import { keyPairInfo } from "../../src/messages/key-pair-info.js";
import { setKeyPairInfo } from "../../src/messages/set-key-pair-info.js";
import { multiKeyConnections } from "../../src/multi-key.js";
import type { Options } from "../../src/responder.js";
import { fromHex } from "./bytes.js";
import { EXCHANGES } from "./session.js";

/** rsaEncryption, which KeyPairID 1 is of. */
const RSA_INFO = fromHex("300d06092a864886f70d0101010500");

const RSA_KEY: KeyPair = {
  ...{ capabilities: 0x3f, usageCapabilities: 1, usage: 1, asymCapabilities: 0x1ff, asym: 1 },
  ...{ pqcAsymCapabilities: 7, pqcAsym: 0, slotMask: 3, publicKeyInfo: RSA_INFO },
};
/** P-384 and P-256, whose slots 0 and 1 have KeyPairIDs 5 and 4, and slot 4 has 17 and 16. */
const curveKey = (asym: number, slotMask: number): KeyPair => ({
  ...{ ...RSA_KEY, capabilities: 0, usageCapabilities: 0xf, usage: 0xf, asym, slotMask },
});

export class TestKeyPairs implements KeyPairs {
  readonly pairs: KeyPair[] = new Array(24).fill(RSA_KEY);
  /** What of `changes` was called with what. */
  readonly calls: (readonly [name: string, id: number, desired?: DesiredKeyPair])[] = [];
  /** What it returns. */
  succeeds = true;
  readonly changes: KeyPairChanges;

  constructor(policy: Partial<KeyPairChanges> = {}) {
    this.pairs[3] = curveKey(1 << 3, 0x03);
    this.pairs[4] = curveKey(1 << 4, 0x03);
    this.pairs[15] = curveKey(1 << 3, 0x10);
    this.pairs[16] = curveKey(1 << 4, 0x10);
    const called = (...call: (typeof this.calls)[number]) => {
      this.calls.push(call);
      return this.succeeds;
    };
    this.changes = {
      ...{ trustedEnvironment: true, provenRequesters: false, needsReset: false },
      change: (id, desired) => called("change", id, desired),
      erase: (id) => called("erase", id),
      generate: (id, desired) => called("generate", id, desired),
      ...policy,
    };
  }

  get count(): number {
    return this.pairs.length;
  }

  read(id: number): KeyPair {
    return this.pairs[id - 1];
  }

  set(id: number, change: Partial<KeyPair>): void {
    this.pairs[id - 1] = { ...this.read(id), ...change };
  }
}

const KEY_EXCHANGES = Object.freeze([keyPairInfo, setKeyPairInfo]);

/** What makes a board one whose slots have keys of their own. */
export const multiKey = (keyPairs: KeyPairs = new TestKeyPairs(), cap = MULTI_KEY_CAP_NEG): Partial<Options> => ({
  exchanges: [...EXCHANGES, ...KEY_EXCHANGES],
  keyPairs,
  multiKey: multiKeyConnections(cap),
});

/** Likewise one that is known by a public key. */
export const WITHOUT_CERTIFICATES = Object.freeze(
  EXCHANGES.filter((exchange) => exchange !== digests && exchange !== certificate),
);
