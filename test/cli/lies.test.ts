/** The requester against a responder that lies and signs its lies with its own key. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { attest } from "../../cli/requester/attest.js";
import { Impossible } from "../../cli/requester/verdict.js";
import { readAnchors } from "../../cli/target.js";
import { V1_0, V1_2, V1_3, V1_4, type Version } from "../../src/versions.js";
import { concat } from "../support/bytes.js";
import { OPTIONS, ROOTS, TestLink } from "./answering.js";
import { type Lie, set, signed } from "./liar.js";

const RECORD = 8;

const attestLiar = (version: Version, code: number, lie: Lie) =>
  attest(new TestLink(signed(version, { [code]: lie })), { ...OPTIONS, version });

/** VERSION with so many entries, the last five true. */
const longVersion =
  (count: number): Lie =>
  (response) => {
    const entries = new Uint8Array(2 * (count - 5)).fill(0x20);
    return concat(Uint8Array.of(0x10, 0x04, 0, 0, 0, count), entries, response.subarray(6));
  };

/** ALGORITHMS with so many extended algorithms selected. */
const extended =
  (count: number): Lie =>
  (response) => {
    const told = concat(response, new Uint8Array(4 * count));
    told[4] = told.length;
    told[5] = told.length >> 8;
    told[32] = count;
    return told;
  };

/** MEASUREMENTS whose first block comes once more at the end. */
const repeated: Lie = (response) => {
  const length = response[5] | (response[6] << 8);
  const block = response.subarray(RECORD, RECORD + 4 + (response[RECORD + 2] | (response[RECORD + 3] << 8)));
  const end = RECORD + length;
  const told = concat(response.subarray(0, end), block, response.subarray(end));
  told[4]++;
  told[5] = length + block.length;
  told[6] = (length + block.length) >> 8;
  return told;
};

describe("a lie that is signed", () => {
  test("is told by this test as the requester understands it", async () => {
    for (const version of [V1_2, V1_4]) {
      for (const code of [0x04, 0x03, 0x60]) {
        assert.equal((await attestLiar(version, code, () => undefined)).verdict, "trusted");
      }
    }
  });

  test("but no lie: VERSION may have 255 entries", async () => {
    assert.equal((await attestLiar(V1_4, 0x04, longVersion(255))).verdict, "trusted");
  });

  const algorithms = /^ALGORITHMS: selects what was not offered$/;
  const cases: readonly (readonly [what: string, version: Version, code: number, lie: Lie, reason: RegExp])[] = [
    ["another MeasurementSpecification", V1_2, 0x63, set(6, 2), algorithms],
    ["another opaque data format", V1_2, 0x63, set(7, 1), algorithms],
    ["multiple keys of the requester", V1_3, 0x63, set(7, 0x12), algorithms],
    ["a measurement extension log", V1_3, 0x63, set(31, 1), algorithms],
    ["an extended algorithm", V1_2, 0x63, extended(1), algorithms],
    ["as many of them as there can be", V1_2, 0x63, extended(255), algorithms],
    ["a SlotMask without the slot", V1_2, 0x03, set(3, 0x12), /^CHALLENGE_AUTH: SlotMask lacks the slot$/],
    ["another slot in CHALLENGE_AUTH", V1_2, 0x03, set(2, 1), /^CHALLENGE_AUTH: answers for another slot$/],
    ["another slot in MEASUREMENTS", V1_2, 0x60, set(3, 1), /^MEASUREMENTS: answers for another slot$/],
    ["measurements that change", V1_2, 0x60, set(3, 0x10), /^MEASUREMENTS: changed while they were read$/],
    ["another value than was summarised", V1_2, 0x60, set(RECORD + 7, 0), /not those that CHALLENGE_AUTH summarised$/],
    ["an index twice", V1_2, 0x60, repeated, /^MEASUREMENTS: two blocks of index 1$/],
  ];
  for (const [what, version, code, lie, reason] of cases) {
    test(`is found out: ${what}`, async () => {
      const result = await attestLiar(version, code, lie);
      assert.equal(result.verdict, "untrusted");
      assert.match(result.reasons[0], reason);
    });
  }
});

describe("a certificate chain without end", () => {
  /** One byte a time in 1.4's large form, which has room for 4 GiB. */
  function dripping(large: boolean): { link: TestLink; count: () => number } {
    let count = 0;
    const link = new TestLink((response, request) => {
      if (request[1] !== 0x82) return response;
      const remainder = 0xffff_ffff - ++count;
      if (!large) return Uint8Array.of(0x13, 0x02, 0, 0, 1, 0, 0xff, 0xff, 0);
      const head = Uint8Array.of(0x14, 0x02, 0x80, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0);
      new DataView(head.buffer).setUint32(12, remainder, true);
      return head;
    });
    return { link, count: () => count };
  }

  for (const large of [false, true]) {
    test(`is refused at its first portion${large ? ", in the large form" : ""}`, async () => {
      const { link, count } = dripping(large);
      const { reasons } = await attest(link, { ...OPTIONS, version: large ? V1_4 : V1_3 });
      assert.match(reasons[0], /^CERTIFICATE: chain of \d+ bytes$/);
      assert.equal(count(), 1);
    });
  }

  test("so is the form that nobody asked for", async () => {
    const link = new TestLink((r) => {
      if (r[1] !== 0x02) return r;
      return concat(Uint8Array.of(0x14, 0x02, 0, 0, r[8], r[9], r[12], r[13]), r.subarray(16));
    });
    const { reasons } = await attest(link, { ...OPTIONS, version: V1_4 });
    assert.deepEqual(reasons, ["CERTIFICATE: portion does not fit what was asked for"]);
  });
});

test("1.0 cannot ask for measurements signed by any slot's key but the first's", async () => {
  const anchors = readAnchors(ROOTS);
  await assert.rejects(attest(new TestLink(), { ...OPTIONS, anchors, version: V1_0, slot: 4 }), Impossible);
});
