/**
 * The measurement extension log and the device class with DMTF's own emulator, out of sessions and in them; without
 * SPDM_EMU_BIN (emu.ts) left out. Its requester never asks for events.
 */
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { KeyFolder, runRequester, skip, startServe, TIMEOUT_MS } from "./emu.js";

const SUITE = ["--hash", "SHA_384", "--asym", "ECDSA_P384", "--req_asym", "ECDSA_P384", "--dhe", "SECP_384_R1"];
const AEAD = ["--aead", "AES_256_GCM"];

/** How often the requester's capture has these bytes after MCTP's message type for SPDM: a request in the clear. */
function sent(folder: KeyFolder, ...header: number[]): number {
  const capture = readFileSync(join(folder.path, "run.pcap"));
  let count = 0;
  for (let at = 24; at < capture.length; at += 16 + capture.readUInt32LE(at + 8)) {
    const packet = capture.subarray(at + 16 + 4);
    if (packet[0] === 5 && header.every((byte, i) => packet[1 + i] === byte)) count++;
  }
  return count;
}

describe("spdm_requester_emu against serve --host: MEL, EP_INFO", { skip, timeout: TIMEOUT_MS }, () => {
  const PORT = 24781;
  let server: ChildProcess;
  let folder: KeyFolder;

  before(async () => {
    folder = new KeyFolder();
    server = await startServe(PORT, ["--host"]);
  });
  after(() => {
    server.kill();
    folder.remove();
  });

  for (const version of ["1.3", "1.4"]) {
    for (const [name, options] of [
      ["out of sessions", ["--exe_session", "NO_END"]],
      ["in sessions", ["--exe_session", "KEY_EX,PSK,MEAS,MEL,EP_INFO"]],
    ] as const) {
      test(`SPDM ${version}, ${name}`, async () => {
        const output = await runRequester(PORT, folder, [
          ...["--ver", version, ...SUITE, ...AEAD, "--meas_op", "ALL"],
          ...["--exe_conn", "DIGEST,CERT,CHAL,MEAS,MEL,EP_INFO", ...options, "--pcap", "run.pcap"],
        ]);
        assert.match(output, /Client stopped/);
        assert.doesNotMatch(output, /ERROR/);
        assert.match(output, /exit 0$/);
        const v = version === "1.3" ? 0x13 : 0x14;
        assert.ok(sent(folder, v, 0x6f) >= 1, "no log");
        assert.equal(sent(folder, v, 0x07), 1);
      });
    }
  }
});
