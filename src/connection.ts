import type { Aead, HashAlgorithm, KeyAgreement, KeyEncapsulation, Random, Verifier } from "../hal/crypto.js";
import type { DeviceClass } from "../hal/endpoint-info.js";
import type { Identity } from "../hal/identity.js";
import type { KeyPairs } from "../hal/key-pairs.js";
import type { MeasurementLog, Measurements } from "../hal/measurements.js";
import type { Chains } from "./chain.js";
import type { Chunks } from "./chunks.js";
import type { Deferral } from "./deferral.js";
import type { EncapsulatedFlow } from "./encapsulated-flow.js";
import type { EphemeralKeys } from "./ephemeral-keys.js";
import { RESPONSE_TOO_LARGE, SpdmError, tooLarge, UNSPECIFIED } from "./errors.js";
import type { Events } from "./events.js";
import { NOT_STARTED, type State } from "./exchange.js";
import type { RequesterInfoRequests } from "./requester-info.js";
import type { Session } from "./session.js";
import type { SecureSessions, Sessions } from "./sessions.js";
import { MeasurementRun, Transcript } from "./transcript.js";
import { V1_0, V1_2, type Version } from "./versions.js";
import type { Writer } from "./wire.js";

/** What a board makes a responder of. Lists stand in the board's order of preference, most wanted first. */
export interface ResponderOptions {
  /** Ascending. */
  readonly versions: readonly Version[];
  readonly baseHash: readonly { readonly algorithm: number; readonly engine: HashAlgorithm }[];
  readonly baseAsym: readonly { readonly algorithm: number; readonly identity: Identity }[];
  /**
   * Identities under PqcAsymAlgo, from 1.4 on. One of these is selected before any of `baseAsym`: a board pays for it in
   * flash and time, which it would not do to use it as a second choice.
   */
  readonly pqcAsym?: readonly { readonly algorithm: number; readonly identity: Identity }[];
  /** The hash that measurements are given in, by its MeasurementHashAlgo bit, and the measurements. */
  readonly measurements?: {
    readonly algorithm: number;
    readonly engine: HashAlgorithm;
    readonly source: Measurements;
  };
  /** The measurement extension log, if that is served. */
  readonly log?: MeasurementLog;
  /** What class of device this is, if that is served. */
  readonly deviceClasses?: readonly DeviceClass[];
  /** What requesters are told of, if they subscribe: what `deviceEvents` makes. */
  readonly events?: Events;
  /** How requesters are asked what they are: what `requesterInfo` makes; without it they are not. */
  readonly requesterInfo?: RequesterInfoRequests;
  readonly random: Random;
  /** Answers take up to 2^ctExponent µs when they need cryptography. */
  readonly ctExponent: number;
  /** Bytes of the largest message taken and sent at once; without chunks also MaxSPDMmsgSize. */
  readonly dataTransferSize: number;
  /** What larger messages come and go in; without it there are none. */
  readonly chunks?: Chunks;
  /** How answers are given that take longer than `ctExponent` says; without it there are none. */
  readonly deferral?: Deferral;
  /** Secure sessions, if the exchanges that open them are there. */
  readonly sessions?: SecureSessions;
  /** That requesters prove themselves too: what `mutualAuthentication` makes. */
  readonly mutualAuthentication?: MutualAuthentication;
  /** What KEY_PAIR_INFO and multi-key connections show, if the exchanges are there. */
  readonly keyPairs?: KeyPairs;
  /** That slots have keys of their own: what `multiKeyConnections` makes. */
  readonly multiKey?: MultiKey;
}

/** How slots have keys of their own. */
export interface MultiKey {
  /** As `Exchange.requires`. */
  requires(options: ResponderOptions, flags: number): number;
  /** Whether a slot's key is for `use`, a KeyUsageMask bit. */
  serves(c: Connection, slot: number, use: number): boolean;
  /** Writes DIGESTS with the slots' keys, which TH has outside of sessions; throws SpdmError if the requester cannot take them. */
  respondDigests(c: Connection, response: Writer, session: Session | undefined): void;
}

/** A verifier by the bit of its algorithm. */
export interface VerifierChoice {
  readonly algorithm: number;
  readonly engine: Verifier;
}

/** How requesters are made to prove themselves. */
export interface MutualAuthentication {
  /** What their signatures can be verified with, by ReqBaseAsymAlg bit. */
  readonly algorithms: readonly VerifierChoice[];
  /** Likewise by ReqPqcAsymAlg bit, from 1.4 on; one of these is selected before any of those. */
  readonly pqcAlgorithms?: readonly VerifierChoice[] | undefined;
  /** MutAuthRequested for a new session; throws SpdmError where the board insists on what this requester cannot. */
  requested(c: Connection): number;
  /** Makes a session one whose FINISH proves the requester; returns the encapsulated requests that takes, if any. */
  begin(c: Connection, session: Session, requested: number): EncapsulatedFlow | undefined;
  /** Those of basic mutual authentication, if CHALLENGE_AUTH shall ask for it. */
  basicFlow(c: Connection): EncapsulatedFlow | undefined;
}

/** A requester as its verified certificate chain shows it. */
export interface Requester {
  readonly slot: number;
  /** Of the whole chain, header included: what TH and CHALLENGE_AUTH have of it. */
  readonly chainDigest: Uint8Array;
  /** Of its leaf, as the Verifier takes it. */
  readonly publicKey: Uint8Array;
}

/** A large message on its way, in one channel. */
export interface Transfer {
  /** Ends it and wipes it. */
  end(): void;
}

/** What ALGORITHMS settled. */
export interface Negotiated {
  readonly hash: HashAlgorithm;
  readonly signatureLength: number;
  readonly identity: Identity;
  readonly chains: Chains;
  /** Whether measurements were negotiated. */
  readonly measures: boolean;
  /** Whether the measurement extension log was. */
  readonly logs: boolean;
  /** Whether opaque data have a format; without one there are none. */
  readonly opaqueData: boolean;
  /** One of these at the most. */
  readonly keyAgreement: KeyAgreement | undefined;
  readonly kem: KeyEncapsulation | undefined;
  readonly aead: Aead | undefined;
  /** ReqPqcAsymAlg if `isPqc`, else ReqBaseAsymAlg, and what verifies it. */
  readonly requesterAsym: (VerifierChoice & { readonly isPqc: boolean }) | undefined;
  /** Whether DIGESTS, GET_CSR and SET_CERTIFICATE name key pairs (ResponderMultiKeyConn). */
  readonly multiKey: boolean;
  /** Whether the requester's DIGESTS show keys, and so are part of TH. */
  readonly multiKeyRequester: boolean;
}

/** A requester as its GET_CAPABILITIES shows it; its sizes from 1.2 on. */
export interface Peer {
  readonly flags: number;
  readonly dataTransferSize: number;
  readonly maxSpdmMsgSize: number;
}

const UNKNOWN: Peer = Object.freeze({ flags: 0, dataTransferSize: 0, maxSpdmMsgSize: 0 });

/** All that GET_VERSION clears. */
export class Connection {
  readonly options: ResponderOptions;
  /** OR of the exchanges' capabilities and of what the options bring. */
  readonly flags: number;
  readonly transcript = new Transcript();
  readonly sessions: Sessions;
  /** ExtFlags of CAPABILITIES, from 1.4 on. */
  readonly extFlags: number;
  /** Survives GET_VERSION: nobody has seen what is in it. */
  readonly ephemeralKeys: EphemeralKeys;
  /** L1 outside of sessions. */
  readonly measured = new MeasurementRun();
  state: State = NOT_STARTED;
  /** The negotiated version; 1.0 until there is one. */
  version: Version = V1_0;
  peer: Peer = UNKNOWN;
  negotiated: Negotiated | undefined;
  /** Whether a CHALLENGE was answered. */
  authenticated = false;
  /** Whether the requester was asked outside of sessions what it is. */
  askedInfo = false;
  /** The large message that comes or goes outside of sessions. */
  transfer: Transfer | undefined;
  /** What keeps a request from outside of sessions that is answered later. */
  deferred: Deferral | undefined;
  #flow: EncapsulatedFlow | undefined;
  /** The requester that the board was provisioned with, once its chain is verified. */
  provisioned: Requester | undefined;

  constructor(
    options: ResponderOptions,
    flags: number,
    sessions: Sessions,
    ephemeralKeys: EphemeralKeys,
    extFlags = 0,
  ) {
    this.options = options;
    this.flags = flags;
    this.sessions = sessions;
    this.ephemeralKeys = ephemeralKeys;
    this.extFlags = extFlags;
  }

  reset(): void {
    this.sessions.endIf(() => true);
    this.transcript.reset();
    this.measured.reset();
    this.flow = undefined;
    this.askedInfo = false;
    this.transfer?.end();
    this.deferred?.end();
    this.provisioned = undefined;
    this.state = NOT_STARTED;
    this.version = V1_0;
    this.peer = UNKNOWN;
    this.negotiated = undefined;
    this.authenticated = false;
  }

  /** Encapsulated requests that are to be fetched outside of sessions: a handshake in the clear has its own, and ends them. */
  get flow(): EncapsulatedFlow | undefined {
    return this.#flow ?? this.sessions.inTheClear?.flow;
  }

  set flow(flow: EncapsulatedFlow | undefined) {
    const handshake = this.sessions.inTheClear;
    if (handshake === undefined) this.#flow = flow;
    else handshake.flow = flow;
  }

  /** Milliseconds of the board's clock, 32 bits; always 0 where it has none. */
  now(): number {
    return this.options.sessions?.clock?.() ?? 0;
  }

  /** Whether both sides have one of these flags; for flags that stand at the same bits of both. */
  both(flags: number): boolean {
    return (this.flags & flags) !== 0 && (this.peer.flags & flags) !== 0;
  }

  /** Bytes that can be sent at once: until 1.2 no requester said what it takes. */
  get transferSize(): number {
    const { dataTransferSize } = this.options;
    return this.version < V1_2 ? dataTransferSize : Math.min(dataTransferSize, this.peer.dataTransferSize);
  }

  /** Bytes of the largest response, be it in chunks. */
  get responseRoom(): number {
    const { chunks } = this.options;
    return chunks?.serves(this) ? Math.min(chunks.maxSpdmMsgSize, this.peer.maxSpdmMsgSize) : this.transferSize;
  }

  /**
   * Called before a response of `length` bytes is written: throws SpdmError if we cannot send it or, from 1.2 on, the
   * requester cannot take it.
   */
  requireRoom(length: number): void {
    if (length <= this.transferSize) return;
    if (this.version < V1_2) throw new SpdmError(UNSPECIFIED);
    if (length > this.responseRoom) throw tooLarge(RESPONSE_TOO_LARGE, length);
    this.options.chunks?.requireFree();
  }
}

/** Bytes of the largest message that we take or make, be it in chunks. */
export function messageRoom(c: Connection): number {
  const { chunks, dataTransferSize } = c.options;
  return chunks?.serves(c) ? chunks.maxSpdmMsgSize : dataTransferSize;
}
