/** `spdm slots`: banks and slots by SLOT_MANAGEMENT, told and changed well, and by liars. */
import assert from "node:assert/strict";
import { createPublicKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import * as x509 from "../../certs/x509.js";
import type { HostKeyOptions } from "../../cli/host-keys.js";
import { plain } from "../../cli/paint.js";
import { attest } from "../../cli/requester/attest.js";
import { manageSlots, type SlotChange, type SlotsOptions } from "../../cli/requester/slots.js";
import { Impossible, Untrusted } from "../../cli/requester/verdict.js";
import { changeOf } from "../../cli/slots-command.js";
import { renderSlots, slotsJson } from "../../cli/slots-report.js";
import { V1_3, V1_4 } from "../../src/versions.js";
import { concat } from "../support/bytes.js";
import { type Alter, KEYS, OPTIONS, SESSION, TestLink } from "./answering.js";

const chainOf = (folder: string): Uint8Array => readFileSync(join(KEYS, folder, "bundle_responder.certchain.der"));
const device = (changes: HostKeyOptions["changes"] = "none", alter?: Alter, saved: number[] = []) =>
  new TestLink(alter, {
    slotManagement: true,
    hostKeys: { changes, save: ({ slot }) => saved.push(slot) },
  });
const ask = (link: TestLink, change?: SlotChange, options: Partial<SlotsOptions> = {}) =>
  manageSlots(link, { ...OPTIONS, version: V1_4, anchors: [], change, ...options });

test("banks and slots are shown, and say what they are", async () => {
  for (const where of [undefined, "sessions", "trusted"] as const) {
    const result = await ask(device(where));
    assert.deepEqual(
      result.banks.map(({ bank, slots, slotMask, modifiableMask }) => [
        ...[bank, slots.map(({ slot }) => slot), slotMask, modifiableMask],
      ]),
      [0, 1].map((bank) => [
        ...[bank, [0, 1, 4], where === undefined ? 0x13 : 0xff],
        where === undefined ? 0 : where === "trusted" ? 0xff : 0xfe,
      ]),
    );
    assert.equal(result.banks[1].slots[0].leaf!.subject, "CN=moddable-spdm test responder P-256");
    const text = renderSlots("it", result, plain);
    assert.match(
      text,
      /^it {2}SPDM 1.4 · P-384 · SHA-384\n\nBank 0 {2}P-384 {2}in use here\n {2}✔ slot 0 {3}1616 bytes {2}CN=/,
    );
    assert.match(text, /\nBank 1 {2}P-256\n/);
    assert.match(
      text,
      where === undefined ? /\n {4}none can be changed\n/ : /\n {4}empty: 2, 3, 5, 6, 7; can be changed: /,
    );
    assert.match(text, /\n2 banks, told in the clear: nobody signed it\n$/);
    const json = JSON.parse(slotsJson("it", result));
    assert.deepEqual(
      [json.target, json.banks.length, json.change, json.csr, json.session],
      ["it", 2, null, null, null],
    );
    assert.equal(json.banks[0].inUse, true);
  }
});

test("a chain is set and erased in either bank, in a session, and outside where that is allowed", async () => {
  for (const [where, session] of [
    ["sessions", SESSION],
    ["trusted", undefined],
  ] as const) {
    for (const [bank, folder] of [
      [0, "ecp384"],
      [1, "ecp256"],
    ] as const) {
      const saved: number[] = [];
      const link = device(where, undefined, saved);
      const options = { slot: 6, anchors: OPTIONS.anchors, ...(session && { session }) };
      const set = await ask(link, { operation: "install", bank, chain: chainOf(folder) }, options);
      assert.deepEqual(set.change, { operation: "install", bank, needsReset: false });
      assert.deepEqual(
        set.banks[bank].slots.map(({ slot }) => slot),
        [0, 1, 4, 6],
      );
      assert.match(renderSlots("it", set, plain), new RegExp(`\n  ✔ slot 6 of bank ${bank} holds the chain\n`));
      if (bank === 0) assert.deepEqual((await attest(link, { ...OPTIONS, version: V1_4, slot: 6 })).reasons, []);
      const erased = await ask(link, { operation: "erase", bank }, options);
      assert.deepEqual(
        erased.banks[bank].slots.map(({ slot }) => slot),
        [0, 1, 4],
      );
      assert.match(renderSlots("it", erased, plain), new RegExp(`\n  ✔ slot 6 of bank ${bank} is empty\n`));
      assert.deepEqual(saved, [6, 6]);
    }
  }
});

test("a certification request is of the bank's key, by whatever vouches for it", async () => {
  for (const [bank, folder, anchors, session, by] of [
    [0, "ecp384", OPTIONS.anchors, undefined, "slot 0's certificate"],
    [0, "ecp384", [], undefined, undefined],
    [1, "ecp256", OPTIONS.anchors, undefined, undefined],
    [1, "ecp256", OPTIONS.anchors, SESSION, "a trusted key's session"],
  ] as const) {
    const result = await ask(device("sessions"), { operation: "csr", bank }, { anchors, session });
    const { request, vouchedBy } = result.csr!;
    assert.equal(vouchedBy, by);
    const csr = new x509.Pkcs10CertificateRequest(Uint8Array.from(request));
    assert.ok(await csr.verify());
    const leaf = new X509Certificate(readFileSync(join(KEYS, folder, "end_responder.cert.der")));
    const key = createPublicKey({ key: Buffer.from(csr.publicKey.rawData), format: "der", type: "spki" });
    assert.ok(leaf.publicKey.equals(key));
    assert.match(renderSlots("it", result, plain), new RegExp(`certification request of bank ${bank}'s key`));
    assert.match(JSON.parse(slotsJson("it", result)).csr.request, /^-----BEGIN CERTIFICATE REQUEST-----\n/);
  }
});

test("what cannot be done is Impossible", async () => {
  const chain = chainOf("ecp256");
  const cannot = async (link: TestLink, change?: SlotChange, options?: Partial<SlotsOptions>, why = /refused/) =>
    assert.rejects(ask(link, change, options), (error) => error instanceof Impossible && why.test(error.message));
  await cannot(device(), undefined, { version: V1_3 }, /SPDM 1.3 has no SLOT_MANAGEMENT/);
  await cannot(new TestLink(), undefined, {}, /takes no SLOT_MANAGEMENT/);
  await cannot(device(), { operation: "erase", bank: 0 }, {}, /no way to erase/);
  await cannot(device(), { operation: "csr", bank: 0 }, {}, /no way to request/);
  await cannot(device("sessions"), { operation: "erase", bank: 0 }, { slot: 1 }, /UnexpectedRequest/);
  await cannot(device("trusted"), { operation: "erase", bank: 7 }, {}, /InvalidRequest/);
  await cannot(device("trusted"), { operation: "install", bank: 0, chain }, {}, /Unspecified/);
  await cannot(device("trusted"), { operation: "csr", bank: 7 }, {}, /InvalidRequest/);
});

describe("a responder that lies", () => {
  /** Changes SLOT_MANAGEMENT_RESP of one SubCode. */
  const change =
    (subCode: number, by: (response: Uint8Array) => Uint8Array | undefined): Alter =>
    (response) =>
      response[1] === 0x08 && response[2] === subCode ? (by(response) ?? response) : response;
  const set = (at: number, value: number) => (response: Uint8Array) => {
    response[at] = value;
    return undefined;
  };
  const untrusted = async (alter: Alter, why: RegExp, what?: SlotChange, options = {}) =>
    assert.rejects(ask(device("trusted", alter), what, options), (error) => {
      assert.ok(error instanceof Untrusted, String(error));
      assert.match(error.message, why);
      return true;
    });
  const malformed = /^SLOT_MANAGEMENT_RESP: malformed/;
  const cases: readonly (readonly [what: string, subCode: number, at: number, value: number, why: RegExp])[] = [
    ["another SubCode", 0, 2, 1, /is of another SubCode/],
    ["no structure", 0, 4, 0, /has not the structure/],
    ["a structure in the header", 0, 4, 7, malformed],
    ["a structure behind the end", 0, 4, 0xff, malformed],
    ["SubCodes that lack one", 0, 8 + 4, 0x07, /lacks SubCodes there must be/],
    ["SubCodes of another length", 0, 8, 35, malformed],
    ["more banks than it tells of", 1, 8 + 4, 3, malformed],
    ["fewer banks", 1, 8 + 4, 1, malformed],
    ["a bank of another length", 1, 16, 5, malformed],
    ["banks out of order", 1, 17, 1, /no banks that there can be/],
    ["slots to change that are not there", 1, 18, 0x13, /no banks that there can be/],
    ["details of another bank", 2, 8 + 2, 9, /no details that bank 0 can have/],
    ["a slot too many", 2, 8 + 4, 4, malformed],
    ["a slot too few", 2, 8 + 4, 2, malformed],
    ["two banks in use", 2, 8 + 6, 1, /bank 1 is in use, but not of what was negotiated/],
    ["a mask of PQC algorithms without end", 2, 8 + 20, 0xff, malformed],
    ["a slot twice", 2, 8 + 39 + 64 + 2, 0, /no details that bank 0 can have/],
    ["a slot that there is none of", 2, 8 + 39 + 2, 9, /no details that bank 0 can have/],
    ["an empty slot as provisioned", 2, 8 + 39 + 4, 0, /no details that bank 0 can have/],
    ["another size", 2, 8 + 39 + 12, 0, /does not match its size or digest/],
    ["another digest than DIGESTS", 2, 8 + 39 + 16, 0, /holds other chains than DIGESTS show/],
    ["a chain longer than it is", 3, 8 + 1, 0xff, malformed],
    ["another chain", 3, 8 + 8 + 70, 0, /does not match its size or digest/],
  ];
  for (const [what, subCode, at, value, why] of cases) {
    test(`about ${what}`, () => untrusted(change(subCode, set(at, value)), why));
  }

  test("by cutting a response short, or lengthening it", async () => {
    for (const subCode of [0, 1, 2, 3]) {
      for (const cut of [-1, -5]) {
        await untrusted(
          change(subCode, (response) => response.subarray(0, cut)),
          malformed,
        );
      }
      await untrusted(
        change(subCode, (response) => concat(response, Uint8Array.of(0))),
        /longer than its fields/,
      );
    }
  });

  test("about what it was asked to change", async () => {
    const options = { slot: 6 };
    const install = { operation: "install", bank: 0, chain: chainOf("ecp384") } as const;
    const nothing = (subCode: number): Alter => {
      let forged = false;
      return (response, request) => {
        if (request[1] === 0x88 && request[2] === subCode && !forged) {
          forged = true;
          return Uint8Array.of(0x14, 0x08, subCode, 0, 0, 0, 0, 0);
        }
        return response;
      };
    };
    // Where the device did it, but tells of what was before.
    await untrusted(
      change(2, (response) => (response[10] === 0 ? shortened(response) : undefined)),
      /is not what it was set to/,
      install,
      options,
    );
    await untrusted(
      change(0x22, (r) => concat(r, Uint8Array.of(0))),
      /longer than its fields/,
      install,
      options,
    );
    await untrusted(change(0x22, set(4, 8)), /has not the structure/, install, options);
    const link = device("sessions", nothing(0x21));
    await assert.rejects(ask(link, { operation: "erase", bank: 0 }, { slot: 1 }), /is not what it was set to/);
  });

  test("in a certification request", async () => {
    const csr = { operation: "csr", bank: 0 } as const;
    await untrusted(change(4, set(8 + 8 + 60, 0xff)), /^CSR: /, csr);
    await untrusted(
      change(4, (r) => r.subarray(0, -1)),
      malformed,
      csr,
    );
    await untrusted(change(4, set(9, 0xff)), malformed, csr); // CSRLength
  });
});

/** BankDetails without their last slot. */
function shortened(response: Uint8Array): Uint8Array {
  const told = response.slice(0, -64);
  const length = told.length - 8;
  told[8] = length;
  told[9] = length >> 8;
  told[8 + 4]--;
  return told;
}

test("arguments that exclude each other", () => {
  const base = { bank: 1, slot: 0, crypto: "psa" };
  assert.equal(changeOf(base), undefined);
  assert.deepEqual(changeOf({ ...base, erase: true }), { operation: "erase", bank: 1 });
  assert.deepEqual(changeOf({ ...base, csr: "x" }), { operation: "csr", bank: 1 });
  assert.throws(() => changeOf({ ...base, csr: "x", erase: true }), /one of --install, --erase and --csr/);
});
