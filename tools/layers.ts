/**
 * Checks who imports whom. On the device src/ is preloaded and frozen, so that it may not import engines at run time;
 * and cycles would make the order of loading matter.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const FOLDERS = ["src", "hal", "boards", "certs", "cli", "bench", "tools", "test"];

/** What a folder may import at run time, besides itself. First match counts. */
const MAY: readonly (readonly [folder: string, allowed: readonly string[]])[] = [
  ["src/mctp", ["src/wire"]],
  ["src", []],
  ["hal/portable", ["src/latin1", "src/hmac", "src/key-pairs", "src/measurement-types"]],
  ["hal/node", ["hal/portable/check-length"]],
  ["hal", ["tools/mbedtls", "certs/identity-image", "src/latin1", "src/measurement-types", "src/wire", "boards/xs"]],
  ["certs", ["src"]],
  ["boards", ["src", "hal", "certs", "tools", "manifest.json"]],
  ["cli", ["src", "hal", "certs", "boards"]],
  ["bench", ["src", "hal", "certs", "boards", "cli", "tools"]],
  ["tools", []],
  ["test", FOLDERS],
];

/** What no device has, and who may import it nevertheless. */
const HOST_ONLY = "hal/node";
const HOSTS = [HOST_ONLY, "cli", "test"];

/** Run-time packages a folder may use, if not all; the device has none but noble and, by plain names, native modules. */
const PACKAGES: readonly (readonly [folder: string, allowed: RegExp])[] = [
  ["src", /^$/],
  ["hal/chip", /^[^:/]+$/],
  ["hal/portable", /^@noble\//],
  ["hal/node", /^node:crypto$/],
];

function files(folder: string): string[] {
  return readdirSync(join(root, folder)).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(join(root, path)).isDirectory()) return path === join("test", "vectors") ? [] : files(path);
    return path.endsWith(".ts") && !path.endsWith(".d.ts") ? [path] : [];
  });
}

/** Specifiers of imports that remain after type erasure. */
function runTimeImports(path: string): string[] {
  const text = readFileSync(join(root, path), "utf8");
  const statements = text.matchAll(/^(?:import|export)\s+(?!type\b)([^;"']*?\sfrom\s+)?["']([^"']+)["']/gm);
  return [...statements]
    .filter(([, clause]) => clause === undefined || !/^\{(\s*type\s[^,}]+,?)+\s*\}\s*from/.test(clause.trim()))
    .map((match) => match[2]);
}

const within = (path: string, folder: string) => path === folder || path.startsWith(`${folder}/`);
const problems: string[] = [];
const graph = new Map<string, string[]>();

for (const path of FOLDERS.flatMap(files)) {
  const [own, allowed] = MAY.find(([folder]) => within(path, folder))!;
  const targets: string[] = [];
  for (const specifier of runTimeImports(path)) {
    if (!specifier.startsWith(".")) {
      const packages = PACKAGES.find(([folder]) => within(path, folder))?.[1];
      if (packages?.test(specifier) === false) problems.push(`${path} imports the package ${specifier}`);
      continue;
    }
    const target = normalize(join(dirname(path), specifier)).replace(/\.js$/, "");
    targets.push(`${target}.ts`);
    const may = [own, ...allowed].some((folder) => within(target, folder));
    const has = !within(target, HOST_ONLY) || HOSTS.some((folder) => within(path, folder));
    if (!may || !has) problems.push(`${path} may not import ${target}`);
  }
  graph.set(path, targets);
}

const done = new Set<string>();
function visit(path: string, trail: readonly string[]): void {
  if (trail.includes(path)) {
    problems.push(`import cycle: ${[...trail.slice(trail.indexOf(path)), path].join(" -> ")}`);
  } else if (!done.has(path)) {
    for (const target of graph.get(path) ?? []) visit(target, [...trail, path]);
    done.add(path);
  }
}
for (const path of graph.keys()) visit(path, []);

for (const problem of problems) console.error(relative(".", problem));
console.log(`layers: ${graph.size} modules, ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;
