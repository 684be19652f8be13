/** The C drivers and the emulated bus, under test/board/echo.c in the place of XS. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { buildBare } from "../../boards/ast1030/build.js";
import { type Bus, FaultyBus, packetErrorCode } from "../../cli/bus.js";
import { type Board, FLASH_LENGTH, startBoard } from "../../cli/emulator.js";

const limit = { timeout: 120_000 };
const scratch = mkdtempSync(join(tmpdir(), "spdm-drivers-"));
const flash = join(scratch, "flash");
let board: Board;

/** A frame to the board with `payload` bytes behind the MCTP header, all different between frames by `mark`. */
function frameOf(mark: number, payload = 5): Uint8Array {
  const body = [0x3a, 0x0f, payload + 5, 0x21, 0x01, 9, 8, 0xc8];
  for (let i = 0; i < payload; i++) body.push((mark + 7 * i) & 0xff);
  return Uint8Array.from([...body, packetErrorCode(Uint8Array.from(body))]);
}

function echoOf(frame: Uint8Array): Uint8Array {
  const echo = frame.slice(0, -1);
  echo.set([frame[3] & 0xfe, 0x0f, frame[2], 0x3b, 0x01, frame[6], frame[5]]);
  return Uint8Array.from([...echo, packetErrorCode(echo)]);
}

/** Sends and waits for the echo; undefined if none comes. */
async function exchange(bus: Bus, frame: Uint8Array, timeoutMs = 2_000): Promise<Uint8Array | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const answer = new Promise<Uint8Array | undefined>((resolve) => {
    bus.onFrame = resolve;
    timer = setTimeout(() => resolve(undefined), timeoutMs);
  });
  assert.ok(await bus.send(frame), "the board refused a frame");
  const echo = await answer;
  clearTimeout(timer);
  return echo;
}

before(async () => {
  const image = new Uint8Array(FLASH_LENGTH);
  for (let i = 0; i < image.length; i++) image[i] = i % 251;
  writeFileSync(flash, image);
  const { folder } = await buildBare(fileURLToPath(new URL("echo.c", import.meta.url)), "echo");
  board = await startBoard({ firmware: join(folder, "firmware.elf"), flash, lifetimeMs: limit.timeout });
}, limit);

after(async () => {
  await board?.close();
  rmSync(scratch, { recursive: true });
});

describe("the AST1030's drivers", () => {
  test("the random number generator is found", limit, () => {
    assert.ok(board.lines.includes("random works"), board.lines.join("\n"));
  });

  test("two sectors of the flash are erased and written, and no other changes", limit, () => {
    assert.ok(board.lines.includes("flash works"), board.lines.join("\n"));
    const image = readFileSync(flash);
    const text = Buffer.from("written by the board\0");
    assert.deepEqual(image.subarray(0x2ff8, 0x2ff8 + text.length), text);
    for (let i = 0; i < image.length; i++) {
      if (i < 0x2ff8 || i >= 0x2ff8 + text.length)
        assert.equal(image[i], i >= 0x2000 && i < 0x4000 ? 0xff : i % 251, `at ${i}`);
    }
  });

  test("1000 frames of all lengths come back, with broken ones in between", limit, async () => {
    const bus = new FaultyBus(board.bus, (_frame, direction, index) =>
      direction === "toBoard" && index % 10 === 3 ? { kind: "corrupt", offset: index % 12, mask: 0x40 } : undefined,
    );
    let broken = 0;
    let whole = 0;
    bus.onFrame = () => whole++;
    for (let index = 0; index < 1000; index++) {
      const frame = frameOf(index, 1 + (index % 246));
      if (index % 10 === 3) {
        // With another address in byte 0 nobody acknowledges; else the board drops it for its PEC.
        const accepted = await bus.send(frame);
        assert.equal(accepted, index % 12 !== 0);
        broken++;
      } else {
        assert.deepEqual(await exchange(bus, frame), echoOf(frame));
      }
    }
    assert.equal(broken, 100);
    assert.equal(bus.record.length, 1900);
    assert.equal(whole, 0, "an answer came when nobody waited");
  });

  test("a frame that was refused is not delivered, one for another address neither", limit, async () => {
    const refusing = new FaultyBus(board.bus, (_frame, direction) =>
      direction === "toBoard" ? { kind: "refuse" } : undefined,
    );
    let answers = 0;
    refusing.onFrame = () => answers++;
    assert.equal(await refusing.send(frameOf(1)), false);
    const stranger = frameOf(2);
    stranger[0] = 0x1e << 1;
    assert.equal(await board.bus.send(stranger), false);
    assert.equal(answers, 0);
  });

  test("more than the longest frame is refused, and the next one is taken", limit, async () => {
    const frame = new Uint8Array(300).fill(0x55);
    frame.set([0x3a, 0x0f, 0xff, 0x21, 0x01, 9, 8, 0xc8]);
    assert.equal(await board.bus.send(frame), false);
    const next = frameOf(3);
    assert.deepEqual(await exchange(board.bus, next), echoOf(next));
  });

  test("an answer that nobody acknowledges is given up after retries", limit, async () => {
    const bus = new FaultyBus(board.bus, (_frame, direction, index) =>
      direction === "toBoard" && index === 0 ? { kind: "orphan", address: 0x33 } : undefined,
    );
    assert.ok(await bus.send(frameOf(4)));
    await board.line(/^refused/);
    const next = frameOf(5);
    assert.deepEqual(await exchange(bus, next), echoOf(next));
  });

  test("frames that come faster than they are answered are all answered, in order", limit, async () => {
    const frames = Array.from({ length: 200 }, (_, index) => frameOf(index, 64));
    const answers: Uint8Array[] = [];
    const all = new Promise<void>((resolve) => {
      board.bus.onFrame = (frame) => {
        answers.push(frame);
        if (answers.length === frames.length) resolve();
      };
    });
    for (const frame of frames) assert.ok(await board.bus.send(frame));
    await all;
    assert.deepEqual(answers, frames.map(echoOf));
  });

  test("a write of the address alone brings no old frame back", limit, async () => {
    // More than the ring holds, so that an old frame lies in every slot.
    for (let mark = 0; mark < 40; mark++) assert.ok(await exchange(board.bus, frameOf(mark)));
    let answers = 0;
    board.bus.onFrame = () => answers++;
    await board.writeWord(0x7e7b0098, 0x10021); // bus 0's controller command: START, STOP, general call
    await new Promise((resolve) => setTimeout(resolve, 150));
    assert.equal(answers, 0);
    assert.ok(await exchange(board.bus, frameOf(40)));
  });

  test("the bus can lose, repeat and delay answers", limit, async () => {
    const faults = [{ kind: "drop" }, { kind: "repeat" }, { kind: "delay", delayMs: 50 }] as const;
    const bus = new FaultyBus(board.bus, (_frame, direction, index) =>
      direction === "fromBoard" ? faults[index] : undefined,
    );
    const answers: number[] = [];
    for (const mark of [1, 2, 3]) {
      bus.onFrame = (frame) => answers.push(frame[8]);
      assert.ok(await bus.send(frameOf(mark)));
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    assert.deepEqual(answers, [2, 2, 3]);
    assert.deepEqual(
      bus.record.filter(({ direction }) => direction === "fromBoard").map(({ fault }) => fault),
      faults,
    );
  });
});
