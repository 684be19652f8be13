import type { Hash, Random } from "../hal/crypto.js";
import type { Requester, Transfer } from "./connection.js";
import type { Deferral } from "./deferral.js";
import type { EncapsulatedFlow } from "./encapsulated-flow.js";
import type { EventQueue } from "./event-queue.js";
import type { HandshakeSecret, MasterSecret } from "./key-schedule.js";
import { Direction, dataOffset, type Protection } from "./record.js";
import { MeasurementRun } from "./transcript.js";

/** How far a session has come. */
export type Phase = number;
/** Until FINISH_RSP or PSK_FINISH_RSP. */
export const HANDSHAKE = 0;
export const ESTABLISHED = 1;

/** Whose session object it is: its own messages it seals, the others it opens. */
export type Role = number;
export const REQUESTER = 0;
export const RESPONDER = 1;

export interface SessionOptions {
  /** RspSessionID in the upper, ReqSessionID in the lower half; as a 32-bit number without sign. */
  readonly id: number;
  readonly role: Role;
  /** Opened by PSK_EXCHANGE; else by KEY_EXCHANGE. Only the finish of its own kind ends its handshake (CVE-2023-31127). */
  readonly usesPsk: boolean;
  /** HANDSHAKE_IN_THE_CLEAR: no records before it is established. */
  readonly inTheClear: boolean;
  readonly protection: Protection;
  readonly random: Random;
  /** This object's from now on, as is the running TH. */
  readonly secret: HandshakeSecret;
  readonly th: Hash;
}

/** One secure session: its keys and counters, and what has to be remembered of its handshake. */
export class Session {
  readonly id: number;
  readonly usesPsk: boolean;
  readonly inTheClear: boolean;
  phase: Phase = HANDSHAKE;
  /** TH as far as it is, while the handshake lasts. */
  th: Hash;
  /** L1 of the measurements asked for in this session. */
  readonly measured = new MeasurementRun();
  /** MutAuthRequested of KEY_EXCHANGE_RSP. */
  mutAuthRequested = 0;
  /** Who has to sign FINISH then; undefined until its chain is verified. */
  requester: Requester | undefined;
  /** Encapsulated requests that are to be fetched in it. */
  flow: EncapsulatedFlow | undefined;
  /** Whether the requester was asked in it what it is. */
  askedInfo = false;
  /** The large message that comes or goes in it. */
  transfer: Transfer | undefined;
  /** What keeps a request of it that is answered later. */
  deferred: Deferral | undefined;
  /** What it subscribed to, and is to be told. */
  events: EventQueue | undefined;
  /** Seconds; 0 if there is no heartbeat. */
  heartbeatPeriod = 0;
  /** When the peer's last record came, in milliseconds of the board's clock. */
  heardAt = 0;
  /** Whether it ends behind the response that is being made. */
  ending = false;
  readonly #options: SessionOptions;
  #sent: Direction | undefined;
  #received: Direction | undefined;
  /** The peer's direction before its KEY_UPDATE, until the new one is used. */
  #replaced: Direction | undefined;
  #updating = false;
  /** Sent and received, for when the handshake is over. */
  #data: readonly [Direction, Direction] | undefined;

  constructor(options: SessionOptions) {
    this.id = options.id;
    this.usesPsk = options.usesPsk;
    this.inTheClear = options.inTheClear;
    this.th = options.th;
    this.#options = options;
  }

  /** Where application data, and so the MCTP message type, begin in a record. */
  get dataOffset(): number {
    return dataOffset(this.#options.protection.encrypts);
  }

  /** Whether there are records at all in this phase. */
  get carriesRecords(): boolean {
    return this.#sent !== undefined && (this.phase === ESTABLISHED || !this.inTheClear);
  }

  /** Whether the requester proved itself: by its certificate, or by having the pre-shared key. */
  get isProven(): boolean {
    return this.usesPsk || this.requester !== undefined;
  }

  /** Records sealed under the present key, those of our own key update aside. */
  get sentCount(): number {
    return this.#sent?.count ?? 0;
  }

  /** Makes the keys of the handshake from TH1. */
  startHandshake(th1: Uint8Array): void {
    [this.#sent, this.#received] = this.#directions(this.#options.secret, th1);
  }

  /** What we prove the handshake with, and what the peer has to; over a hash of TH. */
  ownVerifyData(transcriptHash: Uint8Array): Uint8Array {
    return this.#sent!.verifyData(transcriptHash);
  }

  peerVerifyData(transcriptHash: Uint8Array): Uint8Array {
    return this.#received!.verifyData(transcriptHash);
  }

  /** Makes the keys of the application from TH2; `establish` puts them to use. */
  finishHandshake(th2: Uint8Array): void {
    const { secret } = this.#options;
    const master = secret.master();
    try {
      this.#data = this.#directions(master, th2);
    } finally {
      master.destroy();
      secret.destroy();
    }
  }

  /** The last message of the handshake is through: from now on records are under the keys of the application. */
  establish(): void {
    if (this.#data === undefined) return;
    this.#sent?.destroy();
    this.#received?.destroy();
    [this.#sent, this.#received] = this.#data;
    this.#data = undefined;
    this.th.destroy();
    this.phase = ESTABLISHED;
  }

  /**
   * Opens `record`, its session ID aside, in place. Returns a view of its application data, or undefined, with `record` of
   * no more use, if it is no record of the peer's that is due. Until the peer has used the key of its KEY_UPDATE the one
   * before it still counts, since the peer may never have learnt of our acknowledgement; its use undoes the update.
   */
  open(record: Uint8Array): Uint8Array | undefined {
    const updated = this.#received!;
    const replaced = this.#replaced;
    if (replaced === undefined) return updated.open(record);
    // A number that fits both, as one in 65,536 does, is taken for the new key's.
    const isNew = updated.expects(record) || !replaced.expects(record);
    const data = (isNew ? updated : replaced).open(record);
    if (data === undefined) return undefined;
    (isNew ? replaced : updated).destroy();
    if (!isNew) {
      this.#received = replaced;
      this.#updating = false;
    }
    this.#replaced = undefined;
    return data;
  }

  /**
   * Makes a record of the `length` bytes of application data at `dataOffset` in `out`, which is `RECORD_OVERHEAD` bytes
   * longer than the message in them. Returns its length, or 0 if the session has no sequence number left and has to end.
   */
  seal(out: Uint8Array, length: number): number {
    return this.#sent!.seal(this.id, out, length, this.#options.random);
  }

  /** Whether the peer's KEY_UPDATE waits to be verified. */
  get updating(): boolean {
    return this.#updating;
  }

  /** The peer's key is updated; the one before it is kept until the new one is used. */
  updatePeerKey(): void {
    const next = this.#received!.next();
    this.#replaced = this.#received;
    this.#received = next;
    this.#updating = true;
  }

  verifyPeerKey(): void {
    this.#updating = false;
  }

  /** Our own key is updated: what is sealed next is under the new one. */
  updateOwnKey(): void {
    const old = this.#sent!;
    this.#sent = old.next();
    old.destroy();
  }

  /** What is sealed up to the present response was for a key update of our own and does not make the next one due. */
  discount(): void {
    this.#sent!.discount();
  }

  /** Sent and received. */
  #directions(secrets: HandshakeSecret | MasterSecret, transcriptHash: Uint8Array): [Direction, Direction] {
    const { protection, role } = this.#options;
    const request = new Direction(protection, secrets.requestSecret(transcriptHash));
    try {
      const response = new Direction(protection, secrets.responseSecret(transcriptHash));
      return role === REQUESTER ? [request, response] : [response, request];
    } catch (error) {
      request.destroy();
      throw error;
    }
  }

  /** Wipes all secrets. */
  destroy(): void {
    this.transfer?.end();
    this.deferred?.end();
    this.#options.secret.destroy();
    for (const direction of [this.#sent, this.#received, this.#replaced, ...(this.#data ?? [])]) direction?.destroy();
    this.#sent = undefined;
    this.#received = undefined;
    this.#replaced = undefined;
    this.#data = undefined;
    if (this.phase === HANDSHAKE) this.th.destroy();
    this.measured.reset();
  }
}
