/** The firmware on the emulated board, seen from the bus. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import budgets from "../../boards/ast1030/budget.json" with { type: "json" };
import { type Built, buildFirmware, SRAM_LENGTH } from "../../boards/ast1030/build.js";
import { packetErrorCode } from "../../cli/bus.js";
import { BMC_ADDRESS, type Board, type BoardOptions, startBoard } from "../../cli/emulator.js";
import { emulatedSmbus, MctpLink } from "../../cli/mctp-link.js";
import { type AttestOptions, attest } from "../../cli/requester/attest.js";
import { BOARD_ADDRESS, readReference } from "../../cli/target.js";
import { ECDSA_P256, SHA_256 } from "../../src/algorithms.js";
import { V1_3, VERSIONS } from "../../src/versions.js";
import { attestOptions } from "./support/attest-options.js";
import { testFlash, testKeys } from "./support/identity.js";

const limit = { timeout: 180_000 };
const flash = testFlash();
let built: Built;

before(async () => {
  built = await buildFirmware("psa");
}, limit);

function boot(options: BoardOptions = {}): Promise<Board> {
  return startBoard({ flash, lifetimeMs: limit.timeout, ...options });
}

async function linkTo(board: Board): Promise<MctpLink> {
  const link = new MctpLink(board.bus, emulatedSmbus(BMC_ADDRESS, BOARD_ADDRESS));
  await link.discover();
  return link;
}

function referencedOptions(changes: Partial<AttestOptions> = {}): AttestOptions {
  return attestOptions({ reference: readReference(join(built.folder, "reference.json")), ...changes });
}

/** All that the board accounts for, as the outside reads it. */
async function readAccounting(board: Board): Promise<Record<string, number>> {
  await board.idle();
  const { symbols } = board;
  const wide = async (name: string) =>
    (await board.readWord(symbols[name])) + 2 ** 32 * (await board.readWord(symbols[name] + 4));
  const stack = await board.readMemory(symbols.__stack_limit, symbols.__stack_top - symbols.__stack_limit);
  return {
    awakeTicks: await wide("awakeTicks"),
    cryptoTicks: await wide("cryptoTicks"),
    wakeCount: await board.readWord(symbols.wakeCount),
    heapPeak: await board.readWord(symbols.heapPeakLength),
    stackPeak: stack.length - stack.findIndex((byte) => byte !== 0xa5),
  };
}

describe("firmware with PSA", () => {
  let board: Board;

  before(async () => {
    board = await boot();
  }, limit);

  after(() => board.close());

  test("says which engines and which identity it found", limit, () => {
    assert.match(board.lines[0], /^digests in one go: (HACE|Mbed TLS, this chip has no HACE)$/);
    assert.equal(board.lines[1], "identity: from flash");
  });

  test("answers Get Endpoint ID", limit, async () => {
    const answer = new Promise<Uint8Array>((resolve) => {
      board.bus.onFrame = resolve;
    });
    assert.ok(await board.bus.send(Buffer.from("3a0f0821010008c800800256", "hex")));
    assert.equal(Buffer.from(await answer).toString("hex"), "200f0c3b010800c00000020000000002");
  });

  for (const version of VERSIONS) {
    test(
      `is trusted in version 0x${version.toString(16)}, and its measurements are those of its build`,
      limit,
      async () => {
        const result = await attest(await linkTo(board), referencedOptions({ version }));
        assert.deepEqual(result.reasons, []);
        assert.equal(result.verdict, "trusted");
        // From 1.3 on there is that of the log, which differs from identity to identity.
        const unjudged = result.measurements.filter(({ status }) => status === "no reference");
        assert.deepEqual(
          unjudged.map(({ index }) => index),
          version >= V1_3 ? [17] : [],
        );
        assert.equal(result.measurements.length - unjudged.length, 6);
      },
    );
  }

  test("is trusted with P-256 and SHA-256", limit, async () => {
    const result = await attest(await linkTo(board), referencedOptions({ baseAsym: ECDSA_P256, baseHash: SHA_256 }));
    assert.deepEqual(result.reasons, []);
  });

  test("does not answer a request that names general call as its source", limit, async () => {
    let answers = 0;
    board.bus.onFrame = () => answers++;
    const body = Uint8Array.of(0x3a, 0x0f, 0x08, 0x01, 0x01, 0x00, 0x08, 0xc8, 0x00, 0x80, 0x02);
    assert.ok(await board.bus.send(Uint8Array.from([...body, packetErrorCode(body)])));
    await new Promise((resolve) => setTimeout(resolve, 150));
    assert.equal(answers, 0);
  });

  test("has each private key where PSA keeps it, and nowhere else, and pre-shared keys nowhere", limit, async () => {
    await board.idle();
    const memory = Buffer.from(await board.readMemory(0, SRAM_LENGTH));
    for (const { key, count } of testKeys()) {
      let found = 0;
      for (let at = memory.indexOf(key); at >= 0; at = memory.indexOf(key, at + 1)) found++;
      assert.equal(found, count);
    }
  });

  test("stays within its budget", limit, async () => {
    const budget = budgets.psa;
    const { heapPeak, stackPeak } = await readAccounting(board);
    assert.ok(built.imageLength <= budget.imageLength, `image ${built.imageLength}`);
    assert.ok(built.staticLength <= budget.staticLength, `variables ${built.staticLength}`);
    assert.equal(built.stackLength, budget.stackLength);
    assert.ok(heapPeak <= budget.heapLength, `heap ${heapPeak}`);
    // Half of the stack is for what no test reaches.
    assert.ok(stackPeak <= budget.stackLength / 2, `stack ${stackPeak}`);
  });
});

test("every variant's budget fits the SRAM", () => {
  for (const [name, budget] of Object.entries(budgets)) {
    const sum = Object.values(budget).reduce((total, length) => total + length, 0);
    assert.ok(sum <= SRAM_LENGTH, `${name}: ${sum}`);
  }
});

describe("what the board measures and checks", () => {
  test("one changed byte in the image changes measurement 1", limit, async () => {
    const image = readFileSync(join(built.folder, "firmware.bin"));
    const at = image.indexOf("identity: damaged");
    image[at] ^= 0x20;
    const board = await boot({ firmware: image });
    const result = await attest(await linkTo(board), referencedOptions());
    await board.close();
    assert.equal(result.verdict, "untrusted");
    assert.match(result.reasons.join("\n"), /^measurement 1\b.*$/);
  });

  test("a damaged identity image is not used", limit, async () => {
    const damaged = flash.slice();
    damaged[100] ^= 1;
    const board = await boot({ flash: damaged });
    assert.ok(board.lines.includes("identity: damaged, not used"));
    await board.close();
  });

  test("without an identity image the board still answers MCTP", limit, async () => {
    const board = await boot({ flash: new Uint8Array(0) });
    assert.ok(board.lines.includes("identity: none in flash"));
    const link = await linkTo(board);
    await assert.rejects(attest(link, attestOptions({})), /the device has no identity: .*; provision it first$/);
    await board.close();
  });

  test("digests by HACE where the emulator has it", limit, async (t) => {
    const board = await boot();
    const [engine] = board.lines;
    await board.close();
    if (engine !== "digests in one go: HACE") return t.skip("this emulator has no HACE: QEMU has it from 10.0 on");
  });

  test("an attestation costs the same instructions every time", limit, async () => {
    const runs: Record<string, number>[] = [];
    for (let run = 0; run < 2; run++) {
      const board = await boot({ icount: 0, seed: 7 });
      const link = await linkTo(board);
      const version = Uint8Array.of(0x10, 0x84, 0, 0);
      for (let repeat = 0; repeat < 3; repeat++) await link.exchange(5, version, 5_000);
      runs.push(await readAccounting(board));
      await board.close();
    }
    assert.deepEqual(runs[0], runs[1]);
    assert.ok(runs[0].awakeTicks > 0);
  });
});
