/** Attestation with DMTF's own emulator, either way; without SPDM_EMU_BIN (emu.ts) left out. */
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { attest } from "../../cli/requester/attest.js";
import { ASYMS, HASHES, versionName } from "../../cli/requester/names.js";
import { readAnchors } from "../../cli/target.js";
import { VERSIONS } from "../../src/versions.js";
import { connected, KEYS, KeyFolder, runRequester, skip, startResponder, startServe, TIMEOUT_MS } from "./emu.js";

const SUITES = [
  { asym: "P-256", hash: "SHA-256", options: ["--asym", "ECDSA_P256", "--hash", "SHA_256"], keys: "ecp256" },
  { asym: "P-384", hash: "SHA-384", options: ["--asym", "ECDSA_P384", "--hash", "SHA_384"], keys: "ecp384" },
];
const ATTESTATION = ["--exe_conn", "DIGEST,CERT,CHAL,MEAS", "--exe_session", "NO_END", "--meas_op", "ALL"];
/** No sessions: what they are like is for sessions.test.ts. */
const FLAGS = ["--cap", "CERT,CHAL,CHUNK,MULTI_KEY_NEG,EP_INFO_SIG,LARGE_RESP"];

for (const [name, port, options] of [
  ["serve --host", 24731, ["--host"]],
  ["serve --board ast1030", 24732, ["--board", "ast1030"]],
] as const) {
  describe(`spdm_requester_emu against ${name}`, { skip, timeout: TIMEOUT_MS }, () => {
    let server: ChildProcess;
    let folder: KeyFolder;

    before(async () => {
      folder = new KeyFolder();
      server = await startServe(port, options);
    });
    after(() => {
      server.kill();
      folder.remove();
    });

    for (const { asym, options: suite } of SUITES) {
      for (const version of VERSIONS.map(versionName)) {
        test(`SPDM ${version}, ${asym}`, async () => {
          const flags = version === "1.0" ? [] : FLAGS;
          const output = await runRequester(port, folder, ["--ver", version, ...suite, ...ATTESTATION, ...flags]);
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
        const folder = new KeyFolder();
        const measured = ["--meas_hash", hash.replace("-", "_")];
        const child = startResponder(port, folder, ["--ver", versionName(version), ...options, ...measured]);
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
          folder.remove();
        }
      });
    }
  }
});
