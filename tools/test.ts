/**
 * `npm test [-- part of a path…]`: format and lint, types, layers, then the tests, and after all of them whether
 * docs/conformance.md says what they saw; at the end, what was left out and why. Arguments choose the test files whose
 * path has one of them as a part.
 */
import { spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { fileURLToPath } from "node:url";

const TEST_TIMEOUT_MS = 10 * 60_000;

process.chdir(join(dirname(fileURLToPath(import.meta.url)), ".."));
const bin = (name: string) => join("node_modules", ".bin", name);

const checks: readonly (readonly [name: string, command: string, args: readonly string[]])[] = [
  ["format and lint", bin("biome"), ["check", "."]],
  ["types", bin("tsc"), ["--noEmit"]],
  ["layers", process.execPath, ["--import", "tsx", "tools/layers.ts"]],
];
const TABLE = ["--import", "tsx", "test/support/conformance.ts"];

function passes(name: string, command: string, args: readonly string[]): boolean {
  console.log(`== ${name}`);
  const passed = spawnSync(command, args, { stdio: "inherit" }).status === 0;
  if (!passed) console.error(`failed: ${name}`);
  return passed;
}

for (const check of checks) if (!passes(...check)) process.exit(1);
const chosen = process.argv.slice(2);
if (chosen.length === 0) rmSync("build/coverage", { recursive: true, force: true });

const files = readdirSync("test", { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".test.ts"))
  .map((path) => join("test", path))
  .filter((path) => chosen.length === 0 || chosen.some((part) => path.includes(part)))
  .sort();
const leftOut: string[] = [];
let failed = false;

console.log(`== ${files.length} test files`);
// One at a time: the emulator's timing is the host's, and two cores are soon taken.
const tests = run({ files, concurrency: 1, timeout: TEST_TIMEOUT_MS });
tests.on("test:fail", ({ todo }) => {
  if (todo === undefined) failed = true;
});
tests.on("test:pass", ({ name, skip }) => {
  if (skip !== undefined) leftOut.push(`${name}: ${skip === true ? "no reason given" : skip}`);
});
const report = tests.compose(new spec());
report.on("end", () => {
  // What only a whole run has seen.
  if (!failed && chosen.length === 0) failed = !passes("conformance", process.execPath, [...TABLE, "--check"]);
  console.log(
    leftOut.length === 0 ? "nothing left out" : `left out:\n${leftOut.map((line) => `  ${line}`).join("\n")}`,
  );
  process.exitCode = failed || files.length === 0 ? 1 : 0;
});
report.pipe(process.stdout);
