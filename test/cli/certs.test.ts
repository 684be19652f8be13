import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createHash, createPrivateKey, sign, verify, X509Certificate } from "node:crypto";
import { chmodSync, cpSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { sha384 } from "@noble/hashes/sha2.js";
import { loadIdentity, type MadeCertificates, makeCertificates } from "../../cli/certs.js";
import { splitChain } from "../../cli/chain.js";
import { verifyChain } from "../../cli/trust.js";

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

test("the flash is the image on erased ground, exactly 4 MiB", () => {
  const image = readFileSync(join(out, "identity.bin"));
  const flash = readFileSync(join(out, "flash.bin"));
  assert.equal(flash.length, 4 * 1024 * 1024);
  assert.ok(flash.subarray(0, image.length).equals(image));
  assert.ok(flash.subarray(image.length).every((byte) => byte === 0xff));
});

test("what is private only its owner reads; no key of an authority is left", () => {
  for (const file of made.files) {
    const secret = /\.(bin|p8)$/.test(file);
    assert.equal(statSync(join(out, file)).mode & 0o777, secret ? 0o600 : 0o644, file);
  }
  assert.deepEqual(
    made.files.filter((file) => file.endsWith(".p8")),
    ["ecp256", "ecp384"].flatMap((name) => [`${name}/end_responder.key.p8`, `${name}/end_responder1.key.p8`]),
  );
});

test("the leaf's profile is that of the recorded conversations", () => {
  for (const name of ["ecp256", "ecp384"]) {
    const [ours, theirs] = [out, VECTOR_KEYS].map((root) => readFileSync(join(root, name, "end_responder.cert.der")));
    for (const part of [
      "300c0603551d130101ff04023000", // basicConstraints, critical, not an authority
      "300e0603551d0f0101ff040403020780", // keyUsage, critical, digitalSignature
      "0603551d25040e300c060a2b06010401831c821203", // extendedKeyUsage: responder authentication
      "301e060a2b06010401831c8212060410300e300c060a2b06010401831c821202", // SPDM extension: hardware identity
    ])
      for (const certificate of [ours, theirs]) assert.ok(certificate.includes(Buffer.from(part, "hex")), part);
    const otherName = Buffer.concat([
      Buffer.from("060a2b06010401831c821201a0240c22", "hex"),
      Buffer.from(made.deviceInfo),
    ]);
    assert.equal(made.deviceInfo.length, 0x22);
    assert.ok(ours.includes(otherName));
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
    for (const leaf of ["end_responder.cert.der", "end_responder1.cert.der"]) {
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
  assert.equal(statSync(join(copy, "identity.bin")).mode & 0o777, 0o600);
  assert.equal(
    hex(loadIdentity(copy).credentials[0].key),
    hex(loadIdentity(join(copy, "identity.bin")).credentials[0].key),
  );
});

test("DMTF's folders: three slots each, slot 1 with slot 0's key", () => {
  const { credentials, uuid } = loadIdentity(VECTOR_KEYS);
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
  const one = loadIdentity(join(VECTOR_KEYS, "ecp384")).credentials;
  assert.deepEqual(
    one.map(({ slot, algorithm }) => [slot, algorithm]),
    [0, 1, 4].map((slot) => [slot, 0x80]),
  );
});

test("PEM keys do too; a key that fits no leaf, an empty folder and a broken image are named", () => {
  const keys = join(folder, "keys", "ecp384");
  cpSync(join(VECTOR_KEYS, "ecp384"), keys, { recursive: true });
  rmSync(join(keys, "end_responder.key.p8"));
  assert.equal(loadIdentity(keys).credentials.length, 3);
  renameSync(join(keys, "end_requester.key"), join(keys, "end_responder.key"));
  assert.throws(() => loadIdentity(keys), /ecp384: no end_responder key fits the leaf of slot 0/);
  assert.throws(() => loadIdentity(folder), /no ecp256 or ecp384 folder/);
  const broken = readFileSync(join(out, "identity.bin"));
  broken[200] ^= 1;
  writeFileSync(join(folder, "broken.bin"), broken);
  assert.throws(() => loadIdentity(join(folder, "broken.bin")), /digest does not fit/);
  writeFileSync(join(folder, "rubbish.bin"), Buffer.alloc(100));
  assert.throws(() => loadIdentity(join(folder, "rubbish.bin")), /no identity image/);
});
