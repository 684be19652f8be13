/** Large messages: what comes in chunks, what goes in them, and what neither survives nor interrupts them. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Chunks } from "../../src/chunks.js";
import * as errors from "../../src/errors.js";
import { algorithms } from "../../src/messages/algorithms.js";
import { capabilities } from "../../src/messages/capabilities.js";
import { vendorDefined } from "../../src/messages/vendor-defined.js";
import { version } from "../../src/messages/version.js";
import { V1_1, V1_2, V1_3, V1_4, type Version } from "../../src/versions.js";
import { concat, readLe, toHex, u32 } from "../support/bytes.js";
import { ackHeader, chunkGet, chunkSend, fetchLarge, sendLarge, split } from "../support/chunks.js";
import { type Board, board, Conversation, negotiated, spdmChainOf } from "../support/fixture.js";
import * as requests from "../support/requests.js";
import { Peer, SESSION_FLAGS, sessionBoard } from "../support/session.js";

const CHUNK_FLAG = 0x20000;
const SIZE = 64;
const MAX = 4096;
const VERSIONS: readonly Version[] = [V1_2, V1_3, V1_4];
const BYTES = Uint8Array.from({ length: 200 }, (_, i) => i);

const chunking = () => ({ chunks: new Chunks({ maxSpdmMsgSize: MAX }), dataTransferSize: SIZE });
const large = (): Board => board(chunking());
const OFFER = { flags: CHUNK_FLAG, dataTransferSize: SIZE, maxSpdmMsgSize: 0x1200 };

const connected = (version: Version, on = large(), offer = {}): Conversation =>
  negotiated(version, { ...OFFER, ...offer }, on);

/** The response to `request`, which goes and comes in chunks where it has to. */
function whole(c: Conversation, request: Uint8Array): Uint8Array {
  const ask = (message: Uint8Array) => c.ask(message);
  const response = request.length > SIZE ? sendLarge(c.version, ask, request, SIZE) : c.ask(request);
  return response[1] === 0x7f && response[2] === 0x0f ? fetchLarge(c.version, ask, response, SIZE) : response;
}

const echo = (version: Version, length: number) =>
  requests.vendorDefined(version, 7, [0x98, 0x1e], [...BYTES.subarray(0, length)]);

describe("capabilities", () => {
  const shown = (version: Version, on: Board) => {
    const response = new Conversation(version, {}, on).reach(1).answer(requests.getCapabilities(version));
    return {
      chunks: (readLe(response, 8, 4) & CHUNK_FLAG) !== 0,
      sizes: version < V1_2 ? [] : [...response.slice(12)],
    };
  };

  for (const version of VERSIONS) {
    test(`SPDM 1.${version & 15}: CHUNK_CAP and MaxSPDMmsgSize are the layer's`, () => {
      assert.deepEqual(shown(version, large()), { chunks: true, sizes: [...u32(SIZE), ...u32(MAX)] });
      assert.deepEqual(shown(version, board()), { chunks: false, sizes: [...u32(4096), ...u32(4096)] });
    });
  }

  test("1.1 has none of it", () => {
    assert.equal(shown(V1_1, large()).chunks, false);
    const c = new Conversation(V1_1, OFFER, large()).reach(2);
    c.refused(chunkGet(V1_1, 1, 0), errors.UNSUPPORTED_REQUEST, 0x86);
    c.refused(chunkSend(V1_1, { data: BYTES.subarray(0, 30), total: 43 }), errors.UNSUPPORTED_REQUEST, 0x85);
  });

  test("sizes that make no sense are no responder", () => {
    assert.throws(() => board({ ...chunking(), dataTransferSize: MAX + 1 }), /MaxSPDMmsgSize/);
    assert.throws(() => board({ dataTransferSize: 41 }), /DataTransferSize/);
    assert.throws(() => new Chunks({ maxSpdmMsgSize: 30 * 65536 - 3 }), /MaxSPDMmsgSize/);
  });
});

describe("a large response", () => {
  for (const version of VERSIONS) {
    test(`SPDM 1.${version & 15}: comes in chunks, and is signed as it would be whole`, () => {
      const c = connected(version);
      const b = [requests.getDigests(version), requests.getCertificate(version)].map((request) => {
        const response = whole(c, request);
        assert.equal(response[1], request[1] & 0x7f);
        return [request, response];
      });
      assert.equal(b[0][1].length, 4 + 3 * 48);
      assert.equal(toHex(b[1][1].subarray(8)), toHex(spdmChainOf(c.curve, 0, c.hash)));
      const challenge = requests.challenge(version);
      assert.ok(c.isM1(b.flat(), challenge, whole(c, challenge)));

      const first = requests.getMeasurements(version, 0, 0xff);
      const measured = [first, whole(c, first)];
      const last = requests.getMeasurements(version, 1, 1);
      assert.ok(c.isL1(measured, last, whole(c, last)));
      assert.deepEqual(c.board.faults, []);
    });
  }

  test("has a new handle each time, and no number twice", () => {
    const c = connected(V1_2);
    const handles = new Set<number>();
    for (let i = 0; i < 20; i++) {
      const announced = c.ask(requests.getDigests(V1_2));
      assert.ok(!handles.has(announced[4]));
      handles.add(announced[4]);
      fetchLarge(V1_2, (request) => c.ask(request), announced, SIZE);
    }
  });

  test("is fetched in order, or not at all", () => {
    const c = connected(V1_2);
    c.refused(chunkGet(V1_2, 1, 0), errors.UNEXPECTED_REQUEST);
    const announced = c.ask(requests.getDigests(V1_2));
    const handle = announced[4];
    c.refused(chunkGet(V1_2, handle + 1, 0), errors.INVALID_REQUEST);
    c.refused(chunkGet(V1_2, handle, 1), errors.INVALID_REQUEST);
    c.refused(chunkGet(V1_2, handle, 0).subarray(0, 5), errors.INVALID_REQUEST);
    c.refused(chunkGet(V1_3, handle, 0), errors.VERSION_MISMATCH);
    assert.equal(fetchLarge(V1_2, (request) => c.ask(request), announced, SIZE).length, 148);
    c.refused(chunkGet(V1_2, handle, 3), errors.UNEXPECTED_REQUEST);
    c.answer(requests.getVersion());
  });

  test("is interrupted by nothing but GET_VERSION", () => {
    const c = connected(V1_2);
    const announced = c.ask(requests.getDigests(V1_2));
    const interruptions = [requests.getDigests(V1_2), requests.getCapabilities(V1_2), requests.challenge(V1_2)];
    for (const request of [...interruptions, Uint8Array.of(0x12, 0xaa, 0, 0)])
      c.refused(request, errors.UNEXPECTED_REQUEST);
    c.refused(split(V1_2, echo(V1_2, 90), SIZE)[0], errors.UNEXPECTED_REQUEST);
    c.refused(Uint8Array.of(0x11, 0x84, 0, 0), errors.VERSION_MISMATCH, 0, 0x10);
    assert.equal(fetchLarge(V1_2, (request) => c.ask(request), announced, SIZE).length, 148);

    const next = c.ask(requests.getDigests(V1_2));
    c.answer(requests.getVersion());
    const again = new Conversation(V1_2, OFFER, c.board).reach(3);
    again.refused(chunkGet(V1_2, next[4], 0), errors.UNEXPECTED_REQUEST);
    assert.equal(whole(again, requests.getDigests(V1_2)).length, 148);
  });

  test("is ResponseTooLarge beyond the requester's MaxSPDMmsgSize, or ours", () => {
    const tight = connected(V1_2, large(), { maxSpdmMsgSize: 147 });
    assert.deepEqual([...tight.refused(requests.getDigests(V1_2), errors.RESPONSE_TOO_LARGE)], u32(148));
    // CERTIFICATE is as long as both can.
    assert.equal(whole(tight, requests.getCertificate(V1_2)).length, 147);
    const small = board({ chunks: new Chunks({ maxSpdmMsgSize: 100 }), dataTransferSize: SIZE });
    const c = connected(V1_2, small);
    assert.deepEqual([...c.refused(requests.getDigests(V1_2), errors.RESPONSE_TOO_LARGE)], u32(148));
    assert.equal(whole(c, requests.getCertificate(V1_2)).length, 100);
  });

  test("is ResponseTooLarge to who takes no chunks", () => {
    const c = connected(V1_2, large(), { flags: 0, maxSpdmMsgSize: SIZE });
    assert.deepEqual([...c.refused(requests.getDigests(V1_2), errors.RESPONSE_TOO_LARGE)], u32(148));
    c.refused(chunkGet(V1_2, 1, 0), errors.UNSUPPORTED_REQUEST, 0x86);
    c.refused(split(V1_2, echo(V1_2, 90), SIZE)[0], errors.UNSUPPORTED_REQUEST, 0x85);
    assert.equal(c.answer(requests.getCertificate(V1_2)).length, SIZE);
  });
});

describe("a large request", () => {
  for (const version of VERSIONS) {
    test(`SPDM 1.${version & 15}: is answered in the acknowledgement, or by chunks of its own`, () => {
      const c = connected(version);
      const ask = (request: Uint8Array) => c.ask(request);
      const room = SIZE - ackHeader(version) - 11;
      for (const length of [room - 1, room, room + 1, 200]) {
        const answer = sendLarge(version, ask, echo(version, length), 46);
        const fits = length <= room;
        assert.equal(answer[1], fits ? 0x7e : 0x7f);
        const response = fits ? answer : fetchLarge(version, ask, answer, SIZE);
        assert.equal(toHex(response.subarray(11)), toHex(BYTES.slice(0, length).reverse()));
      }
      const refusal = sendLarge(version, ask, requests.vendorDefined(version, 8, [1, 2], [...BYTES]), SIZE);
      assert.equal(toHex(refusal), toHex(Uint8Array.of(version, 0x7f, errors.UNSUPPORTED_REQUEST, 0xfe)));
    });
  }

  test("NEGOTIATE_ALGORITHMS may be one, at the smallest transfer size", () => {
    const on = board({ ...chunking(), dataTransferSize: 42 });
    const c = new Conversation(V1_2, { ...OFFER, dataTransferSize: 42 }, on).reach(2);
    const request = requests.negotiateAlgorithms(V1_2, {
      tables: [
        [2, 0x20, 8],
        [3, 0x20, 2],
        [5, 0x20, 1],
      ],
    });
    assert.ok(request.length > 42);
    const ask = (message: Uint8Array) => c.ask(message);
    const announced = sendLarge(V1_2, ask, request, 42);
    assert.equal(fetchLarge(V1_2, ask, announced, 42)[1], 0x63);
  });

  const request = echo(V1_2, 88);
  const first = request.subarray(0, 48);
  const rest = request.subarray(48);
  const head = { total: request.length, data: first };
  const starts: readonly (readonly [what: string, m: Parameters<typeof chunkSend>[1], code?: number])[] = [
    ["numbered 1", { ...head, sequence: 1 }],
    ["the last", { ...head, last: true }],
    ["of a message that is not large", { total: 42, data: first.subarray(0, 41) }],
    ["of a message beyond MaxSPDMmsgSize", { ...head, total: MAX + 1 }, errors.REQUEST_TOO_LARGE],
    ["of a message of gigabytes", { ...head, total: 0xffffffff }, errors.REQUEST_TOO_LARGE],
    ["shorter than everybody can take", { ...head, data: first.subarray(0, 25) }],
    ["longer than it is", { ...head, size: 49 }],
    ["of four gigabytes", { ...head, size: 0xffffffff }],
    ["the whole message", { total: 48, data: first }],
    ["longer than the message", { total: 47, data: first }],
    ["of CHUNK_SEND", { ...head, data: Uint8Array.from(first, (byte, i) => (i === 1 ? 0x85 : byte)) }],
    ["of CHUNK_GET", { ...head, data: Uint8Array.from(first, (byte, i) => (i === 1 ? 0x86 : byte)) }],
    ["of GET_VERSION", { ...head, data: Uint8Array.from(first, (byte, i) => (i === 1 ? 0x84 : byte)) }],
    ["of GET_CAPABILITIES", { ...head, data: Uint8Array.from(first, (byte, i) => (i === 1 ? 0xe1 : byte)) }],
  ];
  const goings: typeof starts = [
    ["numbered 0 again", { sequence: 0, data: rest, last: true }],
    ["numbered 2", { sequence: 2, data: rest, last: true }],
    ["of another handle", { handle: 8, sequence: 1, data: rest, last: true }],
    ["the last, but too short", { sequence: 1, data: rest.subarray(1), last: true }],
    ["the last, but too long", { sequence: 1, data: concat(rest, first.subarray(0, 1)), last: true }],
    ["whole, but not the last", { sequence: 1, data: rest }],
    ["shorter than everybody can take", { sequence: 1, data: rest.subarray(0, 29) }],
    ["longer than it is", { sequence: 1, data: rest.subarray(0, 40), size: 41 }],
  ];

  const early = (m: { handle?: number; sequence?: number }, code: number) => [
    ...[0x12, 0x05, 1, m.handle ?? 7, m.sequence ?? 0, 0],
    ...[0x12, 0x7f, code, 0],
  ];

  for (const [what, m, code = errors.INVALID_REQUEST] of starts) {
    test(`does not begin by a chunk ${what}`, () => {
      const c = connected(V1_2);
      assert.deepEqual([...c.ask(chunkSend(V1_2, m))], early(m, code));
      assert.equal(whole(c, request)[1], 0x7e);
      assert.deepEqual(c.board.faults, []);
    });
  }

  for (const [what, m] of goings) {
    test(`ends by a chunk ${what}`, () => {
      const c = connected(V1_2);
      assert.equal(c.ask(chunkSend(V1_2, head))[2], 0);
      assert.deepEqual([...c.ask(chunkSend(V1_2, m))], early(m, errors.INVALID_REQUEST));
      assert.equal(whole(c, request)[1], 0x7e);
      assert.deepEqual(c.board.faults, []);
    });
  }

  test("is not longer by one chunk than DataTransferSize", () => {
    const c = connected(V1_2);
    c.refused(chunkSend(V1_2, { ...head, data: request.subarray(0, 49) }), errors.REQUEST_TOO_LARGE);
    c.refused(request, errors.REQUEST_TOO_LARGE);
    assert.equal(whole(c, request)[1], 0x7e);
  });

  test("goes on after what is not part of it, but GET_VERSION", () => {
    const c = connected(V1_2);
    const [one, ...others] = split(V1_2, request, SIZE);
    c.ask(one);
    c.refused(requests.getDigests(V1_2), errors.UNEXPECTED_REQUEST);
    c.refused(chunkGet(V1_2, 1, 0), errors.UNEXPECTED_REQUEST);
    c.refused(others[0].subarray(0, 11), errors.INVALID_REQUEST);
    for (const chunk of others) assert.equal(c.ask(chunk)[1] & 0x7b, others.at(-1) === chunk ? 0x7b : 0x01);
    c.answer(requests.getVersion());
    const again = new Conversation(V1_2, OFFER, c.board).reach(3);
    again.ask(one);
    again.answer(requests.getVersion());
    const third = new Conversation(V1_2, OFFER, c.board).reach(3);
    assert.deepEqual([...third.ask(others[0])].slice(0, 3), [0x12, 0x05, 1]);
  });

  test("may be one that measures, between others that do", () => {
    const c = connected(V1_3);
    const asked = requests.getMeasurements(V1_3, 0, 0xff);
    const measured = [asked, whole(c, asked)];
    const last = requests.getMeasurements(V1_3, 1, 1);
    const ask = (message: Uint8Array) => c.ask(message);
    const response = fetchLarge(V1_3, ask, sendLarge(V1_3, ask, last, 42), SIZE);
    assert.ok(c.isL1(measured, last, response));
  });

  test("that fails early ends a run of measurements", () => {
    const c = connected(V1_3);
    const asked = requests.getMeasurements(V1_3, 0, 0xff);
    whole(c, asked);
    assert.equal(c.ask(chunkSend(V1_3, { ...head, last: true }))[2], 1);
    const last = requests.getMeasurements(V1_3, 1, 1);
    assert.ok(c.isL1([], last, whole(c, last)));
  });
});

describe("channels", () => {
  const TRANSFER = 256;
  const PAYLOAD = Uint8Array.from({ length: 250 }, (_, i) => i);
  const LONG = requests.vendorDefined(V1_2, 7, [0x98, 0x1e], [...PAYLOAD]);

  function peer(chunks = new Chunks({ maxSpdmMsgSize: MAX })): Peer {
    const on = sessionBoard({}, { chunks, dataTransferSize: TRANSFER });
    const sizes = { dataTransferSize: TRANSFER, maxSpdmMsgSize: 0x1200 };
    return new Peer(V1_2, on, { ...sizes, flags: SESSION_FLAGS | CHUNK_FLAG, baseAsym: 0x10, baseHash: 1 });
  }

  const busy = [0x12, 0x7f, errors.BUSY, 0];
  const certificate = requests.getCertificate(V1_2);

  test("a session has large messages in its records", () => {
    const end = peer().keyExchange().finish();
    const ask = (request: Uint8Array) => end.ask(request);
    const { curve, hash } = end.peer.conversation;
    const chain = fetchLarge(V1_2, ask, ask(certificate), TRANSFER).subarray(8);
    assert.equal(toHex(chain), toHex(spdmChainOf(curve, 0, hash)));
    const answer = fetchLarge(V1_2, ask, sendLarge(V1_2, ask, LONG, TRANSFER), TRANSFER);
    assert.equal(toHex(answer.subarray(11)), toHex(PAYLOAD.slice().reverse()));
    end.end();
  });

  test("handshakes in sessions have, too", () => {
    const end = peer().keyExchange();
    const finish = end.finishRequest();
    const padded = concat(finish, new Uint8Array(7));
    // FINISH is no longer than its fields: refused as it would be at once, and there is no second try.
    const ask = (request: Uint8Array) => end.ask(request);
    assert.equal(sendLarge(V1_2, ask, padded, 42)[2], errors.INVALID_REQUEST);
    const again = peer().keyExchange();
    const request = concat(again.finishRequest(), new Uint8Array(0));
    assert.ok(request.length <= 42);
  });

  test("one transfer at a time: others are busy if they need one", () => {
    const on = peer();
    const { conversation } = on;
    const [one, two] = [on.keyExchange().finish(), on.pskExchange().finish()];
    const clear = (request: Uint8Array) => conversation.ask(request);
    const inOne = (request: Uint8Array) => one.ask(request);
    const inTwo = (request: Uint8Array) => two.ask(request);
    for (const [own, ...others] of [
      [clear, inOne, inTwo],
      [inOne, clear, inTwo],
      [inTwo, inOne, clear],
    ]) {
      for (const sends of [false, true]) {
        const chunks = split(V1_2, LONG, TRANSFER);
        const announced = sends ? own(chunks[0]) : own(certificate);
        for (const other of others) {
          assert.deepEqual([...other(certificate)], busy);
          assert.deepEqual([...other(chunks[0])], busy);
          assert.equal(other(chunkGet(V1_2, announced[4], 0))[2], errors.UNEXPECTED_REQUEST);
          assert.equal(other(requests.getDigests(V1_2))[1], 0x01);
        }
        assert.equal(own(requests.getDigests(V1_2))[2], errors.UNEXPECTED_REQUEST);
        const last = sends ? own(chunks[1]) : announced;
        const response = fetchLarge(V1_2, own, last, TRANSFER);
        assert.equal(response[1], sends ? 0x7e : 0x02);
        for (const other of others) fetchLarge(V1_2, other, other(certificate), TRANSFER);
      }
    }
    assert.deepEqual(on.board.faults, []);
  });

  /** What a layer allocates. */
  function spied(): { chunks: Chunks; buffers: Uint8Array[] } {
    const buffers: Uint8Array[] = [];
    const { Uint8Array: Real } = globalThis;
    globalThis.Uint8Array = class extends Real {
      static get [Symbol.species]() {
        return Real;
      }

      constructor(length: number) {
        super(length);
        buffers.push(this);
      }
    } as unknown as Uint8ArrayConstructor;
    try {
      return { chunks: new Chunks({ maxSpdmMsgSize: MAX }), buffers: buffers.slice() };
    } finally {
      globalThis.Uint8Array = Real;
    }
  }

  test("what a handler wrote before it failed is wiped, too", () => {
    for (const fails of [true, false]) {
      let room: Uint8Array = new Uint8Array(0);
      const careless = {
        standardId: 7,
        vendorId: Uint8Array.of(0x98, 0x1e),
        respond(_payload: Uint8Array, response: Uint8Array): number {
          room = response.fill(0xa5, 0, 200);
          if (fails) throw new errors.SpdmError(errors.UNSPECIFIED);
          return 3000;
        },
      };
      const on = board({ ...chunking(), exchanges: [version, capabilities, algorithms, vendorDefined([careless])] });
      const c = connected(V1_2, on, { maxSpdmMsgSize: 2048 });
      c.refused(
        requests.vendorDefined(V1_2, 7, [0x98, 0x1e], [1]),
        fails ? errors.UNSPECIFIED : errors.RESPONSE_TOO_LARGE,
      );
      assert.equal(room.length > 200 && room.every((byte) => byte === 0), true);
    }
  });

  test("buffers are two, and hold nothing behind a transfer, or a session", () => {
    for (const sends of [false, true]) {
      for (const ends of ["broken", "finished", "version", "served"]) {
        const { chunks, buffers } = spied();
        assert.deepEqual(
          buffers.map(({ length }) => length),
          [MAX, MAX],
        );
        const holds = () => buffers.some((buffer) => buffer.some((byte) => byte !== 0));
        const end = peer(chunks).keyExchange().finish();
        const ask = (request: Uint8Array) => end.ask(request);
        assert.ok(!holds());
        const announced = sends ? ask(split(V1_2, LONG, TRANSFER)[0]) : ask(certificate);
        assert.ok(holds());
        if (ends === "broken") {
          const record = end.seal(Uint8Array.of(5, 0x12, 0x81, 0, 0));
          record[record.length - 1] ^= 1;
          end.exchange(record);
        }
        if (ends === "finished") {
          end.refused([0x12, 0xec, 0, 0], errors.UNEXPECTED_REQUEST);
          assert.ok(holds());
          if (sends) ask(split(V1_2, LONG, TRANSFER)[0]);
          else fetchLarge(V1_2, ask, announced, TRANSFER);
          end.end();
        }
        if (ends === "version") end.peer.conversation.answer(requests.getVersion());
        if (ends === "served") {
          if (sends) fetchLarge(V1_2, ask, ask(split(V1_2, LONG, TRANSFER)[1]), TRANSFER);
          else fetchLarge(V1_2, ask, announced, TRANSFER);
        }
        assert.ok(!holds(), `${sends} ${ends}`);
        if (ends === "version") continue;
        const clear = (request: Uint8Array) => end.peer.conversation.ask(request);
        assert.equal(fetchLarge(V1_2, clear, clear(certificate), TRANSFER)[1], 0x02);
      }
    }
  });
});
