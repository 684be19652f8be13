/** DMTF's requester asks for certification requests and sets certificates; without SPDM_EMU_BIN (emu.ts) left out. */
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { EmuLink } from "../../cli/emu-link.js";
import { changeOf } from "../../cli/keys.js";
import { installChain, requestCsr } from "../../cli/requester/certificates.js";
import { readKeys } from "../../cli/requester/keys.js";
import { versionName } from "../../cli/requester/names.js";
import { V1_2, V1_3, V1_4 } from "../../src/versions.js";
import { OPTIONS, SESSION } from "../cli/answering.js";
import { signRequest } from "../cli/sign-request.js";
import { connected, KEYS, KeyFolder, runRequester, skip, startResponder, startServe, TIMEOUT_MS } from "./emu.js";

const PORT = 24790;
const P384 = ["--asym", "ECDSA_P384", "--hash", "SHA_384", "--req_asym", "NONE", "--meas_op", "ALL"];
const FLAGS = ["--cap", "CERT,CHAL,ENCRYPT,MAC,KEY_EX,PSK,ENCAP,HBEAT,KEY_UPD"];
const BUNDLE = "ecp384/bundle_responder.certchain";

const CONNECTION = "DIGEST,CERT,CHAL,MEAS,GET_CSR,SET_CERT,GET_KEY_PAIR_INFO";
const IN_SESSIONS = "KEY_EX,PSK,MEAS,DIGEST,CERT,SET_CERT,GET_KEY_PAIR_INFO";
/** Records of one session: FINISH, MEAS, DIGESTS, CERT, SET_CERTIFICATE of slot 4, END_SESSION. */
const RECORDS = 6;
/** From 1.3 on: GET_KEY_PAIR_INFO. */
const SHOWN = 1;
/** SET_KEY_PAIR_INFO, which changes key pair 1, and erases it. */
const CHANGED = 2;

const flow = (change: string, otherParams: string) => [
  ...["--exe_conn", CONNECTION + change, "--exe_session", IN_SESSIONS + change],
  ...["--other_param", otherParams, "--pcap", "run.pcap"],
];
/** All that is about keys and certificates. */
const ALL = flow(",SET_KEY_PAIR_INFO", "OPAQUE_FMT_1");
/** In multi-key connections it asks for a certificate of key pair 1, which it would erase before. */
const MULTI_KEY = flow("", "OPAQUE_FMT_1,MULTI_KEY_CONN");

/**
 * Responses of a capture: CSR and SET_CERTIFICATE_RSP in the clear, which the requester asks for before the end of each of
 * its three sessions; and records.
 */
function counted(file: string) {
  const capture = readFileSync(file);
  const count = { requests: 0, set: 0, shown: 0, changed: 0, records: 0 };
  let isResponse = false;
  for (let at = 24; at < capture.length; at += 16 + capture.readUInt32LE(at + 8), isResponse = !isResponse) {
    const packet = capture.subarray(at + 16, at + 16 + capture.readUInt32LE(at + 8));
    if (!isResponse) continue;
    if (packet[4] === 6) count.records++;
    else if (packet[6] === 0x6d) count.requests++;
    else if (packet[6] === 0x6e) count.set++;
    else if (packet[6] === 0x7c) count.shown++;
    else if (packet[6] === 0x7d) count.changed++;
  }
  return count;
}

/** Asserts that DMTF's requester went through. */
function done(output: string): void {
  assert.match(output, /Client stopped/);
  assert.doesNotMatch(output, /ERROR/);
  assert.match(output, /exit 0$/);
}

describe("spdm_requester_emu against serve --host --key-changes trusted", { skip, timeout: TIMEOUT_MS }, () => {
  let server: ChildProcess;
  /** The requester's, where it also writes; and the responder's, whose chains change. */
  let folder: KeyFolder;
  let device: KeyFolder;
  const runIn = (version: string) => runRequester(PORT, folder, ["--ver", version, ...P384, ...FLAGS, ...ALL]);

  before(async () => {
    folder = new KeyFolder();
    device = new KeyFolder();
    server = await startServe(PORT, ["--host", "--identity", device.path, "--key-changes", "trusted"]);
    // Once in vain: its last session is by slot 4's chain as it was before the first one replaced it.
    assert.match(await runIn("1.2"), /ERROR: libspdm_start_session/);
  });
  after(() => {
    server.kill();
    folder.remove();
    device.remove();
  });

  for (const version of [V1_2, V1_3, V1_4]) {
    test(`SPDM ${versionName(version)}: certificates, and key pairs`, async () => {
      done(await runIn(versionName(version)));
      const [shown, changed] = version >= V1_3 ? [SHOWN, CHANGED] : [0, 0];
      assert.deepEqual(counted(join(folder.path, "run.pcap")), {
        ...{ requests: 3, set: 3, shown, changed },
        records: 3 * (RECORDS + shown + changed),
      });
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
  const port = PORT + 30;
  let server: ChildProcess;
  let folder: KeyFolder;

  before(async () => {
    folder = new KeyFolder();
    server = await startServe(port, ["--board", "ast1030", "--key-changes", "proven"]);
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

describe("spdm_requester_emu in multi-key connections: a generated key", { skip, timeout: TIMEOUT_MS }, () => {
  const port = PORT + 20;
  /** Whether `chain` has come to be in the device's slot. */
  const holds = (device: KeyFolder, slot: string, chain: Uint8Array) =>
    readFileSync(join(device.path, `${BUNDLE}${slot}.der`)).equals(chain);

  for (const version of [V1_3, V1_4]) {
    test(`SPDM ${versionName(version)}`, async () => {
      const folder = new KeyFolder();
      const device = new KeyFolder();
      const server = await startServe(port, ["--host", "--identity", device.path, "--key-changes", "trusted"]);
      try {
        const options = { ...OPTIONS, version, keyPairId: 1 };
        const asking = async <T>(ask: (link: EmuLink) => Promise<T>): Promise<T> => {
          const link = await connected(port);
          try {
            return await ask(link);
          } finally {
            await link.close();
          }
        };
        const change = changeOf({ generate: 1, keyAlgorithm: "P-384" });
        await asking((link) => readKeys(link, { ...options, change }));
        const chain = await signRequest((await asking((link) => requestCsr(link, options))).request);
        writeFileSync(join(folder.path, `${BUNDLE}.der`), chain);
        const run = () => runRequester(port, folder, ["--ver", versionName(version), ...P384, ...FLAGS, ...MULTI_KEY]);
        assert.ok(!holds(device, "", chain) && !holds(device, "4", chain));
        // Once in vain: it verifies its other sessions by the chains as they were before the first one replaced them.
        await run();
        assert.ok(holds(device, "", chain) && holds(device, "4", chain));
        done(await run());
        assert.deepEqual(counted(join(folder.path, "run.pcap")), {
          ...{ requests: 3, set: 3, shown: SHOWN, changed: 0 },
          records: 3 * (RECORDS + SHOWN),
        });
      } finally {
        server.kill();
        folder.remove();
        device.remove();
      }
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
