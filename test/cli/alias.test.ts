/** Aliases that a host's responder issues, in the eyes of others, and before our requester. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHmac, type X509Certificate } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { p256, p384 } from "@noble/curves/nist.js";
import type { DeviceIdentity } from "../../certs/identity-writer.js";
import { DEVICE_INFO, RESPONDER_AUTH, SPDM_EXTENSION, SUBJECT_ALT_NAME, TCB_INFO } from "../../certs/oids.js";
import * as x509 from "../../certs/x509.js";
import { aliasOf, withAliases } from "../../cli/alias.js";
import { type CertificatesOptions, makeCertificates } from "../../cli/certs.js";
import { otherName, splitChain } from "../../cli/chain.js";
import { HostLog } from "../../cli/host-log.js";
import { hostResponder } from "../../cli/host-responder.js";
import { loadIdentity } from "../../cli/identity.js";
import { renderReport, toJson } from "../../cli/report.js";
import { ALIAS_CERT_CAP } from "../../src/capabilities.js";
import { ALIAS_CERT } from "../../src/key-pairs.js";
import { readTcbInfo, writeTcbInfo } from "../../src/tcb-info.js";
import { VERSIONS } from "../../src/versions.js";
import { readCertificate } from "../../src/x509.js";
import { toHex } from "../support/bytes.js";
import {
  attestDevice,
  credentialOf,
  device,
  firmware,
  folder,
  leafIn,
  P256,
  P384,
  realDigest,
} from "./alias-device.js";
import { KEYS } from "./answering.js";

describe("an alias certificate", () => {
  for (const [name, algorithm, curve] of [
    ["P-256", P256, p256],
    ["P-384", P384, p384],
  ] as const) {
    test(`of ${name} is what other implementations take for one`, async () => {
      const credential = credentialOf(algorithm);
      const alias = aliasOf(credential, firmware(1));
      const [, intermediate, deviceCert, leaf] = splitChain(alias.chain);
      assert.ok(leaf.verify(deviceCert.publicKey));
      assert.ok(leaf.checkIssued(deviceCert));
      assert.ok(deviceCert.verify(intermediate.publicKey));
      assert.equal(leaf.ca, false);
      assert.equal(leaf.validTo, deviceCert.validTo);
      const jwk = leaf.publicKey.export({ format: "jwk" });
      const point = Buffer.concat([Buffer.from(jwk.x!, "base64url"), Buffer.from(jwk.y!, "base64url")]);
      assert.equal(toHex(curve.getPublicKey(alias.key, false).subarray(1)), toHex(point));

      const fields = new x509.X509Certificate(
        leaf.raw.buffer.slice(leaf.raw.byteOffset, leaf.raw.byteOffset + leaf.raw.length),
      );
      assert.ok(
        await fields.verify({
          publicKey: new x509.X509Certificate(Uint8Array.from(deviceCert.raw)).publicKey,
          signatureOnly: true,
        }),
      );
      const extension = (type: string) => fields.extensions.find((each) => each.type === type);
      assert.deepEqual([...fields.getExtension(x509.ExtendedKeyUsageExtension)!.usages], [RESPONDER_AUTH]);
      assert.equal(fields.getExtension(x509.KeyUsagesExtension)!.usages, x509.KeyUsageFlags.digitalSignature);
      assert.equal(extension(SPDM_EXTENSION), undefined);
      assert.match(otherName(extension(SUBJECT_ALT_NAME)!, DEVICE_INFO)!, /^MODDABLE:SPDM-DEVELOPMENT:/);
      const tcb = readTcbInfo(new Uint8Array(extension(TCB_INFO)!.value));
      assert.equal(toHex(writeTcbInfo(tcb)), toHex(writeTcbInfo(firmware(1))));
      // Ours too, of course.
      assert.deepEqual(readCertificate(new Uint8Array(leaf.raw)).permissions.responderAuth, true);
    });
  }

  test("passes openssl verify", (t) => {
    const [root, intermediate, deviceCert, leaf] = splitChain(aliasOf(credentialOf(P384), firmware(1)).chain);
    const file = (name: string, ...certificates: X509Certificate[]) => {
      writeFileSync(join(folder, name), certificates.join("\n"));
      return join(folder, name);
    };
    const chain = ["-CAfile", file("root.pem", root), "-untrusted", file("between.pem", intermediate, deviceCert)];
    try {
      execFileSync("openssl", ["version"]);
    } catch {
      return t.skip("no openssl");
    }
    execFileSync("openssl", ["verify", "-x509_strict", ...chain, file("leaf.pem", leaf)]);
  });

  test("comes again from the same firmware on the same device, and from no other", () => {
    const credential = credentialOf(P384);
    const first = aliasOf(credential, firmware(1));
    assert.deepEqual(aliasOf(credential, firmware(1)), first);
    const others = [
      aliasOf(credential, firmware(2)),
      aliasOf(credential, { ...firmware(1), version: Buffer.from("1.1") }),
      aliasOf(credential, { ...firmware(1), flags: 8 }),
      aliasOf(credentialOf(P384, 1), firmware(1)),
    ];
    const all = [first, ...others];
    assert.equal(new Set(all.map(({ key }) => toHex(key))).size, all.length);
    assert.equal(new Set(all.map((each) => leafIn(each).serialNumber)).size, all.length);
    assert.equal(new Set(all.map((each) => leafIn(each).subject)).size, all.length);
  });

  test("has the key that its documentation says", () => {
    const hmac = (key: string | Buffer, ...data: (string | Uint8Array)[]) => {
      const running = createHmac("sha384", key);
      for (const each of data) running.update(each);
      return running.digest();
    };
    for (const [algorithm, length] of [
      [P256, 32],
      [P384, 48],
    ]) {
      const credential = credentialOf(algorithm);
      const secret = hmac(hmac("moddable-spdm UDS", credential.key), writeTcbInfo(firmware(1)));
      const key = hmac(secret, "moddable-spdm alias", Uint8Array.of(length, 0)).subarray(0, length);
      assert.equal(toHex(aliasOf(credential, firmware(1)).key), toHex(key));
    }
  });
});

describe("attest trusts aliases", () => {
  for (const version of VERSIONS) {
    for (const [name, baseAsym] of [
      ["P-256", P256],
      ["P-384", P384],
    ] as const) {
      test(`1.${version & 15}, ${name}`, async () => {
        const result = await attestDevice(device, { version, baseAsym });
        assert.deepEqual(result.reasons, []);
        assert.equal(result.verdict, "trusted");
        assert.equal((result.capabilities! & ALIAS_CERT_CAP) !== 0, version >= 0x12);
        assert.equal(result.chain!.certificates.length, 4);
        assert.equal(result.tcb!.length, 1);
        assert.deepEqual(result.tcb![0].fwids, [
          { hash: "SHA-384", digest: toHex(realDigest(device)), measurement: 1, status: "reported" },
        ]);
        assert.match(renderReport(result, false), /\n {2}✔ FWID {2}SHA-384 {2}\w{24}… {2}is measurement 1\n/);
        assert.equal(JSON.parse(toJson(result)).tcb[0].layer, 1);
      });
    }
  }

  test("with key pairs, and of a folder's identity", async () => {
    const served = loadIdentity(folder);
    assert.ok(served.credentials.every(({ model }) => model === ALIAS_CERT));
    for (const slot of [0, 1]) {
      const result = await attestDevice(served, { slot, multiKey: true });
      assert.deepEqual(result.reasons, []);
      assert.equal(result.tcb!.length, 1);
    }
  });

  test("with references", async () => {
    const { measurements } = await attestDevice(device);
    const reference = {
      measurementHash: "SHA-384",
      measurements: Object.fromEntries(measurements.map(({ index, value }) => [index, value])),
    };
    assert.deepEqual((await attestDevice(device, { reference })).reasons, []);
  });

  test("that stay as they are when something is measured later", async () => {
    const log = new HostLog(device);
    const before = withAliases(device, log.measurements);
    log.measureAgain({ notify() {} } as never);
    assert.deepEqual(withAliases(device, log.measurements), before);
  });
});

test("what does not go together", async () => {
  const [own] = loadIdentity(KEYS).credentials;
  const mixed = { ...device, credentials: [...device.credentials, { ...own, slot: 5 }] };
  const make = (served: DeviceIdentity, keys = {}) => hostResponder(served, { onFault() {}, keys });
  assert.throws(() => make(mixed), /both device certificates and those that aliases are issued by/);
  assert.throws(() => make({ ...device, pqcCredentials: [own] }), /both device certificates/);
  assert.throws(() => make(device, { changes: "trusted" }), /takes no certificates/);
  assert.throws(() => aliasOf({ ...own, algorithm: 0x100 }, firmware(1)), /on P-256 or P-384/);
  const options: CertificatesOptions = { out: folder, alias: true, kinds: [], force: true };
  await assert.rejects(makeCertificates(options), /P-256 and P-384/);
  assert.ok(existsSync(join(folder, "flash.bin")));
  assert.equal(readFileSync(join(folder, "flash.bin")).subarray(0, 7).toString(), "SPDM-ID");
});
