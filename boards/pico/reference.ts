/**
 * Prints the reference values of a Pico's image, for `spdm attest --reference`:
 * `node --import tsx boards/pico/reference.ts pico|pico/pico_2 xs_pico.elf [name=value…]`, the last as mcconfig got them.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import manifest from "../../manifest.json" with { type: "json" };
import { configurationOf } from "../moddable/configuration.js";
import { referenceOf } from "../reference.js";
import { run } from "../xs/run.js";
import pico from "./manifest.json" with { type: "json" };

const PLATFORMS = { pico: manifest.platforms.pico, "pico/pico_2": manifest.platforms["pico/pico_2"] };
/** chipState() of a chip whose debug port is open and that starts any image, as they come. */
const AS_IT_COMES = 5;

export async function picoReference(
  platform: keyof typeof PLATFORMS,
  elf: string,
  changes: Readonly<Record<string, string>> = {},
): Promise<unknown> {
  const folder = mkdtempSync(join(tmpdir(), "moddable-spdm-"));
  try {
    const file = join(folder, "image");
    await run("arm-none-eabi-objcopy", ["-O", "binary", elf, file]);
    const { config, modules } = PLATFORMS[platform];
    const sessions = modules["spdm/firmware"].endsWith("/sessions");
    return referenceOf(
      configurationOf({ ...pico.config, ...config, ...changes }, sessions),
      AS_IT_COMES,
      readFileSync(file),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [platform, elf, ...changes] = process.argv.slice(2);
  if (!Object.hasOwn(PLATFORMS, platform ?? "") || elf === undefined)
    throw new Error("usage: reference.ts pico|pico/pico_2 xs_pico.elf [name=value…]");
  const pairs = Object.fromEntries(changes.map((change) => change.split("=", 2)));
  console.log(JSON.stringify(await picoReference(platform as keyof typeof PLATFORMS, elf, pairs), null, 2));
}
