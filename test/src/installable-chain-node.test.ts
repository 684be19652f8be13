/** Which chains may be installed, by the model and the version, with certificates that were made for the purpose. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { REQUESTER_AUTH, RESPONDER_AUTH } from "../../certs/oids.js";
import { sha256 } from "../../hal/portable/crypto.js";
import { installableLeaf, readGivenChain } from "../../src/installable-chain.js";
import { ALIAS_CERT, DEVICE_CERT, GENERIC_CERT } from "../../src/key-pairs.js";
import { V1_2, V1_3, V1_4, type Version } from "../../src/versions.js";
import { authority, cRLSign, digitalSignature, keyCertSign, leaf, NOW, type Party, type Shape } from "../cli/issue.js";
import { ENGINES } from "../support/certificate-slots.js";
import { spdmChain } from "../support/requester-chain.js";

const der = ({ certificate }: Party): Uint8Array => new Uint8Array(certificate.rawData);
const engines = { ...ENGINES, calendar: () => NOW.getTime() / 1000 };

function fits(path: readonly Party[], model: number, version: Version): boolean {
  const certificates = path.map(der);
  const chain = spdmChain(sha256, certificates[0], ...certificates);
  return installableLeaf(readGivenChain(chain, sha256, version), sha256, model, version, engines) !== undefined;
}

async function pathTo(last: Shape, upper: Shape = {}): Promise<Party[]> {
  const root = await authority({ name: "root" });
  const issuer = await authority({ name: "issuer", ...upper }, root);
  return [root, issuer, await leaf({ name: "device", ...last }, issuer)];
}

/** Asserts for which of the three models in 1.2, 1.3 and 1.4 the last certificate does. */
async function models(last: Shape, in12: readonly number[], from13: readonly number[] = in12): Promise<void> {
  const path = await pathTo(last);
  for (const version of [V1_2, V1_3, V1_4]) {
    const found = [DEVICE_CERT, ALIAS_CERT, GENERIC_CERT].filter((model) => fits(path, model, version));
    assert.deepEqual(found, version === V1_2 ? in12 : from13, JSON.stringify(last));
  }
}

const LEAF = [DEVICE_CERT, GENERIC_CERT];

test("models", async () => {
  await models({}, LEAF);
  await models({ purposes: false }, LEAF);
  await models({ purposes: [RESPONDER_AUTH, REQUESTER_AUTH] }, LEAF);
  await models({ purposes: [REQUESTER_AUTH] }, []);
  await models({ usage: false }, [GENERIC_CERT]);
  await models({ usage: cRLSign }, []);
  await models({ constraints: false }, LEAF, []);
  await models({ ca: true, usage: keyCertSign, purposes: false }, [ALIAS_CERT]);
  await models({ ca: true, usage: keyCertSign | digitalSignature, purposes: false }, [ALIAS_CERT]);
});

test("paths", async () => {
  const day = 24 * 60 * 60 * 1000;
  for (const [last, upper] of [
    [{ notAfter: new Date(NOW.getTime() - day / 2) }, {}],
    [{ notBefore: new Date(NOW.getTime() + day / 2) }, {}],
    [{ issuerName: "CN=another" }, {}],
    [{}, { ca: false }],
    [{}, { usage: cRLSign }],
    [{ ca: true, usage: keyCertSign }, { pathLength: 0 }],
  ] satisfies [Shape, Shape][]) {
    const path = await pathTo(last, upper);
    const model = "ca" in last ? ALIAS_CERT : DEVICE_CERT;
    // A last certificate is no intermediate one, so that an issuer's pathLength does not count it (RFC 5280 §4.2.1.9).
    assert.equal(fits(path, model, V1_3), "ca" in last, JSON.stringify([last, upper]));
  }
  const [root, issuer, device] = await pathTo({});
  const [other] = await pathTo({});
  assert.ok(!fits([other, issuer, device], DEVICE_CERT, V1_3));
  assert.ok(!fits([issuer, device], DEVICE_CERT, V1_3)); // the first signed by another
  assert.ok(!fits([root, device], DEVICE_CERT, V1_3));
  assert.ok(!fits([root, issuer, issuer, device], DEVICE_CERT, V1_3));
  const alone = await authority({ name: "alone", ca: false, usage: digitalSignature });
  assert.ok(fits([alone], DEVICE_CERT, V1_3));
  const many = Array.from({ length: 9 }, () => root);
  assert.ok(!fits([root, ...many, issuer, device], DEVICE_CERT, V1_3));
});
