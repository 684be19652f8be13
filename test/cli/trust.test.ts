import assert from "node:assert/strict";
import { createHash, webcrypto, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { sha256, sha384 } from "@noble/hashes/sha2.js";
import { REQUESTER_AUTH, RESPONDER_AUTH } from "../../certs/oids.js";
import * as x509 from "../../certs/x509.js";
import { type ChainTrust, verifyChain } from "../../cli/trust.js";
import { authority, digitalSignature, ecKeys, keyCertSign, leaf, NOW, type Party, type Shape } from "./issue.js";

const DAY_MS = 24 * 60 * 60 * 1000;
const KEYS = new URL("../vectors/keys/", import.meta.url);

function der({ certificate }: Party): Uint8Array {
  return new Uint8Array(certificate.rawData);
}

function hash256(data: Uint8Array): Uint8Array {
  return createHash("sha256").update(data).digest();
}

/** Verifies at NOW; by default the first of the path is the anchor, and so the root that was hashed. */
function verify(path: readonly Party[], { anchor = path[0], at = NOW, withRoot = true } = {}): ChainTrust {
  const certificates = Buffer.concat((withRoot ? path : path.slice(1)).map(der));
  return verifyChain({ certificates, rootHash: hash256(der(anchor)), hash: sha256, anchors: [der(anchor)], at });
}

/** Root, intermediate and leaf, each with its fault if one is given. */
async function pathWith(fault: { root?: Shape; intermediate?: Shape; leaf?: Shape } = {}): Promise<Party[]> {
  const root = await authority({ name: "root", ...fault.root });
  const intermediate = await authority({ name: "intermediate", ...fault.intermediate }, root);
  return [root, intermediate, await leaf({ name: "leaf", ...fault.leaf }, intermediate)];
}

async function assertReasons(path: readonly Party[], ...reasons: RegExp[]): Promise<void> {
  const result = verify(path);
  assert.equal(result.trusted, false);
  assert.equal(result.reasons.length, reasons.length, result.reasons.join("\n"));
  for (const [i, reason] of reasons.entries()) assert.match(result.reasons[i], reason);
}

test("a sound chain, with and without its root", async () => {
  const path = await pathWith();
  for (const withRoot of [true, false]) {
    const result = verify(path, { withRoot });
    assert.deepEqual(result.reasons, []);
    assert.equal(result.trusted, true);
    assert.equal(result.certificates.length, withRoot ? 3 : 2);
    assert.equal(result.certificates.at(-1)!.subject, "CN=leaf");
    assert.equal(result.certificates.at(-1)!.issuer, "CN=intermediate");
    assert.equal(result.certificates.at(-1)!.notBefore, "2026-05-31T00:00:00Z");
    assert.equal(result.deviceInfo, "ACME:WIDGET:1");
    assert.equal(result.leafCurve, "P-256");
    assert.equal(result.responderAuth, true);
    const raw = new Uint8Array(await webcrypto.subtle.exportKey("raw", path[2].keys.publicKey));
    assert.deepEqual(result.leafPublicKey, raw.subarray(1));
  }
});

test("recorded chains: each slot leads to its own root", () => {
  for (const [folder, curve] of [
    ["ecp256", "P-256"],
    ["ecp384", "P-384"],
  ]) {
    for (const [chain, ca] of [
      ["", "ca"],
      ["1", "ca1"],
      ["4", "ca"],
    ]) {
      const root = new Uint8Array(readFileSync(new URL(`${folder}/${ca}.cert.der`, KEYS)));
      const result = verifyChain({
        certificates: new Uint8Array(readFileSync(new URL(`${folder}/bundle_responder.certchain${chain}.der`, KEYS))),
        rootHash: createHash("sha384").update(root).digest(),
        hash: sha384,
        anchors: [root],
        at: NOW,
      });
      assert.deepEqual(result.reasons, []);
      assert.equal(result.leafCurve, curve);
      assert.equal(result.deviceInfo, "MODDABLE:SPDM-TEST-RESPONDER:0000000001");
    }
  }
});

test("a recorded requester's chain is not a responder's", () => {
  const root = new Uint8Array(readFileSync(new URL("ecp384/ca.cert.der", KEYS)));
  const { reasons } = verifyChain({
    certificates: new Uint8Array(readFileSync(new URL("ecp384/bundle_requester.certchain.der", KEYS))),
    rootHash: createHash("sha384").update(root).digest(),
    hash: sha384,
    anchors: [root],
    at: NOW,
  });
  assert.deepEqual(reasons, [
    "certificate 3 of 3 (CN=moddable-spdm test requester P-384): is for SPDM requesters only " +
      "(extendedKeyUsage without responder authentication)",
  ]);
});

test("another root, and a root hash that is not the root's", async () => {
  const path = await pathWith();
  const stranger = await authority({ name: "stranger" });
  // Same name, other key: the name alone must not do.
  const impostor = await authority({ name: "root" });
  for (const anchor of [stranger, impostor]) {
    const { trusted, reasons } = verify(path, { anchor });
    assert.equal(trusted, false);
    assert.match(reasons[0], /^certificate 1 of 3 \(CN=root\): no trust anchor, nor issued by one$/);
    assert.match(reasons[1], /^certificate chain: its root hash is not that of certificate 1 of 3 \(CN=root\)$/);
    assert.equal(verify(path, { anchor, withRoot: false }).trusted, false);
  }
  const certificates = Buffer.concat(path.map(der));
  const anchors = [der(path[0])];
  for (const rootHash of [hash256(der(path[1])), new Uint8Array(0), hash256(der(path[0])).subarray(1)]) {
    const { reasons } = verifyChain({ certificates, rootHash, hash: sha256, anchors, at: NOW });
    assert.equal(reasons.length, 1);
    assert.match(reasons[0], /^certificate chain: its root hash/);
  }
  const none = verifyChain({ certificates, rootHash: hash256(der(path[0])), hash: sha256, anchors: [], at: NOW });
  assert.equal(none.trusted, false);
});

test("one of several anchors is enough; an intermediate may be one", async () => {
  const path = await pathWith();
  const stranger = await authority({ name: "stranger" });
  const certificates = Buffer.concat(path.map(der));
  const anchors = [der(stranger), der(path[0])];
  assert.ok(verifyChain({ certificates, rootHash: hash256(der(path[0])), hash: sha256, anchors, at: NOW }).trusted);
  assert.ok(verify(path.slice(1)).trusted);
});

test("dates", async () => {
  const early = new Date(NOW.getTime() - 2 * DAY_MS);
  const late = new Date(NOW.getTime() + 2 * DAY_MS);
  for (const [number, who] of ["root", "intermediate", "leaf"].entries()) {
    const label = `^certificate ${number + 1} of 3 \\(CN=${who}\\): `;
    const expired = await pathWith({ [who]: { notBefore: early, notAfter: new Date(NOW.getTime() - 1000) } });
    await assertReasons(expired, new RegExp(`${label}expired 2026-05-31T23:59:59Z$`));
    const future = await pathWith({ [who]: { notBefore: new Date(NOW.getTime() + 1000), notAfter: late } });
    await assertReasons(future, new RegExp(`${label}not valid before 2026-06-01T00:00:01Z$`));
  }
  const path = await pathWith();
  assert.equal(verify(path, { at: new Date(Number.NaN) }).trusted, false);
  // Both ends belong to the validity (RFC 5280 §4.1.2.5).
  assert.equal(verify(path, { at: new Date(NOW.getTime() - DAY_MS) }).trusted, true);
  assert.equal(verify(path, { at: new Date(NOW.getTime() + DAY_MS) }).trusted, true);
});

test("basic constraints", async () => {
  await assertReasons(await pathWith({ root: { ca: false } }), /^certificate 1 of 3 .* not a certification authority/);
  await assertReasons(
    await pathWith({ intermediate: { ca: false } }),
    /^certificate 2 of 3 .* not a certification auth/,
  );
  await assertReasons(await pathWith({ intermediate: { constraints: false } }), /^certificate 2 of 3 .* not a cert/);
  await assertReasons(await pathWith({ leaf: { ca: true } }), /^certificate 3 of 3 .* authority, not a leaf/);
  await assertReasons(await pathWith({ root: { pathLength: 0 } }), /^certificate 1 of 3 .* allows 0 .* not 1/);
  assert.ok(verify(await pathWith({ root: { pathLength: 1 }, intermediate: { pathLength: 0 } })).trusted);
  assert.ok(verify(await pathWith({ leaf: { constraints: false } })).trusted);
});

test("a self-issued authority does not count for the path length", async () => {
  const root = await authority({ name: "root", pathLength: 0 });
  const renewed = await authority({ name: "root" }, root);
  const path = [root, renewed, await leaf({ name: "leaf" }, renewed)];
  assert.deepEqual(verify(path).reasons, []);
});

test("key usage", async () => {
  await assertReasons(await pathWith({ root: { usage: digitalSignature } }), /^certificate 1 of 3 .*keyCertSign/);
  await assertReasons(
    await pathWith({ intermediate: { usage: digitalSignature } }),
    /^certificate 2 of 3 .*keyCertSign/,
  );
  await assertReasons(await pathWith({ intermediate: { usage: false } }), /^certificate 2 of 3 .*keyCertSign/);
  await assertReasons(await pathWith({ leaf: { usage: keyCertSign } }), /^certificate 3 of 3 .*digitalSignature/);
  await assertReasons(await pathWith({ leaf: { usage: false } }), /^certificate 3 of 3 .*digitalSignature/);
  // DMTF's sample roots have none.
  assert.ok(verify(await pathWith({ root: { usage: false } })).trusted);
});

test("SPDM purposes", async () => {
  const tls = "1.3.6.1.5.5.7.3.1";
  await assertReasons(
    await pathWith({ leaf: { purposes: [REQUESTER_AUTH] } }),
    /^certificate 3 of 3 .* requesters only/,
  );
  assert.ok(verify(await pathWith({ leaf: { purposes: [REQUESTER_AUTH, RESPONDER_AUTH] } })).trusted);
  for (const purposes of [[tls], false] as const) {
    const result = verify(await pathWith({ leaf: { purposes: purposes === false ? false : [...purposes] } }));
    assert.deepEqual([result.trusted, result.responderAuth], [true, false]);
  }
});

test("device information", async () => {
  const absent = verify(await pathWith({ leaf: { deviceInfo: false } }));
  assert.deepEqual([absent.trusted, absent.deviceInfo], [true, undefined]);
  const truncated = Uint8Array.of(0x30, 0x05, 0x01).buffer;
  await assertReasons(
    await pathWith({ leaf: { deviceInfo: truncated } }),
    /^certificate chain: certificate 3 cannot be read: /,
  );
  // otherName device-info holding an INTEGER.
  const integer = new Uint8Array(Buffer.from("3013a011060a2b06010401831c821201a003020105", "hex")).buffer;
  await assertReasons(
    await pathWith({ leaf: { deviceInfo: integer } }),
    /^certificate 3 of 3 .*: cannot be read: otherName .* is no UTF8String$/,
  );
});

test("critical extensions that nobody here understands", async () => {
  const nameConstraints = new x509.Extension("2.5.29.30", true, Uint8Array.of(0x30, 0x00));
  const extra = [nameConstraints];
  await assertReasons(await pathWith({ root: { extra } }), /^certificate 1 of 3 .* critical extension 2\.5\.29\.30$/);
  await assertReasons(await pathWith({ intermediate: { extra } }), /^certificate 2 of 3 .* critical extension/);
  await assertReasons(await pathWith({ leaf: { extra } }), /^certificate 3 of 3 .* critical extension 2\.5\.29\.30$/);
  const harmless = [new x509.Extension("1.2.3.4", false, Uint8Array.of(0x05, 0x00))];
  assert.ok(verify(await pathWith({ leaf: { extra: harmless } })).trusted);
});

test("an extension given twice", async () => {
  const extra = [new x509.BasicConstraintsExtension(true, undefined, true)];
  await assertReasons(
    await pathWith({ leaf: { extra } }),
    /^certificate chain: certificate 3 cannot be read: .*2\.5\.29\.19 appears twice/,
  );
});

test("names and key identifiers that do not chain", async () => {
  await assertReasons(
    await pathWith({ leaf: { issuerName: "CN=nobody" } }),
    /^certificate 3 of 3 \(CN=leaf\): issuer is CN=nobody, not CN=intermediate$/,
  );
  await assertReasons(
    await pathWith({ intermediate: { authorityKeyId: "0102" } }),
    /^certificate 2 of 3 \(CN=intermediate\): authority key identifier is not that of CN=root$/,
  );
});

test("signatures by another key", async () => {
  const { privateKey: signingKey } = await ecKeys();
  await assertReasons(await pathWith({ root: { signingKey } }), /^certificate 1 of 3 .* signature does not fit/);
  await assertReasons(await pathWith({ intermediate: { signingKey } }), /^certificate 2 of 3 .* the key of CN=root$/);
  await assertReasons(await pathWith({ leaf: { signingKey } }), /^certificate 3 of 3 .* the key of CN=intermediate$/);
});

test("weak algorithms and keys", async () => {
  await assertReasons(await pathWith({ leaf: { hash: "SHA-1" } }), /^certificate 3 of 3 .* algorithm is not accepted$/);
  const withRsa = async (modulusLength: number) => {
    const exponent = { publicExponent: Uint8Array.of(1, 0, 1), hash: "SHA-256" };
    const params = { name: "RSASSA-PKCS1-v1_5", modulusLength, ...exponent };
    const keys = (await webcrypto.subtle.generateKey(params, true, ["sign", "verify"])) as webcrypto.CryptoKeyPair;
    return pathWith({ leaf: { keys, signingKey: undefined! } });
  };
  await assertReasons(
    await withRsa(1024),
    /^certificate 3 of 3 .* RSA key of 1024 bits is too short$/,
    /^certificate 3 of 3 .* none that SPDM could use$/,
  );
  await assertReasons(await withRsa(2304), /^certificate 3 of 3 .* none that SPDM could use$/);
});

test("names cannot steer the terminal", async () => {
  const path = await pathWith({ leaf: { name: "evil\u001b[2J\u202e", ca: true } });
  const { reasons, certificates } = verify(path);
  assert.match(reasons[0], /^certificate 3 of 3 \(CN=evil\ufffd\[2J\ufffd\): /);
  assert.equal(certificates[2].subject, "CN=evil\ufffd[2J\ufffd");
});

test("limits: no certificate, too many, too long, rubbish behind them", async () => {
  const [root, intermediate, last] = await pathWith();
  const verifyBytes = (certificates: Uint8Array) =>
    verifyChain({ certificates, rootHash: hash256(der(root)), hash: sha256, anchors: [der(root)], at: NOW });
  assert.deepEqual(verifyBytes(new Uint8Array(0)).reasons, ["certificate chain: empty"]);
  const many = Buffer.concat([...Array(10).fill(der(root)), der(intermediate)]);
  assert.deepEqual(verifyBytes(many).reasons, ["certificate chain: more than 10 certificates"]);
  assert.deepEqual(verifyBytes(new Uint8Array(0x10000)).reasons, ["certificate chain: longer than 65535 bytes"]);
  const sound = Buffer.concat([root, intermediate, last].map(der));
  assert.ok(verifyBytes(sound).trusted);
  const trailing = verifyBytes(Buffer.concat([sound, Uint8Array.of(0x30)]));
  assert.deepEqual(trailing.reasons, ["certificate chain: certificate 4 is no DER certificate"]);
});

test("PEM, which Node finds anywhere, is not taken for DER", async () => {
  const path = await pathWith();
  const pem = Buffer.from(new X509Certificate(der(path[2])).toString());
  const certificates = Buffer.concat([der(path[0]), der(path[1]), pem]);
  const result = verifyChain({
    certificates,
    rootHash: hash256(der(path[0])),
    hash: sha256,
    anchors: [der(path[0])],
    at: NOW,
  });
  assert.deepEqual(result.reasons, ["certificate chain: certificate 3 is no DER certificate"]);
});

test("order matters", async () => {
  const [root, intermediate, last] = await pathWith();
  for (const path of [[root, last], [root, last, intermediate], [root, intermediate, intermediate, last], [root]])
    assert.equal(verify(path, { anchor: root }).trusted, false);
});

test("a chain with a bit flipped anywhere is untrusted, and nothing throws", async () => {
  const path = await pathWith();
  const sound = new Uint8Array(Buffer.concat(path.map(der)));
  const anchors = [der(path[0])];
  const rootHash = hash256(der(path[0]));
  for (let offset = 0; offset < sound.length; offset++) {
    const certificates = sound.slice();
    certificates[offset] ^= 1 << ((offset * 5) % 8);
    const { trusted, reasons } = verifyChain({ certificates, rootHash, hash: sha256, anchors, at: NOW });
    assert.equal(trusted, false, `byte ${offset}`);
    assert.notEqual(reasons.length, 0);
  }
});

test("truncated chains are untrusted", async () => {
  const path = await pathWith();
  const sound = new Uint8Array(Buffer.concat(path.map(der)));
  for (let length = 0; length < sound.length; length += 7) {
    const certificates = sound.subarray(0, length);
    const rootHash = hash256(der(path[0]));
    assert.equal(
      verifyChain({ certificates, rootHash, hash: sha256, anchors: [der(path[0])], at: NOW }).trusted,
      false,
    );
  }
});
