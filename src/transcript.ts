import type { Hash, HashAlgorithm } from "../hal/crypto.js";
import { V1_2, type Version } from "./versions.js";

/** GET_VERSION to ALGORITHMS at their longest, as a responder here takes and sends them: 4 + 16, 20 + 20, 128 + 60. */
const VCA_LENGTH = 248;

/**
 * The messages that signatures cover (DSP0274 1.3 §10.8.2, §10.11.3). The first six, VCA, are kept until the hash is
 * known; from then on only running hashes are, each forked from that of VCA.
 */
export class Transcript {
  readonly #vca: Uint8Array;
  #vcaLength = 0;
  #hash: HashAlgorithm | undefined;
  #running: Hash | undefined;
  #m1: Hash | undefined;
  #l1: Hash | undefined;

  /** `vcaLength`: bytes that VCA may have. */
  constructor(vcaLength = VCA_LENGTH) {
    this.#vca = new Uint8Array(vcaLength);
  }

  /** Forgets everything. */
  reset(): void {
    this.#vcaLength = 0;
    this.#hash = undefined;
    this.#running?.destroy();
    this.#running = undefined;
    this.resetM1();
    this.resetL1();
  }

  /** Appends to VCA, before `settle`. */
  addVca(message: Uint8Array): void {
    this.#vca.set(message, this.#vcaLength);
    this.#vcaLength += message.length;
  }

  /** The base hash is known and VCA complete. */
  settle(hash: HashAlgorithm): void {
    this.#hash = hash;
    this.#running = hash.create();
    this.#running.update(this.#vca.subarray(0, this.#vcaLength));
  }

  /** A hash over VCA to go on from; the caller's to spend or destroy. */
  fork(): Hash {
    return this.#running!.clone();
  }

  /** Appends an exchange of certificates, part B of M1. */
  addM1(request: Uint8Array, response: Uint8Array): void {
    this.#m1 ??= this.fork();
    this.#m1.update(request);
    this.#m1.update(response);
  }

  /** M1 as far as it is, VCA at least, handed over; the next one begins anew. */
  takeM1(): Hash {
    const m1 = this.#m1 ?? this.fork();
    this.#m1 = undefined;
    return m1;
  }

  resetM1(): void {
    this.#m1?.destroy();
    this.#m1 = undefined;
  }

  /** L1 as far as it is, handed over; `keepL1` gives it back. From 1.2 on it begins with VCA. */
  takeL1(version: Version): Hash {
    const l1 = this.#l1 ?? (version >= V1_2 ? this.fork() : this.#hash!.create());
    this.#l1 = undefined;
    return l1;
  }

  keepL1(l1: Hash): void {
    this.#l1 = l1;
  }

  /** Whether measurements were exchanged since L1 began. */
  get measuring(): boolean {
    return this.#l1 !== undefined;
  }

  resetL1(): void {
    this.#l1?.destroy();
    this.#l1 = undefined;
  }
}
