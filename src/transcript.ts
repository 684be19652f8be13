import type { Hash, HashAlgorithm } from "../hal/crypto.js";
import { V1_2, type Version } from "./versions.js";

/**
 * GET_VERSION to ALGORITHMS at their longest, as a responder here takes and sends them: 4 + 16, 20 + 20 and an algorithms
 * block of 30 and six tables of 4, 128 + 60.
 */
const VCA_LENGTH = 302;

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
  /** VCA and the first DIGESTS of a multi-key connection, if it had any: what TH of KEY_EXCHANGE begins with. */
  vcaAndDigests: Hash | undefined;

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
    this.vcaAndDigests?.destroy();
    this.vcaAndDigests = undefined;
    this.resetM1();
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

  /** A hash over nothing yet; likewise the caller's. */
  fresh(): Hash {
    return this.#hash!.create();
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
}

/**
 * L1: the measurements that one signature covers, as the messages that asked for them and answered (DSP0274 1.3 §10.11.3).
 * A connection has one, and so has each session.
 */
export class MeasurementRun {
  /** `Measurements.generation` when it began. */
  generation = 0;
  #l1: Hash | undefined;

  /** Whether measurements were exchanged since it began. */
  get begun(): boolean {
    return this.#l1 !== undefined;
  }

  /** L1 as far as it is, handed over; `keep` gives it back. From 1.2 on it begins with VCA. */
  take(transcript: Transcript, version: Version): Hash {
    const l1 = this.#l1 ?? (version >= V1_2 ? transcript.fork() : transcript.fresh());
    this.#l1 = undefined;
    return l1;
  }

  keep(l1: Hash): void {
    this.#l1 = l1;
  }

  reset(): void {
    this.#l1?.destroy();
    this.#l1 = undefined;
  }
}
