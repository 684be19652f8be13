import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { readReference } from "../../cli/target.js";

const folder = mkdtempSync(join(tmpdir(), "spdm-target-"));
after(() => rmSync(folder, { recursive: true }));

function read(value: unknown) {
  const file = join(folder, "reference.json");
  writeFileSync(file, JSON.stringify(value));
  return readReference(file);
}

test("reference values are read, in upper case too", () => {
  const reference = { measurementHash: "SHA-384", measurements: { 1: "00ff", 254: "ABcd" } };
  assert.deepEqual(read(reference), { measurementHash: "SHA-384", measurements: { 1: "00ff", 254: "abcd" } });
});

test("what is no reference would switch the comparison off, and is refused", () => {
  const hash = { measurementHash: "SHA-384" };
  const measurements = { 1: "00" };
  const none = /no value/;
  const cases: readonly (readonly [unknown, RegExp])[] = [
    [null, /measurementHash/],
    [[], /measurementHash/],
    ["SHA-384", /measurementHash/],
    [{ measurements }, /measurementHash/],
    [{ measurementHash: "MD5", measurements }, /measurementHash is none of/],
    [{ measurementHash: "toString", measurements }, /measurementHash/],
    [hash, none],
    [{ ...hash, measurement: measurements }, none],
    [{ ...hash, measurements: {} }, none],
    [{ ...hash, measurements: null }, none],
    [{ ...hash, measurements: { 0: "00" } }, /0 is no index/],
    [{ ...hash, measurements: { "01": "00" } }, /01 is no index/],
    [{ ...hash, measurements: { 255: "00" } }, /255 is no index/],
    [{ ...hash, measurements: { firmware: "00" } }, /firmware is no index/],
    [{ ...hash, measurements: { 1: "0" } }, /measurement 1 is not hexadecimal/],
    [{ ...hash, measurements: { 1: "" } }, /measurement 1 is not hexadecimal/],
    [{ ...hash, measurements: { 1: 17 } }, /measurement 1 is not hexadecimal/],
  ];
  for (const [value, reason] of cases) assert.throws(() => read(value), reason, JSON.stringify(value));
});
