/**
 * DMTF's own requester with every capability it has and everything it can ask, against `spdm serve --host`, at transfer sizes
 * from its own to small ones. SPDM_EMU_BIN (emu.ts) names your build; without it these tests are left out.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertSuccess, KeyFolder, runRequester, skip, TIMEOUT_MS, traceWhile } from "./emu.js";

const SUITE = ["--hash", "SHA_384", "--asym", "ECDSA_P384", "--req_asym", "ECDSA_P384", "--dhe", "SECP_384_R1"];
const RUN = [...SUITE, "--aead", "AES_256_GCM", "--meas_op", "ALL"];
const SIZES = [undefined, 256, 64];

/** What it asks outside of sessions and in them; from 1.3 on more. */
const OUTSIDE = ["GET_DIGESTS", "GET_CERTIFICATE", "CHALLENGE", "GET_MEASUREMENTS", "KEY_EXCHANGE", "PSK_EXCHANGE"];
const INSIDE = ["FINISH", "PSK_FINISH", "GET_DIGESTS", "GET_CERTIFICATE", "GET_MEASUREMENTS", "HEARTBEAT"];
const PROOF = ["GET_ENCAPSULATED_REQUEST", "DELIVER_ENCAPSULATED_RESPONSE", "KEY_UPDATE", "END_SESSION"];
const REPORTS = ["GET_MEASUREMENT_EXTENSION_LOG", "GET_ENDPOINT_INFO"];
const KEY_PAIRS = ["GET_KEY_PAIR_INFO", "SET_KEY_PAIR_INFO"];

/** All but GET_CSR and SET_CERT. */
const ASKED = "DIGEST,CERT,CHAL,MEAS,MEL,EP_INFO,GET_KEY_PAIR_INFO,SET_KEY_PAIR_INFO";
const WITHOUT_CERTIFICATES = [
  ...["--exe_conn", ASKED],
  ...["--exe_session", `KEY_EX,PSK,KEY_UPDATE,HEARTBEAT,APP,${ASKED.replace("CHAL,", "")}`],
];

interface Group {
  readonly serve: readonly string[];
  readonly options: readonly string[];
  /** What it asks besides, from this version on. */
  readonly asks: readonly string[];
  readonly since: string;
  /** Runs once before, in vain: its last session is by slot 4's chain as it was before it was replaced. */
  readonly twice: boolean;
}

const GROUPS: readonly Group[] = [
  {
    serve: ["--key-changes", "trusted", "--mutual", "encapsulated", "--basic-mutual"],
    // It would ask for a certificate of the key pair that it has erased.
    options: ["--other_param", "OPAQUE_FMT_1,MULTI_KEY_CONN", ...WITHOUT_CERTIFICATES],
    asks: [...KEY_PAIRS, ...KEY_PAIRS.map((name) => `${name} in session`)],
    since: "1.3",
    twice: false,
  },
  {
    serve: ["--key-changes", "trusted", "--mutual", "encapsulated", "--basic-mutual"],
    options: ["--other_param", "OPAQUE_FMT_1"],
    asks: ["GET_CSR", "SET_CERTIFICATE", "SET_CERTIFICATE in session"],
    since: "1.2",
    twice: true,
  },
];

/** One message of the trace: its request, whether it came in a session, and ERROR or a length. */
const LINE = /^\d\.\d ([A-Z_]+)( in session)?.*→ (ERROR )?(.+)$/gm;
/** To who fetches encapsulated requests where there are none. */
const NOTHING_TO_FETCH = ["NoPendingRequests", "UnexpectedRequest"];

/** What was asked; throws for a request that was refused. */
function asked(trace: string): Set<string> {
  const names = new Set<string>();
  for (const [line, name, session = "", error, answer] of trace.matchAll(LINE)) {
    const mayFail = name === "GET_ENCAPSULATED_REQUEST" && NOTHING_TO_FETCH.includes(answer);
    assert.ok(error === undefined || mayFail, line);
    names.add(`${name}${session}`);
  }
  return names;
}

let port = 26300;

for (const { serve, options, asks, since, twice } of GROUPS) {
  describe(`DMTF's requester, all of it, with serve ${serve.join(" ")}`, { skip, timeout: TIMEOUT_MS }, () => {
    for (const version of ["1.2", "1.3", "1.4"]) {
      for (const size of SIZES) {
        test(`SPDM ${version}, ${size === undefined ? "its own transfer size" : `${size} bytes at once`}`, async () => {
          const own = port++;
          const [folder, device] = [new KeyFolder(), new KeyFolder()];
          const sized = size === undefined ? [] : ["--transfer-size", String(size)];
          const run = () => runRequester(own, folder, ["--ver", version, ...RUN, ...options]);
          const trace = await traceWhile(own, ["--host", ...serve, ...sized], device.path, async () => {
            if (twice) await run();
            assertSuccess(await run());
          }).finally(() => {
            folder.remove();
            device.remove();
          });
          const names = asked(twice ? trace.slice(trace.lastIndexOf("GET_VERSION") - "1.0 ".length) : trace);
          const wanted = [...OUTSIDE, ...[...INSIDE, ...PROOF].map((name) => `${name} in session`)];
          if (version >= since) wanted.push(...asks);
          if (version >= "1.3") wanted.push(...REPORTS, ...REPORTS.map((name) => `${name} in session`));
          if (size !== undefined) wanted.push("CHUNK_GET", "CHUNK_GET in session", "CHUNK_SEND in session");
          for (const name of wanted) assert.ok(names.has(name), `no ${name}`);
        });
      }
    }
  });
}
