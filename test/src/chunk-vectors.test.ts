/**
 * The recorded conversations with chunks, between DMTF's own requester and responder: each chunk message decodes and
 * encodes back; the layer, given the recorded requests and whole responses, puts the same requests together and answers
 * frame by frame as recorded; and so does our responder where it can, with the same chain.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CHUNK_CAP } from "../../src/capabilities.js";
import { Chunks, type Serve } from "../../src/chunks.js";
import type { Connection } from "../../src/connection.js";
import { CHUNK_GET, CHUNK_SEND, ERROR } from "../../src/exchange.js";
import * as chunk from "../../src/messages/chunk.js";
import type { Session } from "../../src/session.js";
import type { Version } from "../../src/versions.js";
import { Reader, Writer } from "../../src/wire.js";
import { toHex } from "../support/bytes.js";
import { board } from "../support/fixture.js";
import { CHUNKED_RECORDINGS, type Message, messagesOf, pairsOf, type Recording } from "../support/vectors.js";

/** Chunk messages, large requests and large responses in each recording; written down, so that none is skipped. */
const CONTENT: Readonly<Record<string, readonly [messages: number, sent: number, got: number]>> = {
  "v1.2-p384-chunked": [116, 0, 12],
  "v1.2-p384-chunked-allcaps": [260, 9, 15],
  "v1.4-mldsa65-mlkem768-kex": [32, 0, 5],
};

const versionOf = (recording: Recording): Version => 0x10 | Number(recording.spdmVersion[2]);

/** A chunk message decoded and encoded again. */
function reencoded(bytes: Uint8Array, version: Version): Uint8Array {
  const r = new Reader(bytes);
  const w = new Writer(new Uint8Array(bytes.length).fill(0xee));
  w.bytes(r.bytes(2));
  if (bytes[1] === CHUNK_GET) chunk.writeChunkGet(w, chunk.readChunkGet(r, version), version);
  else if (bytes[1] === 0x05) chunk.writeChunkSendAck(w, chunk.readChunkSendAck(r, version), version);
  else {
    const header = chunk.readChunkHeader(r, version);
    chunk.writeChunkHeader(w, header, version);
    if (header.sequence === 0) w.u32(r.u32());
    w.bytes(r.bytes(header.length));
    assert.equal(r.remaining, 0);
    return w.written();
  }
  w.bytes(r.bytes(r.remaining));
  return w.written();
}

for (const recording of CHUNKED_RECORDINGS) {
  test(`${recording.name}: every chunk message decodes and encodes back`, () => {
    let count = 0;
    for (const { n, bytes } of messagesOf(recording).messages) {
      if (![CHUNK_SEND, CHUNK_GET, 0x05, 0x06].includes(bytes[1])) continue;
      assert.equal(toHex(reencoded(bytes, versionOf(recording))), toHex(bytes), `frame ${n}`);
      count++;
    }
    assert.equal(count, CONTENT[recording.name][0]);
  });
}

/** Handles are the responder's to choose: those of a recording by ours. */
class Handles {
  readonly #ours = new Map<number, number>();

  /** The recorded request, as our responder has to be asked. */
  request(bytes: Uint8Array): Uint8Array {
    return bytes[1] === CHUNK_GET ? bytes.slice().fill(this.#ours.get(bytes[3])!, 3, 4) : bytes;
  }

  /** The recorded response, as our responder gives it; LargeResponse tells both handles. */
  response(bytes: Uint8Array, own: Uint8Array): Uint8Array {
    if (bytes[1] === ERROR && bytes[2] === 0x0f) {
      assert.ok(!this.#ours.has(bytes[4]));
      this.#ours.set(bytes[4], own[4]);
      return bytes.slice().fill(own[4], 4, 5);
    }
    return bytes[1] === 0x06 ? bytes.slice().fill(this.#ours.get(bytes[3])!, 3, 4) : bytes;
  }
}

describe("the layer", () => {
  for (const recording of CHUNKED_RECORDINGS) {
    test(`${recording.name}: takes and gives each frame as recorded`, () => {
      const version = versionOf(recording);
      const size = recording.capabilities.responderDataTransferSize!;
      // DMTF's emulator sends less at once than it takes.
      const transferSize = Math.min(size, 0x1100);
      const chunks = new Chunks({ maxSpdmMsgSize: 0x28000 });
      const measured = { reset() {} };
      const connection = {
        version,
        peer: { flags: CHUNK_CAP },
        transferSize,
        options: { dataTransferSize: size },
        transfer: undefined,
        measured,
      } as unknown as Connection;
      const sessions = new Map<number, Session>();
      const { messages } = messagesOf(recording);
      const due = pairsOf(messages);
      let sent = 0;
      const serve: Serve = (request, response, session, limit) => {
        assert.ok(request.length <= limit);
        const w = new Writer(response);
        if (request[1] === CHUNK_SEND || request[1] === CHUNK_GET) {
          const exchange = chunks.exchanges.find((one) => one.request === request[1])!;
          w.u8(version);
          w.u8(request[1] & 0x7f);
          const r = new Reader(request);
          r.skip(2);
          exchange.respond(connection, r, w, session);
          return w.offset;
        }
        const pair = due.shift()!;
        if (request.length > size) sent++;
        assert.equal(toHex(request), toHex(pair.request));
        w.bytes(pair.response);
        return w.offset;
      };
      const handles = new Handles();
      const buffer = new Uint8Array(size);
      let got = 0;
      for (let i = 0; i < messages.length; i += 2) {
        const { bytes, session: index } = messages[i];
        if (index !== undefined && !sessions.has(index)) {
          sessions.set(index, { transfer: undefined, measured } as unknown as Session);
        }
        const session = index === undefined ? undefined : sessions.get(index);
        const length = chunks.respond(connection, handles.request(bytes), buffer, session, serve);
        const answer = buffer.subarray(0, length);
        const recorded = handles.response(messages[i + 1].bytes, answer);
        assert.equal(toHex(answer), toHex(recorded), `frame ${messages[i + 1].n}`);
        if (answer[1] === ERROR && answer[2] === 0x0f) got++;
      }
      assert.equal(due.length, 0);
      assert.deepEqual([sent, got], CONTENT[recording.name].slice(1));
    });
  }
});

/** What DMTF's requester asks for before it challenges. */
function upTo(messages: readonly Message[], code: number): readonly Message[] {
  return messages.slice(
    0,
    messages.findIndex(({ bytes }) => bytes[1] === code),
  );
}

for (const recording of CHUNKED_RECORDINGS.filter(({ name }) => name.includes("p384"))) {
  test(`${recording.name}: our responder gives the same digests and chains, chunk by chunk`, () => {
    const chunks = new Chunks({ maxSpdmMsgSize: 0x28000 });
    const { responder, faults } = board({ slots: [0, 1], dataTransferSize: 256, chunks });
    const handles = new Handles();
    const buffer = new Uint8Array(256);
    const messages = upTo(messagesOf(recording).messages, 0x83);
    let sameCount = 0;
    for (let i = 0; i < messages.length; i += 2) {
      const { n, bytes } = messages[i];
      const answer = buffer.slice(0, responder.respond(handles.request(bytes), buffer));
      const again = buffer.subarray(0, answer.length);
      const recorded = handles.response(messages[i + 1].bytes, again);
      assert.equal(answer[1], recorded[1], `frame ${n}`);
      // What is negotiated is ours to say.
      if ([0x84, 0xe1, 0xe3].includes(bytes[1])) continue;
      assert.equal(toHex(again), toHex(recorded), `frame ${n}`);
      sameCount++;
    }
    assert.ok(sameCount > 15);
    assert.deepEqual(faults, []);
  });
}
