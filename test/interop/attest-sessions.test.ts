/** `spdm attest` in secure sessions with DMTF's own responder; without SPDM_EMU_BIN (emu.ts) left out. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { identityOf, loadPsks, loadRequester } from "../../cli/identity.js";
import { type AttestOptions, attest } from "../../cli/requester/attest.js";
import { AEADS, ASYMS, DHES, HASHES, oneOrAll, versionName } from "../../cli/requester/names.js";
import { readAnchors } from "../../cli/target.js";
import { V1_0, VERSIONS } from "../../src/versions.js";
import { connected, KEYS, KeyFolder, skip, startResponder, TIMEOUT_MS } from "./emu.js";

const SUITE = ["--hash", "SHA_384", "--meas_hash", "SHA_384", "--asym", "ECDSA_P384", "--req_asym", "ECDSA_P384"];
const GROUPS: Readonly<Record<string, string>> = {
  secp256r1: "SECP_256_R1",
  secp384r1: "SECP_384_R1",
  secp521r1: "SECP_521_R1",
};
const CIPHERS: Readonly<Record<string, string>> = {
  "AES-128-GCM": "AES_128_GCM",
  "AES-256-GCM": "AES_256_GCM",
  "ChaCha20-Poly1305": "CHACHA20_POLY1305",
};
const NO_MUTUAL = ["--mut_auth", "NO", "--basic_mut_auth", "NO"];
const SESSION = { dhe: DHES.secp384r1, aead: AEADS["AES-256-GCM"], inTheClear: false, updateKeys: true };
/** What DMTF's emulator has in its source. */
const PSK = loadPsks(join(KEYS, "psk.json")).find(({ hint }) => Buffer.from(hint).toString().startsWith("TestPskHint"));
const identities = [{ algorithm: ASYMS["P-384"], identity: identityOf(loadRequester(KEYS), ASYMS["P-384"]) }];
const WITH_SESSIONS = VERSIONS.filter((version) => version !== V1_0);

let port = 24900;

/** Attests DMTF's responder with these options, which must come out trusted. */
async function trusted(responder: readonly string[], options: Partial<AttestOptions>) {
  const own = port++;
  const folder = new KeyFolder();
  const defaults = ["--dhe", "SECP_384_R1", "--aead", "AES_256_GCM"];
  const child = startResponder(own, folder, [...SUITE, ...defaults, ...responder]);
  const link = await connected(own);
  try {
    const result = await attest(link, {
      version: undefined,
      baseHash: HASHES["SHA-384"],
      baseAsym: ASYMS["P-384"],
      slot: 0,
      anchors: readAnchors([join(KEYS, "ecp384/ca.cert.der")]),
      reference: undefined,
      session: SESSION,
      onProgress() {},
      ...options,
    });
    assert.deepEqual(result.reasons, []);
    assert.equal(result.verdict, "trusted");
    assert.ok(result.measurements.length > 0);
    return result;
  } finally {
    await link.close();
    child.kill();
    folder.remove();
  }
}

describe("spdm attest --session against spdm_responder_emu", { skip, timeout: TIMEOUT_MS }, () => {
  for (const version of WITH_SESSIONS) {
    const only = ["--ver", versionName(version)];
    const name = `SPDM ${versionName(version)}`;

    test(`${name}, --key-update`, async () => {
      const { session } = await trusted([...only, ...NO_MUTUAL], { version });
      assert.ok(session!.keyUpdates.length >= 2);
    });

    test(`${name}, --in-the-clear`, async () => {
      const { session } = await trusted([...only, ...NO_MUTUAL], {
        version,
        session: { ...SESSION, inTheClear: true },
      });
      assert.equal(session!.handshakeInTheClear, true);
    });

    test(`${name}, --psk`, async () => {
      const { session } = await trusted([...only, ...NO_MUTUAL], { version, session: { ...SESSION, psk: PSK } });
      assert.equal(session!.openedBy, "PSK_EXCHANGE");
    });

    for (const how of ["WO_ENCAP", "W_ENCAP", "DIGESTS"]) {
      for (const inTheClear of [false, true]) {
        test(`${name}, --mutual, ${how}${inTheClear ? ", --in-the-clear" : ""}`, async () => {
          const options = { version, identities, session: { ...SESSION, inTheClear } };
          const { requester } = await trusted([...only, "--mut_auth", how, "--basic_mut_auth", "NO"], options);
          assert.deepEqual(requester!.proofs, ["FINISH"]);
        });
      }
    }

    test(`${name}, --mutual, basic and in the session`, async () => {
      const options = { version, identities };
      const { requester } = await trusted([...only, "--mut_auth", "W_ENCAP", "--basic_mut_auth", "BASIC"], options);
      assert.deepEqual(requester!.proofs, ["CHALLENGE_AUTH", "FINISH"]);
    });
  }

  for (const [group, dhe] of Object.entries(GROUPS)) {
    for (const [cipher, aead] of Object.entries(CIPHERS)) {
      test(`--dhe ${group} --aead ${cipher}`, async () => {
        const options = ["--dhe", dhe, "--aead", aead, ...NO_MUTUAL];
        const offer = { ...SESSION, dhe: oneOrAll(DHES, group), aead: oneOrAll(AEADS, cipher) };
        const { session } = await trusted(options, { session: offer });
        assert.equal(session!.dhe, group);
        assert.equal(session!.aead, cipher);
      });
    }
  }
});
