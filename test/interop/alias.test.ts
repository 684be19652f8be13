/** Aliases before DMTF's requester; without SPDM_EMU_BIN (emu.ts) left out. */
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { makeCertificates } from "../../cli/certs.js";
import { versionName } from "../../cli/requester/names.js";
import { VERSIONS } from "../../src/versions.js";
import { KeyFolder, runRequester, skip, startServe, TIMEOUT_MS } from "./emu.js";

const PORT = 24790;
const SUITES = [
  ["--asym", "ECDSA_P256", "--hash", "SHA_256"],
  ["--asym", "ECDSA_P384", "--hash", "SHA_384"],
];
const ATTESTATION = ["--exe_conn", "DIGEST,CERT,CHAL,MEAS", "--exe_session", "KEY_EX", "--meas_op", "ALL"];

describe("spdm_requester_emu against aliases of serve --host", { skip, timeout: TIMEOUT_MS }, () => {
  let certificates: string;
  let server: ChildProcess;
  let folder: KeyFolder;

  before(async () => {
    certificates = mkdtempSync(join(tmpdir(), "spdm-alias-"));
    await makeCertificates({ out: certificates, alias: true });
    folder = new KeyFolder(certificates);
    // It reads another root for slot 1, and what it would install, whether it needs them or not.
    for (const each of ["ecp256", "ecp384"].map((name) => join(folder.path, name))) {
      cpSync(join(each, "ca.cert.der"), join(each, "ca1.cert.der"));
      const chain = join(each, "bundle_responder.certchain");
      cpSync(`${chain}.der`, `${chain}_alias_cert_partial_set.der`);
    }
    server = await startServe(PORT, ["--host"], join(certificates, "identity.bin"));
  });
  after(() => {
    server.kill();
    folder.remove();
    rmSync(certificates, { recursive: true });
  });

  for (const suite of SUITES) {
    for (const version of VERSIONS.map(versionName)) {
      for (const flags of version >= "1.3" ? [[], ["--cap", "CERT,CHAL,ENCRYPT,MAC,KEY_EX,MULTI_KEY_NEG"]] : [[]]) {
        test(`SPDM ${version}, ${suite[1]}${flags.length === 0 ? "" : ", with key pairs"}`, async () => {
          const output = await runRequester(PORT, folder, ["--ver", version, ...suite, ...ATTESTATION, ...flags]);
          assert.match(output, /connect success!/);
          assert.match(output, /Client stopped/);
          assert.doesNotMatch(output, /ERROR/);
          assert.match(output, /exit 0$/);
        });
      }
    }
  }
});
