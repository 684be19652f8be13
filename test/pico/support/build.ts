/** Builds the top-level manifest with the user's own Moddable SDK and pico-sdk. */
import { mkdirSync, readFileSync } from "node:fs";
import { basename, delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "../../../boards/xs/run.js";

export const ROOT = fileURLToPath(new URL("../../..", import.meta.url)).replace(/\/$/, "");

export interface PicoImage {
  readonly elf: string;
  readonly uf2: Uint8Array;
  /** Bytes of code, constants and initial values in flash. */
  readonly length: number;
}

/** Why there can be no such build here, or false. */
export function missing(...names: readonly string[]): string | false {
  const absent = names.filter((name) => !process.env[name]);
  return absent.length > 0 && `set ${absent.join(", ")}; boards/pico/README.md says to what`;
}

/** `platform` as mcconfig has it: pico, or pico/pico_2. */
export async function buildPico(platform: string): Promise<PicoImage> {
  const tools = join(process.env.MODDABLE!, "build/bin", process.platform === "darwin" ? "mac" : "lin", "release");
  const output = join(ROOT, "build/moddable");
  mkdirSync(output, { recursive: true });
  const path = [join(ROOT, "node_modules/.bin"), tools, process.env.PATH].join(delimiter);
  // The SDK's recipes are bash's.
  const env = { ...process.env, PATH: path, MAKEFLAGS: "SHELL=/bin/bash" };
  await run("mcconfig", ["-m", "-p", platform, "-t", "build", "-o", output], { cwd: ROOT, env });
  const folder = join(output, "bin", platform, "release", basename(ROOT));
  const elf = join(folder, "xs_pico.elf");
  const [text, data] = (await run("arm-none-eabi-size", [elf])).split("\n")[1].trim().split(/\s+/);
  return { elf, uf2: readFileSync(join(folder, "xs_pico.uf2")), length: Number(text) + Number(data) };
}
