/** Certification requests as others read them: OpenSSL, and @peculiar/x509. Needs more than XS has. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fromBER } from "asn1js";
import { DEVICE_INFO } from "../../certs/oids.js";
import * as x509 from "../../certs/x509.js";
import { otherName } from "../../cli/chain.js";
import { V1_3 } from "../../src/versions.js";
import { changeableBoard, getCsr } from "../support/certificate-slots.js";
import { CURVES, chainOf, negotiated } from "../support/fixture.js";
import { split } from "../support/requester-chain.js";

const openssl = (input: Uint8Array, ...args: string[]) =>
  spawnSync("openssl", ["req", "-inform", "DER", ...args], { input, encoding: "utf8" });
const skip = openssl(new Uint8Array(0), "-help").error === undefined ? false : "there is no openssl";

for (const curve of CURVES) {
  const request = (): Uint8Array =>
    negotiated(V1_3, { baseAsym: curve.algorithm }, changeableBoard()).answer(getCsr(V1_3)).slice(8);

  test(`${curve.name}: openssl req -verify`, { skip }, () => {
    const { stdout, stderr, status } = openssl(request(), "-verify", "-noout", "-text");
    assert.equal(status, 0, stderr);
    assert.match(stderr, /self-signature verify OK/);
    assert.match(stdout, /CA:FALSE/);
    assert.match(stdout, /Digital Signature/);
    assert.match(stdout, /1\.3\.6\.1\.4\.1\.412\.274\.1/);
  });

  test(`${curve.name}: subject and device information are the leaf's`, async () => {
    const csr = new x509.Pkcs10CertificateRequest(request());
    assert.ok(await csr.verify());
    const leaf = new x509.X509Certificate(split(chainOf(curve, 0)).at(-1)!.slice());
    assert.equal(csr.subject, leaf.subject);
    const [wanted, given] = [leaf, csr].map(({ extensions }) =>
      otherName(extensions.find(({ type }) => type === "2.5.29.17")!, DEVICE_INFO),
    );
    assert.equal(given, wanted);
    assert.ok(fromBER(csr.rawData).offset === csr.rawData.byteLength);
  });
}
