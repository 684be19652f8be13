/** DMTF's requester asks for certification requests and sets certificates; without SPDM_EMU_BIN (emu.ts) left out. */
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { installChain, requestCsr } from "../../cli/requester/certificates.js";
import { versionName } from "../../cli/requester/names.js";
import { V1_2, V1_3, V1_4 } from "../../src/versions.js";
import { OPTIONS, SESSION } from "../cli/answering.js";
import { connected, KEYS, KeyFolder, runRequester, skip, startResponder, startServe, TIMEOUT_MS } from "./emu.js";

const PORT = 24790;
const P384 = ["--asym", "ECDSA_P384", "--hash", "SHA_384", "--req_asym", "NONE", "--meas_op", "ALL"];
const FLAGS = ["--cap", "CERT,CHAL,ENCRYPT,MAC,KEY_EX,PSK,ENCAP,HBEAT,KEY_UPD"];
const BUNDLE = "ecp384/bundle_responder.certchain";

const CONNECTION = ["--exe_conn", "DIGEST,CERT,CHAL,MEAS,GET_CSR,SET_CERT", "--pcap", "run.pcap"];
const IN_SESSIONS = ["--exe_session", "KEY_EX,PSK,MEAS,DIGEST,CERT,SET_CERT"];
/** Records of one session: FINISH, MEAS, DIGESTS, CERT, SET_CERTIFICATE of slot 4, END_SESSION. */
const RECORDS = 6;

/**
 * Responses of a capture: CSR and SET_CERTIFICATE_RSP in the clear, which the requester asks for before the end of each of
 * its three sessions; and records.
 */
function counted(file: string): { requests: number; set: number; records: number } {
  const capture = readFileSync(file);
  const count = { requests: 0, set: 0, records: 0 };
  let isResponse = false;
  for (let at = 24; at < capture.length; at += 16 + capture.readUInt32LE(at + 8), isResponse = !isResponse) {
    const packet = capture.subarray(at + 16, at + 16 + capture.readUInt32LE(at + 8));
    if (!isResponse) continue;
    if (packet[4] === 6) count.records++;
    else if (packet[6] === 0x6d) count.requests++;
    else if (packet[6] === 0x6e) count.set++;
  }
  return count;
}

describe("spdm_requester_emu against serve --host --set-certificates trusted", { skip, timeout: TIMEOUT_MS }, () => {
  let server: ChildProcess;
  /** The requester's, where it also writes; and the responder's, whose chains change. */
  let folder: KeyFolder;
  let device: KeyFolder;
  const runIn = (version: string) =>
    runRequester(PORT, folder, ["--ver", version, ...P384, ...FLAGS, ...CONNECTION, ...IN_SESSIONS]);

  before(async () => {
    folder = new KeyFolder();
    device = new KeyFolder();
    server = await startServe(PORT, ["--host", "--identity", device.path, "--set-certificates", "trusted"]);
    // Once in vain: its last session is by slot 4's chain as it was before the first one replaced it.
    assert.match(await runIn("1.2"), /ERROR: libspdm_start_session/);
  });
  after(() => {
    server.kill();
    folder.remove();
    device.remove();
  });

  for (const version of [V1_2, V1_3, V1_4].map(versionName)) {
    test(`SPDM ${version}`, async () => {
      const output = await runIn(version);
      assert.match(output, /Client stopped/);
      assert.doesNotMatch(output, /ERROR/);
      assert.match(output, /exit 0$/);
      assert.deepEqual(counted(join(folder.path, "run.pcap")), { requests: 3, set: 3, records: 3 * RECORDS });
    });
  }

  test("what it set in sessions lies in the identity's folder", () => {
    const chain = ({ path }: KeyFolder, suffix: string) =>
      readFileSync(join(path, `${BUNDLE}${suffix}.der`)).toString("hex");
    assert.equal(chain(device, "4"), chain(device, ""));
    assert.notEqual(chain(folder, "4"), chain(folder, ""));
  });
});

describe("spdm_requester_emu against serve --board ast1030", { skip, timeout: TIMEOUT_MS }, () => {
  const port = PORT + 20;
  let server: ChildProcess;
  let folder: KeyFolder;

  before(async () => {
    folder = new KeyFolder();
    server = await startServe(port, ["--board", "ast1030"]);
  });
  after(() => {
    server.kill();
    folder.remove();
  });

  for (const version of [V1_2, V1_3, V1_4].map(versionName)) {
    test(`SPDM ${version}: a request in the clear, and a chain set in a session by a pre-shared key`, async () => {
      const conversation = ["--exe_conn", "DIGEST,CERT,CHAL,MEAS,GET_CSR", "--pcap", "run.pcap"];
      const sessions = ["--exe_session", "PSK,MEAS,DIGEST,CERT,SET_CERT"];
      const output = await runRequester(port, folder, [
        "--ver",
        version,
        ...P384,
        ...FLAGS,
        ...conversation,
        ...sessions,
      ]);
      assert.match(output, /Client stopped/);
      assert.doesNotMatch(output, /ERROR/);
      assert.match(output, /exit 0$/);
      const { requests, records } = counted(join(folder.path, "run.pcap"));
      assert.deepEqual({ requests, records }, { requests: 1, records: RECORDS });
    });
  }
});

describe("spdm csr and spdm install against spdm_responder_emu", { skip, timeout: TIMEOUT_MS }, () => {
  for (const version of [V1_2, V1_3, V1_4]) {
    for (const session of [undefined, SESSION]) {
      test(`SPDM ${versionName(version)}${session === undefined ? "" : ", in a session"}`, async () => {
        const folder = new KeyFolder();
        const port = PORT + 1 + (version & 15) + (session === undefined ? 0 : 4);
        const suite = [
          "--asym",
          "ECDSA_P384",
          "--hash",
          "SHA_384",
          "--meas_hash",
          "SHA_384",
          "--req_asym",
          "ECDSA_P384",
        ];
        const child = startResponder(port, folder, ["--ver", versionName(version), ...suite]);
        const link = await connected(port);
        try {
          const options = { ...OPTIONS, version, session };
          const { vouchedBy, request } = await requestCsr(link, options);
          assert.equal(vouchedBy, "slot 0's certificate");
          assert.ok(request.length > 400);
          // Its copy of the chain lies in a file; what it shows stays as it was.
          const chain = readFileSync(join(KEYS, `${BUNDLE}.der`));
          assert.ok(!(await installChain(link, chain, options)).needsReset);
          assert.deepEqual(readFileSync(join(folder.path, "slot_id_0_cert_chain.der")), chain);
        } finally {
          await link.close();
          child.kill();
          folder.remove();
        }
      });
    }
  }
});
