import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256 } from "@noble/hashes/sha2.js";
import { identityDigestFits, readIdentityTable } from "../../certs/identity-image.js";
import { type DeviceIdentity, writeIdentityImage } from "../../certs/identity-writer.js";
import { WireError } from "../../src/wire.js";
import {
  CONTRADICTIONS,
  changed,
  DEVICE,
  flippedBits,
  IMAGE,
  memory,
  randomImages,
  truncations,
} from "../support/identity-images.js";

test("golden image", () => {
  assert.deepEqual(writeIdentityImage(DEVICE, sha256), IMAGE);
  const storage = memory(IMAGE);
  const table = readIdentityTable(storage);
  assert.deepEqual(table, {
    length: IMAGE.length,
    uuid: DEVICE.uuid,
    credentials: [
      {
        index: 0,
        slot: 0,
        model: 1,
        algorithm: 0x10,
        chain: { offset: 176, length: 3 },
        key: { offset: 179, length: 32 },
      },
      {
        index: 1,
        slot: 7,
        model: 2,
        algorithm: 0x80,
        chain: { offset: 211, length: 2 },
        key: { offset: 213, length: 48 },
      },
    ],
    spareKeys: [],
    psks: [{ index: 2, hint: { offset: 261, length: 4 }, key: { offset: 265, length: 16 } }],
    requesterAnchors: [{ offset: 281, length: 2 }],
    requesterChains: [{ algorithm: 0x80, chain: { offset: 283, length: 3 } }],
    policy: {
      requested: 2,
      basic: true,
      inTheClear: true,
      macOnly: false,
      pskWithoutContext: true,
      certificates: false,
    },
  });
  assert.ok(identityDigestFits(storage, table, sha256));
});

test("nothing but credentials, nothing but a pre-shared key: the default policy", () => {
  const { uuid, credentials, psks } = DEVICE;
  for (const device of [
    { uuid, credentials },
    { uuid, credentials: [], psks: psks! },
  ]) {
    const table = readIdentityTable(memory(writeIdentityImage(device, sha256)));
    assert.equal(table.credentials.length, device.credentials.length);
    assert.equal(table.psks.length, device.psks?.length ?? 0);
    assert.deepEqual(table.requesterAnchors, []);
    assert.deepEqual(table.requesterChains, []);
    const no = { basic: false, inTheClear: false, macOnly: false, pskWithoutContext: false, certificates: false };
    assert.deepEqual(table.policy, { requested: 0, ...no });
  }
});

test("every policy comes back", () => {
  for (const requested of [0, 1, 2, 4]) {
    for (let bits = 0; bits < 32; bits++) {
      const [basic, inTheClear, macOnly, pskWithoutContext, certificates] = [1, 2, 4, 8, 16].map(
        (bit) => (bits & bit) !== 0,
      );
      const policy = { requested, basic, inTheClear, macOnly, pskWithoutContext, certificates };
      const image = writeIdentityImage({ ...DEVICE, policy }, sha256);
      assert.deepEqual(readIdentityTable(memory(image)).policy, policy);
    }
  }
});

test("every model comes back; device certificates are written as firmware takes them that knows no models", () => {
  const [first] = DEVICE.credentials;
  for (const [model, written] of [
    [1, 0],
    [2, 2],
    [3, 3],
  ]) {
    const image = writeIdentityImage({ ...DEVICE, credentials: [{ ...first, model }] }, sha256);
    assert.equal(image[34], written);
    assert.equal(readIdentityTable(memory(image)).credentials[0].model, model);
  }
  const one = changed([34, [1]]);
  assert.equal(readIdentityTable(memory(one)).credentials[0].model, 1);
});

test("keys without a chain come back, however many", () => {
  const spareKeys = [0x80, 0x10, 0x80].map((algorithm, i) => ({
    algorithm,
    key: new Uint8Array(algorithm === 0x10 ? 32 : 48).fill(i),
  }));
  const image = writeIdentityImage({ ...DEVICE, spareKeys }, sha256);
  const table = readIdentityTable(memory(image));
  assert.equal(table.credentials.length, DEVICE.credentials.length);
  assert.deepEqual(
    table.spareKeys.map(({ algorithm, key: { offset, length } }) => ({
      algorithm,
      key: image.slice(offset, offset + length),
    })),
    spareKeys,
  );
});

test("a requester chain under each algorithm comes back", () => {
  const requesterChains = [0x80, 0x10].map((algorithm) => ({ algorithm, chain: Uint8Array.of(1, algorithm) }));
  const image = writeIdentityImage({ ...DEVICE, requesterChains }, sha256);
  const found = readIdentityTable(memory(image)).requesterChains.map(({ algorithm, chain: { offset, length } }) => ({
    algorithm,
    chain: image.slice(offset, offset + length),
  }));
  assert.deepEqual(found, requesterChains);
});

test("as much as an image holds: every slot under both algorithms, eight more entries, the longest hint and key", () => {
  const credentials = [0x10, 0x80].flatMap((algorithm) =>
    Array.from({ length: 8 }, (_, slot) => ({
      slot,
      algorithm,
      chain: new Uint8Array(3000),
      key: new Uint8Array(algorithm === 0x10 ? 32 : 48),
    })),
  );
  const psks = Array.from({ length: 7 }, (_, i) => ({ hint: new Uint8Array(64).fill(i), key: new Uint8Array(64) }));
  const image = writeIdentityImage({ ...DEVICE, credentials, psks, requesterAnchors: [], requesterChains: [] }, sha256);
  const table = readIdentityTable(memory(image));
  assert.equal(table.credentials.length, 16);
  assert.deepEqual(
    table.psks.map(({ index, hint, key }) => [index, hint.length, key.length]),
    psks.map((_, i) => [16 + i, 64, 64]),
  );
});

test("found at the start of a larger storage", () => {
  const flash = new Uint8Array(4096).fill(0xff);
  flash.set(IMAGE);
  const table = readIdentityTable(memory(flash));
  assert.equal(table.length, IMAGE.length);
  assert.ok(identityDigestFits(memory(flash), table, sha256));
});

test("reading the table leaves chains, hints and keys alone", () => {
  const reads: [number, number][] = [];
  readIdentityTable(memory(IMAGE, reads));
  assert.ok(reads.every(([, end]) => end <= 176));
});

test("every truncation is refused", () => {
  for (const image of truncations()) assert.throws(() => readIdentityTable(memory(image)), WireError);
});

test("every flipped bit is refused or breaks the digest", () => {
  for (const [bit, image] of flippedBits().entries()) {
    const storage = memory(image);
    try {
      assert.equal(identityDigestFits(storage, readIdentityTable(storage), sha256), false, `bit ${bit}`);
    } catch (error) {
      assert.ok(error instanceof WireError, `bit ${bit}: ${error}`);
    }
  }
});

for (const [name, image] of CONTRADICTIONS)
  test(`refused though its digest fits: ${name}`, () => {
    assert.throws(() => readIdentityTable(memory(image)), WireError);
  });

test("what random images that are taken say lies within them", () => {
  let taken = 0;
  for (const image of randomImages(3000)) {
    let table: ReturnType<typeof readIdentityTable>;
    try {
      table = readIdentityTable(memory(image));
    } catch (error) {
      assert.ok(error instanceof WireError, `${error}`);
      continue;
    }
    taken++;
    const spans = [
      ...table.credentials.flatMap(({ chain, key }) => [chain, key]),
      ...table.psks.flatMap(({ hint, key }) => [hint, key]),
      ...table.requesterAnchors,
      ...table.requesterChains.map(({ chain }) => chain),
    ];
    for (const { offset, length } of spans)
      assert.ok(length > 0 && offset >= 56 && offset + length <= image.length - 32, `${offset} ${length}`);
  }
  assert.ok(taken > 100 && taken < 1500, `${taken} taken`);
});

test("what the image cannot hold is not written", () => {
  const [first] = DEVICE.credentials;
  const [psk] = DEVICE.psks!;
  const [known] = DEVICE.requesterChains!;
  const { uuid } = DEVICE;
  const credentials = [first];
  const refused: readonly (readonly [string, DeviceIdentity])[] = [
    ["UUID", { uuid: new Uint8Array(15), credentials }],
    ["none", { uuid, credentials: [] }],
    ["twice", { uuid, credentials: [first, first] }],
    ["slot 8", { uuid, credentials: [{ ...first, slot: 8 }] }],
    ["slot 256", { uuid, credentials: [{ ...first, slot: 256 }] }],
    ["slot -1", { uuid, credentials: [{ ...first, slot: -1 }] }],
    ["model 4", { uuid, credentials: [{ ...first, model: 4 }] }],
    ["model -1", { uuid, credentials: [{ ...first, model: -1 }] }],
    ["key length", { uuid, credentials: [{ ...first, algorithm: 0x80 }] }],
    ["algorithm", { uuid, credentials: [{ ...first, algorithm: 0x100, key: new Uint8Array(0) }] }],
    ["no chain", { uuid, credentials: [{ ...first, chain: new Uint8Array(0) }] }],
    ["chain length", { uuid, credentials: [{ ...first, chain: new Uint8Array(65468) }] }],
    ["image length", { uuid, credentials: [0, 1].map((slot) => ({ ...first, slot, chain: new Uint8Array(32700) })) }],
    ["no hint", { uuid, credentials, psks: [{ ...psk, hint: new Uint8Array(0) }] }],
    ["long hint", { uuid, credentials, psks: [{ ...psk, hint: new Uint8Array(65) }] }],
    ["no key", { uuid, credentials, psks: [{ ...psk, key: new Uint8Array(0) }] }],
    ["long key", { uuid, credentials, psks: [{ ...psk, key: new Uint8Array(65) }] }],
    ["hint twice", { uuid, credentials, psks: [psk, { ...psk, key: new Uint8Array(32) }] }],
    ["empty anchor", { uuid, credentials, requesterAnchors: [new Uint8Array(0)] }],
    ["requester chain's algorithm", { uuid, credentials, requesterChains: [{ ...known, algorithm: 0x100 }] }],
    ["empty requester chain", { uuid, credentials, requesterChains: [{ ...known, chain: new Uint8Array(0) }] }],
    ["requester chain twice", { uuid, credentials, requesterChains: [known, { ...known }] }],
    ["25 entries", { uuid, credentials, requesterAnchors: new Array(24).fill(Uint8Array.of(1)) }],
    ...[-1, 3, 8, 0x81, 0x100].map(
      (requested) => [`policy ${requested}`, { uuid, credentials, policy: { ...DEVICE.policy!, requested } }] as const,
    ),
  ];
  for (const [name, device] of refused) assert.throws(() => writeIdentityImage(device, sha256), RangeError, name);
});
