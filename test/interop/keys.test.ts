/** Key pairs, multi-key connections and public keys with DMTF's own emulator, either way; without SPDM_EMU_BIN (emu.ts) left out. */
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { readPublicKey } from "../../cli/public-key.js";
import { type AttestOptions, attest } from "../../cli/requester/attest.js";
import { readKeys } from "../../cli/requester/keys.js";
import { AEADS, ASYMS, DHES, HASHES, versionName } from "../../cli/requester/names.js";
import { readAnchors } from "../../cli/target.js";
import { V1_2, V1_3, V1_4 } from "../../src/versions.js";
import { connected, KEYS, KeyFolder, runRequester, skip, startResponder, startServe, TIMEOUT_MS } from "./emu.js";

const SUITE = ["--hash", "SHA_384", "--asym", "ECDSA_P384", "--req_asym", "ECDSA_P384", "--dhe", "SECP_384_R1"];
const MULTI_KEY = ["--other_param", "OPAQUE_FMT_1,MULTI_KEY_CONN"];
const COMMON = [...SUITE, "--aead", "AES_256_GCM", "--meas_op", "ALL", "--pcap", "run.pcap"];

/** How often each request went in the clear, by code. */
function requestCounts(folder: KeyFolder): ReadonlyMap<number, number> {
  const pcap = readFileSync(join(folder.path, "run.pcap"));
  const counts = new Map<number, number>();
  for (let at = 24; at < pcap.length; ) {
    const length = pcap.readUInt32LE(at + 8);
    // MCTP header (4) and message type, then SPDMVersion and the code.
    if (pcap[at + 16 + 4] === 5) {
      const code = pcap[at + 16 + 6];
      counts.set(code, (counts.get(code) ?? 0) + 1);
    }
    at += 16 + length;
  }
  return counts;
}

const RUNS = [
  {
    name: "multi-key connections and key pairs",
    serve: ["--host", "--key-changes", "trusted"],
    versions: ["1.3", "1.4"],
    options: [
      ...MULTI_KEY,
      ...["--exe_conn", "DIGEST,CERT,CHAL,MEAS,GET_KEY_PAIR_INFO,SET_KEY_PAIR_INFO"],
      ...["--exe_session", "KEY_EX,PSK,HEARTBEAT,MEAS,DIGEST,CERT,APP,GET_KEY_PAIR_INFO,SET_KEY_PAIR_INFO"],
    ],
    // GET_KEY_PAIR_INFO, SET_KEY_PAIR_INFO, and KEY_EXCHANGE for slots 0 and 4
    counts: [1, 2, 2],
  },
  {
    name: "a provisioned public key",
    serve: ["--host", "--public-key"],
    versions: ["1.2", "1.3", "1.4"],
    options: ["--slot_id", "0xFF", "--exe_conn", "CHAL,MEAS", "--exe_session", "KEY_EX,PSK,HEARTBEAT,MEAS,APP"],
    counts: [0, 0, 1],
  },
];

for (const [i, { name, serve, versions, options, counts }] of RUNS.entries()) {
  describe(`spdm_requester_emu against serve: ${name}`, { skip, timeout: TIMEOUT_MS }, () => {
    const port = 25100 + i;
    let server: ChildProcess;
    let folder: KeyFolder;

    before(async () => {
      folder = new KeyFolder();
      server = await startServe(port, serve);
    });
    after(() => {
      server.kill();
      folder.remove();
    });

    for (const version of versions) {
      test(`SPDM ${version}`, async () => {
        const output = await runRequester(port, folder, ["--ver", version, ...COMMON, ...options]);
        assert.match(output, /Client stopped/);
        assert.doesNotMatch(output, /ERROR/);
        assert.match(output, /exit 0$/);
        const sent = requestCounts(folder);
        assert.deepEqual(
          [0xfc, 0xfd, 0xe4].map((code) => sent.get(code) ?? 0),
          counts,
        );
      });
    }
  });
}

let nextPort = 25110;

/** Runs DMTF's responder for as long as `use` takes. */
async function withResponder<T>(
  options: readonly string[],
  use: (link: Awaited<ReturnType<typeof connected>>) => Promise<T>,
) {
  const port = nextPort++;
  const folder = new KeyFolder();
  const unasked = ["--mut_auth", "NO", "--basic_mut_auth", "NO", "--meas_hash", "SHA_384", "--aead", "AES_256_GCM"];
  const child = startResponder(port, folder, [...SUITE, ...unasked, ...options]);
  const link = await connected(port);
  try {
    return await use(link);
  } finally {
    await link.close();
    child.kill();
    folder.remove();
  }
}

const OPTIONS: AttestOptions = {
  version: undefined,
  baseHash: HASHES["SHA-384"],
  baseAsym: ASYMS["P-384"],
  slot: 0,
  anchors: readAnchors([join(KEYS, "ecp384/ca.cert.der")]),
  reference: undefined,
  session: { dhe: DHES.secp384r1, aead: AEADS["AES-256-GCM"], inTheClear: false, updateKeys: false },
  onProgress() {},
};

describe("spdm against spdm_responder_emu: keys", { skip, timeout: TIMEOUT_MS }, () => {
  for (const version of [V1_3, V1_4]) {
    const only = ["--ver", versionName(version)];

    for (const slot of [0, 4]) {
      test(`SPDM ${versionName(version)}, attest --multi-key --session, slot ${slot}`, async () => {
        const options = { ...OPTIONS, version, slot, multiKey: true };
        const result = await withResponder([...only, ...MULTI_KEY], (link) => attest(link, options));
        assert.deepEqual(result.reasons, []);
        assert.equal(result.verdict, "trusted");
      });
    }

    test(`SPDM ${versionName(version)}, keys`, async () => {
      const { pairs, slots } = await withResponder([...only, ...MULTI_KEY], (link) =>
        readKeys(link, { ...OPTIONS, session: undefined, version }),
      );
      assert.equal(pairs.length, 24);
      assert.deepEqual(
        slots!.map(({ slot, keyPairId }) => [slot, keyPairId]),
        [
          [0, 5],
          [1, 5],
          [4, 17],
        ],
      );
    });
  }

  for (const version of [V1_2, V1_3, V1_4]) {
    test(`SPDM ${versionName(version)}, attest --public-key --session`, async () => {
      const publicKey = readPublicKey(join(KEYS, "ecp384/end_responder.key.pub.der"));
      const result = await withResponder(["--ver", versionName(version), "--slot_id", "0xFF"], (link) =>
        attest(link, { ...OPTIONS, version, anchors: [], publicKey }),
      );
      assert.deepEqual(result.reasons, []);
      assert.equal(result.verdict, "trusted");
    });
  }
});
