/** A requester that says what it is to responders that ask. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ownClasses } from "../../cli/own-class.js";
import { renderReport, toJson } from "../../cli/report.js";
import { Answers } from "../../cli/requester/answers.js";
import { type AttestOptions, attest } from "../../cli/requester/attest.js";
import { Conversation } from "../../cli/requester/conversation.js";
import { VERIFIERS } from "../../cli/requester/engines.js";
import { Prover } from "../../cli/requester/prover.js";
import { Impossible } from "../../cli/requester/verdict.js";
import { sha384 } from "../../hal/portable/crypto.js";
import { ECDSA_P384 } from "../../src/algorithms.js";
import type { RequesterInfo } from "../../src/requester-info.js";
import { signedDigest } from "../../src/signing.js";
import { V1_2, V1_3, V1_4 } from "../../src/versions.js";
import { Writer } from "../../src/wire.js";
import { concat, fromHex, toHex } from "../support/bytes.js";
import { CURVES } from "../support/fixture.js";
import { requesterPath } from "../support/requester-chain.js";
import { IDENTITIES, OPTIONS, SESSION, TestLink } from "./answering.js";

const OWN = ownClasses("requester");
const INFO = `010000001b000002${"0d"}${Buffer.from("moddable-spdm").toString("hex")}${"09"}${Buffer.from("requester").toString("hex")}`;

/** What a responder that asks is told, and what comes of it. */
async function tell(options: Partial<AttestOptions>, device: { requested?: number; asks?: boolean } = {}) {
  const told: string[] = [];
  const onRequesterInfo = ({ deviceClasses, signed }: RequesterInfo) => {
    for (const { subordinateIds } of deviceClasses)
      told.push(`${signed} ${subordinateIds.map((id) => Buffer.from(id))}`);
  };
  const { asks = true, ...policy } = device;
  const link = new TestLink(undefined, { ...policy, ...(asks ? { onRequesterInfo } : {}) });
  return { told, result: await attest(link, { ...OPTIONS, ownClasses: OWN, ...options }) };
}

describe("to a responder of ours", () => {
  for (const version of [V1_3, V1_4]) {
    test(`SPDM 1.${version & 15}, unsigned, in a session and out of it`, async () => {
      for (const session of [undefined, SESSION]) {
        const { told, result } = await tell({ version, session });
        assert.deepEqual(result.reasons, []);
        assert.deepEqual(told, ["false moddable-spdm,requester"]);
        assert.deepEqual(result.ownInfo, { asked: true, signed: false });
        assert.match(
          renderReport(result, false),
          /\nOur own class {2}told, since the responder asked for it, unsigned\n/,
        );
      }
    });

    test(`SPDM 1.${version & 15}, signed where we proved ourselves`, async () => {
      for (const requested of [1, 2, 4]) {
        const { told, result } = await tell({ version, session: SESSION, identities: IDENTITIES }, { requested });
        assert.deepEqual(result.reasons, []);
        assert.deepEqual(told, ["true moddable-spdm,requester"]);
        assert.deepEqual(JSON.parse(toJson(result)).ownInfo, { asked: true, signed: true });
        assert.deepEqual(result.requester!.proofs, ["FINISH", "ENDPOINT_INFO"]);
      }
    });
  }

  test("unsigned where the request for a signature has no room", async () => {
    for (const [dataTransferSize, signed] of [
      [43, false],
      [44, true],
    ] as const) {
      const asked = { version: V1_4, session: SESSION, identities: IDENTITIES, dataTransferSize };
      const { told, result } = await tell(asked, { requested: 1 });
      assert.deepEqual([told, result.reasons], [[`${signed} moddable-spdm,requester`], []]);
    }
  });

  test("that does not ask", async () => {
    const { told, result } = await tell({ version: V1_3 }, { asks: false });
    assert.deepEqual([told, result.ownInfo], [[], { asked: false, signed: false }]);
    assert.match(renderReport(result, false), /\nOur own class {2}the responder did not ask for it\n/);
    await assert.rejects(tell({ version: V1_2 }), Impossible);
  });

  test("nothing, if nothing is to be told", async () => {
    const { told, result } = await tell({
      version: V1_3,
      session: { ...SESSION, updateKeys: true },
      ownClasses: undefined,
    });
    assert.deepEqual([told, result.ownInfo], [[], undefined]);
    assert.equal(JSON.parse(toJson(result)).ownInfo, null);
  });
});

describe("an encapsulated GET_ENDPOINT_INFO", () => {
  /** Answers of a requester in 1.3 that has a VCA of four bytes, and perhaps a chain to prove itself with. */
  function answering(proves = false, tells = true) {
    const c = new Conversation(new TestLink());
    c.version = V1_3;
    c.transcript.addVca(Uint8Array.of(1, 2, 3, 4));
    c.transcript.settle(sha384);
    c.suite = { hash: sha384, signatureLength: 96 };
    if (tells) c.ownClasses = OWN;
    const answers = new Answers(c, proves ? new Prover(c, IDENTITIES[0].identity) : undefined);
    return (request: Uint8Array) => {
      const w = new Writer(new Uint8Array(400));
      answers.answer(request, w);
      return w.written().slice();
    };
  }
  const plain = fromHex("1387010000000000");
  const asked = concat(fromHex("1387010001000000"), new Uint8Array(32).fill(7));

  test("is answered as the layout has it", () => {
    assert.equal(toHex(answering()(plain)), `1307000000000000${"20000000"}${INFO}`);
  });

  test("is signed over VCA, itself and the response", () => {
    const response = answering(true)(asked);
    assert.equal(toHex(response.subarray(0, 8)), "1307000000000000");
    assert.equal(toHex(response.subarray(40, -96)), `20000000${INFO}`);
    const covered = concat(Uint8Array.of(1, 2, 3, 4), asked, response.subarray(0, -96));
    const il1 = sha384.create();
    il1.update(covered);
    const digest = signedDigest(V1_3, sha384, "requester-endpoint_info signing", il1);
    const leaf = requesterPath(CURVES.find(({ algorithm }) => algorithm === ECDSA_P384)!).at(-1)!;
    const key = leafKey(leaf);
    const terms = { hash: sha384, context: "requester-endpoint_info signing" };
    assert.ok(VERIFIERS[ECDSA_P384].verify(key, digest, response.subarray(-96), terms));
  });

  test("is refused without what it takes", () => {
    assert.equal(toHex(answering(false, false)(plain)), "137f0787");
    assert.equal(toHex(answering(false)(asked)), "137f0787");
    for (const subCode of [0, 2, 0xff]) {
      const other = plain.slice();
      other[2] = subCode;
      assert.equal(toHex(answering()(other)), "137f0100");
    }
    for (const slot of [1, 7, 8, 15]) {
      const other = asked.slice();
      other[3] = slot;
      assert.equal(toHex(answering(true)(other)), "137f0100");
    }
    for (let length = 2; length < asked.length; length++)
      assert.equal(toHex(answering(true)(asked.subarray(0, length))), "137f0100", `${length}`);
    assert.equal(toHex(answering()(fromHex("1487010000000000"))), "137f4100");
  });
});

/** X and Y of a P-384 certificate: behind the uncompressed point's 04. */
function leafKey(leaf: Uint8Array): Uint8Array {
  const at = toHex(leaf).indexOf("03620004") / 2 + 4;
  return leaf.subarray(at, at + 96);
}
