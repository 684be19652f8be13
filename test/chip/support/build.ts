/** Compiles C of hal/chip, and of a chip's folder, under a harness of tests, for this machine, with its sanitizers. */
import { join } from "node:path";
import { compileC, link } from "../../../boards/xs/build.js";
import { psaFlags } from "../../../hal/psa/build.js";
import { mbedtls } from "../../../tools/mbedtls.js";
import { root } from "../../support/xs/xs-tests.js";

export const WARNINGS = ["-Wall", "-Wextra", "-Werror"];
const SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];

export interface HarnessOptions {
  /** More C of our own, from the repository's root. */
  readonly more?: readonly string[];
  /** More of Mbed TLS's library. */
  readonly library?: readonly string[];
  readonly flags?: readonly string[];
}

/** Links `harness`, of this folder, with `sources`, of hal/chip, and Mbed TLS's SHA-256; returns the program's path. */
export async function buildHarness(
  directory: string,
  harness: string,
  sources: readonly string[],
  { more = [], library = [], flags = [] }: HarnessOptions = {},
): Promise<string> {
  const chip = join(root, "hal/chip");
  const cc = process.env.CC ?? "cc";
  const all = ["-g", `-I${chip}`, ...(await psaFlags()), ...flags];
  const tree = join(await mbedtls(), "library");
  const own = [
    join(root, "test/chip/support", harness),
    ...sources.map((name) => join(chip, name)),
    ...more.map((name) => join(root, name)),
  ];
  const objects = [
    ...(await compileC({ cc, flags: [...all, "-O1", ...SANITIZERS, ...WARNINGS], out: directory }, own)),
    ...(await compileC(
      { cc, flags: [...all, "-O2", "-w", "-ffunction-sections"], out: directory },
      ["sha256", "platform_util", ...library].map((name) => join(tree, `${name}.c`)),
    )),
  ];
  const program = join(directory, "harness");
  await link(cc, objects, [...SANITIZERS, "-Wl,--gc-sections"], program);
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
