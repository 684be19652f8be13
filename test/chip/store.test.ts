/** The store of identity images under power cuts: hal/chip/store.c compiled for this machine, over a flash in memory. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { compileC, link } from "../../boards/xs/build.js";
import { run } from "../../boards/xs/run.js";
import { psaFlags } from "../../hal/psa/build.js";
import { mbedtls } from "../../tools/mbedtls.js";
import { inTemporaryDirectory, root } from "../support/xs/xs-tests.js";

const SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];

test("whenever power fails, the old image is there or the new one", { timeout: 240_000 }, async () => {
  const printed = await inTemporaryDirectory(async (directory) => {
    const cc = process.env.CC ?? "cc";
    const flags = ["-O2", "-g", `-I${join(root, "hal/chip")}`, ...SANITIZERS, ...(await psaFlags())];
    const library = join(await mbedtls(), "library");
    const objects = [
      ...(await compileC({ cc, flags: [...flags, "-Wall", "-Wextra", "-Werror"], out: directory }, [
        join(root, "test/chip/support/store-harness.c"),
      ])),
      ...(await compileC(
        { cc, flags: [...flags, "-w"], out: directory },
        ["sha256", "platform_util"].map((name) => join(library, `${name}.c`)),
      )),
    ];
    const program = join(directory, "harness");
    await link(cc, objects, SANITIZERS, program);
    return run(program, []);
  });
  const cuts = [...printed.matchAll(/: (\d+) cuts, all recovered/g)].map((match) => Number(match[1]));
  console.log(printed.trim());
  assert.equal(cuts.length, 2);
  // Every operation of six writes, six times each: fewer would mean that the harness did not cut.
  for (const count of cuts) assert.ok(count > 500, printed);
  assert.match(printed, /done\n$/);
});
