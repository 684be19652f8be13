/**
 * Pre-shared keys on the board: HKDF-Extract in C, the keys' way from the flash and what it leaves behind. Beside them a
 * requester's chain.
 */
import assert from "node:assert/strict";
import { createHmac, randomBytes } from "node:crypto";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { type Built, buildFirmware, RECIPES, SRAM_LENGTH } from "../../boards/ast1030/build.js";
import { writeIdentityImage } from "../../certs/identity-writer.js";
import { startBoard } from "../../cli/emulator.js";
import { sha256 } from "../../hal/portable/crypto.js";
import type { HintedKey } from "../../hal/portable/psk.js";
import { DEVICE } from "../support/identity-images.js";

const limit = { timeout: 120_000 };
const FIRST = { hint: Buffer.from("first"), key: randomBytes(64) };
const SECOND = { hint: Buffer.from("second"), key: randomBytes(23) };
let built: Built;

before(async () => {
  const entry = fileURLToPath(new URL("support/psk-probe.ts", import.meta.url));
  built = await buildFirmware("psk-probe", { ...RECIPES.psa, entry });
}, limit);

/** What the probe prints of a key; the byte behind the digest stays as it was. */
function extracts(hint: string, key: Uint8Array): string[] {
  const lengths = { sha256: 32, sha384: 48, sha512: 64 };
  return Object.entries(lengths).map(([hash, length]) => {
    const mac = createHmac(hash, Buffer.alloc(length, 0xa5)).update(key).digest("hex");
    return `"${hint}" ${mac}00`;
  });
}

/** What the board prints, and its memory afterwards. */
async function probe(psks: readonly HintedKey[]): Promise<{ lines: string[]; memory: Buffer }> {
  const flash = writeIdentityImage({ ...DEVICE, psks }, sha256);
  const board = await startBoard({ firmware: join(built.folder, "firmware.elf"), flash, lifetimeMs: limit.timeout });
  try {
    await board.line(/^ready$/);
    const [first, last] = [board.lines.findIndex((line) => line.startsWith('"')), board.lines.indexOf("ready")];
    return { lines: board.lines.slice(first, last), memory: Buffer.from(await board.readMemory(0, SRAM_LENGTH)) };
  } finally {
    await board.close();
  }
}

const REFUSED = [
  "refused a private key",
  "refused no entry",
  "refused a negative entry",
  "refused no hash",
  "refused a short buffer",
  "refused a salt of more than a block",
  "refused a salt of more than a block",
];
const CHAIN = "slots 1, 3 and 0 bytes, to 0d0e";

describe("pre-shared keys in flash", () => {
  test("one of two: by its hint; extracted as Node does; and no trace of them in memory", limit, async () => {
    const { lines, memory } = await probe([FIRST, SECOND]);
    assert.deepEqual(lines, [
      ...extracts("first", FIRST.key),
      ...extracts("second", SECOND.key),
      '"" names none',
      '"firsT" names none',
      '"firs" names none',
      ...REFUSED,
      CHAIN,
    ]);
    for (const { key } of [FIRST, SECOND]) {
      assert.equal(memory.indexOf(key.subarray(0, key.length >> 1)), -1);
      assert.equal(memory.indexOf(key.subarray(key.length >> 1)), -1);
    }
  });

  test("the only one: by an empty hint too", limit, async () => {
    const { lines } = await probe([FIRST]);
    assert.deepEqual(lines, [
      ...extracts("first", FIRST.key),
      '"second" names none',
      ...extracts("", FIRST.key),
      '"firsT" names none',
      '"firs" names none',
      ...REFUSED,
      CHAIN,
    ]);
  });
});
