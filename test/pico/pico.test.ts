/**
 * The Pico's firmware, built by the Moddable SDK and run in rp2040js: attested over its I2C controller. Runs where
 * MODDABLE, PICO_SDK_DIR and PICO_BOOTROM (the RP2040's boot ROM, 16 KiB) are set. rp2040js counts the Cortex-M0+'s
 * cycles at 125 MHz; that flash is slower than SRAM it does not know.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import budget from "../../boards/pico/budget.json" with { type: "json" };
import { picoReference } from "../../boards/pico/reference.js";
import { attest } from "../../cli/requester/attest.js";
import type { Reference } from "../../cli/requester/reference.js";
import { ECDSA_P256, SHA_256 } from "../../src/algorithms.js";
import { V1_2, V1_3, VERSIONS } from "../../src/versions.js";
import { attestOptions } from "../board/support/attest-options.js";
import { testFlash } from "../board/support/identity.js";
import { buildPico, missing, type PicoImage } from "./support/build.js";
import { linkTo, OWNER } from "./support/link.js";
import { FLASH_LENGTH, Rp2040, type Rp2040Options } from "./support/rp2040.js";

const BANKS_LENGTH = 2 * (64 + 4) * 1024;
const limit = { timeout: 300_000 };
const emulator = missing("MODDABLE", "PICO_SDK_DIR", "PICO_BOOTROM");

describe("the Pico's firmware in rp2040js", { skip: emulator }, () => {
  let image: PicoImage;
  let reference: Reference;
  let board: Rp2040;

  function start(changes: Partial<Rp2040Options> = {}): Rp2040 {
    return new Rp2040({
      uf2: image.uf2,
      bootrom: readFileSync(process.env.PICO_BOOTROM!),
      owner: OWNER,
      flash: [[FLASH_LENGTH - BANKS_LENGTH, testFlash()]],
      ...changes,
    });
  }

  before(async () => {
    image = await buildPico("pico");
    reference = (await picoReference("pico", image.elf)) as Reference;
    board = start();
    await board.until("ready", 2000);
  }, limit);

  after(() => board?.close());

  test("fits its budget of flash", () => {
    console.log(`image: ${image.length} B; booted after ${board.milliseconds.toFixed(0)} ms`);
    assert.ok(image.length <= budget.pico.image, `${image.length} B`);
  });

  for (const version of VERSIONS) {
    test(`is trusted in version 0x${version.toString(16)} at P-384 and SHA-384, in time`, limit, async () => {
      const link = await linkTo(board);
      const begun = board.milliseconds;
      const result = await attest(link, attestOptions({ version, reference }));
      const took = board.milliseconds - begun;
      console.log(`0x${version.toString(16)}: ${took.toFixed(0)} ms of the chip's time`);
      assert.equal(result.verdict, "trusted", result.reasons.join());
      assert.equal(result.attempts, 1);
      if (version === V1_2 || version === V1_3) assert.ok(took < budget.pico.milliseconds, `${took} ms`);
    });
  }

  test("is trusted at P-256 and SHA-256", limit, async () => {
    const result = await attest(await linkTo(board), attestOptions({ baseAsym: ECDSA_P256, baseHash: SHA_256 }));
    assert.equal(result.verdict, "trusted", result.reasons.join());
  });

  test("does not start without randomness", limit, async () => {
    const stuck = start({ stuckRandom: true });
    try {
      await stuck.until("fatal: no random number generator", 2000);
    } finally {
      await stuck.close();
    }
  });

  test("sends again what was not acknowledged, or lost the bus", limit, async () => {
    const link = await linkTo(board);
    board.target.onWrite = (index) => (index % 7 === 2 ? "nack" : index % 7 === 4 ? "arbitration" : undefined);
    try {
      const result = await attest(link, attestOptions({}));
      assert.equal(result.verdict, "trusted", result.reasons.join());
      assert.equal(result.attempts, 1);
    } finally {
      board.target.onWrite = undefined;
    }
  });
});
