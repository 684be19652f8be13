/** Large messages with DMTF's own emulator, either way, at small transfer sizes of ours; without SPDM_EMU_BIN left out. */
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { identityOf, loadPsks, loadRequester } from "../../cli/identity.js";
import type { Link } from "../../cli/link.js";
import { attest } from "../../cli/requester/attest.js";
import { AEADS, ASYMS, DHES, HASHES, versionName } from "../../cli/requester/names.js";
import { readAnchors } from "../../cli/target.js";
import { V1_2, V1_3, V1_4 } from "../../src/versions.js";
import { connected, KEYS, KeyFolder, runRequester, skip, startResponder, startServe, TIMEOUT_MS } from "./emu.js";

const VERSIONS = [V1_2, V1_3, V1_4];
const SIZES = [42, 64, 256];
const SUITE = ["--hash", "SHA_384", "--meas_hash", "SHA_384", "--asym", "ECDSA_P384", "--req_asym", "ECDSA_P384"];
const CONNECTION = ["--meas_op", "ALL", "--exe_conn", "DIGEST,CERT,CHAL,MEAS", "--pcap", "run.pcap"];

let port = 26100;

/** Codes of all messages of a capture that are in the clear; DMTF's has 4 bytes of MCTP and the type before them. */
function codesIn(file: string): number[] {
  const capture = readFileSync(file);
  const codes: number[] = [];
  for (let at = 24; at < capture.length; at += 16 + capture.readUInt32LE(at + 8)) {
    const packet = capture.subarray(at + 16);
    if (packet[4] === 5) codes.push(packet[6]);
  }
  return codes;
}

for (const size of SIZES) {
  const options = ["--host", "--transfer-size", String(size), "--mutual", "encapsulated", "--basic-mutual"];
  describe(`DMTF's requester against serve ${options.join(" ")}`, { skip, timeout: TIMEOUT_MS }, () => {
    const own = port++;
    let server: ChildProcess;
    let folder: KeyFolder;

    before(async () => {
      folder = new KeyFolder();
      server = await startServe(own, options);
    });
    after(() => {
      server.kill();
      folder.remove();
    });

    for (const version of VERSIONS) {
      test(`SPDM ${versionName(version)}, in sessions`, async () => {
        const suite = [...SUITE, "--dhe", "SECP_384_R1", "--aead", "AES_256_GCM"];
        const output = await runRequester(own, folder, ["--ver", versionName(version), ...CONNECTION, ...suite]);
        assert.doesNotMatch(output, /ERROR:/);
        assert.match(output, /Client stopped/);
        assert.match(output, /exit 0$/);
        const codes = codesIn(join(folder.path, "run.pcap"));
        // 1.3 has no basic mutual authentication, and what is sent in sessions is not seen.
        const sent = size < 256 || version < V1_3 ? [0x85, 0x05] : [];
        for (const code of [...sent, 0x86, 0x06]) assert.ok(codes.includes(code), `no 0x${code.toString(16)}`);
      });
    }
  });
}

/** Counts chunks that pass in the clear. */
function counting(link: Link): { link: Link; counts: { sent: number; got: number } } {
  const counts = { sent: 0, got: 0 };
  const watched: Link = {
    async exchange(type, message, timeoutMs) {
      const response = await link.exchange(type, message, timeoutMs);
      if (type === 5 && response[1] === 0x05) counts.sent++;
      if (type === 5 && response[1] === 0x06) counts.got++;
      return response;
    },
    roundTripMs: link.roundTripMs,
    timeScale: link.timeScale,
    get disturbanceCount() {
      return link.disturbanceCount;
    },
    close: () => link.close(),
  };
  return { link: watched, counts };
}

describe("spdm attest --transfer-size against spdm_responder_emu", { skip, timeout: TIMEOUT_MS }, () => {
  const psk = loadPsks(join(KEYS, "psk.json")).find(({ hint }) =>
    Buffer.from(hint).toString().startsWith("TestPskHint"),
  );
  const identities = [{ algorithm: ASYMS["P-384"], identity: identityOf(loadRequester(KEYS), ASYMS["P-384"]) }];
  const offer = { dhe: DHES.secp384r1, aead: AEADS["AES-256-GCM"], inTheClear: false, updateKeys: true };

  for (const version of VERSIONS) {
    for (const size of SIZES) {
      for (const [name, session, how] of [
        ["--key-update", offer, "NO"],
        ["--in-the-clear", { ...offer, inTheClear: true }, "NO"],
        ["--psk", { ...offer, psk }, "NO"],
        ["--mutual", offer, "W_ENCAP"],
      ] as const) {
        test(`SPDM ${versionName(version)}, ${size} bytes, ${name}`, async () => {
          const folder = new KeyFolder();
          const own = port++;
          const mutual = ["--mut_auth", how, "--basic_mut_auth", "NO"];
          const child = startResponder(own, folder, ["--ver", versionName(version), ...SUITE, ...mutual]);
          const { link, counts } = counting(await connected(own));
          try {
            const result = await attest(link, {
              version,
              baseHash: HASHES["SHA-384"],
              baseAsym: ASYMS["P-384"],
              session,
              identities: how === "NO" ? undefined : identities,
              slot: 0,
              anchors: readAnchors([join(KEYS, "ecp384", "ca.cert.der")]),
              reference: undefined,
              onProgress() {},
              dataTransferSize: size,
            });
            assert.deepEqual(result.reasons, []);
            assert.equal(result.verdict, "trusted");
            assert.ok(counts.got > 0);
            assert.equal(counts.sent > 0, size < 256);
          } finally {
            await link.close();
            child.kill();
            folder.remove();
          }
        });
      }
    }
  }
});
