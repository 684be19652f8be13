import type { HashAlgorithm, Random } from "../hal/crypto.js";
import type { Identity } from "../hal/identity.js";
import type { Measurements } from "../hal/measurements.js";
import type { Chains } from "./chain.js";
import { RESPONSE_TOO_LARGE, SpdmError, UNSPECIFIED } from "./errors.js";
import { NOT_STARTED, type State } from "./exchange.js";
import { Transcript } from "./transcript.js";
import { V1_0, V1_2, type Version } from "./versions.js";

/** What a board makes a responder of. Lists stand in the board's order of preference, most wanted first. */
export interface ResponderOptions {
  /** Ascending. */
  readonly versions: readonly Version[];
  readonly baseHash: readonly { readonly algorithm: number; readonly engine: HashAlgorithm }[];
  readonly baseAsym: readonly { readonly algorithm: number; readonly identity: Identity }[];
  /** The hash that measurements are given in, by its MeasurementHashAlgo bit, and the measurements. */
  readonly measurements?: {
    readonly algorithm: number;
    readonly engine: HashAlgorithm;
    readonly source: Measurements;
  };
  readonly random: Random;
  /** Answers take up to 2^ctExponent µs when they need cryptography. */
  readonly ctExponent: number;
  /** Bytes of the largest message taken and sent; without chunking also MaxSPDMmsgSize. */
  readonly dataTransferSize: number;
}

/** What ALGORITHMS settled. */
export interface Negotiated {
  readonly hash: HashAlgorithm;
  readonly signatureLength: number;
  readonly identity: Identity;
  readonly chains: Chains;
  /** Whether measurements were negotiated. */
  readonly measures: boolean;
}

/** All that GET_VERSION clears. */
export class Connection {
  readonly options: ResponderOptions;
  /** OR of the exchanges' capabilities. */
  readonly flags: number;
  readonly transcript = new Transcript();
  state: State = NOT_STARTED;
  /** The negotiated version; 1.0 until there is one. */
  version: Version = V1_0;
  /** The requester's Flags and DataTransferSize; the latter from 1.2 on. */
  peerFlags = 0;
  peerDataTransferSize = 0;
  negotiated: Negotiated | undefined;
  /** Whether a CHALLENGE was answered. */
  authenticated = false;
  /** `Measurements.generation` when L1 began. */
  generation = 0;

  constructor(options: ResponderOptions, flags: number) {
    this.options = options;
    this.flags = flags;
  }

  reset(): void {
    this.transcript.reset();
    this.state = NOT_STARTED;
    this.version = V1_0;
    this.peerFlags = 0;
    this.peerDataTransferSize = 0;
    this.negotiated = undefined;
    this.authenticated = false;
  }

  /**
   * Called before a response of `length` bytes is written: throws SpdmError if we cannot send it or, from 1.2 on, the
   * requester cannot take it. Without chunking a response is bounded by DataTransferSize.
   */
  requireRoom(length: number): void {
    const own = this.options.dataTransferSize;
    if (this.version < V1_2) {
      if (length > own) throw new SpdmError(UNSPECIFIED);
      return;
    }
    if (length <= Math.min(own, this.peerDataTransferSize)) return;
    const size = Uint8Array.of(length, length >>> 8, length >>> 16, length >>> 24);
    throw new SpdmError(RESPONSE_TOO_LARGE, 0, size);
  }
}
