import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createHash, createPrivateKey, sign, verify, X509Certificate } from "node:crypto";
import { chmodSync, cpSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { sha256, sha384 } from "@noble/hashes/sha2.js";
import { DEFAULT_POLICY, type SessionPolicy } from "../../certs/identity-image.js";
import { type RequesterChain, writeIdentityImage } from "../../certs/identity-writer.js";
import { type MadeCertificates, makeCertificates } from "../../cli/certs.js";
import { splitChain } from "../../cli/chain.js";
import { loadIdentity } from "../../cli/identity.js";
import { verifyChain } from "../../cli/trust.js";
import type { HintedKey } from "../../hal/portable/psk.js";

const VECTOR_KEYS = fileURLToPath(new URL("../vectors/keys", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "spdm-certs-"));
const out = join(folder, "made");
let made: MadeCertificates;

before(async () => {
  made = await makeCertificates({ out });
});
after(() => rmSync(folder, { recursive: true }));

/** Whether a raw scalar is the key to a P-256 or P-384 leaf. */
function fits(leaf: X509Certificate, scalar: Uint8Array): boolean {
  const { kty, crv, x, y } = leaf.publicKey.export({ format: "jwk" }) as Record<string, string>;
  const d = Buffer.from(scalar).toString("base64url");
  const key = createPrivateKey({ key: { kty, crv, x, y, d }, format: "jwk" });
  return verify("sha384", Buffer.from("x"), leaf.publicKey, sign("sha384", Buffer.from("x"), key));
}

test("image and folder hold the same device: two slots under each algorithm, keys that fit, chains that are trusted", () => {
  const image = loadIdentity(join(out, "identity.bin"));
  const fromFolder = loadIdentity(out);
  assert.deepEqual(
    image.credentials.map(({ slot, algorithm }) => [slot, algorithm]),
    [
      [0, 0x10],
      [1, 0x10],
      [0, 0x80],
      [1, 0x80],
    ],
  );
  assert.deepEqual(
    fromFolder.credentials.map((c) => [c.slot, c.algorithm, hex(c.chain), hex(c.key)]),
    image.credentials.map((c) => [c.slot, c.algorithm, hex(c.chain), hex(c.key)]),
  );
  assert.equal(hex(image.uuid), made.uuid.replaceAll("-", ""));
  assert.deepEqual(fromFolder.psks.map(hexPsk), image.psks.map(hexPsk));
  assert.deepEqual(fromFolder.requesterAnchors.map(hex), image.requesterAnchors.map(hex));
  assert.deepEqual(fromFolder.requesterChains.map(hexChain), image.requesterChains.map(hexChain));
  for (const { policy } of [image, fromFolder]) assert.deepEqual(policy, DEFAULT_POLICY);
  const anchors = ["ecp256", "ecp384"].map((name) => new Uint8Array(readFileSync(join(out, name, "ca.cert.der"))));
  for (const { algorithm, chain, key } of image.credentials) {
    const certificates = splitChain(chain);
    assert.equal(certificates.length, 3);
    assert.ok(fits(certificates[2], key));
    const rootHash = createHash("sha384").update(certificates[0].raw).digest();
    const trust = verifyChain({ certificates: chain, rootHash, hash: sha384, anchors, at: new Date() });
    assert.deepEqual(trust.reasons, []);
    assert.equal(trust.deviceInfo, made.deviceInfo);
    assert.equal(trust.responderAuth, true);
    assert.equal(trust.leafCurve, algorithm === 0x10 ? "P-256" : "P-384");
  }
  assert.equal(new Set(image.credentials.map(({ key }) => hex(key))).size, 4);
});

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

const hexChain = ({ algorithm, chain }: RequesterChain) => ({ algorithm, chain: hex(chain) });

const hexPsk = ({ hint, key }: HintedKey) => ({ hint: hex(hint), key: hex(key) });

test("one pre-shared key of 32 bytes", () => {
  const [psk, ...others] = loadIdentity(out).psks;
  assert.deepEqual(others, []);
  assert.equal(Buffer.from(psk.hint).toString(), "moddable-spdm development");
  assert.equal(psk.key.length, 32);
  assert.equal(JSON.parse(readFileSync(join(out, "psk.json"), "utf8"))[0].note, "for development only");
});

test("a requester's chain and key under the same roots; the board knows the chain and is to trust the roots", () => {
  const { requesterAnchors, requesterChains } = loadIdentity(join(out, "identity.bin"));
  for (const [i, name] of ["ecp256", "ecp384"].entries()) {
    const at = (file: string) => readFileSync(join(out, name, file));
    const chain = at("bundle_requester.certchain.der");
    assert.deepEqual(hexChain(requesterChains[i]), { algorithm: [0x10, 0x80][i], chain: hex(chain) });
    const [root, intermediate, leaf] = splitChain(chain);
    assert.equal(hex(requesterAnchors[i]), hex(root.raw));
    assert.equal(hex(root.raw), hex(at("ca.cert.der")));
    assert.ok(leaf.verify(intermediate.publicKey) && intermediate.verify(root.publicKey));
    assert.equal(hex(leaf.raw), hex(at("end_requester.cert.der")));
    assert.deepEqual(leaf.keyUsage, ["1.3.6.1.4.1.412.274.4"]);
    assert.match(leaf.subject, /^CN=moddable-spdm requester P-(256|384)$/);
    assert.ok(leaf.raw.includes(Buffer.from("MODDABLE:SPDM-DEVELOPMENT-REQUESTER:")));
    const key = createPrivateKey({ key: at("end_requester.key.p8"), format: "der", type: "pkcs8" });
    assert.ok(leaf.checkPrivateKey(key));
  }
});

test("what is asked for replaces the policy that is provisioned, field by field", () => {
  const policy = (name: string, asked?: Partial<SessionPolicy>) => loadIdentity(join(folder, name), asked).policy;
  assert.deepEqual(policy("made/identity.bin", { requested: 4 }), { ...DEFAULT_POLICY, requested: 4 });
  assert.deepEqual(policy("made/identity.bin", { macOnly: true }), { ...DEFAULT_POLICY, macOnly: true });
  const provisioned = {
    requested: 2,
    basic: true,
    inTheClear: false,
    macOnly: true,
    pskWithoutContext: true,
    certificates: true,
  };
  const image = writeIdentityImage({ ...loadIdentity(out), policy: provisioned }, sha256);
  writeFileSync(join(folder, "policy.bin"), image);
  assert.deepEqual(policy("policy.bin"), provisioned);
  for (const asked of [{ requested: 0 }, { basic: false }, { inTheClear: true }, { macOnly: false, basic: false }])
    assert.deepEqual(policy("policy.bin", asked), { ...provisioned, ...asked });
});

test("the flash is the image on erased ground, exactly 4 MiB", () => {
  const image = readFileSync(join(out, "identity.bin"));
  const flash = readFileSync(join(out, "flash.bin"));
  assert.equal(flash.length, 4 * 1024 * 1024);
  assert.ok(flash.subarray(0, image.length).equals(image));
  assert.ok(flash.subarray(image.length).every((byte) => byte === 0xff));
});

test("what is private only its owner reads; no key of an authority is left", () => {
  for (const file of made.files) {
    const secret = /\.(bin|p8|json)$/.test(file);
    assert.equal(statSync(join(out, file)).mode & 0o777, secret ? 0o600 : 0o644, file);
  }
  assert.deepEqual(
    made.files.filter((file) => file.endsWith(".p8")),
    ["ecp256", "ecp384"].flatMap((name) =>
      ["responder", "responder1", "requester"].map((leaf) => `${name}/end_${leaf}.key.p8`),
    ),
  );
});

test("the leaves' profile is that of the recorded conversations", () => {
  for (const [name, file, purpose] of ["ecp256", "ecp384"].flatMap((name) => [
    [name, "end_responder.cert.der", "03"],
    [name, "end_requester.cert.der", "04"],
  ])) {
    const [ours, theirs] = [out, VECTOR_KEYS].map((root) => readFileSync(join(root, name, file)));
    for (const part of [
      "300c0603551d130101ff04023000", // basicConstraints, critical, not an authority
      "300e0603551d0f0101ff040403020780", // keyUsage, critical, digitalSignature
      `0603551d25040e300c060a2b06010401831c8212${purpose}`, // extendedKeyUsage: responder or requester authentication
      "301e060a2b06010401831c8212060410300e300c060a2b06010401831c821202", // SPDM extension: hardware identity
    ])
      for (const certificate of [ours, theirs]) assert.ok(certificate.includes(Buffer.from(part, "hex")), part);
    const otherName = Buffer.concat([
      Buffer.from("060a2b06010401831c821201a0240c22", "hex"),
      Buffer.from(made.deviceInfo),
    ]);
    assert.equal(made.deviceInfo.length, 0x22);
    assert.equal(ours.includes(otherName), file === "end_responder.cert.der");
  }
});

test("openssl agrees", { skip: spawnSync("openssl", ["version"]).status !== 0 && "no openssl here" }, () => {
  for (const name of ["ecp256", "ecp384"]) {
    const at = (file: string) => join(out, name, file);
    const pem = (file: string) => {
      const path = join(folder, `${name}-${file}.pem`);
      writeFileSync(path, new X509Certificate(readFileSync(at(file))).toString());
      return path;
    };
    for (const leaf of ["end_responder.cert.der", "end_responder1.cert.der", "end_requester.cert.der"]) {
      const chain = ["-CAfile", at("ca.cert"), "-untrusted", pem("inter.cert.der")];
      const said = execFileSync("openssl", ["verify", "-x509_strict", ...chain, pem(leaf)], { encoding: "utf8" });
      assert.match(said, /: OK\n$/);
    }
    const shown = ["x509", "-inform", "DER", "-in", at("end_responder.cert.der"), "-noout", "-text"];
    const text = execFileSync("openssl", shown, { encoding: "utf8" });
    assert.match(text, /Signature Algorithm: ecdsa-with-SHA(256|384)/);
    assert.match(text, /Basic Constraints: critical\s+CA:FALSE/);
    assert.match(text, /Key Usage: critical\s+Digital Signature\n/);
  }
});

test("validity as given, beyond 2049 too", async () => {
  const validity = { notBefore: new Date("2020-01-01T00:00:00Z"), notAfter: new Date("2099-12-31T23:59:59Z") };
  const later = join(folder, "later");
  await makeCertificates({ out: later, validity });
  for (const certificate of splitChain(loadIdentity(later).credentials[0].chain)) {
    assert.equal(new Date(certificate.validFrom).getTime(), validity.notBefore.getTime());
    assert.equal(new Date(certificate.validTo).getTime(), validity.notAfter.getTime());
  }
});

test("nothing is overwritten unless forced, and then wholly, with modes mended", async () => {
  const copy = join(folder, "copy");
  cpSync(out, copy, { recursive: true });
  rmSync(join(copy, "ecp256"), { recursive: true });
  const old = readFileSync(join(copy, "identity.bin"));
  await assert.rejects(makeCertificates({ out: copy }), /ca\.cert exists: use --force/);
  assert.ok(readFileSync(join(copy, "identity.bin")).equals(old));
  assert.throws(() => statSync(join(copy, "ecp256")), /ENOENT/);
  chmodSync(join(copy, "identity.bin"), 0o644);
  const again = await makeCertificates({ out: copy, force: true });
  assert.notEqual(again.uuid, made.uuid);
  assert.notEqual(hex(loadIdentity(copy).psks[0].key), hex(loadIdentity(out).psks[0].key));
  assert.equal(statSync(join(copy, "identity.bin")).mode & 0o777, 0o600);
  assert.equal(
    hex(loadIdentity(copy).credentials[0].key),
    hex(loadIdentity(join(copy, "identity.bin")).credentials[0].key),
  );
});

test("DMTF's folders: three slots each, slot 1 with slot 0's key", () => {
  const { credentials, uuid, psks, requesterAnchors, requesterChains } = loadIdentity(VECTOR_KEYS);
  assert.deepEqual(
    credentials.map(({ slot, algorithm }) => [slot, algorithm]),
    [0x10, 0x80].flatMap((algorithm) => [0, 1, 4].map((slot) => [slot, algorithm])),
  );
  for (const { chain, key, slot, algorithm } of credentials) {
    assert.ok(fits(splitChain(chain)[2], key));
    const sec1 = join(
      VECTOR_KEYS,
      algorithm === 0x10 ? "ecp256" : "ecp384",
      `end_responder${slot === 4 ? 4 : ""}.key.der`,
    );
    const { d } = createPrivateKey({ key: readFileSync(sec1), format: "der", type: "sec1" }).export({ format: "jwk" });
    assert.equal(Buffer.from(key).toString("base64url"), d);
  }
  assert.deepEqual([uuid.length, uuid[6] >> 4, uuid[8] >> 6], [16, 8, 2]);
  assert.deepEqual(loadIdentity(VECTOR_KEYS).uuid, uuid);
  const recorded = JSON.parse(readFileSync(join(VECTOR_KEYS, "../v1.2-p384-psk.json"), "utf8")).psk;
  assert.deepEqual(psks.map(hexPsk)[0], { hint: recorded.hint, key: recorded.value });
  const roots = ["ecp256", "ecp384"].map((name) => readFileSync(join(VECTOR_KEYS, name, "ca.cert.der")));
  assert.deepEqual(requesterAnchors.map(hex), roots.map(hex));
  const known = ["ecp256", "ecp384"].map((name, i) => ({
    algorithm: [0x10, 0x80][i],
    chain: hex(readFileSync(join(VECTOR_KEYS, name, "bundle_requester.certchain.der"))),
  }));
  assert.deepEqual(requesterChains.map(hexChain), known);
  const one = loadIdentity(join(VECTOR_KEYS, "ecp384"));
  assert.deepEqual(
    one.credentials.map(({ slot, algorithm }) => [slot, algorithm]),
    [0, 1, 4].map((slot) => [slot, 0x80]),
  );
  assert.deepEqual(one.requesterChains.map(hexChain), [known[1]]);
});

test("pre-shared keys that are none are named", () => {
  const keys = join(folder, "psks", "ecp384");
  cpSync(join(VECTOR_KEYS, "ecp384"), keys, { recursive: true });
  assert.deepEqual(loadIdentity(keys).psks, []);
  const read = (text: string) => () => {
    writeFileSync(join(keys, "psk.json"), text);
    return loadIdentity(keys).psks.map(hexPsk);
  };
  assert.deepEqual(read('[{ "hint": "AB", "key": "00" }]')(), [{ hint: "ab", key: "00" }]);
  for (const text of ["", "{}", '"ab"']) assert.throws(read(text), /psk\.json: no JSON list/, text);
  for (const hint of ["", "a", "xy", "00".repeat(65), 12, null, undefined])
    for (const psk of [{ hint, key: "00" }, { hint: "00", key: hint }, hint])
      assert.throws(read(JSON.stringify([psk])), /psk\.json: hints and keys are 1 to 64 bytes/, `${hint}`);
});

test("PEM keys do too; a key that fits no leaf, an empty folder and a broken image are named", () => {
  const keys = join(folder, "keys", "ecp384");
  cpSync(join(VECTOR_KEYS, "ecp384"), keys, { recursive: true });
  rmSync(join(keys, "end_responder.key.p8"));
  rmSync(join(keys, "bundle_requester.certchain.der"));
  assert.equal(loadIdentity(keys).credentials.length, 3);
  assert.deepEqual(loadIdentity(keys).requesterChains, []);
  renameSync(join(keys, "end_requester.key"), join(keys, "end_responder.key"));
  assert.throws(() => loadIdentity(keys), /ecp384: no end_responder key fits the leaf of slot 0/);
  assert.throws(() => loadIdentity(folder), /no ecp256 or ecp384 folder/);
  const broken = readFileSync(join(out, "identity.bin"));
  broken[broken.length - 33] ^= 1; // the last before the digest
  writeFileSync(join(folder, "broken.bin"), broken);
  assert.throws(() => loadIdentity(join(folder, "broken.bin")), /digest does not fit/);
  writeFileSync(join(folder, "rubbish.bin"), Buffer.alloc(100));
  assert.throws(() => loadIdentity(join(folder, "rubbish.bin")), /rubbish\.bin: no identity image/);
  const old = readFileSync(join(out, "identity.bin"));
  old[12] = 1;
  writeFileSync(join(folder, "old.bin"), old);
  assert.throws(() => loadIdentity(join(folder, "old.bin")), /old\.bin: identity image of format 1, not 2/);
});
