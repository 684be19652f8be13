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

test("the core's tests pass on XS", { concurrency: 2 }, async (t) => {
  const all = folders.flatMap(testFiles);
  const files = await runnableOnXs(all);
  for (const file of all) if (!files.includes(file)) t.diagnostic(`needs more of Node than XS has: ${file}`);
  assert.notEqual(files.length, 0);

  await inTemporaryDirectory(async (directory) => {
    const source = join(directory, "tests.js");
    await bundleTests(files, source);
    const runner = await buildRunner();
    // Minified, since boards run it so; with nearly all features, since tests use more of them than firmware does.
    const minified = join(directory, "tests.min.js");
    await bundleTests(files, minified, true);
    const features = ["async", "bigint", "generator", "json", "regexp", "text"] as const;
    const image = await buildImage({ main: minified }, features, directory);

    const check = (name: string, program: string, args: string[]) =>
      t.test(name, async (t) => {
        const output = await run(program, args);
        assert.ok(passed(output) > 0, output);
        t.diagnostic(output.trim());
      });
    await Promise.all([
      check("whole engine, source", runner, [source]),
      check("a board's engine, bytecode", image, []),
    ]);
  });
});
