/**
 * Chunk messages cut to each shorter length, with each single bit flipped, and in any order, in the clear and in a session:
 * answered or refused, never thrown at, and never more than the transfer size. Signatures are filled in, not made.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ECDSA_P256 } from "../../src/algorithms.js";
import { Chunks } from "../../src/chunks.js";
import * as errors from "../../src/errors.js";
import { V1_2, V1_3, V1_4, type Version } from "../../src/versions.js";
import { toHex } from "../support/bytes.js";
import { type Ask, chunkGet, chunkSend, fetchLarge, sendLarge, split } from "../support/chunks.js";
import { type Board, CURVES, HASHES, testIdentity } from "../support/fixture.js";
import { mutations } from "../support/mutations.js";
import { seeded } from "../support/random.js";
import * as requests from "../support/requests.js";
import { Peer, SESSION_FLAGS, type SessionEnd, sessionBoard } from "../support/session.js";

const SIZE = 256;
const MAX = 2048;
const VERSIONS: readonly Version[] = [V1_2, V1_3, V1_4];
const KNOWN_ERRORS: readonly number[] = Object.values(errors).filter((value) => typeof value === "number");

function unsigned(): Board {
  const identity = {
    ...testIdentity(CURVES[0], [0, 1]),
    sign: (_: number, __: Uint8Array, s: Uint8Array) => void s.fill(1),
  };
  return sessionBoard(
    {},
    {
      chunks: new Chunks({ maxSpdmMsgSize: MAX }),
      dataTransferSize: SIZE,
      baseHash: [HASHES[0]],
      baseAsym: [{ algorithm: ECDSA_P256, identity }],
    },
  );
}

const OFFER = { flags: SESSION_FLAGS | 0x20000, dataTransferSize: SIZE, maxSpdmMsgSize: 0x1200 };

/** Asks and asserts what holds for every answer. */
function asking(on: Board, ask: Ask): Ask {
  return (request) => {
    const answer = ask(request);
    const what = `${toHex(answer)} to ${toHex(request)}`;
    if (on.faults.length > 0 || answer.length < 4 || answer.length > SIZE) assert.fail(what);
    if (answer[1] === 0x7f ? !KNOWN_ERRORS.includes(answer[2]) : answer[1] !== (request[1] & 0x7f)) assert.fail(what);
    return answer;
  };
}

const long = (version: Version) => requests.vendorDefined(version, 7, [0x98, 0x1e], new Array(300).fill(1));

/** Whether large messages go both ways; GET_VERSION is not needed for it. */
function works(version: Version, ask: Ask): void {
  const announced = sendLarge(version, ask, long(version), SIZE);
  assert.equal(fetchLarge(version, ask, announced, SIZE).length, long(version).length);
}

/** Leaves whatever transfer goes on: a chunk that is not due ends that of a request, the right ones that of a response. */
function leave(version: Version, ask: Ask, announced: Uint8Array | undefined): void {
  if (announced?.[1] === 0x7f && announced[2] === 0x0f) {
    for (let sequence = 0; sequence < 9; sequence++) ask(chunkGet(version, announced[4], sequence));
  }
  ask(chunkSend(version, { sequence: 999, data: new Uint8Array(0) }));
}

/** In the clear, and in a session. */
function channels(version: Version): { on: Board; asks: readonly Ask[]; end: SessionEnd } {
  const on = unsigned();
  const peer = new Peer(version, on, OFFER);
  const end = peer.keyExchange().finish();
  const clear: Ask = (request) => peer.conversation.ask(request);
  const inSession: Ask = (request) => end.ask(request);
  return { on, asks: [clear, inSession].map((ask) => asking(on, ask)), end };
}

for (const version of VERSIONS) {
  for (const [at, where] of ["in the clear", "in a session"].entries()) {
    test(`SPDM 1.${version & 15}, ${where}: chunks of requests, cut and flipped`, () => {
      const { asks } = channels(version);
      const ask = asks[at];
      const chunks = split(version, long(version), SIZE);
      for (const [i, chunk] of chunks.entries()) {
        for (const mutated of mutations(chunk)) {
          // That begins everything anew, and is no chunk.
          if (mutated.length >= 4 && mutated[1] === 0x84) continue;
          for (const before of chunks.slice(0, i)) assert.equal(ask(before)[1], 0x05);
          leave(version, ask, ask(mutated));
        }
      }
      works(version, ask);
    });

    test(`SPDM 1.${version & 15}, ${where}: CHUNK_GET, cut and flipped`, () => {
      const { asks } = channels(version);
      const ask = asks[at];
      const certificate = requests.getCertificate(version);
      const { length } = chunkGet(version, 0, 0);
      for (let i = 0; i < length * 9; i++) {
        const bit = i - length;
        if (bit === 9) continue; // GET_VERSION, which begins everything anew
        const announced = ask(certificate);
        const request =
          bit < 0 ? chunkGet(version, announced[4], 0).subarray(0, i) : chunkGet(version, announced[4], 0);
        if (bit >= 0) request[bit >> 3] ^= 1 << (bit & 7);
        const answer = ask(request);
        const isReserved = bit >= 16 && bit < 24;
        assert.equal(answer[1], isReserved ? 0x06 : 0x7f, toHex(request));
        // A refused chunk leaves the transfer as it is.
        if (!isReserved) assert.ok(fetchLarge(version, ask, announced, SIZE).length > 1000);
        else leave(version, ask, announced);
      }
      works(version, ask);
    });
  }

  test(`SPDM 1.${version & 15}: chunks of anything in any order, in both channels`, () => {
    const random = seeded(2026 + version);
    const { on, asks: plain } = channels(version);
    const larges = [long(version), requests.getMeasurements(version), requests.challenge(version)];
    const handles = [0, 1, 2];
    let [sent, given] = [0, 0];
    const asks = plain.map((ask) => (request: Uint8Array) => {
      const answer = ask(request);
      if (answer[1] === 0x7f && answer[2] === 0x0f) handles[answer[4] % handles.length] = answer[4];
      if (answer[1] === 0x05) sent++;
      if (answer[1] === 0x06) given++;
      return answer;
    });
    for (let i = 0; i < 2500; i++) {
      const ask = asks[random(2)];
      const message = larges[random(larges.length)];
      const pieces = split(version, message, [46, 60, SIZE][random(3)], random(3));
      if (random(25) === 0) {
        for (const handle of handles)
          for (const each of asks) leave(version, each, Uint8Array.of(version, 0x7f, 0x0f, 0, handle));
      }
      const kind = random(12);
      let request: Uint8Array;
      if (kind < 6) request = pieces[random(pieces.length)];
      else if (kind < 9) request = chunkGet(version, handles[random(handles.length)], random(6));
      else if (kind === 9) request = requests.getCertificate(version, random(2), 0, 1 << random(11));
      else if (kind === 10) request = requests.getDigests(version);
      else request = Uint8Array.from({ length: random(40) }, (_, at) => [version, 0x85, 1, 0][at] ?? random(256));
      if (kind < 9 && random(6) === 0) request[random(request.length)] ^= 1 << random(8);
      if (request[1] === 0x84) continue;
      const answer = ask(request);
      if (answer[1] === 0x05 && (answer[2] & 1) === 0 && random(2) === 0) {
        for (const piece of pieces.slice(1)) ask(piece);
      }
      if (answer[1] === 0x06) {
        for (let sequence = 0; sequence < 9 && random(4) > 0; sequence++) ask(chunkGet(version, answer[3], sequence));
      }
    }
    assert.ok(sent > 500 && given > 100, `${sent} ${given}`);
    assert.deepEqual(on.faults, []);
    new Peer(version, on, OFFER);
    works(version, asks[0]);
  });
}
