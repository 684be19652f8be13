/** Brings the repository's own tests to XS. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import {
  buildEngine,
  bundle,
  compileC,
  compileModules,
  engineFlags,
  type Feature,
  link,
} from "../../../boards/xs/build.js";

const here = dirname(fileURLToPath(import.meta.url));
export const root = resolve(here, "../../..");

/** What stands for Node's modules on XS. */
const SHIMS: Readonly<Record<string, string>> = {
  "node:test": join(here, "node-test.ts"),
  "node:assert/strict": join(here, "assert.ts"),
};

/** The test files under `folder`, from the repository's root. */
export function testFiles(folder: string): string[] {
  const files = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" });
  return files
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => join(folder, name))
    .sort();
}

/** Those of `files` that, with all they import, use nothing of Node but what the shims give. */
export async function runnableOnXs(files: readonly string[]): Promise<string[]> {
  const { metafile } = await build({
    entryPoints: files.map((file) => join(root, file)),
    absWorkingDir: root,
    outdir: "build/xs/tests",
    bundle: true,
    format: "esm",
    external: ["node:*"],
    write: false,
    metafile: true,
    logLevel: "silent",
  });
  return Object.values(metafile.outputs)
    .filter(({ imports }) => imports.every(({ path }) => path in SHIMS))
    .map(({ entryPoint }) => entryPoint as string)
    .sort();
}

/** Bundles test files into the one module `out`. */
export async function bundleTests(files: readonly string[], out: string, minify = false): Promise<void> {
  const contents = files
    .map((file) => `import ${JSON.stringify(`./${relative(root, resolve(root, file))}`)};`)
    .join("\n");
  await bundle(undefined, out, { stdin: { contents, resolveDir: root }, alias: { ...SHIMS }, minify });
}

/** Links the modules (specifier to path) with a board's trimmed engine into a program for the host. */
export async function buildImage(
  modules: Readonly<Record<string, string>>,
  features: readonly Feature[],
  directory: string,
  sources: readonly string[] = [],
): Promise<string> {
  const cc = process.env.CC ?? "cc";
  const flags = ["-O2", "-g"];
  const image = join(directory, "image.c");
  await compileModules(modules, image);
  const out = join(root, "build/xs", ["board", ...features].join("-"));
  const engine = await buildEngine({ cc, flags, out }, features);
  const toolchain = { cc, flags: [...flags, ...(await engineFlags(features)), "-Wall", "-Wextra"], out: directory };
  const own = await compileC(toolchain, [image, join(here, "image-main.c"), ...sources]);
  const program = join(directory, "program");
  await link(cc, [...own, ...engine], ["-Wl,--gc-sections", "-lm", "-lpthread"], program);
  return program;
}

/** Calls `body` with a directory that is gone afterwards. */
export async function inTemporaryDirectory<T>(body: (directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), "xs-"));
  try {
    return await body(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
