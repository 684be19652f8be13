import { randomBytes } from "node:crypto";
import { channel } from "node:diagnostics_channel";
import type { DeviceClass } from "../../hal/endpoint-info.js";
import { CHUNK_CAP, MAX_CT_EXPONENT } from "../../src/capabilities.js";
import { SpdmError } from "../../src/errors.js";
import { CHUNK_GET, CHUNK_SEND, ERROR, GET_VERSION, RESPOND_IF_READY, responseTo } from "../../src/exchange.js";
import type { NegotiateAlgorithms } from "../../src/messages/algorithms.js";
import { readError } from "../../src/messages/error.js";
import type { ReceivedEvent } from "../../src/messages/send-event.js";
import { RECORD_OVERHEAD, SECURED_TYPE, SPDM_TYPE, sessionIdOf } from "../../src/record.js";
import type { Session } from "../../src/session.js";
import type { Suite } from "../../src/suite.js";
import { Transcript } from "../../src/transcript.js";
import { V1_0, V1_2, type Version } from "../../src/versions.js";
import { Reader, WireError, Writer } from "../../src/wire.js";
import type { Link } from "../link.js";
import { type Carrier, fetchInChunks, largeResponseHandle, numbersSuffice, sendInChunks } from "./chunks.js";
import { errorName, requestName } from "./names.js";
import { whenReady } from "./not-ready.js";
import { BLOCK_LENGTH_MAX } from "./supported-algorithms.js";
import { Impossible, Untrusted } from "./verdict.js";

/** The requester's own DataTransferSize, if nothing else is said. */
export const DATA_TRANSFER_SIZE = 0x1200;
/** Its MaxSPDMmsgSize; as large as that of DMTF's emulator. */
export const MAX_SPDM_MSG_SIZE = 0x28000;

/**
 * GET_VERSION to ALGORITHMS, the latter with nothing but what may be chosen: 4 + 516, 20 + 20 and an algorithms block, 52 + 56.
 */
const VCA_LENGTH = 668 + BLOCK_LENGTH_MAX;

/** ST1: what a responder may take without cryptography (DSP0274 1.3 §8.5). */
const ST1_MS = 100;
/** However long CTExponent allows, nobody waits longer for one answer. */
const MAX_WAIT_MS = 120_000;

/** Makes `length` bytes that nobody can foretell. */
export type RandomBytes = (length: number) => Uint8Array;

/**
 * Told of each answered request, `{ version, code, encapsulated }`, of the responder's own too, which we answered: for whoever
 * counts them, as the tests do.
 */
const answered = channel("moddable-spdm:answered");

/** One request as it was sent and its response, read past its header. */
export interface Exchanged {
  readonly request: Uint8Array;
  readonly response: Reader;
}

/** A request that was sent, and whether it and its response went in a record. */
export interface Sent {
  readonly code: number;
  readonly secured: boolean;
}

/** One connection as its requester sees it: what was agreed on, the transcripts, and the session it is in. */
export class Conversation {
  readonly transcript = new Transcript(VCA_LENGTH);
  version: Version = V1_0;
  /** Our own flags, and the responder's. */
  ownFlags = 0;
  flags = 0;
  /** The responder's, from 1.4 on. */
  extFlags = 0;
  /** Our own DataTransferSize. */
  readonly dataTransferSize: number;
  /** The responder's DataTransferSize and MaxSPDMmsgSize; from 1.2 on. */
  peerDataTransferSize = DATA_TRANSFER_SIZE;
  peerMaxSpdmMsgSize = DATA_TRANSFER_SIZE;
  /** What CAPABILITIES listed of algorithms, if it was asked for that. */
  supported: NegotiateAlgorithms | undefined;
  suite: Suite | undefined;
  /** Whether the responder has a key of its own for each slot, and says so in DIGESTS; from 1.3 on. */
  multiKey = false;
  /** What TH has of DIGESTS: the response in multi-key connections, else nothing. */
  digests: Uint8Array = new Uint8Array(0);
  /** What we say that we are, if we say so; from 1.3 on. */
  ownClasses: readonly DeviceClass[] | undefined;
  /** What the responder told of, if we subscribed to events. */
  events: ReceivedEvent[] | undefined;
  /** What is asked goes through it, as soon as it carries records. */
  session: Session | undefined;
  readonly sent: Sent[] = [];
  /** Fresh bytes for nonces, contexts, keys and padding. */
  readonly random: RandomBytes;
  readonly #link: Link;
  #ctExponent = 0;
  #chunkHandle = 0;

  constructor(link: Link, random: RandomBytes = randomBytes, dataTransferSize = DATA_TRANSFER_SIZE) {
    this.#link = link;
    this.random = random;
    this.dataTransferSize = dataTransferSize;
  }

  /** Whether large messages go in chunks. */
  get chunks(): boolean {
    return this.version >= V1_2 && this.both(CHUNK_CAP);
  }

  /** Bytes that go over at once; until 1.2 nobody says how many. */
  get transferSize(): number {
    return this.version < V1_2 ? DATA_TRANSFER_SIZE : Math.min(this.dataTransferSize, this.peerDataTransferSize);
  }

  /** Bytes of the largest request that the responder takes. */
  get requestRoom(): number {
    return this.chunks ? Math.min(MAX_SPDM_MSG_SIZE, this.peerMaxSpdmMsgSize) : this.transferSize;
  }

  /** Bytes of the largest response that we take. */
  get responseRoom(): number {
    return this.chunks ? MAX_SPDM_MSG_SIZE : this.dataTransferSize;
  }

  /** Whether both sides have one of these flags; for flags that stand at the same bits of both. */
  both(flags: number): boolean {
    return (this.ownFlags & flags) !== 0 && (this.flags & flags) !== 0;
  }

  /** Takes over a responder's CTExponent; throws Untrusted if no requester could shift by it (CVE-2023-32690). */
  setCtExponent(ctExponent: number): void {
    if (ctExponent > MAX_CT_EXPONENT) throw new Untrusted(`CAPABILITIES: CTExponent ${ctExponent} is out of range`);
    this.#ctExponent = ctExponent;
  }

  /**
   * Sends the request that `write` fills in behind its header and returns the response of the same kind; throws
   * Impossible if it is refused.
   * @param crypto Whether the responder may take its cryptographic time.
   */
  async ask(code: number, write: (w: Writer) => void, crypto = false): Promise<Exchanged> {
    const answer = await this.tryToAsk(code, write, crypto);
    if (!(answer instanceof SpdmError)) return answer;
    throw new Impossible(`the responder refused ${requestName(code)}: ${errorName(answer.code)}`);
  }

  /** As `ask`, but returns the responder's ERROR. */
  async tryToAsk(code: number, write: (w: Writer) => void, crypto = false): Promise<Exchanged | SpdmError> {
    const session = this.session?.carriesRecords ? this.session : undefined;
    const w = new Writer(new Uint8Array(Math.max(DATA_TRANSFER_SIZE, this.requestRoom)));
    w.u8(code === GET_VERSION ? V1_0 : this.version);
    w.u8(code);
    write(w);
    const request = w.written();
    this.sent.push({ code, secured: session !== undefined });
    const name = requestName(code);
    const carrier: Carrier = {
      version: this.version,
      transferSize: this.transferSize,
      maxSpdmMsgSize: MAX_SPDM_MSG_SIZE,
      exchange: (message, last) => this.#exchange(session, name, message, crypto && last),
    };
    const large = request.length > this.transferSize;
    if (request.length > this.requestRoom || (large && !numbersSuffice(carrier, request.length)))
      throw new Impossible(`${name} is longer than the responder takes`);
    const first = large
      ? await sendInChunks(carrier, request, this.#chunkHandle++ & 0xff)
      : await carrier.exchange(request, true);
    const again = (message: Uint8Array) => carrier.exchange(message, true);
    const response = await whenReady(this.version, code, first, again, MAX_WAIT_MS);
    const handle = this.chunks ? largeResponseHandle(response) : undefined;
    const whole = handle === undefined ? response : await fetchInChunks(carrier, handle, large);
    const answer = this.#read(request, whole);
    if (answer instanceof SpdmError) return answer;
    if (large) this.#answered(CHUNK_SEND);
    if (response !== first) this.#answered(RESPOND_IF_READY);
    if (handle !== undefined) this.#answered(CHUNK_GET);
    return answer;
  }

  /** Sends one message, in a record if there is a session for it, and resolves to the one that answers it. */
  async #exchange(session: Session | undefined, name: string, message: Uint8Array, crypto: boolean) {
    const { roundTripMs, timeScale } = this.#link;
    const ownMs = timeScale * (crypto ? 2 ** this.#ctExponent / 1000 : ST1_MS);
    const timeoutMs = roundTripMs + Math.min(ownMs, MAX_WAIT_MS);
    let response: Uint8Array;
    if (session === undefined) response = await this.#link.exchange(SPDM_TYPE, message, timeoutMs);
    else {
      const buffer = new Uint8Array(message.length + RECORD_OVERHEAD);
      const start = session.dataOffset;
      buffer[start] = SPDM_TYPE;
      buffer.set(message, start + 1);
      const length = session.seal(buffer, 1 + message.length);
      if (length === 0) throw new Impossible("the session has no sequence number left");
      response = open(session, name, await this.#link.exchange(SECURED_TYPE, buffer.subarray(0, length), timeoutMs));
    }
    // Until 1.2 a responder cannot know.
    if (this.version >= V1_2 && response.length > this.dataTransferSize) {
      throw new Untrusted(`response to ${name}: longer than our DataTransferSize`);
    }
    return response;
  }

  /** Wipes the session's secrets. */
  close(): void {
    this.session?.destroy();
    this.session = undefined;
  }

  /** Reads the header of a response; what does not answer `request` ends the attestation. */
  #read(request: Uint8Array, message: Uint8Array): Exchanged | SpdmError {
    const response = new Reader(message);
    const [version, code] = request;
    const name = `response to ${requestName(code)}`;
    if (message.length < 4) throw new Untrusted(`${name}: too short`);
    const responseVersion = response.u8();
    const responseCode = response.u8();
    if (responseCode === ERROR) return readError(response);
    if (responseCode !== responseTo(code)) throw new Untrusted(`${name}: is 0x${responseCode.toString(16)}`);
    if (responseVersion !== version) throw new Untrusted(`${name}: wrong SPDM version`);
    this.#answered(code);
    return { request, response };
  }

  #answered(code: number): void {
    answered.publish({ version: this.version, code, encapsulated: false });
  }

  /** The responder took our answer to an encapsulated request. */
  took(code: number): void {
    answered.publish({ version: this.version, code, encapsulated: true });
  }
}

/** The SPDM message in the `record` that answers `name`; throws Untrusted if there is none of this session's. */
function open(session: Session, name: string, record: Uint8Array): Uint8Array {
  const id = sessionIdOf(record);
  if (id === undefined) throw new Untrusted(`response to ${name}: too short for a record`);
  if (id !== session.id)
    throw new Untrusted(`response to ${name}: record of session ${hex(id)}, not ${hex(session.id)}`);
  const data = session.open(record);
  if (data === undefined)
    throw new Untrusted(`response to ${name}: its record was changed, repeated or made by others`);
  if (data[0] !== SPDM_TYPE) throw new Untrusted(`response to ${name}: its record holds no SPDM message`);
  return data.subarray(1);
}

const hex = (id: number): string => `0x${id.toString(16).padStart(8, "0")}`;

/** Decodes a response; bytes that do not fit their layout are the responder's fault. */
export function decode<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof WireError) throw new Untrusted(`${name}: malformed (${error.message})`);
    throw error;
  }
}

/** Throws Untrusted if a response goes on behind its last field. */
export function requireEnd(name: string, response: Reader): void {
  if (response.remaining !== 0) throw new Untrusted(`${name}: longer than its fields`);
}
