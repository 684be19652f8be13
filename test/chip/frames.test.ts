/** The ring between interrupt and main loop, in C, against a model. */
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { run } from "../../boards/xs/run.js";
import { inTemporaryDirectory } from "../support/xs/xs-tests.js";
import { buildHarness, countsOf } from "./support/build.js";

const RING = 4096;
const LONGEST = 259;
const limit = { timeout: 120_000 };

describe("the ring of received frames", limit, () => {
  let counts: ReadonlyMap<string, number>;

  before(async () => {
    counts = await inTemporaryDirectory(async (directory) =>
      countsOf(await run(await buildHarness(directory, "frames-harness.c", []), [])),
    );
  }, limit);

  test("is what a list of frames would be, in every order of what is done to it", () => {
    for (const name of ["mostly empty", "mostly full"])
      for (const [what, least] of [
        ["taken", 1000],
        ["longer than asked for", 300],
        ["discarded", 300],
        ["dropped", name === "mostly full" ? 1000 : 100],
      ] as const) {
        const count = counts.get(`${name}, ${what}`);
        assert.ok(count !== undefined && count >= least, `${name}, ${what}: ${count}`);
      }
  });

  test("takes as many frames as there is room for, each with two bytes of length", () => {
    for (let length = 1; length <= LONGEST; length += length < 4 ? 1 : 51)
      assert.equal(counts.get(`frames of ${length} bytes`), Math.floor(RING / (2 + length)), `${length}`);
  });

  test("goes on when its positions wrap", () => {
    assert.equal(counts.get("around the end of 32 bits"), 40);
  });
});
