/** Compiles C of hal/chip under a harness of tests, for this machine, with its sanitizers. */
import { join } from "node:path";
import { compileC, link } from "../../../boards/xs/build.js";
import { psaFlags } from "../../../hal/psa/build.js";
import { mbedtls } from "../../../tools/mbedtls.js";
import { root } from "../../support/xs/xs-tests.js";

const SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];

/** Links `harness`, of this folder, with `sources`, of hal/chip, and Mbed TLS's SHA-256; returns the program's path. */
export async function buildHarness(directory: string, harness: string, sources: readonly string[]): Promise<string> {
  const chip = join(root, "hal/chip");
  const cc = process.env.CC ?? "cc";
  const flags = ["-g", `-I${chip}`, ...(await psaFlags())];
  const ownFlags = [...flags, "-O1", ...SANITIZERS, "-Wall", "-Wextra", "-Werror"];
  const library = join(await mbedtls(), "library");
  const own = [join(root, "test/chip/support", harness), ...sources.map((name) => join(chip, name))];
  const objects = [
    ...(await compileC({ cc, flags: ownFlags, out: directory }, own)),
    ...(await compileC(
      { cc, flags: [...flags, "-O2", "-w"], out: directory },
      ["sha256", "platform_util"].map((name) => join(library, `${name}.c`)),
    )),
  ];
  const program = join(directory, "harness");
  await link(cc, objects, SANITIZERS, program);
  return program;
}

/** The lines "what: count" that a harness printed. */
export function countsOf(printed: string): ReadonlyMap<string, number> {
  const lines = printed.trimEnd().split("\n");
  return new Map(
    lines.map((line) => {
      const [what, count] = line.split(": ");
      return [what, Number(count)] as const;
    }),
  );
}
