/**
 * hal/pico on this machine, over hand-written declarations of what it uses of the pico-sdk (stubs/pico) and chips that fail
 * as they are told (support/pico-*.c). The chips themselves were never part of it.
 *
 * Against the pico-sdk's real headers, with arm-none-eabi-gcc:
 *   PICO_SDK_DIR=… npm test -- test/chip/pico
 * With MODDABLE set what faces XS is compiled too.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { compileC } from "../../boards/xs/build.js";
import { run } from "../../boards/xs/run.js";
import { psaFlags } from "../../hal/psa/build.js";
import { missing } from "../pico/support/build.js";
import { root } from "../support/xs/xs-tests.js";
import { buildHarness, WARNINGS } from "./support/build.js";
import { sdkFlags, xsOnPicoFlags } from "./support/pico-sdk.js";

const CHIPS = ["rp2040", "rp2350"];
const limit = { timeout: 120_000 };

const chipFolder = join(root, "hal/chip");
const folder = join(root, "hal/pico");
const sources = readdirSync(folder)
  .filter((name) => name.endsWith(".c"))
  .map((name) => join(folder, name));
/** Of hal/chip, what does not face XS. */
const shared = ["checked-flash", "frames", "pec", "store", "identity"].map((name) => join(chipFolder, `${name}.c`));
const facingXs = [
  join(root, "hal/moddable/deliver.c"),
  ...["native", "identity-keys", "install"].map((name) => join(chipFolder, `${name}.c`)),
];
const own = [folder, chipFolder, join(root, "hal/psa")].map((name) => `-I${name}`);
const configuration = ["-UMBEDTLS_CONFIG_FILE", "-DMBEDTLS_CONFIG_FILE=<pico-mbedtls-config.h>"];
const scratch = mkdtempSync(join(tmpdir(), "spdm-pico-"));

after(() => rmSync(scratch, { recursive: true }));

function stubFlags(chip: string): string[] {
  const stubs = join(root, "test/chip/stubs/pico");
  return ["-std=c11", ...own, `-I${stubs}`, `-DPICO_${chip.toUpperCase()}=1`, ...configuration];
}

describe("hal/pico compiles without a warning", () => {
  for (const chip of CHIPS)
    test(`for ${chip}`, limit, async () => {
      const flags = [...WARNINGS, ...(await psaFlags()), ...stubFlags(chip)];
      const cc = process.env.CC ?? "cc";
      await compileC({ cc, flags, out: join(scratch, `${chip}-stubs`) }, [...sources, ...shared]);
    });
});

const lines = async (program: string, ...scenario: string[]) => (await run(program, scenario)).trimEnd().split("\n");

describe("the Pico's I2C controller, and faults on its bus", limit, () => {
  let program: string;
  const scenario = (...words: string[]) => lines(program, ...words);

  before(async () => {
    program = await buildHarness(join(scratch, "i2c"), "pico-i2c-harness.c", ["frames.c"], {
      more: ["test/chip/support/pico-bus.c", "test/chip/support/pico-processor.c"],
      flags: stubFlags("rp2040"),
    });
  }, limit);

  test("opens on the pins that it has, and writes frames of any length", async () => {
    assert.deepEqual(await scenario("arguments"), ["arguments"]);
  });

  test("takes frames however slowly they come, but none that is too long", async () => {
    assert.deepEqual(await scenario("receive"), ["received 105, too long 1"]);
  });

  test("tells frames apart wherever its interrupt is when they begin and end", async () => {
    assert.deepEqual(await scenario("races"), ["races 25536"]);
  });

  test("holds the clock while its interrupt waits, and loses nothing", async () => {
    assert.deepEqual(await scenario("held"), ["held"]);
  });

  test("drops and counts frames when its ring is full, and has room again", async () => {
    // 4,096 bytes of 73 and 2 each.
    assert.deepEqual(await scenario("full"), ["54 of 55 waiting, then room"]);
  });

  for (const fault of ["nak", "arbitration"])
    test(`${fault} at any byte: tries again, eight times at most, and listens again`, async () => {
      const printed = await scenario(fault);
      const expected = ["0", "1", "7", "8"].map((times) => new RegExp(`^${times} of 8 attempts fail, in (\\d+) ms$`));
      assert.equal(printed.length, expected.length);
      for (const [i, line] of printed.entries()) {
        assert.match(line, expected[i]);
        assert.ok(Number(expected[i].exec(line)![1]) < 30, line);
      }
    });

  test("a clock that is held at any byte: waits, then resets the controller, and listens again", async () => {
    const [slow, long, ever] = await scenario("stuck");
    assert.equal(slow, "held for 30 ms: sent in 30 ms, resent 0, reset 0");
    assert.match(long, /^held for 250 ms: sent in 25\d ms, resent 2, reset 1$/);
    assert.match(ever, /^held for 100000 ms: refused in 8\d\d ms, resent 8, reset 1$/);
  });

  test("somebody else's STOP is not taken for its own", async () => {
    const [line] = await scenario("others");
    assert.match(line, /^others 15360, never free: refused in 8\d\d ms$/);
  });

  test("a frame that begins at any moment while it turns round comes whole, once", async () => {
    assert.deepEqual(await scenario("turning"), ["turned 7200 times, refused some, left amid a frame some"]);
  });

  test("who falls silent amid a frame, the clock held or not, does not keep it from answering", async () => {
    assert.deepEqual(await scenario("silent"), [
      "silent: sent in 50 ms, resent 1, lost 1, reset 0, then received",
      "silent: sent in 61 ms, resent 1, lost 1, reset 1, then received",
    ]);
  });

  test("closed at any moment it is silent, and empty when opened again", async () => {
    assert.deepEqual(await scenario("closing"), ["closed"]);
  });

  test("who reads from it gets ones", async () => {
    assert.deepEqual(await scenario("reads"), ["answered ff, spurious 1"]);
  });
});

for (const chip of CHIPS)
  describe(`what lies on the ${chip}`, limit, () => {
    let program: string;
    const scenario = (...words: string[]) => lines(program, ...words);

    before(async () => {
      program = await buildHarness(join(scratch, chip), "pico-chip-harness.c", ["checked-flash.c"], {
        more: ["flash", "random", "key", "measure", "serial"].map((name) => `hal/pico/pico-${name}.c`),
        library: ["ctr_drbg", "aes"],
        flags: stubFlags(chip),
      });
    }, limit);

    test("flash keeps to its place, with interrupts off, and believes what it reads back", async () => {
      assert.deepEqual(await scenario("flash"), [
        "length 22000, erase 1 1, unaligned 0, beyond 0 0",
        "program 1 1 1, across 0 0, beyond 0 0, nothing 1",
        "ffffffff 5a5a5a5a ffffffff ffffff5a ffffffff ffffffff below 11 calls 5 exposed 0 off 0",
        "over what is programmed 0, stuck 0 0, dead 0 0",
      ]);
    });

    describe("random numbers", () => {
      const good = "start 1, all, wiped 0, again 1 1";
      const never = "start 0, none, wiped 1, again 0 0";
      const noMore = "start 1, some, wiped 1, again 0 0";
      // The first seed takes fewer than 12,000 bits, and is all that 10,000 requests take.
      const later = "13000";
      const faults: readonly (readonly [name: string, scenario: readonly string[], expected: string])[] = [
        ["that are good", ["32", "999999999"], good],
        ["of which 60 in 64 are ones, which a tenth of a bit allows", ["60", later], good],
        ["that stick at 0 from the start", ["0", "0"], never],
        ["that stick at 1 amid the first seed", ["64", "2000"], never],
        ["that stick at 1 later", ["64", later], noMore],
        ["that stick for 384 bits, amid the first seed", ["64", "1920", "384"], never],
        ["that stick for 150 bits, which a tenth of a bit allows", ["64", "2000", "150"], good],
        ["of which 62 in 64 are ones", ["62", "0"], never],
        ["of which 2 in 64 are ones, later", ["2", later], noMore],
      ];
      const generator: typeof faults = [
        ["of a generator that says nothing", ["silent", "0"], never.replace("again", "late, again")],
        ["of a generator that says no more", ["silent", later], noMore.replace("again", "late, again")],
        ...["2", "4", "8"].flatMap((error) => [
          [`with error ${error}`, [`error${error}`, "0"], never.replace("again", "at once, again")] as const,
          [`with error ${error}, later`, [`error${error}`, later], noMore.replace("again", "at once, again")] as const,
        ]),
        ["with an error that goes", ["error2", later, "14"], noMore.replace("again", "at once, again")],
      ];
      for (const [name, words, expected] of [...faults, ...(chip === "rp2350" ? generator : [])])
        test(name, async () => assert.deepEqual(await scenario(...words), [`before start 0 00, ${expected}`]));
    });

    test("the key is read once and locked, and none if nothing was programmed", async () => {
      const key = Buffer.from(Array.from({ length: 32 }, (_, i) => i)).toString("hex");
      const none = "00".repeat(32);
      const states = chip === "rp2350" ? "101 111 100 110 100 110 100 110" : "101 101 101 101 101 101 101 101";
      const [first, second] =
        chip === "rp2350" ? [`1 1 lock f ${key}`, `0 0 lock f ${none}`] : Array(2).fill(`0 0 lock 0 ${none}`);
      assert.deepEqual(await scenario("key", "programmed"), [`key ${first} ${states}`]);
      assert.deepEqual(await scenario("key"), [`key ${second} ${states}`]);
    });

    test("a UART gives all bytes in order, and drops what finds no room", async () => {
      assert.deepEqual(await scenario("serial"), [
        "4:1 8:1 12:0 16:0 20:1 24:1 28:0 whole 1 of 600 512, read 10 502, left 0",
      ]);
    });
  });

describe("hal/pico against the pico-sdk's own headers", { skip: missing("PICO_SDK_DIR"), ...limit }, () => {
  for (const chip of CHIPS) {
    const build = (out: string, flags: readonly string[], files: readonly string[]) =>
      compileC(
        {
          cc: "arm-none-eabi-gcc",
          flags: [
            ...sdkFlags(process.env.PICO_SDK_DIR!, chip, join(scratch, `sdk-${chip}`)),
            ...WARNINGS,
            ...own,
            ...flags,
          ],
          out: join(scratch, `${chip}-${out}`),
        },
        files,
      );

    test(`for ${chip}`, async () => {
      await build("sdk", configuration, [...sources, ...shared]);
    });

    test(`what faces XS, for ${chip}`, { skip: missing("MODDABLE") }, async () => {
      await build("xs", [...configuration, ...xsOnPicoFlags(process.env.MODDABLE!)], facingXs);
    });
  }
});
