/**
 * Builds the firmware: `node --import tsx boards/ast1030/build.ts [psa|noble]` makes build/ast1030/<variant>/ with
 * firmware.elf, firmware.bin (what measurement 1 covers), reference.json and symbols.json, and prints what it takes.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin } from "esbuild";
import { buildPsa, psaFlags } from "../../hal/psa/build.js";
import type { Configuration } from "../configuration.js";
import { referenceOf } from "../reference.js";
import { buildEngine, bundle, compileC, compileModules, engineFlags, type Feature, link } from "../xs/build.js";
import { run } from "../xs/run.js";
import { NOBLE, PSA } from "./configuration.js";

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, "../..");
const hal = join(root, "hal/ast1030");
const chip = join(root, "hal/chip");
const outputs = join(root, "build/ast1030");

const CC = "arm-none-eabi-gcc";
const CPU = ["-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"];
const SECTIONS = ["-g", "-ffunction-sections", "-fdata-sections", "-fno-common"];
const OWN_WARNINGS = ["-Wall", "-Wextra", "-Werror"];
const LINKER_SCRIPT = join(here, "link.ld");
export const SRAM_LENGTH = 768 << 10;

export interface Recipe {
  readonly configuration: Configuration;
  /** Path of the main module in TypeScript. */
  readonly entry: string;
  readonly features: readonly Feature[];
  /** Native modules by specifier. */
  readonly natives: Readonly<Record<string, string>>;
  readonly stackLength: number;
  /** Whether it has PSA, with the private keys in it. */
  readonly psa: boolean;
  /** Sizes of the JavaScript machine (main.c) and the watchdog's time. */
  readonly defines: readonly string[];
}

const CHIP_MODULE = { chip: join(chip, "chip.js") };

export const RECIPES: Readonly<Record<string, Recipe>> = {
  psa: {
    configuration: PSA,
    entry: join(here, "main.ts"),
    features: [],
    natives: {
      ...CHIP_MODULE,
      alias: join(chip, "alias.js"),
      "identity-keys": join(chip, "identity-keys.js"),
      slots: join(chip, "slots.js"),
      psa: join(root, "hal/psa/psa.js"),
    },
    stackLength: 16 << 10,
    psa: true,
    defines: [],
  },
  noble: {
    configuration: NOBLE,
    entry: join(here, "main-noble.ts"),
    features: ["bigint"],
    natives: CHIP_MODULE,
    stackLength: 16 << 10,
    psa: false,
    defines: ["-DWATCHDOG_MS=60000u", "-DSTACK_SLOTS=2048", "-DHEAP_SLOTS=10240", "-DCHUNK_LENGTH=(64 * 1024)"],
  },
};

export interface Built {
  readonly folder: string;
  /** Bytes of code, constants and initial values. */
  readonly imageLength: number;
  /** Bytes of variables, guard page and alignment. */
  readonly staticLength: number;
  readonly stackLength: number;
  /** Bytes left for the heap. */
  readonly heapLength: number;
}

/** Builds a variant by its name; tests hand in recipes of their own. */
export async function buildFirmware(name: string, recipe = RECIPES[name]): Promise<Built> {
  if (recipe === undefined) throw new Error(`no variant ${name}: ${Object.keys(RECIPES).join(", ")}`);
  const folder = join(outputs, name);
  mkdirSync(folder, { recursive: true });
  const objects = [
    ...(await compileImage(recipe, folder)),
    ...(await compileDrivers(recipe, folder)),
    ...(await compileCrypto(recipe)),
    ...(await compileEngine(recipe)),
  ];
  return linkFirmware(objects, recipe.stackLength, folder, (image) => referenceOf(recipe.configuration, 0, image));
}

/** The same drivers under another C main, without XS: for tests of the drivers. */
export async function buildBare(main: string, name: string): Promise<Built> {
  const folder = join(outputs, name);
  const sources = ["accounting", "clock", "console", "flash", "hace", "i2c", "rng", "watchdog"];
  const files = [
    join(here, "start.c"),
    join(here, "libc.c"),
    main,
    ...sources.map((file) => join(hal, `${file}.c`)),
    ...["checked-flash", "pec"].map((file) => join(chip, `${file}.c`)),
  ];
  const flags = [...CPU, ...SECTIONS, "-Os", `-I${hal}`, `-I${chip}`, ...OWN_WARNINGS];
  return linkFirmware(await compileC({ cc: CC, flags, out: join(folder, "objects") }, files), 4096, folder);
}

async function compileImage(recipe: Recipe, folder: string): Promise<string[]> {
  const script = join(folder, "main.bundle.js");
  const natives = Object.entries(recipe.natives).map(([specifier, path]) => ({ specifier, path }));
  await inPlace(script, async (path) => {
    await bundle(recipe.entry, path, { minify: true, plugins: [keepNatives(natives)] });
    writeFileSync(path, enclosed(readFileSync(path, "utf8")));
  });
  const image = join(folder, "image.c");
  await compileModules({ main: script, ...recipe.natives }, image);
  const flags = [...CPU, ...SECTIONS, "-Os", ...(await engineFlags(recipe.features))];
  return compileC({ cc: CC, flags, out: join(folder, "objects") }, [image]);
}

/**
 * The module as a function that is called once: XS keeps the name of each variable of a module in RAM, and what it would take
 * to export it.
 */
function enclosed(module: string): string {
  const imports: string[] = [];
  const body = module.replace(/\bimport(?:\{[^}]*\}|\*as [\w$]+ )from"[^"]*";/g, (statement) => {
    imports.push(statement);
    return "";
  });
  return `${imports.join("")}(()=>{${body}})();\n`;
}

/** Imports of a native module's file stay imports, by the module's specifier. */
function keepNatives(natives: readonly { specifier: string; path: string }[]): Plugin {
  return {
    name: "natives",
    setup(build) {
      build.onResolve({ filter: /\.js$/ }, ({ path, resolveDir }) => {
        const native = natives.find((candidate) => candidate.path === resolve(resolveDir, path));
        return native === undefined ? undefined : { path: native.specifier, external: true };
      });
    },
  };
}

async function compileDrivers(recipe: Recipe, folder: string): Promise<string[]> {
  const drivers = "accounting clock console digest flash hace i2c measure rng state watchdog";
  const shared = [
    ...["checked-flash", "identity", "native", "pec", "store"],
    ...(recipe.psa ? ["alias", "identity-keys", "psk", "replace", "slots"] : []),
  ];
  const sources = ["start.c", "libc.c", "main.c"].map((file) => join(here, file));
  const includes = [`-I${hal}`, `-I${chip}`, ...(await psaFlags()), ...(await engineFlags(recipe.features))];
  const flags = [...CPU, ...SECTIONS, "-Os", ...includes, ...OWN_WARNINGS, ...recipe.defines];
  return compileC({ cc: CC, flags, out: join(folder, "objects") }, [
    ...sources,
    ...drivers.split(" ").map((file) => join(hal, `${file}.c`)),
    ...shared.map((file) => join(chip, `${file}.c`)),
  ]);
}

/** Shared by all variants with the same features. */
function compileEngine({ features }: Recipe): Promise<string[]> {
  const out = join(outputs, ["engine", ...features].join("-"));
  return buildEngine({ cc: CC, flags: [...CPU, ...SECTIONS, "-Os"], out }, features);
}

/** Without PSA in the firmware the linker keeps of Mbed TLS what digest.c calls. */
async function compileCrypto(recipe: Recipe): Promise<string[]> {
  const toolchain = { cc: CC, flags: [...CPU, ...SECTIONS, "-O2"], out: join(outputs, "crypto") };
  const objects = await buildPsa(toolchain, {
    flags: [`-I${hal}`, `-I${chip}`, '-DSPDM_PSA_PORT_HEADER="crypto-port.h"'],
  });
  return recipe.psa ? objects : objects.filter((file) => /\/(sha256|sha512|platform_util)\.o$/.test(file));
}

async function linkFirmware(
  objects: readonly string[],
  stackLength: number,
  folder: string,
  reference?: (image: Uint8Array) => unknown,
): Promise<Built> {
  const elf = join(folder, "firmware.elf");
  const flags = [...CPU, "-nostartfiles", "--specs=nano.specs", "-Wl,--gc-sections", "-Wl,--no-warn-rwx-segments"];
  // `link` compares objects only: an image older than the linker script is made anew.
  if (existsSync(elf) && statSync(elf).mtimeMs < statSync(LINKER_SCRIPT).mtimeMs) rmSync(elf);
  const script = ["-T", LINKER_SCRIPT, `-Wl,--defsym=STACK_LENGTH=${stackLength}`];
  await link(
    CC,
    objects,
    [...flags, ...script, `-Wl,-Map=${join(folder, "firmware.map")}`, "-lm", "-lc", "-lgcc"],
    elf,
  );
  await inPlace(join(folder, "firmware.bin"), (path) => run("arm-none-eabi-objcopy", ["-O", "binary", elf, path]));
  const image = readFileSync(join(folder, "firmware.bin"));
  const symbols = await readSymbols(elf);
  if (image.length !== symbols.__code_end) throw new Error("firmware.bin is not what lies below __code_end");
  await writeJson(join(folder, "symbols.json"), symbols);
  if (reference !== undefined) await writeJson(join(folder, "reference.json"), reference(image));
  return {
    folder,
    imageLength: image.length,
    staticLength: symbols.__heap_start - image.length - stackLength,
    stackLength,
    heapLength: symbols.__heap_end - symbols.__heap_start,
  };
}

/** Fields of `struct accounting` in ast1030.h. */
const ACCOUNTING = {
  awakeTicks: 0,
  cryptoTicks: 8,
  asleep: 16,
  wakeCount: 20,
  heapPeakLength: 24,
  chunkPeakLength: 28,
  slotPeakLength: 32,
  idleTicks: 40,
};
const LINKER_SYMBOLS = ["__code_end", "__stack_limit", "__stack_top", "__heap_start", "__heap_end"];
const PROBES = ["accounting", "i2c_interrupt", "i2c_counters"];

/** Addresses that someone outside reads or, in tests, writes. */
async function readSymbols(elf: string): Promise<Record<string, number>> {
  const symbols: Record<string, number> = {};
  for (const line of (await run("arm-none-eabi-nm", [elf])).split("\n")) {
    const [address, , name] = line.split(" ");
    if (LINKER_SYMBOLS.includes(name) || PROBES.includes(name)) symbols[name] = Number.parseInt(address, 16);
  }
  for (const [field, offset] of Object.entries(ACCOUNTING)) symbols[field] = symbols.accounting + offset;
  return symbols;
}

function writeJson(path: string, value: unknown): Promise<void> {
  return inPlace(path, async (temporary) => writeFileSync(temporary, `${JSON.stringify(value, null, 2)}\n`));
}

/** Has `path` made whole or not at all, since tests build the same firmware at the same time. */
async function inPlace(path: string, make: (temporary: string) => Promise<unknown>): Promise<void> {
  const temporary = `${path}.${process.pid}`;
  await make(temporary);
  renameSync(temporary, path);
}

function report(name: string, built: Built): string {
  const { imageLength, staticLength, stackLength, heapLength } = built;
  const rows = {
    image: imageLength,
    "variables and guard": staticLength,
    stack: stackLength,
    "left for the heap": heapLength,
  };
  const lines = Object.entries(rows).map(([what, length]) => `  ${what.padEnd(20)}${length.toString().padStart(8)} B`);
  return [`${name}: ${built.folder}/firmware.elf`, ...lines].join("\n");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const names = process.argv.length > 2 ? process.argv.slice(2) : ["psa"];
  for (const name of names) console.log(report(name, await buildFirmware(name)));
}
