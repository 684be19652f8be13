/** Whatever goes wrong, in JavaScript or in C, ends in a line on the console and a reset; nothing hangs. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { type Built, buildFirmware, RECIPES } from "../../boards/ast1030/build.js";
import { packetErrorCode } from "../../cli/bus.js";
import { type Board, startBoard } from "../../cli/emulator.js";

const limit = { timeout: 120_000 };
const entry = fileURLToPath(new URL("support/faulty.ts", import.meta.url));
// As in support/faulty.ts, which imports what only XS can load.
const [THROW, LOOP, RECURSE, FILL_HEAP, WORK] = [0, 1, 2, 3, 4];
/** A `b .` and an undefined instruction, in Thumb; for code that has not run yet, or the emulator keeps the old one. */
const BRANCH_TO_SELF = Uint8Array.of(0xfe, 0xe7);
const UNDEFINED = Uint8Array.of(0xde, 0xde);
let built: Built;

before(async () => {
  built = await buildFirmware("faulty", { ...RECIPES.psa, entry, defines: ["-DWATCHDOG_MS=3000u"] });
}, limit);

function start(reboot = false): Promise<Board> {
  return startBoard({ firmware: join(built.folder, "firmware.elf"), reboot, lifetimeMs: 60_000 });
}

function symbol(name: string): number {
  const address = JSON.parse(readFileSync(join(built.folder, "symbols.json"), "utf8"))[name];
  assert.equal(typeof address, "number", name);
  return address;
}

function frameOf(fault: number): Uint8Array {
  const body = Uint8Array.of(0x3a, 0x0f, 6, 0x21, 0x01, 9, 8, 0xc8, fault);
  return Uint8Array.from([...body, packetErrorCode(body)]);
}

/** Runs until the emulator ends by itself, which without `reboot` is at the reset. */
async function lastWords(board: Board): Promise<string> {
  await board.exited;
  return board.lines.slice(board.lines.indexOf("ready") + 1).join("\n");
}

test("ports that no chip has are not opened", limit, async () => {
  const board = await start();
  const tried = board.lines.slice(0, board.lines.indexOf("ready")).filter((line) => /opened|RangeError/.test(line));
  assert.deepEqual(tried, Array(7).fill("RangeError: out of range"));
  await board.close();
});

describe("fatal errors", () => {
  test("an exception that JavaScript does not catch", limit, async () => {
    const board = await start();
    await board.bus.send(frameOf(THROW));
    assert.match(await lastWords(board), /^fatal: JavaScript: .*on purpose/);
  });

  test("recursion without end", limit, async () => {
    const board = await start();
    await board.bus.send(frameOf(RECURSE));
    assert.match(await lastWords(board), /^fatal: JavaScript: .*stack overflow/m);
  });

  test("a heap that is full", limit, async () => {
    const board = await start();
    await board.bus.send(frameOf(FILL_HEAP));
    assert.match(await lastWords(board), /^fatal: JavaScript: .*memory full/m);
  });

  test("a loop without end in JavaScript", limit, async () => {
    const board = await start();
    await board.bus.send(frameOf(LOOP));
    assert.equal(await lastWords(board), "fatal: main loop hangs");
  });

  test(
    "but not much work: ten frames together take longer than the watchdog waits, none does alone",
    limit,
    async () => {
      const board = await start();
      for (let frame = 0; frame < 10; frame++) assert.ok(await board.bus.send(frameOf(WORK)));
      await new Promise((resolve) => setTimeout(resolve, 4_500));
      await board.bus.send(frameOf(THROW));
      assert.match(await lastWords(board), /^fatal: JavaScript: .*on purpose/);
    },
  );

  test("a fault of the processor", limit, async () => {
    const board = await start();
    await board.writeMemory(symbol("i2c_interrupt"), UNDEFINED);
    await board.bus.send(frameOf(THROW));
    assert.match(
      await lastWords(board),
      /^\nfault: pc [0-9a-f]{8} lr [0-9a-f]{8} cfsr 00010000\nfatal: processor fault$/,
    );
  });

  test("a hang with interrupts off ends by the watchdog alone, and the board comes back", limit, async () => {
    const board = await start(true);
    // An interrupt of the same priority keeps SysTick's from running.
    await board.writeMemory(symbol("i2c_interrupt"), BRANCH_TO_SELF);
    await board.bus.send(frameOf(THROW));
    const again = new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        if (board.lines.filter((line) => line === "ready").length < 2) return;
        clearInterval(timer);
        resolve();
      }, 50);
    });
    await again;
    assert.ok(!board.lines.some((line) => line.startsWith("fatal")));
    await board.close();
  });
});
