/** DMTF's emulator, whoever has built it: SPDM_EMU_BIN is the folder of its spdm_requester_emu and spdm_responder_emu. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { EmuLink } from "../../cli/emu-link.js";
import { REQUESTS } from "../../cli/requester/names.js";
import { covered, coveredBy, PEER } from "../support/coverage.js";

coveredBy(PEER);

const BIN = process.env.SPDM_EMU_BIN;
export const skip = BIN === undefined ? "set SPDM_EMU_BIN to the folder of DMTF's spdm-emu binaries" : false;
export const TIMEOUT_MS = 600_000;
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
export const KEYS = join(ROOT, "test/vectors/keys");

const NO_PQC = ["--pqc_asym", "NONE", "--req_pqc_asym", "NONE", "--kem", "NONE"];
const onPort = (port: number) => ["--ip", "127.0.0.1", "--port", String(port), "--trans", "MCTP", ...NO_PQC];

/** A copy of keys to run in, by default the test keys, since the emulator reads them there, and writes files. */
export class KeyFolder {
  readonly path = mkdtempSync(join(tmpdir(), "spdm-emu-"));

  constructor(keys = KEYS) {
    cpSync(keys, this.path, { recursive: true });
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** What `serve --trace` prints of a request that was answered without an error. */
const ANSWERED = /^(\d)\.(\d) ([A-Z_]+)[^:]*: \d+ → \d+ bytes$/gm;

function count(trace: string): void {
  for (const [, major, minor, name] of trace.matchAll(ANSWERED)) {
    const code = Object.entries(REQUESTS).find(([, each]) => each === name)?.[0];
    if (code !== undefined) covered(PEER, (Number(major) << 4) | Number(minor), Number(code));
  }
}

/** `spdm serve`, by default with the test keys, once it serves. */
export async function startServe(port: number, options: readonly string[], keys = KEYS): Promise<ChildProcess> {
  const trace = options.includes("--board") ? [] : ["--trace"];
  const args = [join(ROOT, "cli/spdm.js"), "serve", "--port", String(port), "--identity", keys, ...trace, ...options];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  const serving = new Promise<void>((resolve, reject) => {
    child.stdout!.on("data", (chunk) => {
      output += chunk;
      if (output.includes("serving SPDM")) resolve();
      count(output);
      output = output.slice(output.lastIndexOf("\n") + 1);
    });
    child.on("exit", () => reject(new Error(`ended without serving: ${output}`)));
  });
  await serving;
  return child;
}

/** Runs `use` while `spdm serve` serves; what that traced meanwhile. */
export async function traceWhile(
  port: number,
  options: readonly string[],
  keys: string | undefined,
  use: () => Promise<void>,
): Promise<string> {
  const server = await startServe(port, options, keys);
  let trace = "";
  server.stdout!.on("data", (chunk) => {
    trace += chunk;
  });
  try {
    await use();
  } finally {
    server.kill();
    await once(server, "close");
  }
  return trace;
}

/** Throws unless the requester came to its end, without an error: its exit status alone does not say. */
export function assertSuccess(output: string): void {
  assert.match(output, /connect success!/);
  assert.match(output, /Client stopped/);
  assert.doesNotMatch(output, /ERROR/);
  assert.match(output, /exit 0$/);
}

/** Runs DMTF's requester; what it printed, and its exit status. */
export async function runRequester(port: number, folder: KeyFolder, options: readonly string[]): Promise<string> {
  const args = [...onPort(port), ...options, "--exe_mode", "CONTINUE"];
  const child = spawn(join(BIN!, "spdm_requester_emu"), args, { cwd: folder.path, timeout: TIMEOUT_MS });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      output += chunk;
    });
  }
  const [status] = await once(child, "close");
  return `${output}\nexit ${status}`;
}

export const startResponder = (port: number, folder: KeyFolder, options: readonly string[]): ChildProcess =>
  spawn(join(BIN!, "spdm_responder_emu"), [...onPort(port), ...options], { cwd: folder.path, timeout: TIMEOUT_MS });

/** A link to DMTF's responder, which listens some time after it starts, and says nothing then. */
export async function connected(port: number): Promise<EmuLink> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await EmuLink.connect("127.0.0.1", port);
    } catch (error) {
      if (attempt === 50) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
