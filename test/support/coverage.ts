/** Who asked what of whom in this process: build/coverage, from which conformance.ts makes its table. */
import { subscribe } from "node:diagnostics_channel";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import type { Version } from "../../src/versions.js";

export const COVERAGE = fileURLToPath(new URL("../../build/coverage/", import.meta.url));

/**
 * The requester asked our responder in this process, or on the board; or one of the two was DMTF's. These stand for them
 * in the table.
 */
export const REQUESTER = "q";
export const BOARD = "b";
export const PEER = "d";

const seen = new Map<string, { column: string; version: Version; code: number }>();

/** A request of `version` was answered as it should be. */
export function covered(column: string, version: Version, code: number): void {
  if (seen.size === 0) process.once("exit", write);
  seen.set(`${column} ${version} ${code}`, { column, version, code });
}

/** Whatever the requester in this process asks from now on counts for `column`. */
export function coveredBy(column: string): void {
  subscribe("moddable-spdm:answered", (message) => {
    const { version, code } = message as { version: Version; code: number };
    covered(column, version, code);
  });
}

function write(): void {
  const file = `${COVERAGE}${process.pid}.json`;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify([...seen.values()]));
}
