/** The identity image's reader in C, compiled for this machine with its sanitizers, against the one in TypeScript. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { compileC, link } from "../../boards/xs/build.js";
import { run } from "../../boards/xs/run.js";
import { identityDigestFits, readIdentityTable, type Span } from "../../certs/identity-image.js";
import { writeIdentityImage } from "../../certs/identity-writer.js";
import { FLASH_LENGTH } from "../../cli/emulator.js";
import { sha256 } from "../../hal/portable/crypto.js";
import { psaFlags } from "../../hal/psa/build.js";
import type { Storage } from "../../hal/storage.js";
import { WireError } from "../../src/wire.js";
import { mbedtls } from "../../tools/mbedtls.js";
import { u32 } from "../support/bytes.js";
import { CONTRADICTIONS, DEVICE, flippedBits, IMAGE, randomImages, truncations } from "../support/identity-images.js";
import { inTemporaryDirectory, root } from "../support/xs/xs-tests.js";

const SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];

/** 24 entries and 65,536 bytes. */
const LARGEST = writeIdentityImage(
  {
    ...DEVICE,
    psks: Array.from({ length: 19 }, (_, i) => ({ hint: new Uint8Array(64).fill(i), key: new Uint8Array(64).fill(i) })),
    requesterAnchors: [new Uint8Array(62_376)],
  },
  sha256,
);

/** Two keys that are in no slot, the first of which slot 7's is, too. */
const SPARES = writeIdentityImage(
  {
    ...DEVICE,
    spareKeys: [
      { algorithm: 0x80, key: DEVICE.credentials[1].key },
      { algorithm: 0x10, key: new Uint8Array(32).fill(0x44) },
    ],
  },
  sha256,
);

/** As the harness prints it. */
function expected(image: Uint8Array): string {
  const storage = erasedBehind(image);
  const hex = ({ offset, length }: Span) => Buffer.from(image.subarray(offset, offset + length)).toString("hex");
  try {
    const table = readIdentityTable(storage);
    if (!identityDigestFits(storage, table, sha256)) return "damaged 0";
    const keys = [
      ...[...table.credentials, ...table.spareKeys].map(({ index, key }) => ({ index, text: hex(key) })),
      ...table.psks.map(({ index, key }) => ({ index, text: extracts(Buffer.from(hex(key), "hex")) })),
    ];
    keys.sort((one, other) => one.index - other.index);
    return [`good ${table.length}`, ...keys.map(({ index, text }) => `${index} ${text}`)].join(" ");
  } catch (error) {
    assert.ok(error instanceof WireError, `${error}`);
    return error.message === "no identity image" ? "none 0" : "damaged 0";
  }
}

function extracts(key: Uint8Array): string {
  const lengths = { sha256: 32, sha384: 48, sha512: 64 };
  return Object.entries(lengths)
    .map(([hash, length]) => createHmac(hash, Buffer.alloc(length, 0xa5)).update(key).digest("hex"))
    .join(" ");
}

function erasedBehind(image: Uint8Array): Storage {
  return {
    length: FLASH_LENGTH,
    read(offset, into) {
      into.fill(0xff);
      into.set(image.subarray(offset, offset + into.length));
    },
  };
}

async function buildHarness(directory: string): Promise<string> {
  const [chip, ast1030] = ["chip", "ast1030"].map((name) => join(root, "hal", name));
  const cc = process.env.CC ?? "cc";
  const flags = ["-O1", "-g", `-I${chip}`, `-I${ast1030}`, ...SANITIZERS, ...(await psaFlags())];
  const library = join(await mbedtls(), "library");
  const own = [
    join(root, "test/board/support/identity-harness.c"),
    join(chip, "psk.c"),
    join(chip, "store.c"),
    join(ast1030, "digest.c"),
  ];
  const objects = [
    ...(await compileC({ cc, flags: [...flags, "-Wall", "-Wextra", "-Werror"], out: directory }, own)),
    ...(await compileC(
      { cc, flags: [...flags, "-w"], out: directory },
      ["sha256", "sha512", "platform_util"].map((name) => join(library, `${name}.c`)),
    )),
  ];
  const program = join(directory, "harness");
  await link(cc, objects, SANITIZERS, program);
  return program;
}

async function readInC(images: readonly Uint8Array[]): Promise<string[]> {
  return inTemporaryDirectory(async (directory) => {
    const file = join(directory, "images");
    writeFileSync(file, Buffer.concat(images.flatMap((image) => [Uint8Array.from(u32(image.length)), image])));
    return (await run(await buildHarness(directory), [file])).trimEnd().split("\n");
  });
}

describe("the identity image's two readers agree", () => {
  const groups: Readonly<Record<string, readonly Uint8Array[]>> = {
    "a good image, the largest, and nothing": [IMAGE, LARGEST, new Uint8Array(0)],
    "keys without a slot": [SPARES],
    "every truncation": truncations(),
    "every flipped bit": flippedBits(),
    "contradictions under a digest that fits": [...CONTRADICTIONS.values()],
    "random images under a digest that fits": randomImages(3000),
  };
  const lines: Record<string, string[]> = {};

  before(async () => {
    const all = await readInC(Object.values(groups).flat());
    for (const [name, images] of Object.entries(groups)) lines[name] = all.splice(0, images.length);
    assert.deepEqual(all, []);
  });

  for (const [name, images] of Object.entries(groups))
    test(name, () => {
      for (const [i, image] of images.entries()) assert.equal(lines[name][i], expected(image), `image ${i}`);
    });

  test("about some that are good, and many that are not", () => {
    const [good, largest, nothing] = lines["a good image, the largest, and nothing"];
    assert.match(good, /^good 318 0 (11){32} 1 (22){48} 2 [\da-f]{64} [\da-f]{96} [\da-f]{128}$/);
    assert.match(largest, /^good 65536 /);
    assert.equal(nothing, "none 0");
    assert.match(lines["keys without a slot"][0], / 2 (22){48} 3 (44){32} 4 /);
    const random = lines["random images under a digest that fits"];
    assert.ok(random.filter((line) => line.startsWith("good")).length > 100);
    assert.ok(random.filter((line) => line === "damaged 0").length > 1500);
  });
});
