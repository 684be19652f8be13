/** The tests of sessions, on XS with Mbed TLS; and 10,000 sessions, which must leave the heap as it was. */
import assert from "node:assert/strict";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { buildRunner, bundle, compileC, xsFlags } from "../../boards/xs/build.js";
import { run } from "../../boards/xs/run.js";
import { buildHostPsa } from "../../hal/psa/build.js";
import { summary } from "../crypto/on-xs.js";
import { inTemporaryDirectory, root } from "../support/xs/xs-tests.js";

const SESSION_COUNT = 10_000;
const NATIVES: Readonly<Record<string, string>> = {
  psa: join(root, "hal/psa/psa.js"),
  heap: join(root, "test/xs/heap.js"),
};
const ENGINES = join(root, "test/xs/psa-engines.ts");

test("sessions on XS", { timeout: 420_000 }, async (t) => {
  await inTemporaryDirectory(async (directory) => {
    const flags = ["-O2", "-g", ...(await xsFlags()), "-Wall", "-Wextra"];
    const heap = await compileC({ cc: process.env.CC ?? "cc", flags, out: directory }, [join(root, "test/xs/heap.c")]);
    const program = await buildRunner("xsrun-sessions", [...(await buildHostPsa()), ...heap]);
    const script = join(directory, "main.js");
    await bundle(join(root, "test/xs/sessions-main.ts"), script, {
      alias: {
        "node:test": join(root, "test/support/xs/node-test.ts"),
        "node:assert/strict": join(root, "test/support/xs/assert.ts"),
      },
      define: { SESSION_COUNT: String(SESSION_COUNT) },
      plugins: [
        {
          name: "engines",
          setup(build) {
            build.onResolve({ filter: /(psa|heap)\.js$/ }, ({ path, resolveDir }) => {
              const name = Object.keys(NATIVES).find((native) => NATIVES[native] === resolve(resolveDir, path));
              return name === undefined ? undefined : { path: name, external: true };
            });
            build.onResolve({ filter: /(session-engines|node-crypto|portable\/crypto)\.js$/ }, ({ importer }) =>
              importer === ENGINES ? undefined : { path: ENGINES },
            );
          },
        },
      ],
    });
    const natives = Object.entries(NATIVES).map(([name, path]) => `${name}=${path}`);
    const output = await run(program, [script, ...natives]);
    t.diagnostic(summary(output));
    const heapLine = /^heap after each 1000 sessions: .*$/m.exec(output);
    assert.ok(heapLine !== null, output);
    t.diagnostic(heapLine[0]);
  });
});
