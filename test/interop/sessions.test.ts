/**
 * Secure sessions with DMTF's own requester, against `spdm serve` in this process and on the emulated board. SPDM_EMU_BIN
 * (emu.ts) names your build; without it these tests are left out.
 *
 * Exit status 0 is not success with it, nor is silence: what it sent is counted, in its own capture.
 */
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { KeyFolder, runRequester, skip, startServe, TIMEOUT_MS } from "./emu.js";

const CONNECTION = ["--meas_op", "ALL", "--exe_conn", "DIGEST,CERT,CHAL,MEAS", "--pcap", "run.pcap"];
const P384 = ["--hash", "SHA_384", "--asym", "ECDSA_P384", "--req_asym", "ECDSA_P384"];
const P256 = ["--hash", "SHA_256", "--asym", "ECDSA_P256", "--req_asym", "ECDSA_P256"];
const dhe = (group: string) => ["--dhe", group];
const aead = (name: string) => ["--aead", name];
const SUITE = [...P384, ...dhe("SECP_384_R1"), ...aead("AES_256_GCM")];
const ALL_FLAGS =
  "CERT,CHAL,ENCRYPT,MAC,MUT_AUTH,KEY_EX,PSK,ENCAP,HBEAT,KEY_UPD,HANDSHAKE_IN_CLEAR,CHUNK,MULTI_KEY_NEG,EP_INFO_SIG,LARGE_RESP";
const without = (flag: string) => ["--cap", ALL_FLAGS.replace(`${flag},`, "")];

/** Of one session: FINISH, APP, HEARTBEAT, KEY_UPDATE twice, MEAS, DIGESTS, CERT, END_SESSION. */
const SESSION = 9;
/**
 * From 1.3 on, MEL, EP_INFO and GET_ENCAPSULATED_REQUEST besides. To that both responders, which always have one due, answer
 * with a key update, which takes two more. The host has key pairs: one GET_KEY_PAIR_INFO.
 */
const BOARD_REPORTS = 5;
const HOST_REPORTS = BOARD_REPORTS + 1;

/** One run of the requester, and what it must have sent: sessions opened, and records in all. */
interface Run {
  readonly name: string;
  readonly options: readonly string[];
  readonly versions: readonly string[];
  readonly sessions?: number;
  readonly records?: number;
}

/** Runs that want a responder of the same kind. */
interface Group {
  readonly serve: readonly string[];
  readonly runs: readonly Run[];
}

const VERSIONS = ["1.1", "1.2", "1.3", "1.4"];

const GROUPS: readonly Group[] = [
  {
    serve: [],
    runs: [
      { name: "default", options: SUITE, versions: VERSIONS },
      { name: "P-256", options: [...P256, ...dhe("SECP_256_R1"), ...aead("AES_128_GCM")], versions: VERSIONS },
      { name: "secp521r1", options: [...P384, ...dhe("SECP_521_R1"), ...aead("AES_256_GCM")], versions: VERSIONS },
      {
        name: "ChaCha20-Poly1305",
        options: [...P384, ...dhe("SECP_384_R1"), ...aead("CHACHA20_POLY1305")],
        versions: VERSIONS,
      },
      { name: "mutual authentication: none", options: SUITE, versions: ["1.2"] },
      { name: "key update REQ", options: [...SUITE, "--key_upd", "REQ"], versions: VERSIONS },
      { name: "key update ALL", options: [...SUITE, "--key_upd", "ALL"], versions: VERSIONS },
      // GET_ENCAPSULATED_REQUEST and two responses instead of two requests.
      {
        name: "key update RSP",
        options: [...SUITE, "--key_upd", "RSP"],
        versions: VERSIONS,
        records: 3 * (SESSION + 1),
      },
      { name: "MAC only", options: [...SUITE, ...without("ENCRYPT")], versions: VERSIONS },
    ],
  },
  {
    serve: ["--in-the-clear"],
    // FINISH is no record, PSK_FINISH is.
    runs: [{ name: "handshake in the clear", options: SUITE, versions: VERSIONS, records: 3 * SESSION - 2 }],
  },
  { serve: ["--mac-only"], runs: [{ name: "MAC only, by the responder", options: SUITE, versions: ["1.2", "1.4"] }] },
  {
    serve: ["--psk-without-context"],
    runs: [{ name: "PSK without context", options: SUITE, versions: VERSIONS, records: 3 * SESSION - 1 }],
  },
  {
    serve: ["--mutual", "provisioned"],
    runs: [{ name: "mutual authentication: WO_ENCAP", options: SUITE, versions: VERSIONS }],
  },
  {
    serve: ["--mutual", "encapsulated", "--basic-mutual"],
    // GET_ENCAPSULATED_REQUEST, DIGESTS, CERTIFICATE in both sessions by KEY_EXCHANGE.
    runs: [
      {
        name: "mutual authentication: W_ENCAP and basic",
        options: SUITE,
        versions: VERSIONS,
        records: 3 * SESSION + 6,
      },
    ],
  },
  {
    serve: ["--mutual", "digests"],
    runs: [{ name: "mutual authentication: DIGESTS", options: SUITE, versions: VERSIONS, records: 3 * SESSION + 4 }],
  },
  {
    serve: ["--mutual", "encapsulated", "--in-the-clear"],
    runs: [
      { name: "mutual authentication in the clear", options: SUITE, versions: VERSIONS, records: 3 * SESSION - 2 },
    ],
  },
];

/** Requests of a capture: of SPDM by their code, and records. */
function counted(file: string): { opened: number; records: number } {
  const capture = readFileSync(file);
  const count = { opened: 0, records: 0 };
  let isRequest = true;
  for (let at = 24; at < capture.length; isRequest = !isRequest) {
    const length = capture.readUInt32LE(at + 8);
    const packet = capture.subarray(at + 16, at + 16 + length);
    at += 16 + length;
    if (!isRequest) continue;
    if (packet[4] === 6) count.records++;
    else if (packet[6] === 0xe4 || packet[6] === 0xe6) count.opened++;
  }
  return count;
}

let port = 24800;

for (const [target, targetOptions, reports] of [
  ["serve --host", ["--host"], HOST_REPORTS],
  ["serve --board ast1030", ["--board", "ast1030"], BOARD_REPORTS],
] as const) {
  for (const { serve, runs } of GROUPS) {
    describe(`DMTF's requester in sessions with ${[target, ...serve].join(" ")}`, { skip, timeout: TIMEOUT_MS }, () => {
      const own = port++;
      let server: ChildProcess;
      let folder: KeyFolder;

      before(async () => {
        folder = new KeyFolder();
        server = await startServe(own, [...targetOptions, ...serve]);
      });
      after(() => {
        server.kill();
        folder.remove();
      });

      for (const { name, options, versions, sessions = 3, records = sessions * SESSION } of runs) {
        for (const version of versions) {
          test(`${name}, SPDM ${version}`, async () => {
            const output = await runRequester(own, folder, ["--ver", version, ...CONNECTION, ...options]);
            assert.doesNotMatch(output, /ERROR/);
            assert.match(output, /Client stopped/);
            assert.match(output, /exit 0$/);
            const all = records + (version >= "1.3" ? sessions * reports : 0);
            assert.deepEqual(counted(join(folder.path, "run.pcap")), { opened: sessions, records: all });
          });
        }
      }
    });
  }
}
