/**
 * Messages that are larger than what goes over at once (DSP0274 1.3 §10.26), as a layer around `Responder`'s answers: it
 * puts requests together before they are served, and hands out responses by parts afterwards. What is served sees neither.
 *
 * One transfer goes on at a time. It belongs to its channel: no session, or one. In that channel anything else is refused
 * meanwhile and leaves the transfer as it is, but GET_VERSION, which ends it with all there is. So does a session that
 * ends. A chunk of a request that is not the due one ends its transfer, of a response it does not.
 */
import { CHUNK_CAP, LARGE_RESP_CAP, MIN_DATA_TRANSFER_SIZE } from "./capabilities.js";
import type { Connection, ResponderOptions } from "./connection.js";
import {
  BUSY,
  INVALID_REQUEST,
  LARGE_RESPONSE,
  REQUEST_TOO_LARGE,
  RESPONSE_TOO_LARGE,
  SpdmError,
  tooLarge,
  UNEXPECTED_REQUEST,
} from "./errors.js";
import {
  CHUNK_GET,
  CHUNK_SEND,
  ERROR,
  type Exchange,
  GET_CAPABILITIES,
  GET_VERSION,
  IN_HANDSHAKE,
  IN_SESSION,
  OUTSIDE_SESSION,
} from "./exchange.js";
import { writeNegotiateAlgorithms } from "./messages/algorithms.js";
import {
  CHUNK_HEADER_LENGTH,
  type ChunkHeader,
  LARGE_MESSAGE_SIZE_LENGTH,
  readChunkGet,
  readChunkHeader,
  writeChunkHeader,
  writeChunkSendAck,
} from "./messages/chunk.js";
import { writeError } from "./messages/error.js";
import type { Session } from "./session.js";
import { supportedAlgorithms } from "./supported-algorithms.js";
import { V1_2 } from "./versions.js";
import { type Reader, WireError, Writer } from "./wire.js";

/**
 * Up to 1.3 a transfer has 65,536 numbers for its chunks (the first with four bytes less), each of which brings what the
 * smallest DataTransferSize leaves: none has to be used twice.
 */
const LARGEST_MESSAGE = (MIN_DATA_TRANSFER_SIZE - CHUNK_HEADER_LENGTH) * 0x10000 - LARGE_MESSAGE_SIZE_LENGTH;

const isChunk = (code: number): boolean => code === CHUNK_SEND || code === CHUNK_GET;

/** Answers `request`, of at most `limit` bytes, in `response`; returns the length of the answer. Never throws. */
export type Serve = (request: Uint8Array, response: Uint8Array, session: Session | undefined, limit: number) => number;

export interface ChunksOptions {
  /** MaxSPDMmsgSize: bytes of the largest request taken and response given. This layer allocates it twice, once. */
  readonly maxSpdmMsgSize: number;
}

/** What a responder needs for large messages; one for each responder. */
export class Chunks {
  readonly maxSpdmMsgSize: number;
  /** CHUNK_SEND and CHUNK_GET. */
  readonly exchanges: readonly Exchange[];
  readonly #request: Uint8Array;
  readonly #response: Uint8Array;
  /** Where the transfer goes on, if one does. */
  #owner: Connection | Session | undefined;
  /** Whether it is that of a request. */
  #receives = false;
  #handle = 0;
  /** ChunkSeqNo of the due chunk, and what came or went before. */
  #sequence = 0;
  #offset = 0;
  #length = 0;
  /** Bytes of a request that came whole and waits to be served. */
  #whole = 0;
  #lastHandle = 0;

  /** Throws an Error if chunks could not be numbered. */
  constructor({ maxSpdmMsgSize }: ChunksOptions) {
    if (maxSpdmMsgSize > LARGEST_MESSAGE) throw new Error("MaxSPDMmsgSize is more than there are numbers for chunks");
    this.maxSpdmMsgSize = maxSpdmMsgSize;
    this.#request = new Uint8Array(maxSpdmMsgSize);
    this.#response = new Uint8Array(maxSpdmMsgSize);
    const common = {
      since: V1_2,
      // Whose CHUNK_CAP is known has shown its capabilities.
      after: undefined,
      channels: OUTSIDE_SESSION | IN_HANDSHAKE | IN_SESSION,
      // 1.4's long forms of messages are of use where long messages are.
      capability: CHUNK_CAP | LARGE_RESP_CAP,
      peerCapability: CHUNK_CAP,
      carries: true,
      endsM1: false,
      requires({ dataTransferSize }: ResponderOptions): number {
        if (maxSpdmMsgSize < dataTransferSize) throw new Error("MaxSPDMmsgSize is too small");
        return 0;
      },
    };
    this.exchanges = [
      { ...common, request: CHUNK_SEND, respond: (c, r, w, session) => this.#take(c, r, w, session) },
      { ...common, request: CHUNK_GET, respond: (c, r, w, session) => this.#give(c, r, w, session) },
    ];
  }

  /** Whether the requester can send and fetch large messages. */
  serves({ version, peer }: Connection): boolean {
    return version >= V1_2 && (peer.flags & CHUNK_CAP) !== 0;
  }

  /** Throws SpdmError if a transfer goes on, so that there is no room for another large message. */
  requireFree(): void {
    if (this.#owner !== undefined) throw new SpdmError(BUSY);
  }

  /** The algorithms block of CAPABILITIES, behind the rest; throws SpdmError if not both go at once, within `room`. */
  writeAlgorithms(c: Connection, response: Writer, room: number): void {
    const supported = supportedAlgorithms(c);
    const length = response.offset + supported.length;
    if (length > Math.min(room, c.options.dataTransferSize)) throw tooLarge(RESPONSE_TOO_LARGE, length);
    writeNegotiateAlgorithms(response, supported, c.version);
  }

  /** Ends the transfer that goes on and wipes it. */
  end(): void {
    const owner = this.#owner;
    if (owner === undefined) return;
    owner.transfer = undefined;
    this.#owner = undefined;
    (this.#receives ? this.#request : this.#response).fill(0, 0, this.#length);
  }

  /** As `Responder.respond`, by `serve`. */
  respond(
    c: Connection,
    request: Uint8Array,
    response: Uint8Array,
    session: Session | undefined,
    serve: Serve,
  ): number {
    const limit = c.options.dataTransferSize;
    if (this.serves(c) && this.#owner === undefined && !isChunk(request[1])) {
      return this.#answer(c, request, limit, new Writer(response), session, serve);
    }
    const length = serve(request, response, session, limit);
    if (this.#whole === 0) return length;
    const whole = this.#request.subarray(0, this.#whole);
    this.#whole = 0;
    try {
      const w = new Writer(response);
      w.offset = length;
      return this.#answer(c, whole, whole.length, w, session, serve);
    } finally {
      whole.fill(0);
    }
  }

  /** Writes the answer to `request` behind what `w` has, or, if that is too much, announces it instead. */
  #answer(
    c: Connection,
    request: Uint8Array,
    limit: number,
    w: Writer,
    session: Session | undefined,
    serve: Serve,
  ): number {
    // Taken before: GET_VERSION forgets it.
    const { transferSize } = c;
    const length = serve(request, this.#response, session, limit);
    if (length <= transferSize - w.offset) {
      const answer = this.#response.subarray(0, length);
      w.bytes(answer);
      // A handler that threw may have written more than there is of its ERROR.
      (answer[1] === ERROR ? this.#response : answer).fill(0);
      return w.offset;
    }
    // DSP0274 1.2.1 §10.25: instead of CHUNK_SEND_ACK, not in it.
    this.#lastHandle = (this.#lastHandle + 1) & 0xff;
    this.#begin(session ?? c, false, this.#lastHandle, length);
    w.offset = 0;
    w.u8(c.version);
    w.u8(ERROR);
    writeError(w, new SpdmError(LARGE_RESPONSE, 0, Uint8Array.of(this.#handle)));
    return w.offset;
  }

  #begin(owner: Connection | Session, receives: boolean, handle: number, length: number): void {
    this.#owner = owner;
    owner.transfer = this;
    this.#receives = receives;
    this.#handle = handle;
    this.#length = length;
    this.#sequence = 0;
    this.#offset = 0;
  }

  /** CHUNK_SEND. */
  #take(c: Connection, request: Reader, response: Writer, session: Session | undefined): void {
    const { version } = c;
    const channel = session ?? c;
    if (channel.transfer === undefined) this.requireFree();
    else if (!this.#receives) throw new SpdmError(UNEXPECTED_REQUEST);
    const header = readChunkHeader(request, version);
    const { handle, sequence } = header;
    let refusal: SpdmError | undefined;
    try {
      this.#takeChunk(channel, header, request);
    } catch (error) {
      if (error instanceof SpdmError) refusal = error;
      else if (error instanceof WireError) refusal = new SpdmError(INVALID_REQUEST);
      else throw error;
    }
    writeChunkSendAck(response, { earlyError: refusal !== undefined, handle, sequence }, version);
    if (refusal === undefined) return;
    if (channel.transfer !== undefined) this.end();
    channel.measured.reset();
    response.u8(version);
    response.u8(ERROR);
    writeError(response, refusal);
  }

  /** Throws SpdmError or WireError if it is not the due chunk. */
  #takeChunk(channel: Connection | Session, header: ChunkHeader, r: Reader): void {
    const { last, handle, sequence, length } = header;
    const begins = channel.transfer === undefined;
    const total = begins && sequence === 0 ? r.u32() : this.#length;
    if (begins && total > this.maxSpdmMsgSize) throw new SpdmError(REQUEST_TOO_LARGE);
    const due = begins ? sequence === 0 && !last : handle === this.#handle && sequence === this.#sequence;
    const left = begins ? total : total - this.#offset;
    // Only the last chunk may be less than what everybody can take.
    const fits = last ? length === left : length < left && r.offset + length >= MIN_DATA_TRANSFER_SIZE;
    if (!due || !fits || total <= MIN_DATA_TRANSFER_SIZE) throw new SpdmError(INVALID_REQUEST);
    const chunk = r.bytes(length);
    if (begins) {
      const [, code] = chunk;
      if (isChunk(code) || code === GET_VERSION || code === GET_CAPABILITIES) throw new SpdmError(INVALID_REQUEST);
      this.#begin(channel, true, handle, total);
    }
    this.#request.set(chunk, this.#offset);
    this.#offset += length;
    this.#sequence++;
    if (!last) return;
    this.#whole = total;
    this.#owner = undefined;
    channel.transfer = undefined;
  }

  /** CHUNK_GET. */
  #give(c: Connection, request: Reader, response: Writer, session: Session | undefined): void {
    const { handle, sequence } = readChunkGet(request, c.version);
    if ((session ?? c).transfer === undefined || this.#receives) throw new SpdmError(UNEXPECTED_REQUEST);
    if (handle !== this.#handle || sequence !== this.#sequence) throw new SpdmError(INVALID_REQUEST);
    const isFirst = sequence === 0;
    const room = c.transferSize - CHUNK_HEADER_LENGTH - (isFirst ? LARGE_MESSAGE_SIZE_LENGTH : 0);
    const start = this.#offset;
    const length = Math.min(room, this.#length - start);
    const last = length === this.#length - start;
    writeChunkHeader(response, { last, handle, sequence, length }, c.version);
    if (isFirst) response.u32(this.#length);
    response.bytes(this.#response.subarray(start, start + length));
    this.#offset += length;
    this.#sequence++;
    if (last) this.end();
  }
}
