/** `spdm keys`, `csr`, `install` and `attest` as a user runs them, against `spdm serve` that is started twice. */
import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { KEYS, ROOTS } from "./answering.js";
import { signRequest } from "./sign-request.js";

const SPDM = fileURLToPath(new URL("../../cli/spdm.js", import.meta.url));
const PSK = ["--psk", "0x7370646d2d746573742d68696e7400", "--psk-key", join(KEYS, "psk.json")];
const KEY = ["--asym", "P-384", "--slot", "2", "--key-pair", "1"];

let folder: string;
let identity: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), "spdm-joined-keys-"));
  identity = join(folder, "identity");
  cpSync(KEYS, identity, { recursive: true });
});
const servers: ChildProcess[] = [];
after(() => {
  for (const server of servers) server.kill();
  rmSync(folder, { recursive: true, force: true });
});

/** The server, and the target that it is. */
async function serve(...options: string[]): Promise<[server: ChildProcess, target: string]> {
  const args = [SPDM, "serve", "--port", "0", "--identity", identity, "--key-changes", "proven", ...options];
  const server = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  servers.push(server);
  let output = "";
  for await (const chunk of server.stdout!) {
    output += chunk;
    const port = /serving SPDM on port (\d+)\n/.exec(output)?.[1];
    if (port !== undefined) return [server, `emu:127.0.0.1:${port}`];
  }
  throw new Error(`ended: ${output}`);
}

const run = (command: string, target: string, ...options: string[]) =>
  new Promise<{ stdout: string; stderr: string; status: number }>((resolve) => {
    execFile(process.execPath, [SPDM, command, target, ...options], (error, stdout, stderr) => {
      resolve({ stdout, stderr, status: error === null ? 0 : Number(error.code) });
    });
  });

async function stop(server: ChildProcess): Promise<void> {
  server.kill();
  await once(server, "exit");
}

test("a key is made, certified, and there after a restart", async () => {
  const [server, target] = await serve();
  const generate = ["--asym", "P-384", "--generate", "1", "--key-algorithm", "P-384"];
  const inTheClear = await run("keys", target, ...generate);
  assert.deepEqual([inTheClear.status, /UnexpectedRequest/.test(inTheClear.stderr)], [2, true]);
  const made = await run("keys", target, ...generate, ...PSK);
  assert.equal(made.status, 0, made.stderr);
  assert.match(made.stdout, /\n {4}1 {2}P-384 {6}no slot {7}key-exchange/);

  const request = join(folder, "request.der");
  const asked = await run("csr", target, ...KEY, ...PSK, "--session", "--out", request);
  assert.equal(asked.status, 0, asked.stderr);
  assert.match(asked.stdout, /the device's key, by a pre-shared key's session\n$/);
  const chain = join(folder, "chain.der");
  writeFileSync(chain, await signRequest(readFileSync(request)));
  const installed = await run("install", target, ...KEY, ...PSK, "--session", chain);
  assert.equal(installed.status, 0, installed.stderr);
  assert.match(installed.stdout, /slot 2 holds the chain, as DIGESTS shows, set in a session by PSK_EXCHANGE/);
  await stop(server);

  const [again, there] = await serve();
  const options = ["--root", ROOTS[1], "--asym", "P-384", "--slot", "2", "--multi-key", "--session"];
  const attested = await run("attest", there, ...options);
  assert.equal(attested.status, 0, attested.stdout);
  assert.match(attested.stdout, /verdict: trusted/);
  await stop(again);
});

test("what does not go together", async () => {
  for (const options of [
    ["--public-key", "--key-changes", "trusted"],
    ["--board", "ast1030", "--key-changes", "trusted"],
    ["--key-changes", "everybody"],
  ]) {
    assert.notEqual((await run("serve", "--port=0", ...options)).status, 0, options.join(" "));
  }
});
