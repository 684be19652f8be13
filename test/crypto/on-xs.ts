import { join, resolve } from "node:path";
import type { BuildOptions } from "esbuild";
import { bundle } from "../../boards/xs/build.js";
import { run } from "../../boards/xs/run.js";
import { inTemporaryDirectory, root } from "../support/xs/xs-tests.js";

const PSA = join(root, "hal/psa/psa.js");

/** Runs `entry`, a file of this folder that registers tests, with the XS runner `program`; returns what it prints. */
export async function runOnXs(program: string, entry: string, define: BuildOptions["define"] = {}): Promise<string> {
  return inTemporaryDirectory(async (directory) => {
    const script = join(directory, "main.js");
    await bundle(join(root, "test/crypto", entry), script, {
      alias: {
        "node:test": join(root, "test/support/xs/node-test.ts"),
        "node:assert/strict": join(root, "test/support/xs/assert.ts"),
      },
      define,
      plugins: [
        {
          name: "psa stays an import",
          setup: (build) =>
            build.onResolve({ filter: /psa\.js$/ }, ({ path, resolveDir }) =>
              resolve(resolveDir, path) === PSA ? { path: "psa", external: true } : undefined,
            ),
        },
      ],
    });
    return run(program, [script, `psa=${PSA}`]);
  });
}

/** The runner's last line if all tests passed. */
export function summary(output: string): string {
  const line = /^tests (\d+), passed \1, failed 0$/m.exec(output);
  if (line === null) throw new Error(output);
  return line[0];
}
