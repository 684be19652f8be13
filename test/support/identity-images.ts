/** Identity images, good and damaged, for all who read them. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { DeviceIdentity } from "../../certs/identity-writer.js";
import type { Storage } from "../../hal/storage.js";
import { seeded } from "./random.js";

export const DEVICE: DeviceIdentity = {
  uuid: Uint8Array.from({ length: 16 }, (_, i) => 0xa0 + i),
  credentials: [
    { slot: 0, algorithm: 0x10, chain: Uint8Array.of(1, 2, 3), key: new Uint8Array(32).fill(0x11) },
    { slot: 7, algorithm: 0x80, model: 2, chain: Uint8Array.of(4, 5), key: new Uint8Array(48).fill(0x22) },
  ],
  psks: [{ hint: Uint8Array.of(6, 7, 8, 9), key: new Uint8Array(16).fill(0x33) }],
  requesterAnchors: [Uint8Array.of(10, 11)],
  requesterChains: [{ algorithm: 0x80, chain: Uint8Array.of(12, 13, 14) }],
  policy: { requested: 2, basic: true, inTheClear: true, macOnly: false, pskWithoutContext: true, certificates: false },
};

/** DEVICE's image, written out by hand from the layout table. */
export const IMAGE = withDigest(
  Buffer.from(
    [
      "5350444d2d494400 3e010000 0200 0600 a0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
      "00000000 10000000 b0000000 03000000 b3000000 20000000",
      "07000200 80000000 d3000000 02000000 d5000000 30000000",
      "00010000 00000000 05010000 04000000 09010000 10000000",
      "00020000 00000000 19010000 02000000 00000000 00000000",
      "82030000 05000000 00000000 00000000 00000000 00000000",
      "00040000 80000000 1b010000 03000000 00000000 00000000",
      `010203 ${"11".repeat(32)} 0405 ${"22".repeat(48)} 06070809 ${"33".repeat(16)} 0a0b 0c0d0e`,
    ]
      .join("")
      .replaceAll(" ", ""),
    "hex",
  ),
);
const TABLE_END = 0xb0;

/** A storage that is just as long; notes what is read. */
export function memory(bytes: Uint8Array, reads: [number, number][] = []): Storage {
  return {
    length: bytes.length,
    read(offset, into) {
      assert.ok(offset >= 0 && offset + into.length <= bytes.length, "read outside the medium");
      reads.push([offset, offset + into.length]);
      into.set(bytes.subarray(offset, offset + into.length));
    },
  };
}

export function withDigest(body: Uint8Array): Uint8Array {
  return new Uint8Array(Buffer.concat([body, createHash("sha256").update(body).digest()]));
}

/** IMAGE with `bytes` at `offset`, and a digest that fits. */
export function changed(...changes: readonly (readonly [offset: number, bytes: readonly number[]])[]): Uint8Array {
  const body = IMAGE.slice(0, -32);
  for (const [offset, bytes] of changes) body.set(bytes, offset);
  return withDigest(body);
}

/** Images that contradict themselves though their digest fits. */
export const CONTRADICTIONS: ReadonlyMap<string, Uint8Array> = new Map(
  (
    [
      ["chain reaches into the digest", 44, [0x6f, 0, 0, 0]],
      ["chain offset + length exceeds 32 bits", 40, [0xff, 0xff, 0xff, 0xff]],
      ["chain before the entries' end", 40, [0xaf, 0, 0, 0]],
      ["chain offset far outside", 40, [0, 0, 0, 0x80]],
      ["key reaches into the digest", 48, [0xff, 0, 0, 0]],
      ["key of another length", 52, [0x1f, 0, 0, 0]],
      ["the offset of no chain", 44, [0, 0, 0, 0]],
      ["a key alone, with a slot", 64, [0, 0, 0, 0, 0, 0, 0, 0]],
      ["a key alone, with a model", 34, [1, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
      ["no key", 48, [0, 0, 0, 0, 0, 0, 0, 0]],
      ["slot 8", 32, [8]],
      ["model 4", 34, [4]],
      ["model 255", 34, [255]],
      ["reserved byte", 35, [1]],
      ["pre-shared key with a model", 82, [1]],
      ["anchor with a model", 106, [1]],
      ["policy with a model", 130, [1]],
      ["requester chain with a model", 154, [1]],
      ["unknown algorithm", 36, [0x40]],
      ["no algorithm", 36, [0]],
      ["kind 5", 33, [5]],
      ["kind 255", 33, [255]],
      ["slot given twice", 56, [0, 0, 0, 0, 0x10, 0, 0, 0, 0xd3, 0, 0, 0, 2, 0, 0, 0, 0xd5, 0, 0, 0, 0x20]],
      ["pre-shared key with a slot", 80, [1]],
      ["pre-shared key with an algorithm", 84, [0x10]],
      ["no hint", 88, [0, 0, 0, 0, 0, 0, 0, 0]],
      ["hint of 65 bytes", 88, [0xb0, 0, 0, 0, 65]],
      ["hint reaches into the digest", 88, [0x1b, 1, 0, 0]],
      ["pre-shared key without a key", 96, [0, 0, 0, 0, 0, 0, 0, 0]],
      ["pre-shared key of 65 bytes", 96, [0xb0, 0, 0, 0, 65]],
      ["pre-shared key reaches into the digest", 96, [0x0f, 1, 0, 0]],
      ["anchor with a slot", 104, [1]],
      ["anchor with an algorithm", 108, [0x10]],
      ["anchor that is empty", 112, [0, 0, 0, 0, 0, 0, 0, 0]],
      ["anchor reaches into the digest", 116, [6]],
      ["anchor with a key", 120, [0x09, 1, 0, 0, 16, 0, 0, 0]],
      ["anchor with the offset of a key", 120, [0x09, 1, 0, 0]],
      ["MutAuthRequested of 3", 128, [3]],
      ["MutAuthRequested of 8", 128, [8]],
      ["policy with option 16", 132, [16]],
      ["policy with option 0x80000000", 135, [0x80]],
      ["policy with data", 136, [0xb0, 0, 0, 0, 1]],
      ["policy with the offset of data", 136, [0xb0]],
      ["policy with a key", 144, [0xb0, 0, 0, 0, 1]],
      ["second policy", 104, [0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
      ["requester chain with a slot", 152, [1]],
      ["requester chain of no algorithm", 156, [0]],
      ["requester chain of an unknown algorithm", 156, [0x40]],
      ["requester chain of two algorithms", 156, [0x90]],
      ["requester chain that is empty", 160, [0, 0, 0, 0, 0, 0, 0, 0]],
      ["requester chain reaches into the digest", 164, [4]],
      ["requester chain with a key", 168, [0xd5, 0, 0, 0, 48, 0, 0, 0]],
      ["requester chain with the offset of a key", 168, [0xd5]],
      ["requester chain given twice", 104, [0, 4, 0, 0, 0x80]],
      ["no entries", 14, [0, 0]],
      ["25 entries", 14, [25, 0]],
      ["entries beyond the end", 14, [11, 0]],
      ["65535 entries", 14, [255, 255]],
      ["format version 1", 12, [1, 0]],
      ["format version 3", 12, [3, 0]],
    ] as const
  ).map(([name, offset, bytes]) => [name, changed([offset, bytes])]),
);

export function truncations(): Uint8Array[] {
  return Array.from({ length: IMAGE.length }, (_, length) => IMAGE.slice(0, length));
}

export function flippedBits(): Uint8Array[] {
  return Array.from({ length: IMAGE.length * 8 }, (_, bit) => {
    const image = IMAGE.slice();
    image[bit >> 3] ^= 1 << (bit & 7);
    return image;
  });
}

/** IMAGE with up to three fields of its head changed, the digest fitting: mostly bad, some good. */
export function randomImages(count: number): Uint8Array[] {
  const next = seeded(2026);
  const values = [0, 1, 2, 4, 7, 16, 32, 48, 64, 65, 0x10, 0x80, 0xb0, 0x109, 0x11e, 0xffbb, 0xffffffff];
  return Array.from({ length: count }, () =>
    changed(
      ...Array.from({ length: 1 + next(3) }, () => {
        const width = [1, 2, 4][next(3)];
        const offset = 8 + width * next((TABLE_END - 8) / width);
        const value = values[next(values.length)];
        return [offset, [0, 8, 16, 24].slice(0, width).map((shift) => (value >>> shift) & 0xff)] as const;
      }),
    ),
  );
}
