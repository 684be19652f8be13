/**
 * Against DMTF's own emulator. SPDM_EMU_BIN is the folder of your build's spdm_requester_emu and spdm_responder_emu;
 * without it these tests are left out.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { EmuLink } from "../../cli/emu-link.js";
import { attest } from "../../cli/requester/attest.js";
import { ASYMS, HASHES, versionName } from "../../cli/requester/names.js";
import { readAnchors } from "../../cli/target.js";
import { VERSIONS } from "../../src/versions.js";

const BIN = process.env.SPDM_EMU_BIN;
const skip = BIN === undefined ? "set SPDM_EMU_BIN to the folder of DMTF's spdm-emu binaries" : false;
const ROOT = new URL("../../", import.meta.url).pathname;
const KEYS = join(ROOT, "test/vectors/keys");
const TIMEOUT_MS = 300_000;

const SUITES = [
  { asym: "P-256", hash: "SHA-256", options: ["--asym", "ECDSA_P256", "--hash", "SHA_256"], keys: "ecp256" },
  { asym: "P-384", hash: "SHA-384", options: ["--asym", "ECDSA_P384", "--hash", "SHA_384"], keys: "ecp384" },
];

/** Resolves when `child` printed `text`; rejects when it ends first. */
async function printed(child: ChildProcess, text: string): Promise<void> {
  let output = "";
  for await (const chunk of child.stdout!) {
    output += chunk;
    if (output.includes(text)) return;
  }
  throw new Error(`ended without "${text}": ${output}`);
}

async function runRequester(port: number, version: string, options: readonly string[]): Promise<string> {
  const args = ["--ip", "127.0.0.1", "--port", String(port), "--trans", "MCTP", "--ver", version, ...options];
  args.push("--pqc_asym", "NONE", "--exe_conn", "DIGEST,CERT,CHAL,MEAS", "--exe_session", "NO_END");
  args.push("--meas_op", "ALL", "--exe_mode", "CONTINUE");
  const child = spawn(join(BIN!, "spdm_requester_emu"), args, { cwd: KEYS, timeout: TIMEOUT_MS });
  let output = "";
  child.stdout.on("data", (chunk) => {
    output += chunk;
  });
  child.stderr.on("data", (chunk) => {
    output += chunk;
  });
  const [status] = await once(child, "close");
  return `${output}\nexit ${status}`;
}

for (const [name, port, options] of [
  ["serve --host", 24731, ["--host"]],
  ["serve --board ast1030", 24732, ["--board", "ast1030"]],
] as const) {
  describe(`spdm_requester_emu against ${name}`, { skip, timeout: TIMEOUT_MS }, () => {
    let server: ChildProcess;

    before(async () => {
      const args = [join(ROOT, "cli/spdm.js"), "serve", "--port", String(port), "--identity", KEYS, ...options];
      server = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
      await printed(server, "serving SPDM");
    });
    after(() => server.kill());

    for (const { asym, options: suite } of SUITES) {
      for (const version of VERSIONS.map(versionName)) {
        test(`SPDM ${version}, ${asym}`, async () => {
          const output = await runRequester(port, version, suite);
          assert.match(output, /connect success!/);
          assert.match(output, /Client stopped/);
          assert.doesNotMatch(output, /ERROR/);
          assert.match(output, /exit 0$/);
        });
      }
    }
  });
}

describe("spdm attest against spdm_responder_emu", { skip, timeout: TIMEOUT_MS }, () => {
  for (const [i, { asym, hash, options, keys }] of SUITES.entries()) {
    for (const version of VERSIONS) {
      test(`SPDM ${versionName(version)}, ${asym}`, async () => {
        const port = 24740 + 10 * i + (version & 15);
        const args = ["--ip", "127.0.0.1", "--port", String(port), "--trans", "MCTP", "--ver", versionName(version)];
        args.push(...options, "--meas_hash", hash.replace("-", "_"), "--pqc_asym", "NONE");
        const child = spawn(join(BIN!, "spdm_responder_emu"), args, { cwd: KEYS, timeout: TIMEOUT_MS });
        const link = await connected(port);
        try {
          const result = await attest(link, {
            version,
            baseHash: HASHES[hash],
            baseAsym: ASYMS[asym],
            slot: 0,
            anchors: readAnchors([join(KEYS, keys, "ca.cert.der")]),
            reference: undefined,
            onProgress() {},
          });
          assert.deepEqual(result.reasons, []);
          assert.equal(result.verdict, "trusted");
          assert.ok(result.measurements.length > 0);
        } finally {
          await link.close();
          child.kill();
        }
      });
    }
  }
});

/** The emulator listens some time after it starts, and says nothing then. */
async function connected(port: number): Promise<EmuLink> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await EmuLink.connect("127.0.0.1", port);
    } catch (error) {
      if (attempt === 50) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
