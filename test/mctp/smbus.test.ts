import assert from "node:assert/strict";
import { test } from "node:test";
import { pec, SmbusBinding } from "../../src/mctp/smbus.js";
import { bytes, hex } from "../support/hex.js";

/** The first was captured on hardware (OpenPRoT, services/mctp/transport-i2c/src/receiver.rs). */
const VECTORS = [
  { to: 0x10, from: 0x42, frame: "20 0f 0a 85 01 08 30 c8 05 10 84 00 00 65" },
  { to: 0x1d, from: 0x10, frame: "3a 0f 08 21 01 00 08 c8 00 80 02 56" },
  { to: 0x10, from: 0x1d, frame: "20 0f 0c 3b 01 08 09 c0 00 00 02 00 09 00 00 80" },
  { to: 0x1d, from: 0x10, frame: "3a 0f 0a 21 01 09 08 c8 05 10 84 00 00 0a" },
];

test("PEC: check value, seed, range", () => {
  const digits = bytes("31 32 33 34 35 36 37 38 39");
  assert.equal(pec(digits, 0, 9, 0), 0xf4);
  assert.equal(pec(digits, 4, 9, pec(digits, 0, 4, 0)), 0xf4);
  assert.equal(pec(digits, 3, 3, 0x5a), 0x5a);
});

for (const { to, from, frame } of VECTORS) {
  test(`known frame ${frame}`, () => {
    const received = bytes(frame);
    const binding = new SmbusBinding({ address: to });
    assert.equal(binding.open(received, received.length), received.length - 5);
    assert.equal(binding.peer(received), from);
    assert.equal(hex(received), frame);

    const sent = new Uint8Array(received.length);
    sent.set(received.subarray(4, -1), 4);
    assert.equal(new SmbusBinding({ address: from }).seal(sent, received.length - 5, to), received.length);
    assert.equal(hex(sent), frame);
  });

  test(`every flipped bit and every truncation is refused: ${frame}`, () => {
    const binding = new SmbusBinding({ address: to });
    const good = bytes(frame);
    for (let bit = 0; bit < 8 * good.length; bit++) {
      const bad = good.slice();
      bad[bit >> 3] ^= 1 << (bit & 7);
      assert.equal(binding.open(bad, bad.length), 0, `bit ${bit}`);
    }
    for (let length = 0; length < good.length; length++)
      assert.equal(binding.open(good, length), 0, `length ${length}`);
  });
}

/** A frame with a right PEC whatever else is wrong with it. */
function sealed(front: string): Uint8Array {
  const body = bytes(front);
  const frame = new Uint8Array(body.length + 1);
  frame.set(body);
  frame[body.length] = pec(body, 0, body.length, 0);
  return frame;
}

test("a right PEC does not save a wrong header", () => {
  const binding = new SmbusBinding({ address: 0x1d });
  const verdict = (front: string) => {
    const frame = sealed(front);
    return binding.open(frame, frame.length);
  };
  assert.equal(verdict("3a 0f 06 21 01 00 08 c8 05"), 5);
  assert.equal(verdict("3c 0f 06 21 01 00 08 c8 05"), 0, "another address");
  assert.equal(verdict("3b 0f 06 21 01 00 08 c8 05"), 0, "a read");
  assert.equal(verdict("3a 10 06 21 01 00 08 c8 05"), 0, "another command");
  assert.equal(verdict("3a 0f 05 21 01 00 08 c8 05"), 0, "count too low");
  assert.equal(verdict("3a 0f 07 21 01 00 08 c8 05"), 0, "count too high");
  assert.equal(verdict("3a 0f 06 20 01 00 08 c8 05"), 0, "source is not MCTP's");
  assert.equal(verdict("3a 0f 05 21 01 00 08 c8"), 0, "no payload");
});

test("the longest packet fits the byte count", () => {
  const binding = new SmbusBinding({ address: 0x1d });
  const frame = new Uint8Array(binding.frameLength(binding.transmissionUnitLimit));
  frame[4] = 1;
  assert.equal(new SmbusBinding({ address: 0x10 }).seal(frame, frame.length - 5, 0x1d), 259);
  assert.equal(frame[2], 0xff);
  assert.equal(binding.open(frame, frame.length), 254);
});

test("a native PEC takes the place of ours", () => {
  const calls: number[][] = [];
  const binding = new SmbusBinding({
    address: 0x1d,
    pec: (_bytes, start, end, seed) => {
      calls.push([start, end, seed]);
      return 0xaa;
    },
  });
  const frame = sealed("3a 0f 06 21 01 00 08 c8 05");
  frame[9] = 0xaa;
  assert.equal(binding.open(frame, 10), 5);
  assert.equal(binding.seal(frame, 5, 0x10), 10);
  assert.deepEqual(calls, [
    [0, 9, 0],
    [0, 9, 0],
  ]);
});

test("a source that no answer could reach is refused: general call, reserved addresses, ourselves", () => {
  const binding = new SmbusBinding({ address: 0x1d });
  for (let address = 0; address <= 0x7f; address++) {
    const front = Uint8Array.of(0x3a, 0x0f, 0x08, (address << 1) | 1, 0x01, 0x00, 0x08, 0xc8, 0x00, 0x80, 0x02);
    const reserved = address < 0x08 || address > 0x77 || address === 0x1d;
    const frame = sealed(hex(front));
    assert.equal(binding.open(frame, frame.length), reserved ? 0 : 7, hex(front));
  }
});
