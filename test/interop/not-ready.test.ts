/**
 * DMTF's own requester against `spdm serve --defer`: whatever needs cryptography is answered ResponseNotReady, and fetched by
 * RESPOND_IF_READY. SPDM_EMU_BIN (emu.ts) names your build; without it these tests are left out.
 *
 * It asks after a response once only. Exit status 0 is not success with it: what was answered is counted in our trace.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertSuccess, KeyFolder, runRequester, skip, TIMEOUT_MS, traceWhile } from "./emu.js";

const SUITE = ["--hash", "SHA_384", "--asym", "ECDSA_P384", "--req_asym", "ECDSA_P384", "--dhe", "SECP_384_R1"];
const RUN = [
  ...SUITE,
  ...["--aead", "AES_256_GCM", "--meas_op", "ALL", "--exe_conn", "DIGEST,CERT,CHAL,MEAS"],
  ...["--exe_session", "KEY_EX,PSK,KEY_UPDATE,HEARTBEAT,MEAS,DIGEST,CERT,APP"],
];
/** What is asked in each of them, once at least. */
const OUTSIDE = ["GET_DIGESTS", "GET_CERTIFICATE", "CHALLENGE", "GET_MEASUREMENTS", "KEY_EXCHANGE", "PSK_EXCHANGE"];
const INSIDE = ["PSK_FINISH", "GET_DIGESTS", "GET_CERTIFICATE", "GET_MEASUREMENTS"];

const VERSIONS = ["1.1", "1.2", "1.3", "1.4"];
const GROUPS: readonly { serve: readonly string[]; versions: readonly string[]; finish?: string }[] = [
  { serve: [], versions: VERSIONS },
  { serve: ["--in-the-clear"], versions: VERSIONS, finish: "FINISH" },
  { serve: ["--mutual", "encapsulated", "--basic-mutual"], versions: VERSIONS },
  { serve: ["--transfer-size", "64"], versions: VERSIONS.slice(1) },
];

/** One message of the trace: its request, whether it came in a session, and ERROR or a length. */
const LINE = /^\d\.\d ([A-Z_]+)( in session \S+)?: \d+ → (.+)$/;

function assertTrace(trace: string, finish: string | undefined): void {
  const lines = trace.split("\n").flatMap((line) => LINE.exec(line)?.slice(1) ?? []);
  const deferred = new Set<string>();
  let waiting = 0;
  for (let i = 0; i < lines.length; i += 3) {
    const [name, session, answer] = [lines[i], lines[i + 1], lines[i + 2]];
    const refused = /^ERROR (?!ResponseNotReady)/.exec(answer);
    assert.equal(refused, null, `${name}: ${answer}`);
    if (answer === "ERROR ResponseNotReady") {
      deferred.add(session === undefined ? name : `${name} in session`);
      waiting++;
    } else if (name === "RESPOND_IF_READY") waiting--;
  }
  assert.equal(waiting, 0, "what was deferred was fetched");
  const inside = [...INSIDE, ...(finish === undefined ? ["FINISH"] : [])].map((name) => `${name} in session`);
  assert.deepEqual([...deferred].sort(), [...OUTSIDE, ...(finish === undefined ? [] : [finish]), ...inside].sort());
}

let port = 25600;

for (const { serve, versions, finish } of GROUPS) {
  describe(`DMTF's requester with ${["serve --defer 50", ...serve].join(" ")}`, { skip, timeout: TIMEOUT_MS }, () => {
    const own = port++;
    for (const version of versions) {
      test(`SPDM ${version}`, async () => {
        const folder = new KeyFolder();
        const trace = await traceWhile(own, ["--host", "--defer", "50", ...serve], undefined, async () =>
          assertSuccess(await runRequester(own, folder, ["--ver", version, ...RUN])),
        ).finally(() => folder.remove());
        assertTrace(trace, finish);
      });
    }
  });
}
