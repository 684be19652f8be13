/** Aliases that a host's responder issues, in the eyes of others, and before our requester. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHmac, type X509Certificate } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { p256, p384 } from "@noble/curves/nist.js";
import type { Credential, DeviceIdentity } from "../../certs/identity-writer.js";
import { DEVICE_INFO, RESPONDER_AUTH, SPDM_EXTENSION, SUBJECT_ALT_NAME, TCB_INFO } from "../../certs/oids.js";
import * as x509 from "../../certs/x509.js";
import { aliasOf, withAliases } from "../../cli/alias.js";
import { type CertificatesOptions, makeCertificates } from "../../cli/certs.js";
import { otherName, splitChain } from "../../cli/chain.js";
import { HostLog } from "../../cli/host-log.js";
import { hostResponder } from "../../cli/host-responder.js";
import { loadIdentity } from "../../cli/identity.js";
import type { Link } from "../../cli/link.js";
import { renderReport, toJson } from "../../cli/report.js";
import { type AttestOptions, attest } from "../../cli/requester/attest.js";
import { ASYMS } from "../../cli/requester/names.js";
import { compareTcb } from "../../cli/requester/tcb.js";
import { readAnchors } from "../../cli/target.js";
import { verifyChain } from "../../cli/trust.js";
import { sha384 } from "../../hal/portable/crypto.js";
import { ALIAS_CERT_CAP } from "../../src/capabilities.js";
import { ALIAS_CERT, GENERIC_CERT } from "../../src/key-pairs.js";
import { readTcbInfo, type TcbInfo, writeTcbInfo } from "../../src/tcb-info.js";
import { VERSIONS } from "../../src/versions.js";
import { readCertificate } from "../../src/x509.js";
import { concat, toHex } from "../support/bytes.js";
import { tlv } from "../support/der.js";
import { KEYS, OPTIONS } from "./answering.js";

const P256 = ASYMS["P-256"];
const P384 = ASYMS["P-384"];

let folder: string;
let device: DeviceIdentity;
let anchors: readonly Uint8Array[];

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "spdm-alias-"));
  await makeCertificates({ out: folder, alias: true });
  device = loadIdentity(join(folder, "identity.bin"));
  anchors = readAnchors(["ecp256", "ecp384"].map((name) => join(folder, name, "ca.cert.der")));
});
after(() => rmSync(folder, { recursive: true }));

const credentialOf = (algorithm: number, slot = 0) =>
  device.credentials.find((each) => each.algorithm === algorithm && each.slot === slot)!;
const firmware = (value: number): TcbInfo => ({
  version: Buffer.from("1.0"),
  fwids: [{ hash: 2, digest: new Uint8Array(48).fill(value) }],
});
const leafIn = ({ chain }: Credential): X509Certificate => splitChain(chain).at(-1)!;
const realDigest = (owner: DeviceIdentity): Uint8Array => {
  const digest = new Uint8Array(48);
  new HostLog(owner).measurements.list[0].digest(sha384, digest);
  return digest;
};

/** Attests a responder that serves `served`, whatever it is. */
async function attestDevice(served: DeviceIdentity, options: Partial<AttestOptions> = {}) {
  const responder = hostResponder(served, { onFault: (error) => assert.fail(String(error)) });
  const buffer = new Uint8Array(0x1300);
  const link: Link = {
    roundTripMs: 1,
    timeScale: 1,
    disturbanceCount: 0,
    exchange: async (_, message) => buffer.slice(0, responder.respond(message.slice(), buffer)),
    close: async () => {},
  };
  return attest(link, { ...OPTIONS, anchors, ...options });
}

/** A device that serves these chains as they are, and not aliases of its own. */
const liar = (...credentials: readonly Credential[]): DeviceIdentity => ({
  ...device,
  psks: [],
  credentials: credentials.map((each) => ({ ...each, model: GENERIC_CERT })),
});

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

describe("attest distrusts", () => {
  const reasonsOf = async (...credentials: Credential[]) => {
    const result = await attestDevice(liar(...credentials));
    assert.equal(result.verdict, "untrusted");
    return { reasons: result.reasons, report: renderReport(result, false) };
  };

  test("the alias of other firmware than is measured", async () => {
    const alias = aliasOf(credentialOf(P384), firmware(1));
    const { reasons, report } = await reasonsOf(alias);
    assert.equal(reasons.length, 1);
    assert.match(
      reasons[0],
      /^TcbInfo of CN=moddable-spdm device P-384 slot 0, .*: FWID 1, SHA-384 0101010101010101…, is none of the measurements that the device reports$/,
    );
    assert.match(report, /✖ FWID {2}SHA-384 {2}(01){12}… {2}no measurement is that\n/);
  });

  test("one wrong FWID beside a right one, and one in another hash", async () => {
    const right = { hash: 2, digest: realDigest(device) };
    const sound = await attestDevice(liar(aliasOf(credentialOf(P384), { fwids: [right] })));
    assert.equal(sound.verdict, "trusted");
    const wrong = right.digest.slice();
    wrong[47] ^= 1;
    for (const fwid of [
      { hash: 2, digest: wrong },
      { hash: 9, digest: right.digest },
      { hash: 1, digest: right.digest.slice(0, 32) },
    ]) {
      const { reasons } = await reasonsOf(aliasOf(credentialOf(P384), { fwids: [right, fwid] }));
      assert.equal(reasons.length, 1);
      assert.match(reasons[0], /: FWID 2, .* is none of the measurements/);
    }
  });

  test("firmware that measures itself as another, and what it is where nobody looks", () => {
    const fwid = { hash: 2, digest: new Uint8Array(48).fill(7) };
    const certified = [{ subject: "CN=alias", info: { fwids: [fwid] } }];
    const chosen = { measurementHash: 4 } as never;
    const compare = (valueType: number, status: "matches" | "no reference", judged: boolean) => {
      const reasons: string[] = [];
      const blocks = [
        { index: 1, valueType: 1, value: new Uint8Array(48).fill(8) },
        { index: 9, valueType, value: fwid.digest },
      ];
      const results = blocks.map(({ index }) => ({ index, type: "", raw: false, value: "", status }) as const);
      const [{ fwids }] = compareTcb(certified, { blocks, results, judged }, chosen, reasons);
      return [fwids[0].status, reasons];
    };
    assert.deepEqual(compare(1, "matches", true), ["reported", []]);
    assert.deepEqual(compare(1, "no reference", false), ["reported", []]);
    assert.deepEqual(compare(1, "no reference", true), [
      "no reference",
      ["TcbInfo of CN=alias: FWID 1, SHA-384 0707070707070707…, is measurement 9, which has no reference value"],
    ]);
    for (const type of [4, 6, 9]) assert.equal(compare(type, "matches", true)[0], "not reported");
    const unmeasured = compareTcb(certified, undefined, chosen, []);
    assert.equal(unmeasured[0].fwids[0].status, "not compared");
  });

  /** The alias with its TBSCertificate changed and signed anew. */
  const reissued = (info: TcbInfo, change: (value: Uint8Array) => Uint8Array): Credential => {
    const credential = credentialOf(P384);
    const alias = aliasOf(credential, info);
    const leaf = new Uint8Array(leafIn(alias).raw);
    const chain = concat(credential.chain, resigned(leaf, change, credential.key));
    return { ...alias, chain };
  };

  test("a TcbInfo that is cut short", async () => {
    const { reasons } = await reasonsOf(
      reissued(firmware(1), (extensions) => {
        const at = Buffer.from(extensions).indexOf(Buffer.from([0xa6, 0x3f, 0x30, 0x3d]));
        const cut = extensions.slice();
        cut[at + 1] -= 1;
        return cut;
      }),
    );
    assert.equal(reasons.length, 1);
    assert.match(reasons[0], /^certificate 4 of 4 .*: cannot be read: /);
  });

  test("two TcbInfos", async () => {
    const own = aliasOf(credentialOf(P384), firmware(1));
    const { extensions } = new x509.X509Certificate(Uint8Array.from(leafIn(own).raw));
    const tcb = new Uint8Array(extensions.find(({ type }) => type === TCB_INFO)!.rawData);
    const { reasons } = await reasonsOf(reissued(firmware(1), (list) => concat(list, tcb)));
    assert.deepEqual(reasons, [
      "certificate chain: certificate 4 cannot be read: extension 2.23.133.5.4.1 appears twice",
    ]);
  });

  test("an alias that names the hardware, and one whose device certificate does not", async () => {
    const { extensions } = new x509.X509Certificate(Uint8Array.from(leafIn(credentialOf(P384)).raw));
    const hardware = new Uint8Array(extensions.find(({ type }) => type === SPDM_EXTENSION)!.rawData);
    const { reasons } = await reasonsOf(reissued(firmware(1), (list) => concat(list, hardware)));
    assert.match(reasons[0], /^certificate 4 of 4 .*: is an alias, and names the hardware as only a device/);

    // An intermediate that issues it in place of the device's certificate.
    const own = loadIdentity(KEYS).credentials.find(({ algorithm }) => algorithm === P384)!;
    const alias = aliasOf({ ...own, chain: splitChain(own.chain).at(-1)!.raw }, firmware(1));
    const [root] = splitChain(own.chain);
    const trust = verifyChain({
      certificates: alias.chain,
      rootHash: sha384(new Uint8Array(root.raw)),
      hash: sha384,
      anchors: [new Uint8Array(root.raw)],
      at: new Date(),
    });
    assert.ok(trust.reasons.some((reason) => reason.includes("not a certification authority")));
  });

  test("a chain that the device calls an alias, and that is none", () => {
    const own = loadIdentity(KEYS).credentials.find(({ algorithm, slot }) => algorithm === P384 && slot === 0)!;
    const [root] = splitChain(own.chain).map(({ raw }) => new Uint8Array(raw));
    const given = { certificates: own.chain, rootHash: sha384(root), hash: sha384, anchors: [root], at: new Date() };
    assert.deepEqual(verifyChain(given).reasons, []);
    assert.deepEqual(
      verifyChain({ ...given, alias: true }).reasons.map((reason) => reason.replace(/^.*\): /, "")),
      [
        "is an alias, and names the hardware as only a device certificate may",
        "is an alias, and no device certificate before it names the hardware",
      ],
    );
  });

  test("an alias that another key has signed", async () => {
    const { chain, key } = credentialOf(P384);
    const stranger = aliasOf({ ...credentialOf(P384, 1), slot: 0, chain }, firmware(1));
    const { reasons } = await reasonsOf(stranger);
    assert.equal(reasons.length, 1);
    assert.match(reasons[0], /^certificate 4 of 4 .*: signature does not fit the key of CN=moddable-spdm device/);
    assert.notEqual(toHex(key), toHex(stranger.key));
  });

  test("the device's own certificate for a leaf, and an alias that issues another", async () => {
    const { reasons } = await reasonsOf(credentialOf(P384));
    assert.ok(reasons.some((reason) => reason.endsWith("is a certification authority, not a leaf (basicConstraints)")));
    const alias = aliasOf(credentialOf(P384), firmware(1));
    const second = await reasonsOf(aliasOf(alias, firmware(1)));
    assert.ok(second.reasons.some((reason) => /^certificate 4 of 5 .*not a certification authority/.test(reason)));
    assert.ok(second.reasons.some((reason) => reason.includes("allows 0 authorities below it, not 1")));
  });
});

test("what does not go together", async () => {
  const [own] = loadIdentity(KEYS).credentials;
  const mixed = { ...device, credentials: [...device.credentials, { ...own, slot: 5 }] };
  const make = (served: DeviceIdentity, keys = {}) => hostResponder(served, { onFault() {}, keys });
  assert.throws(() => make(mixed), /both device certificates and those that aliases are issued by/);
  assert.throws(() => make({ ...device, pqcCredentials: [own] }), /both device certificates/);
  const certificates = { policy: { trustedEnvironment: true, slotsInSessions: 0, provenRequesters: false }, save() {} };
  assert.throws(() => make(device, { certificates }), /takes no certificates/);
  assert.throws(() => aliasOf({ ...own, algorithm: 0x100 }, firmware(1)), /on P-256 or P-384/);
  const options: CertificatesOptions = { out: folder, alias: true, kinds: [], force: true };
  await assert.rejects(makeCertificates(options), /P-256 and P-384/);
  assert.ok(existsSync(join(folder, "flash.bin")));
  assert.equal(readFileSync(join(folder, "flash.bin")).subarray(0, 7).toString(), "SPDM-ID");
});

/** `certificate` with what `change` makes of its extensions, signed by P-384's `key`. */
function resigned(certificate: Uint8Array, change: (list: Uint8Array) => Uint8Array, key: Uint8Array): Uint8Array {
  const parts = (element: Uint8Array): Uint8Array[] => {
    const list: Uint8Array[] = [];
    for (let at = bodyOf(element); at < element.length; at += list.at(-1)!.length) {
      const rest = element.subarray(at);
      list.push(rest.subarray(0, bodyOf(rest) + lengthOf(rest)));
    }
    return list;
  };
  const [tbs, algorithm] = parts(certificate);
  const fields = parts(tbs);
  const extensions = fields.at(-1)!;
  const [list] = parts(extensions);
  const changed = tlv(0xa3, tlv(0x30, change(list.subarray(bodyOf(list)))));
  const info = tlv(0x30, ...fields.slice(0, -1), changed);
  const signature = p384.sign(sha384(info), key, { prehash: false, lowS: false, format: "der" });
  return tlv(0x30, info, algorithm, tlv(0x03, Uint8Array.of(0), signature));
}

const bodyOf = (element: Uint8Array): number => (element[1] < 0x80 ? 2 : element[1] - 0x80 + 2);
const lengthOf = (element: Uint8Array): number =>
  element[1] < 0x80 ? element[1] : element.subarray(2, bodyOf(element)).reduce((sum, byte) => sum * 256 + byte, 0);
