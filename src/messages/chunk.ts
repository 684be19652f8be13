/**
 * Large messages in chunks (DSP0274 1.3 §10.26): CHUNK_SEND (0x85), CHUNK_SEND_ACK (0x05), CHUNK_GET (0x86) and
 * CHUNK_RESPONSE (0x06)
 *
 * | message                     | offset | field            | size | versions |
 * | CHUNK_SEND, CHUNK_RESPONSE  | 2      | b0: LastChunk    | 1    |
 * |                             | 3      | Handle           | 1    |
 * |                             | 4      | ChunkSeqNo       | 4    | to 1.3 2, and 2 reserved |
 * |                             | 8      | ChunkSize        | 4    |
 * |                             | 12     | LargeMessageSize | 4    | in chunk 0 only |
 * |                             |        | SPDMchunk        | n    |
 * | CHUNK_SEND_ACK              | 2      | b0: EarlyErrorDetected | 1 |
 * |                             | 3      | Handle           | 1    |
 * |                             | 4      | ChunkSeqNo       | 4    | to 1.3 2 |
 * |                             |        | ResponseToLargeRequest | n | a whole message: to the last chunk, or ERROR |
 * | CHUNK_GET                   | 2      | reserved         | 1    |
 * |                             | 3      | Handle           | 1    |
 * |                             | 4      | ChunkSeqNo       | 4    | to 1.3 2 |
 */
import { V1_4, type Version } from "../versions.js";
import type { Reader, Writer } from "../wire.js";

/** Of CHUNK_SEND and CHUNK_RESPONSE, SPDM's header included; chunk 0 has LargeMessageSize behind it. */
export const CHUNK_HEADER_LENGTH = 12;
export const LARGE_MESSAGE_SIZE_LENGTH = 4;

const FLAG = 1 << 0;

/** The head of CHUNK_SEND or CHUNK_RESPONSE. */
export interface ChunkHeader {
  /** LastChunk. */
  readonly last: boolean;
  readonly handle: number;
  readonly sequence: number;
  /** ChunkSize. */
  readonly length: number;
}

export interface ChunkSendAck {
  readonly earlyError: boolean;
  readonly handle: number;
  readonly sequence: number;
}

export interface ChunkGet {
  readonly handle: number;
  readonly sequence: number;
}

/** CHUNK_SEND_ACK without what it carries, SPDM's header included. */
export const ackLength = (version: Version): number => (version >= V1_4 ? 8 : 6);

const readSequence = (r: Reader, version: Version): number => (version >= V1_4 ? r.u32() : r.u16());

function writeSequence(w: Writer, sequence: number, version: Version): void {
  if (version >= V1_4) w.u32(sequence);
  else w.u16(sequence);
}

/** Leaves LargeMessageSize, if there is one, and the chunk unread. */
export function readChunkHeader(r: Reader, version: Version): ChunkHeader {
  const last = (r.u8() & FLAG) !== 0;
  const handle = r.u8();
  const sequence = readSequence(r, version);
  if (version < V1_4) r.skip(2);
  return { last, handle, sequence, length: r.u32() };
}

/** Writes all but LargeMessageSize and the chunk. */
export function writeChunkHeader(w: Writer, m: ChunkHeader, version: Version): void {
  w.u8(m.last ? FLAG : 0);
  w.u8(m.handle);
  writeSequence(w, m.sequence, version);
  if (version < V1_4) w.zeros(2);
  w.u32(m.length);
}

/** Leaves ResponseToLargeRequest unread. */
export function readChunkSendAck(r: Reader, version: Version): ChunkSendAck {
  return { earlyError: (r.u8() & FLAG) !== 0, handle: r.u8(), sequence: readSequence(r, version) };
}

export function writeChunkSendAck(w: Writer, m: ChunkSendAck, version: Version): void {
  w.u8(m.earlyError ? FLAG : 0);
  w.u8(m.handle);
  writeSequence(w, m.sequence, version);
}

export function readChunkGet(r: Reader, version: Version): ChunkGet {
  r.skip(1);
  return { handle: r.u8(), sequence: readSequence(r, version) };
}

export function writeChunkGet(w: Writer, m: ChunkGet, version: Version): void {
  w.u8(0);
  w.u8(m.handle);
  writeSequence(w, m.sequence, version);
}
