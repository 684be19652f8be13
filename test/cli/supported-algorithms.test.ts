/** What a requester asks a responder of its algorithms in GET_CAPABILITIES; told well, and by liars. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { renderReport, toJson } from "../../cli/report.js";
import { attest } from "../../cli/requester/attest.js";
import type { ReportOffer } from "../../cli/requester/offer.js";
import { Impossible } from "../../cli/requester/verdict.js";
import { V1_2, V1_3, V1_4, type Version } from "../../src/versions.js";
import { type Alter, OPTIONS, SESSION, TestLink } from "./answering.js";
import { type Lie, set, signed } from "./liar.js";

interface Asked {
  readonly version?: Version;
  readonly lie?: Lie;
  readonly inSession?: boolean;
}

const ask = (reports: ReportOffer, { version, lie = () => undefined, inSession = false }: Asked = {}) => {
  const alter: Alter = (response) => (response[1] === 0x61 ? (lie(response) ?? response) : response);
  return attest(new TestLink(alter), { ...OPTIONS, version, reports, ...(inSession ? { session: SESSION } : {}) });
};

describe("the list of algorithms", () => {
  const block = 20;

  test("is read, is part of what is signed, and is shown", async () => {
    for (const version of [V1_3, V1_4]) {
      for (const inSession of [false, true]) {
        const result = await ask({ algorithms: true }, { version, inSession });
        assert.deepEqual(result.reasons, []);
        const { signatures, hashes, kems, aeads, groups } = result.supportedAlgorithms!;
        assert.deepEqual(signatures, ["P-256", "P-384"]);
        assert.deepEqual(hashes, ["SHA-256", "SHA-384", "SHA-512", "SHA3-256", "SHA3-384", "SHA3-512"]);
        assert.deepEqual(kems, version === V1_4 ? ["ML-KEM-512", "ML-KEM-768", "ML-KEM-1024"] : []);
        assert.deepEqual(aeads, ["AES-128-GCM", "AES-256-GCM", "ChaCha20-Poly1305"]);
        assert.equal(groups.length, 6);
        assert.match(
          renderReport(result, false),
          /\nAlgorithms {2}all that the responder has, as it says\n {4}signatures {3}P-256, P-384\n {4}hashes {7}SHA-256, /,
        );
        assert.deepEqual(JSON.parse(toJson(result)).supportedAlgorithms, result.supportedAlgorithms);
      }
    }
    assert.equal(JSON.parse(toJson(await ask({}))).supportedAlgorithms, null);
  });

  test("may be as long as NEGOTIATE_ALGORITHMS can be, behind a VERSION that is as long as that can be", async () => {
    const count = 20;
    const longest = (response: Uint8Array) => {
      const told = new Uint8Array(response.length + 4 * count);
      told.set(response.subarray(0, block + 30));
      told.set(response.subarray(block + 30), block + 30 + 4 * count);
      told[block + 2] += 4 * count;
      told[block + 26] = count;
      return told;
    };
    const version = (response: Uint8Array) => {
      const told = new Uint8Array(6 + 2 * 255).fill(0x20);
      told.set(response.subarray(0, 5));
      told[5] = 255;
      told.set(response.subarray(6), told.length - (response.length - 6));
      return told;
    };
    const lies = { 4: version, 97: longest };
    const result = await attest(new TestLink(signed(V1_4, lies)), {
      ...OPTIONS,
      version: V1_4,
      reports: { algorithms: true },
    });
    assert.deepEqual(result.reasons, []);
    assert.deepEqual(result.supportedAlgorithms!.signatures, ["P-256", "P-384"]);
  });

  test("is malformed if it is cut short, or its counts are not what follows", async () => {
    const read = (lie: Lie) => ask({ algorithms: true }, { version: V1_4, lie });
    const length = 20 + 30 + 4 * 4;
    for (let end = block; end < length; end++) {
      const { reasons } = await read((response) => response.subarray(0, end));
      assert.match(reasons[0], /^CAPABILITIES: malformed/, `${end}`);
    }
    for (const [at, value] of [
      [block, 0],
      [block, 3],
      [block, 5],
      [block, 255],
      [block + 2, 0],
      [block + 2, 31],
      [block + 3, 1],
      [block + 26, 1],
      [block + 27, 1],
      [block + 27, 255],
      [block + 30, 7],
      [block + 31, 0x10],
      [block + 31, 0x21],
    ] as const) {
      const { reasons } = await read(set(at, value));
      assert.match(reasons[0], /^CAPABILITIES: malformed/, `${at}: ${value}`);
    }
  });

  test("is longer than there is one with more extended algorithms than NEGOTIATE_ALGORITHMS has room for", async () => {
    const longer = (response: Uint8Array) => {
      const told = new Uint8Array(response.length + 4 * 21);
      told.set(response.subarray(0, block + 30));
      told.set(response.subarray(block + 30), block + 30 + 84);
      told[block + 2] += 84;
      told[block + 27] = 21;
      return told;
    };
    const { reasons } = await ask({ algorithms: true }, { version: V1_4, lie: longer });
    assert.deepEqual(reasons, ["CAPABILITIES: longer a list of algorithms than there is"]);
  });

  test("lies if it lacks what is selected", async () => {
    // MeasurementSpecification, OtherParamsSupport, BaseAsymAlgo, BaseHashAlgo, MELspecification, AEAD.
    for (const at of [4, 5, 6, 10, 29, 30 + 4 + 2]) {
      const lie = set(block + at, 0);
      const asked = { algorithms: true, log: true };
      const { reasons } = await ask(asked, { version: V1_4, lie, inSession: true });
      assert.deepEqual(reasons, ["ALGORITHMS: selects what CAPABILITIES does not list"], `${at}`);
    }
  });

  test("is told nobody who did not ask", async () => {
    const told = (response: Uint8Array) => {
      const { length } = response;
      const longer = new Uint8Array(length + 30);
      longer.set(response);
      longer[2] = 1;
      longer[length + 2] = 30;
      return longer;
    };
    const { reasons } = await ask({}, { version: V1_4, lie: told });
    assert.deepEqual(reasons, ["CAPABILITIES: lists algorithms, which nobody asked for"]);
  });

  test("is not there before 1.3, and not of a responder that does not chunk", async () => {
    await assert.rejects(ask({ algorithms: true }, { version: V1_2 }), /SPDM 1.2 has no list of algorithms/);
    const without: Lie = (response) => {
      const told = response.slice(0, 20);
      told[2] = 0;
      return told;
    };
    await assert.rejects(
      ask({ algorithms: true }, { version: V1_3, lie: without }),
      (error) => error instanceof Impossible && /does not list its algorithms/.test(error.message),
    );
  });
});
