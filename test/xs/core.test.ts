/** The tests of the responder's core and of MCTP, again, on the engine that boards run. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { buildRunner } from "../../boards/xs/build.js";
import { run } from "../../boards/xs/run.js";
import { buildImage, bundleTests, inTemporaryDirectory, runnableOnXs, testFiles } from "../support/xs/xs-tests.js";

const folders = ["test/src", "test/mctp"];

function passed(output: string): number {
  return Number(/^tests (\d+), passed \1, failed 0$/m.exec(output)?.[1] ?? 0);
}

test("the core's tests pass on XS", async (t) => {
  const all = folders.flatMap(testFiles);
  const files = await runnableOnXs(all);
  for (const file of all) if (!files.includes(file)) t.diagnostic(`needs more of Node than XS has: ${file}`);
  assert.notEqual(files.length, 0);

  await inTemporaryDirectory(async (directory) => {
    const tests = join(directory, "tests.js");
    await bundleTests(files, tests);
    const program = await buildRunner();
    await t.test("whole engine, source", async (t) => {
      const output = await run(program, [tests]);
      assert.ok(passed(output) > 0, output);
      t.diagnostic(output.trim());
    });

    // Minified, since boards run it so; with all features, since tests use more of them than firmware does.
    await bundleTests(files, tests, true);
    await t.test("a board's engine, bytecode", async (t) => {
      const image = await buildImage(
        { main: tests },
        ["async", "bigint", "generator", "json", "regexp", "text"],
        directory,
      );
      const output = await run(image, []);
      assert.ok(passed(output) > 0, output);
      t.diagnostic(output.trim());
    });
  });
});
