/** Attestation under the algorithms that only hosts have, against our own responder. */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { HOST_KINDS } from "../../certs/hierarchy.js";
import { identityOf, loadIdentity, loadPsks, loadRequester } from "../../cli/identity.js";
import { type AttestOptions, attest } from "../../cli/requester/attest.js";
import { ASYMS, DHES, HASHES, versionName } from "../../cli/requester/names.js";
import { readAnchors } from "../../cli/target.js";
import { V1_0, V1_1, V1_2, V1_4, type Version } from "../../src/versions.js";
import { KEYS, OPTIONS, SESSION, TestLink } from "./answering.js";
import { makeHostKeys } from "./host-keys.js";

const folder = mkdtempSync(join(tmpdir(), "spdm-host-keys-"));
let anchors: Uint8Array[];
const [, PSK] = loadPsks(join(KEYS, "psk.json"));
const isEdwards = (asym: string) => asym.startsWith("ED");
const HOST_ASYMS = Object.keys(ASYMS).filter((name) =>
  HOST_KINDS.some(({ algorithms }) => algorithms.includes(ASYMS[name])),
);

before(async () => {
  anchors = readAnchors(await makeHostKeys(folder));
});
after(() => rmSync(folder, { recursive: true }));

const attestHost = (options: Partial<AttestOptions>, keys = folder) =>
  attest(new TestLink(undefined, { keys }), { ...OPTIONS, anchors, ...options });

async function trusted(options: Partial<AttestOptions>, keys = folder) {
  const result = await attestHost(options, keys);
  assert.deepEqual(result.reasons, []);
  assert.equal(result.verdict, "trusted");
  assert.ok(result.challenged && result.measurementsSigned);
  return result;
}

describe("attest trusts", () => {
  for (const asym of HOST_ASYMS) {
    for (const version of isEdwards(asym) ? [V1_2, V1_4] : [V1_0, V1_1, V1_2, V1_4]) {
      test(`SPDM ${versionName(version)}, ${asym}`, async () => {
        const { algorithms } = await trusted({ version, baseAsym: ASYMS[asym] });
        assert.equal(algorithms!.baseAsym, asym);
      });
    }
  }

  for (const hash of Object.keys(HASHES)) {
    for (const version of [V1_0, V1_2]) {
      for (const asym of ["RSASSA-2048", "RSAPSS-2048", "P-521"]) {
        test(`SPDM ${versionName(version)}, ${asym}, ${hash}`, async () => {
          const { algorithms } = await trusted({ version, baseAsym: ASYMS[asym], baseHash: HASHES[hash] });
          assert.equal(algorithms!.baseHash, hash);
        });
      }
    }
  }

  test("slot 1", async () => {
    for (const asym of ["ED25519", "RSAPSS-3072"]) await trusted({ slot: 1, baseAsym: ASYMS[asym] });
  });
});

describe("a session", () => {
  for (const asym of HOST_ASYMS) {
    test(asym, async () => {
      await trusted({ version: V1_2, baseAsym: ASYMS[asym], session: SESSION });
    });
  }

  for (const dhe of Object.keys(DHES).filter((name) => name.startsWith("FFDHE"))) {
    for (const version of [V1_1, V1_2, V1_4]) {
      test(`SPDM ${versionName(version)}, ${dhe}`, async () => {
        const { session } = await trusted({
          version,
          baseAsym: ASYMS["RSAPSS-2048"],
          session: { ...SESSION, dhe: DHES[dhe], updateKeys: true },
        });
        assert.equal(session!.dhe, dhe);
      });
    }
  }

  for (const hash of Object.keys(HASHES)) {
    test(`${hash}, by KEY_EXCHANGE and by PSK_EXCHANGE`, async () => {
      const offer = { version: V1_2, baseAsym: ASYMS.ED25519, baseHash: HASHES[hash] };
      await trusted({ ...offer, session: { ...SESSION, dhe: DHES["FFDHE-2048"], updateKeys: true } });
      const keys = mkdtempSync(join(tmpdir(), "spdm-host-psk-"));
      cpSync(folder, keys, { recursive: true });
      cpSync(join(KEYS, "psk.json"), join(keys, "psk.json"));
      const { session } = await trusted({ ...offer, session: { ...SESSION, psk: PSK, updateKeys: true } }, keys);
      assert.equal(session!.openedBy, "PSK_EXCHANGE");
      rmSync(keys, { recursive: true });
    });
  }
});

test("EdDSA is not offered before SPDM 1.2, which had not got it", async () => {
  for (const version of [V1_0, V1_1]) {
    const offer = (baseAsym: number) => attestHost({ version, baseAsym });
    await assert.rejects(offer(ASYMS.ED25519), { message: `SPDM ${versionName(version)} has no ED25519` });
    const { algorithms } = await offer(ASYMS.ED448 | ASYMS["RSASSA-2048"]);
    assert.equal(algorithms!.baseAsym, "RSASSA-2048");
  }
});

test("the responder offers all that its folder has keys for, by its own preference", async () => {
  const all = Object.values(ASYMS).reduce((bits, bit) => bits | bit, 0);
  const chosen = async (offered: number, version: Version, keys: string) =>
    (await attestHost({ version, baseAsym: offered }, keys)).algorithms!.baseAsym;
  assert.equal(await chosen(all, V1_2, KEYS), "P-384");
  assert.equal(await chosen(all, V1_2, folder), "P-521");
  assert.equal(await chosen(all & ~ASYMS["P-521"], V1_2, folder), "ED25519");
  assert.equal(await chosen(all & ~ASYMS["P-521"], V1_1, folder), "RSAPSS-4096");
});

test("a leaf of another kind than was negotiated is found out", async () => {
  const mixed = mkdtempSync(join(tmpdir(), "spdm-mixed-"));
  cpSync(join(folder, "rsa2048"), join(mixed, "rsa3072"), { recursive: true });
  const { verdict, reasons } = await attestHost({ baseAsym: ASYMS["RSASSA-3072"] }, mixed).catch((error) => ({
    verdict: "impossible",
    reasons: [error.message],
  }));
  assert.notEqual(verdict, "trusted");
  assert.deepEqual(reasons, ["leaf certificate: has no RSASSA-3072 key"]);
  rmSync(mixed, { recursive: true });
});

test("signatures under one of RSA's algorithms are none under the other; one bit more is none at all", async () => {
  for (const asym of HOST_ASYMS) {
    const alter = (response: Uint8Array, request: Uint8Array) => {
      if (request[1] === 0x83) response[response.length - 1] ^= 0x80;
      return response;
    };
    const result = await attest(new TestLink(alter, { keys: folder }), { ...OPTIONS, anchors, baseAsym: ASYMS[asym] });
    assert.deepEqual(result.reasons, ["CHALLENGE_AUTH: signature is wrong"]);
  }
  const liar = new TestLink(
    (response, request) => {
      // NEGOTIATE_ALGORITHMS asked for RSAPSS-2048 only; the responder is made to believe it was RSASSA-2048.
      if (request[1] === 0xe3) response[12] = ASYMS["RSASSA-2048"];
      return response;
    },
    { keys: folder },
  );
  const baseAsym = ASYMS["RSAPSS-2048"] | ASYMS["RSASSA-2048"];
  const result = await attest(liar, { ...OPTIONS, anchors, baseAsym });
  assert.deepEqual(result.reasons, ["CHALLENGE_AUTH: signature is wrong"]);
});

test("boards read P-256 and P-384 out of a folder, requesters all", () => {
  assert.throws(() => loadIdentity(folder), /no ecp256 or ecp384 folder/);
  const credentials = loadRequester(folder);
  for (const asym of HOST_ASYMS) {
    assert.equal(identityOf(credentials, ASYMS[asym]).slotMask, 1);
    assert.equal(identityOf(credentials, ASYMS[asym]).takesContent, isEdwards(asym));
  }
});
