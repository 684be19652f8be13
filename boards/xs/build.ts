/** Builds XS from source: the host's tools (compiler, runner) and the engine for a board. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildOptions, build as esbuild } from "esbuild";
import { run } from "./run.js";

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, "../..");
const outputs = join(root, "build/xs");

/** XS 13.3.0 as Agoric ships it: the one place on npm that carries the engine's C sources. */
const PACKAGE = "@agoric/xsnap@0.15.0";
const INTEGRITY = "sha512-ZBm4DZxbtfacxMHVVdJjZi0Y8zOxN77vpu1WwI5RWfPkaRh0aHkz/dVdTGKXalDNzWfz183lljKxlxl3/h0n+A==";

const ENGINE = (
  "All API Arguments Array Atomics BigInt Boolean Common DataView Date Debug Defaults Error Function Generator Global " +
  "JSON MapSet Marshall Math Memory Module Number Object Platforms Profile Promise Property Proxy RegExp Run String " +
  "Symbol Type dtoa re mc"
).split(" ");
const PARSER = "Code Lexical Scope Script SourceMap Syntaxical Tree".split(" ");

/** The directory of XS: sources/, includes/, platforms/. Fetched once; `XS_DIR` names another. */
export async function xsSources(): Promise<string> {
  if (process.env.XS_DIR) return resolve(process.env.XS_DIR);
  const directory = join(outputs, PACKAGE.replace(/^.*\//, ""));
  if (existsSync(directory)) return directory;
  mkdirSync(outputs, { recursive: true });
  const temporary = mkdtempSync(join(outputs, "fetch-"));
  try {
    const printed = await run("npm", [
      "pack",
      PACKAGE,
      "--ignore-scripts",
      "--silent",
      "--pack-destination",
      temporary,
    ]);
    const archive = join(temporary, printed.trim().split("\n").pop()!);
    const integrity = `sha512-${createHash("sha512").update(readFileSync(archive)).digest("base64")}`;
    if (integrity !== INTEGRITY) throw new Error(`${PACKAGE}: integrity is ${integrity}, expected ${INTEGRITY}`);
    await run("tar", ["-xzf", archive, "-C", temporary, "package/moddable/xs"]);
    publish(join(temporary, "package/moddable/xs"), directory);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
  return directory;
}

/** Moves a finished directory into place; whoever was first wins, since both made the same. */
function publish(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!existsSync(to)) throw error;
  }
}

export interface Toolchain {
  /** The compiler's command. */
  readonly cc: string;
  readonly flags: readonly string[];
  /** Directory of the objects; two sources of one name need two directories. */
  readonly out: string;
}

/**
 * Compiles C files that changed, or whose headers or flags did, two at a time, and returns their objects. Safe to run
 * twice at once: every product is renamed into place when it is finished.
 */
export async function compileC({ cc, flags, out }: Toolchain, sources: readonly string[]): Promise<string[]> {
  mkdirSync(out, { recursive: true });
  const objects = sources.map((source) => join(out, basename(source).replace(/\.c$/, ".o")));
  const waiting = sources.map((_, index) => index);
  const worker = async (): Promise<void> => {
    for (let index = waiting.shift(); index !== undefined; index = waiting.shift())
      await compileOne(cc, flags, sources[index], objects[index]);
  };
  await Promise.all([worker(), worker()]);
  return objects;
}

async function compileOne(cc: string, flags: readonly string[], source: string, object: string): Promise<void> {
  const command = [cc, ...flags, source].join("\n");
  if (isCurrent(object, command)) return;
  const temporary = `${object}.${process.pid}`;
  // -MD and not -MMD, which leaves out platform.h: it is included from what counts as a system header.
  await run(cc, [...flags, "-MD", "-MF", `${temporary}.d`, "-c", source, "-o", temporary]);
  renameSync(`${temporary}.d`, `${object}.d`);
  renameSync(temporary, object);
  writeFileSync(`${object}.command`, command);
}

/** Whether `object` was made by `command` from files that are older than it. */
function isCurrent(object: string, command: string): boolean {
  if (!existsSync(`${object}.command`) || readFileSync(`${object}.command`, "utf8") !== command) return false;
  const prerequisites = readFileSync(`${object}.d`, "utf8")
    .replace(/^.*?:/, "")
    .split(/[\s\\]+/)
    .filter(Boolean);
  return isNewer(object, prerequisites);
}

function isNewer(product: string, prerequisites: readonly string[]): boolean {
  if (!existsSync(product)) return false;
  const made = statSync(product).mtimeMs;
  return prerequisites.every((file) => existsSync(file) && statSync(file).mtimeMs <= made);
}

/** Links `objects` into the program `out`, unless it is newer than all of them and the flags are the same. */
export async function link(
  cc: string,
  objects: readonly string[],
  flags: readonly string[],
  out: string,
): Promise<void> {
  const command = [cc, ...objects, ...flags].join("\n");
  const known = existsSync(`${out}.command`) && readFileSync(`${out}.command`, "utf8") === command;
  if (known && isNewer(out, objects)) return;
  await run(cc, [...objects, ...flags, "-o", `${out}.${process.pid}`]);
  renameSync(`${out}.${process.pid}`, out);
  writeFileSync(`${out}.command`, command);
}

/** What C files around the engine are compiled with: they may include xsmc.h and engine.h. */
export async function xsFlags(): Promise<string[]> {
  const xs = await xsSources();
  // As system headers, so that warnings are about our code and not about XS's macros.
  const includes = ["includes", "platforms", "sources"].flatMap((name) => ["-isystem", join(xs, name)]);
  return [...includes, `-I${here}`, "-DINCLUDE_XSPLATFORM", '-DXSPLATFORM="platform.h"'];
}

const HOST = { cc: process.env.CC ?? "cc", out: join(outputs, "host") };
const HOST_LIBRARIES = ["-lm", "-ldl", "-lpthread"];
/** XS aliases types and has tentative definitions: so its own makefiles compile it. */
const XS_CODEGEN = ["-fno-strict-aliasing", "-fno-common"];

async function compileXs(toolchain: Toolchain, names: readonly string[]): Promise<string[]> {
  const sources = join(await xsSources(), "sources");
  return compileC(
    { ...toolchain, flags: [...toolchain.flags, ...XS_CODEGEN, "-w"] },
    names.map((name) => join(sources, `xs${name}.c`)),
  );
}

async function compileOwn(toolchain: Toolchain, names: readonly string[]): Promise<string[]> {
  const flags = [...toolchain.flags, ...XS_CODEGEN, "-Wall", "-Wextra", "-Werror"];
  return compileC(
    { ...toolchain, flags },
    names.map((name) => join(here, name)),
  );
}

async function hostToolchain(): Promise<Toolchain> {
  return { ...HOST, flags: ["-O2", "-g", "-DXS_PARSER", ...(await xsFlags())] };
}

async function hostEngine(): Promise<string[]> {
  const toolchain = await hostToolchain();
  const engine = await compileXs(toolchain, [...ENGINE, ...PARSER]);
  return [...engine, ...(await compileOwn(toolchain, ["platform.c", "script.c"]))];
}

/** Builds the bytecode compiler and returns its path. */
export async function buildCompiler(): Promise<string> {
  const [main] = await compileOwn(await hostToolchain(), ["compiler.c"]);
  const program = join(outputs, "xsc");
  await link(HOST.cc, [main, ...(await hostEngine())], HOST_LIBRARIES, program);
  return program;
}

/**
 * Builds the host's runner and returns its path. `objects` (compiled with `xsFlags`) and `libraries` bring the host
 * functions that modules name by `@ "xs_..."`; a runner with such needs a `name` of its own.
 */
export async function buildRunner(
  name = "xsrun",
  objects: readonly string[] = [],
  libraries: readonly string[] = [],
): Promise<string> {
  const [main] = await compileOwn(await hostToolchain(), ["runner.c"]);
  const program = join(outputs, name);
  // Exported, since the runner finds host functions by their names.
  const flags = ["-Wl,--export-dynamic", ...libraries, ...HOST_LIBRARIES];
  await link(HOST.cc, [main, ...objects, ...(await hostEngine())], flags, program);
  return program;
}

/** What of JavaScript a board's engine has only if asked: by feature, the engine's builders of its globals. */
const FEATURES = {
  async: ["Promise"],
  bigint: ["BigInt"],
  date: ["Date"],
  generator: ["Generator"],
  json: ["JSON"],
  proxy: ["Proxy"],
  regexp: ["RegExp"],
  /** Case, trimming, formatting and URI functions: omitted.h has the list. */
  text: [],
} as const;
export type Feature = keyof typeof FEATURES;

/** What C files that use an engine with `features` are compiled with, the output of `compileModules` among them. */
export async function engineFlags(features: readonly Feature[]): Promise<string[]> {
  const omitted = (Object.keys(FEATURES) as Feature[]).filter((name) => !features.includes(name));
  return [...(await xsFlags()), ...omitted.map((name) => `-DXS_WITHOUT_${name.toUpperCase()}`)];
}

/**
 * Compiles the engine for a board: no parser, and of the optional parts only `features`. Returns the objects to link,
 * with --gc-sections, beside the C file of `compileModules` and the board's own code.
 */
export async function buildEngine(toolchain: Toolchain, features: readonly Feature[] = []): Promise<string[]> {
  const flags = [...toolchain.flags, "-ffunction-sections", "-fdata-sections", ...(await engineFlags(features))];
  const compile = (names: readonly string[], ...more: string[]) =>
    compileXs({ ...toolchain, flags: [...flags, ...more] }, names);
  const trim = ["-include", "trim.h"];
  // These two make no built-ins; the one defines what trim.h wraps, the other must come before the system's headers.
  const untrimmed = ["Property", "All"];
  const omitted = Object.entries(FEATURES).filter(([feature]) => !features.includes(feature as Feature));
  const builders = ["Atomics", ...omitted.flatMap(([, builders]) => builders)];
  const apart = [...untrimmed, "API", "Defaults"];
  return [
    ...(await compileOwn({ ...toolchain, flags }, ["platform.c", "image.c", "defaults.c"])),
    ...(await compile(untrimmed)),
    ...(await compile(
      ENGINE.filter((name) => !apart.includes(name)),
      ...trim,
    )),
    ...(await compile(["API"], ...trim, ...builders.map((name) => `-DfxBuild${name}=xsOmitGlobal`))),
  ];
}

/** Compiles ES modules, specifier to path, into the C file `out` (an `XsImage` of engine.h); returns a summary. */
export async function compileModules(modules: Readonly<Record<string, string>>, out: string): Promise<string> {
  mkdirSync(dirname(out), { recursive: true });
  const list = Object.entries(modules).map(([specifier, path]) => `${specifier}=${path}`);
  const summary = await run(await buildCompiler(), [`${out}.${process.pid}`, ...list]);
  // Left alone if nothing changed, so that the firmware is not linked anew.
  const text = readFileSync(`${out}.${process.pid}`);
  if (existsSync(out) && readFileSync(out).equals(text)) rmSync(`${out}.${process.pid}`);
  else renameSync(`${out}.${process.pid}`, out);
  return summary.trim();
}

/** Bundles `entry`, or what `options.stdin` holds, into one ES module that XS runs. Specifiers in `external` stay imports: the native modules. */
export async function bundle(entry: string | undefined, out: string, options: BuildOptions = {}): Promise<void> {
  await esbuild({
    ...(entry === undefined ? {} : { entryPoints: [entry] }),
    outfile: out,
    bundle: true,
    format: "esm",
    target: "es2022",
    // XS 13.3 throws "not initialized yet" where a static initialiser makes an instance of its own class.
    supported: { "class-static-field": false },
    legalComments: "none",
    logLevel: "silent",
    absWorkingDir: root,
    ...options,
  });
}
