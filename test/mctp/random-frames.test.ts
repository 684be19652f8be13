import assert from "node:assert/strict";
import { test } from "node:test";
import type { Binding } from "../../src/mctp/binding.js";
import { Endpoint } from "../../src/mctp/endpoint.js";
import { SerialBinding } from "../../src/mctp/serial.js";
import { SmbusBinding } from "../../src/mctp/smbus.js";
import { seeded } from "../support/random.js";

/** A million where a compiler runs this; XS interprets it, and the same code paths are reached with fewer. */
const FRAME_COUNT = "process" in globalThis ? 1_000_000 : 20_000;
const MESSAGE_LENGTH = 256;
const SOURCES = [0, 8, 9, 40, 0xfe];
const TYPES = [0x00, 0x05, 0x05, 0x05, 0x06, 0x7e, 0x85];

type Numbers = (bound: number) => number;

/** Frames that go wrong in every way: noise, sound frames of broken packets, and packets that nearly make messages. */
class Sender {
  readonly frame = new Uint8Array(600);
  readonly #random: Numbers;
  readonly #binding: Binding;
  readonly #peer: number;
  readonly #endpoint: Endpoint;
  /** By tag: the sequence number to come and the payload length of the message that this sender has under way. */
  readonly #sequences = new Uint8Array(8);
  readonly #units = new Uint8Array(8);

  constructor(random: Numbers, binding: Binding, peer: number, endpoint: Endpoint) {
    this.#random = random;
    this.#binding = binding;
    this.#peer = peer;
    this.#endpoint = endpoint;
  }

  /** Writes the next frame and returns its length. */
  next(): number {
    const random = this.#random;
    if (random(8) === 0) return this.#noise();
    const length = this.#packet();
    const sealed = this.#binding.seal(this.frame, length, random(50) === 0 ? random(128) : this.#peer);
    if (random(20) === 0) this.frame[random(sealed)] ^= 1 << random(8);
    return random(40) === 0 ? random(sealed) : sealed;
  }

  #noise(): number {
    const length = this.#random(this.frame.length);
    for (let i = 0; i < length; i++) this.frame[i] = this.#random(256);
    return length;
  }

  #packet(): number {
    const random = this.#random;
    const tag = random(8);
    // Mostly a well-behaved sender of short and long messages, sometimes any flags and length at all.
    const begins = this.#units[tag] === 0;
    const ends = random(3) === 0;
    if (begins) this.#units[tag] = 1 + random(80);
    let payloadLength = ends && !begins ? 1 + random(this.#units[tag]) : this.#units[tag];
    let flags = (begins ? 0x80 : 0) | (ends ? 0x40 : 0) | (this.#sequences[tag] << 4) | 0x08 | tag;
    if (ends) this.#units[tag] = 0;
    this.#sequences[tag] = (this.#sequences[tag] + 1) & 3;
    if (random(50) === 0) flags = random(256);
    if (random(50) === 0) payloadLength = random(247);
    this.#header(flags);
    this.#payload((flags & 0x80) !== 0, payloadLength);
    return 4 + payloadLength;
  }

  #header(flags: number): void {
    const random = this.#random;
    const at = this.#binding.headerLength;
    this.frame[at] = random(100) === 0 ? random(256) : 1;
    this.frame[at + 1] = random(100) === 0 ? random(256) : random(4) === 0 ? 0 : this.#endpoint.eid;
    // One sender for each tag, nearly always: otherwise few messages would ever be whole.
    this.frame[at + 2] = random(100) === 0 ? random(256) : SOURCES[(flags & 7) % SOURCES.length];
    this.frame[at + 3] = flags;
  }

  #payload(begins: boolean, length: number): void {
    const random = this.#random;
    const at = this.#binding.headerLength + 4;
    for (let i = 0; i < length; i++) this.frame[at + i] = random(256);
    if (!begins || length === 0) return;
    this.frame[at] = TYPES[random(TYPES.length)];
    if (this.frame[at] !== 0 || length < 3) return;
    this.frame[at + 1] = random(10) === 0 ? random(256) : 0x80 | random(32);
    this.frame[at + 2] = random(10);
  }
}

function endpoint(binding: Binding, random: Numbers): Endpoint {
  const respond = (request: Uint8Array, reply: Uint8Array) => {
    assert.equal(reply.length, MESSAGE_LENGTH);
    assert.ok(request.length <= MESSAGE_LENGTH);
    return random(1 + MESSAGE_LENGTH);
  };
  return new Endpoint({
    binding,
    uuid: new Uint8Array(16),
    messageLength: MESSAGE_LENGTH,
    handlers: [
      { type: 0x05, versions: [0xf1f0f200], respond },
      { type: 0x06, versions: [], respond },
    ],
    vendors: [{ format: 1, id: 1, commandSet: 2 }],
  });
}

/** Runs `body` while nothing can be given a buffer of its own; views stay possible. */
function withoutNewBuffers(body: () => void): void {
  const { Uint8Array: bytes, ArrayBuffer: buffer } = globalThis;
  const refuse = function refuse(): never {
    throw new Error("a buffer was made after the constructor");
  };
  Object.assign(globalThis, { Uint8Array: refuse, ArrayBuffer: refuse });
  try {
    body();
  } finally {
    Object.assign(globalThis, { Uint8Array: bytes, ArrayBuffer: buffer });
  }
}

/** Feeds frames, pulls replies (not always all, as a busy port would) and checks that each reply is a sound frame. */
function feed(to: Endpoint, sender: Sender, requester: Binding, random: Numbers, count: number): number {
  const out = new Uint8Array(to.frameLength);
  let replies = 0;
  let now = -5_000_000;
  withoutNewBuffers(() => {
    for (let i = 0; i < count; i++) {
      now = (now + (random(300) === 0 ? random(10_000) : random(40))) | 0;
      const length = sender.next();
      const waits = to.receive(sender.frame, length, now);
      if (waits) replies++;
      const patience = random(20) === 0 ? 1 : MESSAGE_LENGTH;
      for (let pulled = 0; pulled < patience; pulled++) {
        const sent = to.transmit(out);
        if (sent === 0) break;
        // Replies go to whatever address a request claims to come from; most claim the requester's.
        if (out[0] === 0x20 || out[0] === 0x7e) assert.ok(requester.open(out, sent) > 0);
      }
    }
  });
  return replies;
}

for (const [name, own, peer, requester] of [
  ["SMBus", new SmbusBinding({ address: 0x1d }), 0x1d, new SmbusBinding({ address: 0x10 })],
  ["serial", new SerialBinding(), 0, new SerialBinding()],
] as [string, Binding, number, Binding][]) {
  const count = name === "SMBus" ? FRAME_COUNT : FRAME_COUNT / 2;
  test(`${count} random frames over ${name}: nothing thrown, no buffer made, every path taken`, () => {
    const random = seeded(2026);
    const to = endpoint(own, random);
    const replies = feed(to, new Sender(random, requester, peer, to), requester, random, count);
    assert.ok(replies > count / 50, `${replies} replies`);
    for (const [counter, value] of Object.entries(to.counters)) assert.ok(value > 0, `${counter} was never counted`);
  });
}
