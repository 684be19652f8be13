/** XS as boards get it: host functions, the language they rely on, and what the trimmed engine must not have. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { buildRunner, bundle, compileC, xsFlags } from "../../boards/xs/build.js";
import { run } from "../../boards/xs/run.js";
import { buildImage, inTemporaryDirectory, root } from "../support/xs/xs-tests.js";

const fixtures = join(root, "test/xs/fixtures");
const nativesSource = join(fixtures, "natives.c");

/** In XS's syntax for host functions, which no other tool parses. */
const face = `
export function add(a, b) @ "xs_test_add";
export function complain(what) @ "xs_test_complain";
export function fill(bytes, value) @ "xs_test_fill";
export class Counter @ "xs_test_counter_destructor" {
  constructor(start) @ "xs_test_counter";
  next() @ "xs_test_counter_next";
}
`;

function writeFace(directory: string): string {
  const natives = join(directory, "natives.js");
  writeFileSync(natives, face);
  return natives;
}

/** What fixtures/language.ts prints. */
const language = `static 1 2
own error WireFault: short
native 42
native throws TypeError: from C
host object 5 6
closures 0,1,4
collections a,1;b,23,4kept
bytes 1,255,255,1,7 001ffff01 65281
destructuring 1 b,c
nullish none 2147483648 1e+21
holes 105
sorted 1,4,5
`;

test("the language and host functions, on the runner", () =>
  inTemporaryDirectory(async (directory) => {
    const script = join(directory, "language.js");
    await bundle(join(fixtures, "language.ts"), script, { external: ["natives"] });
    const toolchain = { cc: "cc", flags: [...(await xsFlags()), "-Wall", "-Wextra", "-Werror"], out: directory };
    const runner = await buildRunner("xsrun-test", await compileC(toolchain, [nativesSource]));
    assert.equal(await run(runner, [script, `natives=${writeFace(directory)}`]), language);
  }));

test("the same bytecode on a board's engine", () =>
  inTemporaryDirectory(async (directory) => {
    const main = join(directory, "language.js");
    await bundle(join(fixtures, "language.ts"), main, { external: ["natives"], minify: true });
    const image = await buildImage({ main, natives: writeFace(directory) }, [], directory, [nativesSource]);
    assert.equal(await run(image, []), language);
  }));

test("a board's engine has no parser and no omitted part", () =>
  inTemporaryDirectory(async (directory) => {
    const main = join(directory, "absent.js");
    await bundle(join(fixtures, "absent.ts"), main);
    const lines = (await run(await buildImage({ main }, [], directory), [])).trim().split("\n");
    assert.deepEqual(lines.slice(0, 3), Array(3).fill("TypeError: not in this image"));
    assert.match(lines[3], /^TypeError: /);
    assert.ok(
      lines.slice(4).every((line) => line.endsWith(" undefined")),
      lines.join("\n"),
    );
  }));

test("an image that needs what its engine lacks is not built", () =>
  inTemporaryDirectory(async (directory) => {
    const main = join(directory, "main.js");
    const needs: [source: string, message: RegExp][] = [
      ["print(10n);", /main: needs BIGINT/],
      ["print(/x/.test('x'));", /main: needs REGEXP/],
      ["async function f() {} f();", /main: needs ASYNC/],
      ["function* f() {} f();", /main: needs GENERATOR/],
      ["print(eval('1'));", /main: needs eval or sloppy mode/],
    ];
    for (const [source, message] of needs) {
      writeFileSync(main, source);
      await assert.rejects(buildImage({ main }, [], directory), message);
    }
  }));

test("failures end the runner with an error", () =>
  inTemporaryDirectory(async (directory) => {
    const runner = await buildRunner();
    const script = join(directory, "main.js");
    const failures: [source: string, message: RegExp][] = [
      ["throw new TypeError('thrown');", /TypeError: thrown/],
      ["(async () => { await null; throw new Error('rejected'); })();", /Error: rejected/],
      ["Promise.reject(7);", /xsrun: 7/],
      ["let x = ;", /main.js:1: /],
      ["import 'nowhere';", /module "nowhere" not found/],
      ["const f = () => f() + 1; f();", /stack overflow/],
    ];
    for (const [source, message] of failures) {
      writeFileSync(script, source);
      await assert.rejects(run(runner, [script]), message, source);
    }
  }));
