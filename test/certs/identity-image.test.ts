import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { sha256 } from "@noble/hashes/sha2.js";
import {
  type Credential,
  identityDigestFits,
  readIdentityTable,
  writeIdentityImage,
} from "../../certs/identity-image.js";
import type { Storage } from "../../hal/storage.js";
import { WireError } from "../../src/wire.js";

const UUID = Uint8Array.from({ length: 16 }, (_, i) => 0xa0 + i);
const CREDENTIALS: readonly Credential[] = [
  { slot: 0, algorithm: 0x10, chain: Uint8Array.of(1, 2, 3), key: new Uint8Array(32).fill(0x11) },
  { slot: 7, algorithm: 0x80, chain: Uint8Array.of(4, 5), key: new Uint8Array(48).fill(0x22) },
];

/** Written out by hand from the layout table. */
const IMAGE = withDigest(
  Buffer.from(
    [
      "5350444d2d494400 c5000000 0100 0200 a0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
      "00000000 10000000 50000000 03000000 53000000 20000000",
      "07000000 80000000 73000000 02000000 75000000 30000000",
      `010203 ${"11".repeat(32)} 0405 ${"22".repeat(48)}`,
    ]
      .join("")
      .replaceAll(" ", ""),
    "hex",
  ),
);

function withDigest(body: Uint8Array): Uint8Array {
  return new Uint8Array(Buffer.concat([body, createHash("sha256").update(body).digest()]));
}

function memory(bytes: Uint8Array, reads: [number, number][] = []): Storage {
  return {
    length: bytes.length,
    read(offset, into) {
      assert.ok(offset >= 0 && offset + into.length <= bytes.length, "read outside the medium");
      reads.push([offset, offset + into.length]);
      into.set(bytes.subarray(offset, offset + into.length));
    },
    write() {
      assert.fail("nothing is written");
    },
  };
}

test("golden image", () => {
  assert.deepEqual(writeIdentityImage(UUID, CREDENTIALS, sha256), IMAGE);
  const storage = memory(IMAGE);
  const table = readIdentityTable(storage);
  assert.equal(table.length, IMAGE.length);
  assert.deepEqual(table.uuid, UUID);
  assert.deepEqual(table.entries, [
    { slot: 0, algorithm: 0x10, chainOffset: 80, chainLength: 3, keyOffset: 83, keyLength: 32 },
    { slot: 7, algorithm: 0x80, chainOffset: 115, chainLength: 2, keyOffset: 117, keyLength: 48 },
  ]);
  assert.ok(identityDigestFits(storage, table, sha256));
});

test("found at the start of a larger storage", () => {
  const flash = new Uint8Array(4096).fill(0xff);
  flash.set(IMAGE);
  const table = readIdentityTable(memory(flash));
  assert.equal(table.length, IMAGE.length);
  assert.ok(identityDigestFits(memory(flash), table, sha256));
});

test("reading the table leaves chains and keys alone", () => {
  const reads: [number, number][] = [];
  readIdentityTable(memory(IMAGE, reads));
  assert.ok(reads.every(([, end]) => end <= 80));
});

test("every truncation is refused", () => {
  for (let length = 0; length < IMAGE.length; length++)
    assert.throws(() => readIdentityTable(memory(IMAGE.subarray(0, length))), WireError);
});

test("every flipped bit is refused or breaks the digest", () => {
  for (let bit = 0; bit < IMAGE.length * 8; bit++) {
    const image = IMAGE.slice();
    image[bit >> 3] ^= 1 << (bit & 7);
    const storage = memory(image);
    try {
      assert.equal(identityDigestFits(storage, readIdentityTable(storage), sha256), false, `bit ${bit}`);
    } catch (error) {
      assert.ok(error instanceof WireError, `bit ${bit}: ${error}`);
    }
  }
});

test("an image that contradicts itself is refused though its digest fits", () => {
  const cases: [string, number, number[]][] = [
    ["chain reaches into the digest", 44, [0x72, 0, 0, 0]],
    ["chain offset + length exceeds 32 bits", 40, [0xff, 0xff, 0xff, 0xff]],
    ["chain before the entries' end", 40, [0x4f, 0, 0, 0]],
    ["key at the end", 48, [0xa5, 0, 0, 0]],
    ["key of another length", 52, [0x1f, 0, 0, 0]],
    ["no chain", 44, [0, 0, 0, 0]],
    ["slot 8", 32, [8]],
    ["reserved byte", 33, [1]],
    ["unknown algorithm", 36, [0x40]],
    ["no entries", 14, [0, 0]],
    ["17 entries", 14, [17, 0]],
    ["format version 2", 12, [2, 0]],
    ["slot given twice", 56, [0, 0, 0, 0, 0x10, 0, 0, 0, 0x73, 0, 0, 0, 2, 0, 0, 0, 0x75, 0, 0, 0, 0x20]],
  ];
  for (const [name, offset, bytes] of cases) {
    const body = IMAGE.slice(0, -32);
    body.set(bytes, offset);
    assert.throws(() => readIdentityTable(memory(withDigest(body))), WireError, name);
  }
});

test("what the image cannot hold is not written", () => {
  const [first] = CREDENTIALS;
  const refused: [string, Uint8Array, Credential[]][] = [
    ["UUID", new Uint8Array(15), [first]],
    ["none", UUID, []],
    ["twice", UUID, [first, first]],
    ["slot", UUID, [{ ...first, slot: 8 }]],
    ["key length", UUID, [{ ...first, algorithm: 0x80 }]],
    ["algorithm", UUID, [{ ...first, algorithm: 0x100, key: new Uint8Array(0) }]],
    ["chain length", UUID, [{ ...first, chain: new Uint8Array(65468) }]],
  ];
  for (const [name, uuid, credentials] of refused)
    assert.throws(() => writeIdentityImage(uuid, credentials, sha256), RangeError, name);
});
