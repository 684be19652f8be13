/**
 * hal/esp32 on this machine, over hand-written declarations of what it uses of ESP-IDF (stubs/esp32) and an ESP-IDF that
 * fails as it is told (support/esp32-fakes*.c). The chip itself was never part of it.
 *
 * Against ESP-IDF's real headers, with its submodules checked out and a RISC-V compiler at hand:
 *   IDF_PATH=… npm test -- test/chip/esp32
 * RISCV_CC names another compiler, PSA_INCLUDE other folders of Mbed TLS 4's headers (":" between them), and with MODDABLE
 * set what includes XS is compiled too.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { compileC, link } from "../../boards/xs/build.js";
import { run } from "../../boards/xs/run.js";
import { psaFlags } from "../../hal/psa/build.js";
import { mbedtls } from "../../tools/mbedtls.js";
import { root } from "../support/xs/xs-tests.js";
import { hasPsa, idfFlags } from "./support/esp-idf.js";

const CHIPS = ["esp32", "esp32s3", "esp32c3", "esp32c6", "esp32h2"];
const RISCV_CHIPS = ["esp32c3", "esp32c6", "esp32h2"];
const WARNINGS = ["-std=gnu17", "-Wall", "-Wextra", "-Werror"];
const SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
/** What the harness answers: 23 bytes behind the address, 0x11, as they were given. */
const SENT_TO = "to 11 23 bytes 0";

const chipFolder = join(root, "hal/chip");
const folder = join(root, "hal/esp32");
const support = join(root, "test/chip/support");
const sources = readdirSync(folder)
  .filter((name) => name.endsWith(".c"))
  .map((name) => join(folder, name));
/** Of hal/chip, what needs neither XS nor an identity. */
const shared = [
  ...["checked-flash", "frames", "pec"].map((name) => join(chipFolder, `${name}.c`)),
  join(root, "hal/psa/psa-digest.c"),
];
const scratch = mkdtempSync(join(tmpdir(), "spdm-esp32-"));
const cc = process.env.CC ?? "cc";

after(() => rmSync(scratch, { recursive: true }));

async function stubFlags(chip: string): Promise<string[]> {
  const own = [folder, chipFolder, join(root, "test/chip/stubs/esp32"), support].map((name) => `-I${name}`);
  return [...own, `-DCONFIG_IDF_TARGET_${chip.toUpperCase()}=1`, ...(await psaFlags())];
}

describe("hal/esp32 compiles without a warning", () => {
  for (const chip of CHIPS)
    test(`for ${chip}`, async () => {
      for (const source of [
        ...sources,
        ...shared,
        ...["identity", "store"].map((name) => join(chipFolder, `${name}.c`)),
      ])
        await run(cc, [...WARNINGS, "-fsyntax-only", ...(await stubFlags(chip)), source]);
    });
});

/** The whole of it but what the harness includes, with fakes, as a program. */
async function buildHarness(chip: string): Promise<string> {
  const directory = join(scratch, chip);
  const flags = ["-O1", "-g", ...SANITIZERS, ...(await stubFlags(chip))];
  const library = join(await mbedtls(), "library");
  const own = [
    ...sources.filter((source) => !/esp32-(i2c|serial)\.c$/.test(source)),
    ...shared,
    ...readdirSync(support)
      .filter((name) => /^esp32-.*\.c$/.test(name))
      .map((name) => join(support, name)),
  ];
  const hashes = ["sha256", "sha512", "platform_util"].map((name) => join(library, `${name}.c`));
  const objects = [
    ...(await compileC({ cc, flags: [...WARNINGS, ...flags], out: directory }, own)),
    ...(await compileC({ cc, flags: [...flags, "-w"], out: directory }, hashes)),
  ];
  const program = join(directory, "harness");
  await link(cc, objects, SANITIZERS, program);
  return program;
}

const programs: Record<string, string> = {};
const lines = async (chip: string, ...scenario: string[]) =>
  (await run(programs[chip], scenario)).trimEnd().split("\n");

describe("hal/esp32 over a fake ESP-IDF", () => {
  before(async () => {
    for (const chip of ["esp32", "esp32c3"]) programs[chip] = await buildHarness(chip);
  });

  test("I2C takes whole MCTP block writes, whatever follows them, and nothing else", async () => {
    const longest = 259;
    assert.deepEqual(await lines("esp32c3", "receive"), [
      "open 1 again 0",
      "shortest 1",
      "empty 0",
      "command alone 0",
      "count below the header 0",
      "cut short 0",
      "with some of the next 1",
      "another command 0",
      "longest 1",
      "longest with stale bytes 1",
      "malformed 5 received 4 notified 4",
      `200f06060708090a0b0c then 24, 28 at its end${` then ${longest}, fe at its end`.repeat(2)}, then none`,
      "closed 0",
    ]);
  });

  test("a full ring drops frames, counts them, and has room again", async () => {
    // 4,096 bytes of 73 and 2 each.
    assert.deepEqual(await lines("esp32c3", "full"), ["54 dropped 1 read 73 waiting 54"]);
  });

  for (const [refusals, expected] of [
    ["0", `sent target in 2 ms, resent 0 refused 0 sent 1 ${SENT_TO}`],
    ["1", `sent target in 5 ms, resent 1 refused 0 sent 1 ${SENT_TO}`],
    ["5", `sent target in 43 ms, resent 5 refused 0 sent 1 ${SENT_TO}`],
    ["99", "refused target in 43 ms, resent 5 refused 1 sent 0 to 11 0 bytes 0"],
  ])
    test(`an answer refused ${refusals} times: ${expected}`, async () => {
      assert.deepEqual(await lines("esp32c3", "reply", refusals), [expected, "received 1"]);
    });

  test("whichever call of the flip fails, the chip is a target again or restarts", async () => {
    const resent = /^step \d: sent target in \d+ ms, resent 1 refused 0 sent 1$/;
    const restored = /^step \d: sent target in \d+ ms, resent 0 refused 0 sent 1$/;
    const fatal = "fatal: I2C: target cannot be restored";
    const printed = await lines("esp32c3", "faults");
    // Delete target, new bus, add device, transmit, remove device, delete bus, new target, register callbacks.
    const expected = [
      [fatal, "step 1: restarted"],
      [resent],
      [resent],
      [resent],
      [fatal, "step 5: restarted"],
      [fatal, "step 6: restarted"],
      [restored],
      [restored],
    ].flat();
    assert.equal(printed.length, expected.length, printed.join("\n"));
    for (const [i, line] of expected.entries())
      if (typeof line === "string") assert.equal(printed[i], line);
      else assert.match(printed[i], line);
  });

  test("a target that never comes back restarts the chip after bounded attempts", async () => {
    assert.deepEqual(await lines("esp32c3", "dead"), [
      "fatal: I2C: target cannot be restored",
      "restarted after 11 calls",
    ]);
  });

  test("the bus is left to whoever uses it", async () => {
    const [waited] = await lines("esp32c3", "busy", "30");
    assert.match(waited, /^sent target in 3\d ms, resent 0 refused 0 sent 1 calls 8$/);
    const [refused] = await lines("esp32c3", "busy", "100000");
    assert.match(refused, /^refused target in 2\d\d ms, resent \d refused 1 sent 0 calls 0$/);
  });

  test("attempts are few, with growing pauses, and end with the time for them", async () => {
    assert.deepEqual(await lines("esp32c3", "plan"), ["0 1 2 4 8 16 -1 -1 late 1 -1"]);
  });

  test("flash keeps to its partition, and believes what it reads back", async () => {
    assert.deepEqual(await lines("esp32c3", "flash"), [
      "none: 0 ffff 0 0",
      "length 22000 erase 1 1, unaligned 0, beyond 0 0",
      "program 1 1 1, across 0, beyond 0, nothing 1",
      "ffffffff5a5a5a5a",
      "ffffffffffffffff",
      "over what is programmed 0, stuck bit 0 0, dead 0 0 ffffffffffffffff",
    ]);
  });

  describe("random numbers", () => {
    const before = "before start 0 00, start";
    for (const [name, scenario, expected] of [
      ["that are good", ["stuck", "90000"], `${before} 1 noise 1, fills 20, wiped 0, again 1`],
      ["that stick from the start", ["stuck", "0"], `${before} 0 noise 1, fills 0, wiped 1, again 0`],
      ["that stick during the start-up test", ["stuck", "900"], `${before} 0 noise 1, fills 0, wiped 1, again 0`],
      ["that stick later", ["stuck", "4000"], `${before} 1 noise 1, fills 4, wiped 1, again 0`],
      ["with 2 bits a byte from the start", ["biased", "0"], `${before} 0 noise 1, fills 0, wiped 1, again 0`],
      ["with 2 bits a byte later", ["biased", "2048"], `${before} 1 noise 1, fills 2, wiped 1, again 0`],
    ] as const)
      test(name, async () => assert.deepEqual(await lines("esp32c3", ...scenario), [expected]));
  });

  test("the image is measured to its end, or not at all", async () => {
    const flash = Uint8Array.from({ length: 0x22000 }, (_, i) => i * 7 + (i >> 8));
    for (const length of [1, 1024, 5000, 0x22000]) {
      const digest = createHash("sha384").update(flash.subarray(0, length)).digest("hex");
      assert.deepEqual(await lines("esp32c3", "measure", `${length}`), ["fatal: the image was not measured", digest]);
    }
    for (const length of [0, 0x22001])
      assert.deepEqual(await lines("esp32c3", "measure", `${length}`), [
        "fatal: the image was not measured",
        "fatal: the running image cannot be read",
      ]);
  });

  test("debugging counts as closed when every JTAG is, for good", async () => {
    assert.deepEqual(
      await lines("esp32", "state"),
      ["101 111 100 110 101 111 100 110"].map((line) => line.trimEnd()),
    );
    assert.deepEqual(await lines("esp32c3", "state"), ["101 111 101 111 101 111 100 110"]);
  });

  test("the flash key is the HMAC block's, where there is one that software cannot read", async () => {
    const key = createHash("sha256").update("moddable-spdm flash key 1").digest("hex");
    assert.deepEqual(await lines("esp32c3", "seal"), [
      `no block 0, readable block 0, failing 0 0000, block 1 3 ${key}`,
    ]);
    assert.match((await lines("esp32", "seal"))[0], /^no block 0, readable block 0, .* block 0 0 /);
  });

  test("digests", async () => {
    const expected = ["sha256", "sha384", "sha512"].map((name) => createHash(name).update("abc").digest("hex"));
    assert.deepEqual(await lines("esp32c3", "digests"), expected);
  });

  test("a serial line gives all bytes in order, and ends without them", async () => {
    const expected = "open 1 again 0; 10 60 012 0 notified 1; write 1 0; held 0; closed: installed 0 read 0 write 0";
    assert.deepEqual(await lines("esp32c3", "uart"), [expected]);
    assert.deepEqual(await lines("esp32c3", "usb"), [expected]);
    assert.deepEqual(await lines("esp32", "uart"), [expected]);
    assert.deepEqual(await lines("esp32", "usb"), ["open 0 again 0;"]);
    assert.deepEqual(await lines("esp32c3", "samePin"), ["open 0 again 0;"]);
  });

  test("what a full buffer cannot take stays with the driver", async () => {
    assert.deepEqual(await lines("esp32c3", "flood"), ["waiting 4096, with the driver 1903"]);
  });

  test("a driver for each port", async () => {
    assert.deepEqual(await lines("esp32c3", "ports"), ["1 1 1"]);
  });
});

const idf = process.env.IDF_PATH;
const psaIncludes = (process.env.PSA_INCLUDE ?? "").split(":").filter(Boolean);
const skip =
  idf === undefined
    ? "IDF_PATH is not set: IDF_PATH=… npm test -- test/chip/esp32"
    : psaIncludes.length === 0 &&
      !hasPsa(idf) &&
      "ESP-IDF's submodules are not checked out; PSA_INCLUDE may name the headers";

describe("hal/esp32 against ESP-IDF's own headers", { skip }, () => {
  const compiler = process.env.RISCV_CC ?? "riscv32-esp-elf-gcc";
  /** Of a compiler for all of RISC-V, as Debian has it: the C library's headers. */
  const library = /riscv32-esp/.test(compiler) ? [] : ["--specs=picolibc.specs"];
  const moddable = process.env.MODDABLE;
  const xs = ["xs/includes", "xs/platforms", "xs/platforms/esp", "build/devices/esp32"];

  for (const chip of RISCV_CHIPS)
    test(`for ${chip}`, async () => {
      const flags = [
        ...["-march=rv32imc_zicsr_zifencei", "-mabi=ilp32", "-Os", ...library, ...WARNINGS],
        ...[folder, chipFolder, join(root, "hal/psa")].map((name) => `-I${name}`),
        ...idfFlags(idf!, chip, join(scratch, `idf-${chip}`), psaIncludes),
      ];
      await compileC({ cc: compiler, flags, out: join(scratch, `${chip}-objects`) }, [
        ...sources,
        ...shared,
        ...["identity", "psk", "store"].map((name) => join(chipFolder, `${name}.c`)),
      ]);
    });

  const withoutXs = moddable === undefined && "MODDABLE is not set";
  test("and what faces XS", { skip: withoutXs }, async () => {
    const flags = [
      ...["-march=rv32imc_zicsr_zifencei", "-mabi=ilp32", "-Os", ...library, ...WARNINGS],
      ...[folder, chipFolder, join(root, "hal/psa")].map((name) => `-I${name}`),
      ...xs.flatMap((name) => ["-isystem", join(moddable!, name)]),
      ...idfFlags(idf!, "esp32c3", join(scratch, "idf-xs"), psaIncludes),
    ];
    await compileC({ cc: compiler, flags, out: join(scratch, "xs-objects") }, [
      join(root, "hal/psa/psa.c"),
      ...["native", "identity-keys", "install"].map((name) => join(chipFolder, `${name}.c`)),
    ]);
  });
});
