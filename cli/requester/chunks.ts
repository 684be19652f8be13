/** Large messages in chunks (DSP0274 1.3 §10.26), as a requester sends and fetches them. */
import { MIN_DATA_TRANSFER_SIZE } from "../../src/capabilities.js";
import { LARGE_RESPONSE } from "../../src/errors.js";
import { CHUNK_GET, CHUNK_SEND, ERROR, responseTo } from "../../src/exchange.js";
import {
  ackLength,
  CHUNK_HEADER_LENGTH,
  type ChunkHeader,
  LARGE_MESSAGE_SIZE_LENGTH,
  readChunkHeader,
  readChunkSendAck,
  writeChunkGet,
  writeChunkHeader,
} from "../../src/messages/chunk.js";
import { V1_4, type Version } from "../../src/versions.js";
import { Reader, WireError, Writer } from "../../src/wire.js";
import { Untrusted } from "./verdict.js";

const ACK = "CHUNK_SEND_ACK";
const RESPONSE = "CHUNK_RESPONSE";

/** How chunks go there and back. */
export interface Carrier {
  readonly version: Version;
  /** Bytes of one message, in either direction. */
  readonly transferSize: number;
  /** Our own MaxSPDMmsgSize. */
  readonly maxSpdmMsgSize: number;
  /** Sends one message and resolves to the one that answers it; `last` says that the responder has work to do then. */
  exchange(message: Uint8Array, last: boolean): Promise<Uint8Array>;
}

/** Whether `message` is ERROR. */
const isError = (message: Uint8Array): boolean => message[1] === ERROR;

/** The Handle in ERROR LargeResponse, or undefined if `message` is something else. */
export function largeResponseHandle(message: Uint8Array): number | undefined {
  return isError(message) && message[2] === LARGE_RESPONSE && message.length > 4 ? message[4] : undefined;
}

/** How many chunks a message of `length` bytes can be numbered in: up to 1.3 numbers have 16 bits. */
export function numbersSuffice({ version, transferSize }: Carrier, length: number): boolean {
  const room = transferSize - CHUNK_HEADER_LENGTH;
  return version >= V1_4 || length <= room * 0x10000 - LARGE_MESSAGE_SIZE_LENGTH;
}

/** Reads the header of a chunk message's answer; throws Untrusted if it is another one. */
function begin(name: string, code: number, version: Version, message: Uint8Array): Reader {
  const r = new Reader(message);
  if (r.u8() !== version || r.u8() !== responseTo(code)) throw new Untrusted(`${name}: is another message`);
  return r;
}

/** Throws Untrusted where the responder's bytes do not fit. */
function checked<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof WireError) throw new Untrusted(`${name}: malformed (${error.message})`);
    throw error;
  }
}

/** Sends `request` by CHUNK_SEND. Resolves to the response to it, which may be ERROR, LargeResponse too. */
export async function sendInChunks(to: Carrier, request: Uint8Array, handle: number): Promise<Uint8Array> {
  const { version, transferSize } = to;
  const chunk = new Uint8Array(transferSize);
  let offset = 0;
  for (let sequence = 0; ; sequence++) {
    const head = CHUNK_HEADER_LENGTH + (sequence === 0 ? LARGE_MESSAGE_SIZE_LENGTH : 0);
    const length = Math.min(transferSize - head, request.length - offset);
    const last = offset + length === request.length;
    const w = new Writer(chunk);
    w.u8(version);
    w.u8(CHUNK_SEND);
    writeChunkHeader(w, { last, handle, sequence, length }, version);
    if (sequence === 0) w.u32(request.length);
    w.bytes(request.subarray(offset, offset + length));
    offset += length;
    const answer = await to.exchange(w.written().slice(), last);
    // A responder that refuses CHUNK_SEND itself refuses what is in it.
    if (isError(answer)) {
      if (largeResponseHandle(answer) !== undefined && !last) throw new Untrusted(`${ACK}: LargeResponse too early`);
      return answer;
    }
    const { early, response } = checked(ACK, () => readAck(answer, version, handle, sequence));
    if (early) {
      if (!isError(response) || largeResponseHandle(response) !== undefined)
        throw new Untrusted(`${ACK}: EarlyErrorDetected without an error`);
      return response;
    }
    if (last) return response;
    if (response.length > 0) throw new Untrusted(`${ACK}: a response before the last chunk`);
  }
}

function readAck(message: Uint8Array, version: Version, handle: number, sequence: number) {
  const r = begin(ACK, CHUNK_SEND, version, message);
  const ack = readChunkSendAck(r, version);
  if (ack.handle !== handle) throw new Untrusted(`${ACK}: wrong Handle`);
  if (ack.sequence !== sequence) throw new Untrusted(`${ACK}: wrong ChunkSeqNo`);
  return { early: ack.earlyError, response: r.bytes(r.remaining) };
}

/**
 * Fetches by CHUNK_GET what ERROR LargeResponse announced. Resolves to the whole, or to the ERROR that refuses a chunk.
 * @param behindAck Whether it is the response to a large request, which is large already if CHUNK_SEND_ACK has no room.
 */
export async function fetchInChunks(from: Carrier, handle: number, behindAck: boolean): Promise<Uint8Array> {
  const { version } = from;
  let whole: Uint8Array | undefined;
  let offset = 0;
  for (let sequence = 0; ; sequence++) {
    const w = new Writer(new Uint8Array(8));
    w.u8(version);
    w.u8(CHUNK_GET);
    writeChunkGet(w, { handle, sequence }, version);
    const answer = await from.exchange(w.written(), false);
    if (isError(answer)) return answer;
    const last = checked(RESPONSE, () => {
      const r = begin(RESPONSE, CHUNK_GET, version, answer);
      const header = readChunkHeader(r, version);
      if (header.handle !== handle) throw new Untrusted(`${RESPONSE}: wrong Handle`);
      if (header.sequence !== sequence) throw new Untrusted(`${RESPONSE}: wrong ChunkSeqNo`);
      whole ??= new Uint8Array(readTotal(r, from, behindAck));
      requireFit(header, whole.length - offset, r.offset);
      whole.set(r.bytes(header.length), offset);
      if (r.remaining > 0) throw new Untrusted(`${RESPONSE}: longer than its fields`);
      offset += header.length;
      return header.last;
    });
    if (last) return whole!;
  }
}

/** LargeMessageSize, before anything is allocated for it. */
function readTotal(r: Reader, { version, maxSpdmMsgSize }: Carrier, behindAck: boolean): number {
  const total = r.u32();
  const least = MIN_DATA_TRANSFER_SIZE - (behindAck ? ackLength(version) : 0);
  if (total > maxSpdmMsgSize) throw new Untrusted(`${RESPONSE}: LargeMessageSize is more than we take`);
  if (total <= least) throw new Untrusted(`${RESPONSE}: LargeMessageSize is not large`);
  return total;
}

/** A chunk brings all that is left and says so, or as much as everybody can take: so that there is an end. */
function requireFit({ last, length }: ChunkHeader, left: number, head: number): void {
  if (last && length < left) throw new Untrusted(`${RESPONSE}: LastChunk too early`);
  if (length > left || (!last && length === left)) throw new Untrusted(`${RESPONSE}: more than LargeMessageSize`);
  if (!last && head + length < MIN_DATA_TRANSFER_SIZE) throw new Untrusted(`${RESPONSE}: chunk too short`);
}
