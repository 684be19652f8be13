/** The store of identity images under power cuts: hal/chip/store.c compiled for this machine, over a flash in memory. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { run } from "../../boards/xs/run.js";
import { inTemporaryDirectory } from "../support/xs/xs-tests.js";
import { buildHarness } from "./support/build.js";

test("whenever power fails, the old image is there or the new one", { timeout: 240_000 }, async () => {
  const printed = await inTemporaryDirectory(async (directory) =>
    run(await buildHarness(directory, "store-harness.c", [], { more: ["test/chip/support/nor-flash.c"] }), []),
  );
  const cuts = [...printed.matchAll(/: (\d+) cuts, all recovered/g)].map((match) => Number(match[1]));
  console.log(printed.trim());
  assert.equal(cuts.length, 2);
  // Every operation of six writes, six times each: fewer would mean that the harness did not cut.
  for (const count of cuts) assert.ok(count > 500, printed);
  assert.match(printed, /done\n$/);
});
