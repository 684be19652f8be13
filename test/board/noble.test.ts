/** The firmware with its cryptography in JavaScript: the same answers, in more time. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import budgets from "../../boards/ast1030/budget.json" with { type: "json" };
import { buildFirmware } from "../../boards/ast1030/build.js";
import { BMC_ADDRESS, startBoard } from "../../cli/emulator.js";
import { emulatedSmbus, MctpLink } from "../../cli/mctp-link.js";
import { attest } from "../../cli/requester/attest.js";
import { BOARD_ADDRESS, readReference } from "../../cli/target.js";
import { V1_4 } from "../../src/versions.js";
import { attestOptions } from "./support/attest-options.js";
import { testFlash } from "./support/identity.js";

const limit = { timeout: 300_000 };

test("firmware with noble is trusted at P-384 and SHA-384, within its budget", limit, async () => {
  const budget = budgets.noble;
  const built = await buildFirmware("noble");
  assert.ok(built.imageLength <= budget.imageLength, `image ${built.imageLength}`);
  assert.ok(built.staticLength <= budget.staticLength, `variables ${built.staticLength}`);
  const board = await startBoard({ variant: "noble", flash: testFlash(), lifetimeMs: limit.timeout });
  try {
    const link = new MctpLink(board.bus, emulatedSmbus(BMC_ADDRESS, BOARD_ADDRESS));
    await link.discover();
    const reference = readReference(join(built.folder, "reference.json"));
    const result = await attest(link, attestOptions({ version: V1_4, reference }));
    assert.deepEqual(result.reasons, []);
    const heapPeak = await board.readWord(board.symbols.heapPeakLength);
    assert.ok(heapPeak <= budget.heapLength, `heap ${heapPeak}`);
  } finally {
    await board.close();
  }
});
