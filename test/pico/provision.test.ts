/**
 * The Pico's firmware in rp2040js takes an identity by `spdm provision`, over its USB and into its flash, and is attested with
 * it after a reset. Runs where test/pico/pico.test.ts does.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { MctpLink } from "../../cli/mctp-link.js";
import { attest } from "../../cli/requester/attest.js";
import { attestOptions } from "../board/support/attest-options.js";
import { KEYS, ROOTS, testFlash } from "../board/support/identity.js";
import { openSerialLine, type SerialLine } from "../support/serial-line.js";
import { buildPico, missing, type PicoImage } from "./support/build.js";
import { linkTo, OWNER } from "./support/link.js";
import type { NorFlash } from "./support/nor-flash.js";
import { FLASH_LENGTH, Rp2040 } from "./support/rp2040.js";

const SPDM = fileURLToPath(new URL("../../cli/spdm.js", import.meta.url));
const FLASH_BASE = 0x10000000;
/** Of hal/chip/store.h: two banks at the flash's end, each with a sector for its header. */
const SECTOR_LENGTH = 4096;
const PAGE_LENGTH = 256;
const BANK_CAPACITY = 65536;
const BANK_LENGTH = BANK_CAPACITY + SECTOR_LENGTH;
const BANK_B = FLASH_LENGTH - BANK_LENGTH;
const BANKS = BANK_B - BANK_LENGTH;
/** Of what is done to the flash: all of the erasing, and a few pages. */
const PART_COUNT = BANK_LENGTH / SECTOR_LENGTH + 5;
const README = fileURLToPath(new URL("../../boards/pico/README.md", import.meta.url));
const identity = testFlash();
const limit = { timeout: 300_000 };
const emulator = missing("MODDABLE", "PICO_SDK_DIR", "PICO_BOOTROM");

function spdm(...args: string[]) {
  return new Promise<{ stdout: string; stderr: string; status: number }>((resolve) => {
    execFile(process.execPath, [SPDM, ...args], (error, stdout, stderr) => {
      resolve({ stdout, stderr, status: error === null ? 0 : Number(error.code) });
    });
  });
}

describe("the Pico's firmware, provisioned in rp2040js", { skip: emulator }, () => {
  let image: PicoImage;
  let board: Rp2040;
  let line: SerialLine;

  /** On a flash with that content. What was before is gone, and the host sees its terminal go. */
  async function boot(...flash: readonly (readonly [number, Uint8Array])[]): Promise<void> {
    await board?.close();
    await line?.unplug();
    line = await openSerialLine();
    board = new Rp2040({
      uf2: image.uf2,
      bootrom: readFileSync(process.env.PICO_BOOTROM!),
      owner: OWNER,
      flash,
      usb: true,
    });
    const { usb } = board;
    assert.ok(usb !== undefined);
    line.onData = (bytes) => usb.write(bytes);
    usb.onData = (bytes) => line.write(bytes);
    await board.until("ready", 2000);
  }

  async function attestOverI2C() {
    return attest(await linkTo(board), attestOptions({}));
  }

  function attestOverUsb() {
    return spdm("attest", `serial:${line.path}`, "--root", ...ROOTS);
  }

  function provision() {
    return spdm("provision", `serial:${line.path}`, "--identity", KEYS);
  }

  async function assertRefused(): Promise<void> {
    const changeCount = board.nor.changes.length;
    const { stdout, stderr, status } = await provision();
    assert.match(stderr, /spdm: the board has an identity already: to replace it, erase it with a flashing tool\n$/);
    assert.deepEqual([stdout, status], ["", 2]);
    assert.equal(board.nor.changes.length, changeCount);
  }

  before(async () => {
    image = await buildPico("pico");
  }, limit);

  after(async () => {
    await line?.unplug();
    await board?.close();
  });

  test("without an identity it answers, and proves nothing", limit, async () => {
    await boot();
    assert.match(board.console, /^identity: none in flash\r$/m);
    await assert.rejects(attestOverI2C(), /the device has no identity/);
    const { stderr, status } = await attestOverUsb();
    assert.match(stderr, /the device has no identity: .*; provision it first\n$/);
    assert.equal(status, 2);
    assert.deepEqual(board.nor.changes, []);
  });

  test("reset while it takes one, it has none", limit, async () => {
    const cut = new Promise<void>((resolve) => {
      board.nor.onChange = () => {
        if (board.nor.changes.length === PART_COUNT) resolve();
      };
    });
    const provisioned = provision();
    await board.during(cut);
    await boot([0, board.nor.content]);
    assert.match(board.console, /^identity: none in flash\r$/m);
    const { stderr, status } = await provisioned;
    assert.match(stderr, /spdm: .* is gone: unplugged, or its other end closed\n$/);
    assert.equal(status, 2);
    assert.deepEqual(board.nor.changes, []);
  });

  test("takes one over USB, in the bank that nothing counts in", limit, async () => {
    const before = board.nor.content;
    // Interrupts come while there is no flash to run their handlers from.
    const asked: Promise<MctpLink>[] = [];
    board.nor.onChange = () => {
      if (asked.length === 0) asked.push(linkTo(board));
    };
    const { stdout, stderr, status } = await board.during(provision());
    await board.during(Promise.all(asked));
    assert.equal(stdout, `${identity.length} bytes installed: they count from the board's next reset\n`, stderr);
    assert.equal(status, 0);
    assertProvisioned(before, board.nor);
    await assertRefused();
  });

  test("is trusted with it after a reset, and takes no other", limit, async () => {
    await boot([0, board.nor.content]);
    assert.match(board.console, /^identity: from flash\r$/m);
    const result = await attestOverI2C();
    assert.equal(result.verdict, "trusted", result.reasons.join());
    const { stdout, stderr, status } = await attestOverUsb();
    assert.match(stdout, /verdict: trusted\n$/, stderr);
    assert.equal(status, 0);
    await assertRefused();
  });

  test("is trusted with one that a flashing tool wrote where boards/pico/README.md says", limit, async () => {
    const [, address] = /picotool load .* -o (0x[0-9a-f]+)/.exec(readFileSync(README, "utf8"))!;
    assert.equal(Number(address), FLASH_BASE + BANKS);
    await boot([Number(address) - FLASH_BASE, identity]);
    assert.match(board.console, /^identity: from flash\r$/m);
    const result = await attestOverI2C();
    assert.equal(result.verdict, "trusted", result.reasons.join());
    await assertRefused();
  });
});

/** The second bank was erased whole, its header first, and programmed page by page, its header last; and nothing else. */
function assertProvisioned(before: Uint8Array, nor: NorFlash): void {
  const erased = nor.changes.filter(({ kind }) => kind === "erase").map(({ offset }) => offset);
  const sectors = Array.from({ length: BANK_LENGTH / SECTOR_LENGTH }, (_, i) => BANK_B + i * SECTOR_LENGTH);
  assert.deepEqual(erased, [BANK_B + BANK_CAPACITY, ...sectors.slice(0, -1)]);
  const programmed = nor.changes.slice(erased.length).map(({ offset }) => offset);
  const pages = Array.from({ length: Math.ceil(identity.length / PAGE_LENGTH) }, (_, i) => BANK_B + i * PAGE_LENGTH);
  assert.deepEqual(programmed, [...pages, BANK_B + BANK_CAPACITY]);
  const { content } = nor;
  assert.ok(Buffer.from(content.subarray(0, BANK_B)).equals(before.subarray(0, BANK_B)));
  assert.ok(Buffer.from(content.subarray(BANK_B, BANK_B + identity.length)).equals(identity));
  const rest = content.subarray(BANK_B + identity.length, BANK_B + BANK_CAPACITY);
  assert.ok(rest.every((byte) => byte === 0xff));
  const header = Buffer.from(content.subarray(BANK_B + BANK_CAPACITY));
  assert.equal(header.toString("latin1", 0, 8), "SPDMBANK");
}
