/** Aliases that are none, or of other firmware, before our requester. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { p384 } from "@noble/curves/nist.js";
import type { Credential } from "../../certs/identity-writer.js";
import { SPDM_EXTENSION, TCB_INFO } from "../../certs/oids.js";
import * as x509 from "../../certs/x509.js";
import { aliasOf } from "../../cli/alias.js";
import { splitChain } from "../../cli/chain.js";
import { loadIdentity } from "../../cli/identity.js";
import { renderReport } from "../../cli/report.js";
import { compareTcb } from "../../cli/requester/tcb.js";
import { verifyChain } from "../../cli/trust.js";
import { sha384 } from "../../hal/portable/crypto.js";
import type { TcbInfo } from "../../src/tcb-info.js";
import { concat, toHex } from "../support/bytes.js";
import { tlv } from "../support/der.js";
import { attestDevice, credentialOf, device, firmware, leafIn, liar, P384, realDigest } from "./alias-device.js";
import { KEYS } from "./answering.js";

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
