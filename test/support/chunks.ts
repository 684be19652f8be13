/** Chunk messages as bytes, written out by hand, and a requester that sends and fetches large messages by them. */
import assert from "node:assert/strict";
import { V1_4, type Version } from "../../src/versions.js";
import { concat, readLe, toHex, u16, u32 } from "./bytes.js";

const sequenceOf = (version: Version, sequence: number): number[] => (version >= V1_4 ? u32(sequence) : u16(sequence));

export interface ChunkFields {
  handle?: number;
  sequence?: number;
  last?: boolean;
  /** LargeMessageSize, in chunk 0. */
  total?: number;
  data: Uint8Array;
  /** ChunkSize, if it is to be wrong. */
  size?: number;
}

export function chunkSend(version: Version, m: ChunkFields): Uint8Array {
  const { handle = 7, sequence = 0, last = false, total, data, size = data.length } = m;
  const head = [
    version,
    0x85,
    last ? 1 : 0,
    handle,
    ...sequenceOf(version, sequence),
    ...(version >= V1_4 ? [] : [0, 0]),
  ];
  return concat(Uint8Array.from([...head, ...u32(size), ...(total === undefined ? [] : u32(total))]), data);
}

export const chunkGet = (version: Version, handle: number, sequence: number): Uint8Array =>
  Uint8Array.from([version, 0x86, 0, handle, ...sequenceOf(version, sequence)]);

/** The CHUNK_SENDs of `message`, none longer than `transferSize`. */
export function split(version: Version, message: Uint8Array, transferSize: number, handle = 7): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let offset = 0, sequence = 0; offset < message.length; sequence++) {
    const room = transferSize - (sequence === 0 ? 16 : 12);
    const data = message.subarray(offset, offset + room);
    offset += data.length;
    const total = sequence === 0 ? message.length : undefined;
    chunks.push(
      chunkSend(version, { handle, sequence, last: offset === message.length, data, ...(total ? { total } : {}) }),
    );
  }
  return chunks;
}

export const ackHeader = (version: Version): number => (version >= V1_4 ? 8 : 6);

export type Ask = (request: Uint8Array) => Uint8Array;

/** Sends `request` by CHUNK_SEND; the answer to the last one. */
export function sendLarge(version: Version, ask: Ask, request: Uint8Array, transferSize: number): Uint8Array {
  const chunks = split(version, request, transferSize);
  for (const [sequence, chunk] of chunks.entries()) {
    const answer = ask(chunk);
    const ack = Uint8Array.from([version, 0x05, 0, 7, ...sequenceOf(version, sequence)]);
    if (sequence === chunks.length - 1) {
      if (answer[1] === 0x7f) return answer;
      assert.equal(toHex(answer.subarray(0, ack.length)), toHex(ack));
      return answer.subarray(ack.length);
    }
    assert.equal(toHex(answer), toHex(ack));
  }
  return assert.fail("no chunks");
}

/** Fetches what `announced`, ERROR LargeResponse, announces; asserts the shape of every chunk. */
export function fetchLarge(version: Version, ask: Ask, announced: Uint8Array, transferSize: number): Uint8Array {
  assert.equal(toHex(announced.subarray(0, 4)), toHex(Uint8Array.of(version, 0x7f, 0x0f, 0)));
  assert.equal(announced.length, 5);
  const handle = announced[4];
  const parts: Uint8Array[] = [];
  let total = 0;
  let got = 0;
  for (let sequence = 0; ; sequence++) {
    const chunk = ask(chunkGet(version, handle, sequence));
    assert.equal(toHex(chunk.subarray(0, 2)), toHex(Uint8Array.of(version, 0x06)));
    assert.equal(chunk[3], handle);
    assert.equal(readLe(chunk, 4, 4), sequence);
    const start = sequence === 0 ? 16 : 12;
    if (sequence === 0) total = readLe(chunk, 12, 4);
    assert.equal(readLe(chunk, 8, 4), chunk.length - start);
    parts.push(chunk.subarray(start));
    got += chunk.length - start;
    assert.equal(chunk[2], got === total ? 1 : 0);
    if (got === total) return concat(...parts);
    assert.equal(chunk.length, transferSize);
  }
}
