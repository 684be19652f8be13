/** Programs in C for this machine, compiled when they are first needed. */
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { compileC, link } from "../boards/xs/build.js";

const OUT = fileURLToPath(new URL("../build/host/", import.meta.url));
const CC = process.env.CC ?? "cc";

/**
 * Compiles one C file into build/host/, if it changed, and returns the program's path.
 * @param flags For compiler and linker: -shared and -fPIC make a library.
 */
export async function buildHostProgram(source: string, flags: readonly string[] = []): Promise<string> {
  const name = basename(source, ".c");
  const toolchain = { cc: CC, flags: ["-O2", "-Wall", "-Wextra", "-Werror", ...flags], out: OUT };
  await link(CC, await compileC(toolchain, [source]), flags, join(OUT, name));
  return join(OUT, name);
}
