import assert from "node:assert/strict";
import { test } from "node:test";
import { fcs, SerialBinding, SerialSplitter } from "../../src/mctp/serial.js";
import { bytes, hex } from "../support/hex.js";
import { seeded } from "../support/random.js";

const VECTORS = [
  { packet: "01 09 08 c8 05 10 84 00 00", frame: "7e 01 09 01 09 08 c8 05 10 84 00 00 73 f5 7e" },
  { packet: "01 08 09 c0 05 10 7e 00 00", frame: "7e 01 09 01 08 09 c0 05 10 7d 5e 00 00 b3 89 7e" },
];

const binding = new SerialBinding();

/** The frame around `packet`, as it is sent. */
function sealed(packet: Uint8Array): Uint8Array {
  const frame = new Uint8Array(binding.frameLength(packet.length - 4));
  frame.set(packet, 3);
  return frame.slice(0, binding.seal(frame, packet.length, 0));
}

/** The frames that a splitter finds in a stream. */
function split(splitter: SerialSplitter, stream: Uint8Array): string[] {
  const frames: string[] = [];
  for (const byte of stream) {
    const length = splitter.push(byte);
    if (length !== 0) frames.push(hex(splitter.frame, length));
  }
  return frames;
}

test("FCS: check value", () => {
  assert.equal(fcs(bytes("31 32 33 34 35 36 37 38 39"), 0, 9), 0x6f91);
});

for (const { packet, frame } of VECTORS) {
  test(`known frame ${frame}`, () => {
    assert.equal(hex(sealed(bytes(packet))), frame);
    const received = bytes(frame);
    const length = binding.open(received, received.length);
    assert.equal(hex(received.subarray(3, 3 + length)), packet);
    assert.equal(binding.peer(received), 0);
    assert.deepEqual(split(new SerialSplitter(64), bytes(frame)), [frame]);
  });

  test(`every flipped bit and every truncation is refused: ${frame}`, () => {
    const good = bytes(frame);
    for (let bit = 0; bit < 8 * good.length; bit++) {
      const bad = good.slice();
      bad[bit >> 3] ^= 1 << (bit & 7);
      assert.equal(binding.open(bad, bad.length), 0, `bit ${bit}`);
    }
    for (let length = 0; length < good.length; length++) {
      assert.equal(binding.open(good.slice(), length), 0, `length ${length}`);
    }
  });
}

test("broken escapes and flags inside a packet are refused", () => {
  for (const frame of [
    "7e 01 05 01 09 08 c8 7d 00 73 f5 7e",
    "7e 01 05 01 09 08 c8 7d 7d 5e 73 f5 7e",
    "7e 01 05 01 09 08 c8 7e 73 f5 7e",
    "7e 01 05 01 09 08 c8 7d",
    "7e 01 04 01 09 08 c8 73 f5 7e",
  ])
    assert.equal(binding.open(bytes(frame), bytes(frame).length), 0, frame);
});

test("a right FCS does not save them", () => {
  const verdict = (sent: string, meant: string) => {
    const check = fcs(bytes(`01 05 ${meant}`), 0, 7);
    const frame = Uint8Array.of(0x7e, 0x01, 0x05, ...bytes(sent), check >> 8, check & 0xff, 0x7e);
    return binding.open(frame, frame.length);
  };
  assert.equal(verdict("01 09 08 c8 05", "01 09 08 c8 05"), 5);
  assert.equal(verdict("01 09 08 c8 7d 5e", "01 09 08 c8 7e"), 5);
  assert.equal(verdict("01 09 08 c8 7e", "01 09 08 c8 7e"), 0, "a flag");
  assert.equal(verdict("01 09 08 c8 7d 25", "01 09 08 c8 05"), 0, "an escape of what needs none");
  assert.equal(verdict("01 09 08 c8 05 00", "01 09 08 c8 05"), 0, "more than counted");
});

test("packets of every length, all escapes, and FCS and count bytes that look like flags", () => {
  const random = seeded(11);
  const splitter = new SerialSplitter(binding.transmissionUnitLimit);
  const seen = { count: false, trailer: false };
  for (let round = 0; round < 3000; round++) {
    const packet = new Uint8Array(5 + (round % 251));
    const kind = random(3);
    for (let i = 0; i < packet.length; i++) packet[i] = kind === 0 ? 0x7e : kind === 1 ? 0x7d + random(2) : random(256);
    const frame = sealed(packet);
    seen.count ||= frame[2] === 0x7e;
    seen.trailer ||= frame[frame.length - 2] === 0x7e || frame[frame.length - 3] === 0x7e;
    assert.deepEqual(split(splitter, frame), [hex(frame)]);
    assert.equal(binding.open(frame, frame.length), packet.length);
    assert.equal(hex(frame.subarray(3, 3 + packet.length)), hex(packet));
  }
  assert.deepEqual(seen, { count: true, trailer: true });
});

const A = VECTORS[0].frame;
const B = VECTORS[1].frame;

test("the splitter finds frames after noise, between double flags and with a shared flag", () => {
  const cases: [string, string[]][] = [
    [`${A} ${B}`, [A, B]],
    [`7e 7e 7e ${A} 7e 7e ${B}`, [A, B]],
    [`${A} ${B.slice(3)}`, [A, B]],
    [`00 01 42 7d ${A}`, [A]],
    [`7e 02 ${A}`, [A]],
    [`7e 01 04 ${A}`, [A]],
    [`7e 01 45 ${A}`, [A]],
    [`${A.slice(0, 20)} ${B}`, [B]],
    [`7e 01 05 01 09 08 c8 05 10 84 00 ${B}`, [B]],
  ];
  for (const [stream, frames] of cases) assert.deepEqual(split(new SerialSplitter(64), bytes(stream)), frames, stream);
});

test("the splitter counts what begins as a frame and is none", () => {
  const cases: [string, number][] = [
    [`7e 7e ${A} 7e ${B} 7e`, 0],
    ["00 01 42 7d", 0],
    [`${A} 00 01 02 ${B}`, 1],
    ["7e 02", 1],
    ["7e 01 04", 1],
    ["7e 01 45", 1],
    [A.slice(0, 20), 0],
    [`${A.slice(0, 20)} ${B}`, 1],
    [`${A.slice(0, -2)} 00`, 1],
  ];
  for (const [stream, count] of cases) {
    const splitter = new SerialSplitter(64);
    split(splitter, bytes(stream));
    assert.equal(splitter.brokenFrames, count, stream);
  }
});

test("the splitter takes what it has room for and no more", () => {
  const fits = sealed(new Uint8Array(68).fill(0x7e));
  const over = sealed(new Uint8Array(69).fill(0x01));
  const splitter = new SerialSplitter(64);
  assert.deepEqual(split(splitter, fits), [hex(fits)]);
  assert.deepEqual(split(splitter, over), []);
  assert.deepEqual(split(splitter, fits), [hex(fits)]);
});

test("the splitter survives any stream and finds the frames in it again", () => {
  const random = seeded(12);
  const splitter = new SerialSplitter(64);
  const alphabet = bytes("7e 7e 7d 5e 5d 01 05 44 45 00 ff");
  for (let i = 0; i < 200_000; i++) {
    const byte = random(4) === 0 ? random(256) : alphabet[random(alphabet.length)];
    const length = splitter.push(byte);
    if (length !== 0) binding.open(splitter.frame, length);
    assert.ok(length <= splitter.frame.length);
  }
  // Enough flags end whatever the noise began: count, packet and trailer are bounded.
  for (let i = 0; i < splitter.frame.length; i++) splitter.push(0x7e);
  assert.deepEqual(split(splitter, bytes(`00 ${A}`)), [A]);
});
