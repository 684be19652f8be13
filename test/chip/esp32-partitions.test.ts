/** boards/esp32/partitions.csv against what reads it. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { root } from "../support/xs/xs-tests.js";

describe("the partition table", () => {
  const table = readFileSync(join(root, "boards/esp32/partitions.csv"), "utf8")
    .split("\n")
    .filter((line) => line && !line.startsWith("#"))
    .map((line) => line.split(",").map((field) => field.trim()))
    .map(([name, type, subtype, offset, size]) => ({ name, type, subtype, offset: +offset, size: +size }));

  test("fits 4 MB, without overlaps, as the boot loader wants it", () => {
    let end = 0x9000;
    for (const { name, type, offset, size } of table) {
      assert.ok(offset >= end && offset % (type === "app" ? 0x10000 : 0x1000) === 0, name);
      end = offset + size;
    }
    assert.ok(end <= 4 << 20);
  });

  test("has room for two identity images with a sector each, where hal/esp32 looks for it", () => {
    const { type, subtype, size } = table.find(({ name }) => name === "spdm")!;
    assert.deepEqual([type, Number(subtype)], ["data", 0x40]);
    assert.ok(size >= 2 * (65_536 + 4096));
  });
});
