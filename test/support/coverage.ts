/** Who asked what of whom in this process: build/coverage, from which conformance.ts makes its table. */
import { subscribe } from "node:diagnostics_channel";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { responseTo, SEND_EVENT } from "../../src/exchange.js";
import type { Version } from "../../src/versions.js";

export const COVERAGE = fileURLToPath(new URL("../../build/coverage/", import.meta.url));

/**
 * A responder of ours answered; the requester asked one in this process, or on the board; or one of the two was DMTF's. These
 * stand for them in the table.
 */
export const SERVED = "r";
export const REQUESTER = "q";
export const BOARD = "b";
export const PEER = "d";

const seen = new Map<string, { column: string; version: Version; code: number }>();

/** A request of `version` was answered as it should be. */
export function covered(column: string, version: Version, code: number): void {
  if (seen.size === 0) process.once("exit", write);
  seen.set(`${column} ${version} ${code}`, { column, version, code });
}

interface Answered {
  readonly version: Version;
  readonly code: number;
  readonly encapsulated: boolean;
}

/**
 * Whatever the requester in this process asks from now on counts for `column`; what asks our responder shows that one, too. Of
 * encapsulated requests, which the responder asks and the requester answers, those count that go in no other way.
 */
export function coveredBy(column: string): void {
  subscribe("moddable-spdm:answered", (message) => {
    const { version, code, encapsulated } = message as Answered;
    if (encapsulated && code !== SEND_EVENT) return;
    covered(column, version, code);
    if (column === REQUESTER) covered(SERVED, version, code);
  });
}

/** As `Options.onAnswer`: what a responder in a test answers counts as served, be it in no list of what is. */
export function servedBy(request: Uint8Array, response: Uint8Array): void {
  const [version, code] = request;
  if (response[1] === responseTo(code)) covered(SERVED, version, code);
}

function write(): void {
  const file = `${COVERAGE}${process.pid}.json`;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify([...seen.values()]));
}
