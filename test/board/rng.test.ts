/** The random number generator's driver over registers that fail: hal/ast1030/rng.c compiled for this machine. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { run } from "../../boards/xs/run.js";

const includes = ["ast1030", "chip"].map((name) => `-I${fileURLToPath(new URL(`../../hal/${name}`, import.meta.url))}`);
const harness = fileURLToPath(new URL("support/rng-harness.c", import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), "spdm-rng-"));
const program = join(scratch, "rng");

before(() => run(process.env.CC ?? "cc", ["-Wall", "-Wextra", "-Werror", ...includes, harness, "-o", program]));
after(() => rmSync(scratch, { recursive: true }));

describe("the random number generator's driver", () => {
  for (const [scenario, what, expected] of [
    ["new", "finds it where the data sheet has it", "1 1 1 1"],
    ["old", "finds it where older emulators have it", "1 1 1 1"],
    ["both", "takes one of two that change", "1 1 1 1"],
    ["dead", "finds none where nothing changes, and fills nothing", "0 0z 0z 0z"],
    ["sticks", "gives nothing more, and wipes what it gave, once it sticks", "1 0z 0z 0z"],
  ]) {
    test(what, async () => assert.equal(await run(program, [scenario]), expected));
  }
});
