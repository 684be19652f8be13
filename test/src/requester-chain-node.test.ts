/** Chains of certificates that were made for the purpose, and the whole of the fuzzing: what needs more than XS has. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { REQUESTER_AUTH, RESPONDER_AUTH } from "../../certs/oids.js";
import * as x509 from "../../certs/x509.js";
import { ECDSA_P256, ECDSA_P384 } from "../../src/algorithms.js";
import { verifyRequesterChain } from "../../src/requester-chain.js";
import { readCertificate } from "../../src/x509.js";
import * as issue from "../cli/issue.js";
import { digitalSignature, ecKeys, keyCertSign, NOW, type Party, type Shape } from "../cli/issue.js";
import { ascii, concat, toHex } from "../support/bytes.js";
import { certificateOf, tlv } from "../support/der.js";
import { CURVES, HASHES } from "../support/fixture.js";
import { seeded } from "../support/random.js";
import { flip, mutate, requesterPath, spdmChain, target, truncate, trusting } from "../support/requester-chain.js";

const sha256 = HASHES[0].engine;
const DAY_MS = 24 * 60 * 60 * 1000;

const der = ({ certificate }: Party): Uint8Array => new Uint8Array(certificate.rawData);

const leaf = (shape: Shape, issuer: Party): Promise<Party> =>
  issue.leaf({ name: "leaf", purposes: [REQUESTER_AUTH], ...shape }, issuer);

/** Root, intermediate and leaf, each with its fault if one is given. */
async function pathWith(fault: { root?: Shape; intermediate?: Shape; leaf?: Shape } = {}): Promise<Party[]> {
  const root = await issue.authority({ name: "root", ...fault.root });
  const intermediate = await issue.authority({ name: "intermediate", ...fault.intermediate }, root);
  return [root, intermediate, await leaf({ ...fault.leaf }, intermediate)];
}

/** Whether the path is trusted at NOW, the first being the anchor: the answer must be the same with and without it. */
function trusted(path: readonly Party[], algorithm = ECDSA_P256): boolean {
  const certificates = path.map(der);
  const [anchor] = certificates;
  const verify = (...list: Uint8Array[]): string => {
    const key = verifyRequesterChain(spdmChain(sha256, anchor, ...list), sha256, algorithm, trusting([anchor]));
    return key === undefined ? "" : toHex(key);
  };
  const key = verify(...certificates);
  assert.equal(verify(...certificates.slice(1)), key);
  return key !== "";
}

type Fault = Parameters<typeof pathWith>[0];

async function accepts(...faults: readonly Fault[]): Promise<void> {
  for (const fault of faults) assert.ok(trusted(await pathWith(fault)), JSON.stringify(fault));
}

async function refuses(...faults: readonly Fault[]): Promise<void> {
  for (const fault of faults) assert.ok(!trusted(await pathWith(fault)), JSON.stringify(fault));
}

test("the chains of this test are those of the recorded conversations", () => {
  for (const curve of CURVES) {
    const read = (name: string) =>
      toHex(
        readFileSync(
          new URL(`../vectors/keys/ec${curve.name.replace("-", "").toLowerCase()}/${name}`, import.meta.url),
        ),
      );
    const path = requesterPath(curve);
    assert.equal(toHex(concat(...path)), read("bundle_requester.certchain.der"));
    assert.equal(toHex(path[0]), read("ca.cert.der"));
  }
});

test("a sound chain", async () => {
  const path = await pathWith();
  assert.ok(trusted(path));
  assert.ok(!trusted(path, ECDSA_P384));
});

test("dates of each certificate", async () => {
  const early = new Date(NOW.getTime() - 2 * DAY_MS);
  const late = new Date(NOW.getTime() + 2 * DAY_MS);
  for (const who of ["root", "intermediate", "leaf"]) {
    await refuses({ [who]: { notBefore: early, notAfter: new Date(NOW.getTime() - 1000) } });
    await refuses({ [who]: { notBefore: new Date(NOW.getTime() + 1000), notAfter: late } });
    await refuses({ [who]: { notBefore: late, notAfter: early } });
    await accepts({ [who]: { notBefore: NOW, notAfter: NOW } });
  }
});

test("basic constraints", async () => {
  await refuses(
    { root: { ca: false } },
    { root: { constraints: false } },
    { intermediate: { ca: false } },
    { intermediate: { constraints: false } },
    { leaf: { ca: true } },
    { root: { pathLength: 0 } },
  );
  await accepts(
    { root: { pathLength: 1 }, intermediate: { pathLength: 0 } },
    { root: { pathLength: 7 } },
    { leaf: { constraints: false } },
  );
});

test("path lengths are counted down, and none is raised by those below", async () => {
  const root = await issue.authority({ name: "root", pathLength: 1 });
  const first = await issue.authority({ name: "first", pathLength: 5 }, root);
  const second = await issue.authority({ name: "second" }, first);
  assert.ok(trusted([root, first, await leaf({}, first)]));
  assert.ok(!trusted([root, first, second, await leaf({}, second)]));
  // An authority that renewed its own key does not count.
  const renewed = await issue.authority({ name: "first" }, first);
  assert.ok(trusted([root, first, renewed, await leaf({}, renewed)]));
});

test("key usage", async () => {
  await refuses(
    { root: { usage: digitalSignature } },
    { intermediate: { usage: digitalSignature } },
    { intermediate: { usage: false } },
    { leaf: { usage: keyCertSign } },
    { leaf: { usage: false } },
  );
  await accepts(
    { root: { usage: false } },
    { intermediate: { usage: digitalSignature | keyCertSign } },
    { leaf: { usage: digitalSignature | x509.KeyUsageFlags.keyAgreement } },
  );
});

test("extended key usages: an SPDM purpose limits the leaf to it, no SPDM purpose does not limit it", async () => {
  const clientAuth = x509.ExtendedKeyUsage.clientAuth;
  await refuses({ leaf: { purposes: [RESPONDER_AUTH] } }, { leaf: { purposes: [clientAuth, RESPONDER_AUTH] } });
  for (const purposes of [[REQUESTER_AUTH], [RESPONDER_AUTH, REQUESTER_AUTH], [clientAuth]])
    await accepts({ leaf: { purposes } });
  await accepts({ leaf: { purposes: false } });
});

test("critical extensions that nobody here understands, in each certificate", async () => {
  const nameConstraints = [new x509.Extension("2.5.29.30", true, Uint8Array.of(0x30, 0x00))];
  const harmless = [new x509.Extension("1.2.3.4", false, Uint8Array.of(0x05, 0x00))];
  for (const who of ["root", "intermediate", "leaf"]) {
    await refuses({ [who]: { extra: nameConstraints } });
    await accepts({ [who]: { extra: harmless } });
  }
});

test("an extension given twice", async () => {
  await refuses({ leaf: { extra: [new x509.BasicConstraintsExtension(false, undefined, true)] } });
});

test("names that do not chain", async () => {
  await refuses({ leaf: { issuerName: "CN=nobody" } }, { intermediate: { issuerName: "CN=nobody" } });
});

test("signatures by another key; an anchor is trusted whoever signed it", async () => {
  const { privateKey: signingKey } = await ecKeys();
  await refuses({ intermediate: { signingKey } }, { leaf: { signingKey } });
  await accepts({ root: { signingKey, issuerName: "CN=someone else" } });
});

test("hashes and keys", async () => {
  await refuses({ leaf: { hash: "SHA-1" } }, { intermediate: { hash: "SHA-1" } });
  await accepts({ leaf: { hash: "SHA-384" }, intermediate: { hash: "SHA-512" } });
  const p384 = await ecKeys("P-384");
  await accepts({ root: { keys: p384 } }, { intermediate: { keys: p384 } });
  await refuses({ leaf: { keys: p384 } });
  assert.ok(trusted(await pathWith({ leaf: { keys: p384 } }), ECDSA_P384));
  await refuses({ leaf: { keys: await ecKeys("P-521") } }, { intermediate: { keys: await ecKeys("P-521") } });
});

test("dates are what Date makes of them", () => {
  const random = seeded(7);
  for (let round = 0; round < 2000; round++) {
    const date = new Date(Date.UTC(random(10000), 0, 1 + random(366), random(24), random(60), random(60)));
    date.setUTCFullYear(random(10000)); // years below 100 are 19xx to Date.UTC
    const digits = date.toISOString().replace(/[-:T]|\.000/g, "");
    const time = tlv(0x18, ascii(digits));
    const { notBefore } = readCertificate(certificateOf({ validity: toHex(tlv(0x30, time, time)) }));
    assert.equal(notBefore, date.getTime() / 1000, digits);
  }
});

test("every truncated chain, every chain with a bit flipped, and 50,000 broken at random are refused", () => {
  for (const curve of CURVES) {
    const chain = target(curve);
    truncate(chain, 1);
    flip(chain, 1);
    mutate(chain, 25_000, curve.algorithm);
  }
});
