/**
 * The algorithms that only hosts have, with DMTF's own emulator, either way; without SPDM_EMU_BIN (emu.ts) left out. Its
 * Mbed TLS build has no EdDSA: SPDM_EMU_EDDSA lists what another build has, as in "ED25519,ED448". One over OpenSSL before
 * 3.2 has ED25519 only, since that knows no context of Ed448 and leaves it out without a word.
 */
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { identityOf, loadRequester } from "../../cli/identity.js";
import { attest } from "../../cli/requester/attest.js";
import { AEADS, ASYMS, DHES, HASHES } from "../../cli/requester/names.js";
import { readAnchors } from "../../cli/target.js";
import { V1_0, VERSIONS } from "../../src/versions.js";
import { makeHostKeys } from "../cli/host-keys.js";
import { connected, KeyFolder, runRequester, skip, startResponder, startServe, TIMEOUT_MS } from "./emu.js";
import { completeForEmulator } from "./emulator-keys.js";

interface Suite {
  readonly asym: string;
  readonly hash: string;
  readonly dhe: string;
  readonly version: string;
}

/** Every algorithm under one version at least, and those of 1.0 under the oldest and the newest. */
const SUITES: readonly Suite[] = [
  { asym: "P-521", hash: "SHA3-256", dhe: "FFDHE-2048", version: "1.0" },
  { asym: "P-521", hash: "SHA3-512", dhe: "FFDHE-4096", version: "1.4" },
  { asym: "RSASSA-2048", hash: "SHA-256", dhe: "FFDHE-2048", version: "1.1" },
  { asym: "RSASSA-3072", hash: "SHA3-384", dhe: "FFDHE-3072", version: "1.2" },
  { asym: "RSASSA-4096", hash: "SHA-512", dhe: "FFDHE-4096", version: "1.0" },
  { asym: "RSAPSS-2048", hash: "SHA3-256", dhe: "FFDHE-4096", version: "1.1" },
  { asym: "RSAPSS-3072", hash: "SHA-384", dhe: "FFDHE-3072", version: "1.3" },
  { asym: "RSAPSS-4096", hash: "SHA3-512", dhe: "FFDHE-2048", version: "1.4" },
  ...(process.env.SPDM_EMU_EDDSA ?? "")
    .split(",")
    .filter((asym) => asym !== "")
    .flatMap((asym) => [
      { asym, hash: "SHA-384", dhe: "FFDHE-3072", version: "1.2" },
      { asym, hash: "SHA3-384", dhe: "FFDHE-2048", version: "1.4" },
    ]),
];

const CONNECTION = ["--exe_conn", "DIGEST,CERT,CHAL,MEAS", "--exe_session", "KEY_EX,APP,HEARTBEAT,KEY_UPDATE,MEAS"];
const FLAGS = ["--cap", "CERT,CHAL,ENCRYPT,MAC,MUT_AUTH,KEY_EX,ENCAP,HBEAT,KEY_UPD,CHUNK"];

/** DMTF's names for what `suite` has; requesters sign as responders do. */
function optionsOf({ asym, hash, dhe, version }: Suite): string[] {
  const name = asym.replace(/^P-/, "ECDSA_P").replace(/^ED/, "EDDSA_").replace("-", "_");
  const algorithms = ["--hash", hash.replace("-", "_"), "--dhe", dhe.replace("-", "_"), "--asym", name];
  return ["--ver", version, ...algorithms, "--req_asym", name];
}

describe("algorithms of hosts, with DMTF's emulator", { skip, timeout: TIMEOUT_MS }, () => {
  let keys: string;
  let anchors: Uint8Array[];
  let server: ChildProcess;
  let port = 24960;

  before(async () => {
    keys = mkdtempSync(join(tmpdir(), "spdm-host-keys-"));
    anchors = readAnchors(await makeHostKeys(keys));
    completeForEmulator(keys);
    server = await startServe(24959, ["--host", "--mutual", "encapsulated"], keys);
  });
  after(() => {
    server.kill();
    rmSync(keys, { recursive: true });
  });

  for (const suite of SUITES) {
    const { asym, hash, dhe, version } = suite;
    const name = `SPDM ${version}, ${asym}, ${hash}, ${dhe}`;

    test(`spdm_requester_emu against serve --host: ${name}`, async () => {
      const folder = new KeyFolder(keys);
      const flags = version === "1.0" ? [] : FLAGS;
      const options = [...optionsOf(suite), "--meas_op", "ALL", ...CONNECTION, ...flags];
      const output = await runRequester(24959, folder, options);
      folder.remove();
      assert.match(output, /connect success!/);
      assert.match(output, /Client stopped/);
      assert.doesNotMatch(output, /ERROR/);
      assert.match(output, /exit 0$/);
    });

    test(`attest against spdm_responder_emu: ${name}`, async () => {
      const own = port++;
      const folder = new KeyFolder(keys);
      const measured = ["--meas_hash", hash.replace("-", "_")];
      const mutual = ["--mut_auth", "W_ENCAP", "--basic_mut_auth", "NO"];
      const child = startResponder(own, folder, [...optionsOf(suite), ...measured, ...mutual]);
      const link = await connected(own);
      const numeric = VERSIONS.find((each) => `1.${each & 15}` === version)!;
      const session = { dhe: DHES[dhe], aead: AEADS["AES-256-GCM"], inTheClear: false, updateKeys: true };
      try {
        const result = await attest(link, {
          version: numeric,
          baseHash: HASHES[hash],
          baseAsym: ASYMS[asym],
          slot: 0,
          anchors,
          reference: undefined,
          session: numeric === V1_0 ? undefined : session,
          identities: [{ algorithm: ASYMS[asym], identity: identityOf(loadRequester(keys), ASYMS[asym]) }],
          onProgress() {},
        });
        assert.deepEqual(result.reasons, []);
        assert.equal(result.verdict, "trusted");
        assert.ok(result.measurements.length > 0);
        assert.equal(result.session?.dhe, numeric === V1_0 ? undefined : dhe);
        assert.deepEqual(result.requester?.proofs, numeric === V1_0 ? undefined : ["FINISH"]);
      } finally {
        await link.close();
        child.kill();
        folder.remove();
      }
    });
  }
});
