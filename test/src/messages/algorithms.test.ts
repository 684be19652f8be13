import assert from "node:assert/strict";
import { test } from "node:test";
import { sha3_256, sha3_384, sha3_512 } from "../../../hal/portable/sha3.js";
import { ED448, ED25519, RSAPSS_3072 } from "../../../src/algorithms.js";
import { INVALID_REQUEST, RESPONSE_TOO_LARGE, UNEXPECTED_REQUEST } from "../../../src/errors.js";
import { AFTER_CAPABILITIES } from "../../../src/exchange.js";
import { algorithms, baseAsymIn } from "../../../src/messages/algorithms.js";
import { capabilities } from "../../../src/messages/capabilities.js";
import { version as versionExchange } from "../../../src/messages/version.js";
import { V1_0, V1_1, V1_2, V1_3, V1_4, VERSIONS, type Version } from "../../../src/versions.js";
import { concat, fromHex, readLe, toHex } from "../../support/bytes.js";
import { board, Conversation, CURVES, HASHES, type Offer, testIdentity } from "../../support/fixture.js";
import { type AlgorithmFields, negotiateAlgorithms } from "../../support/requests.js";

const P256 = 0x10;
const P384 = 0x80;
const MULTI_KEY_CONN = 0x10;
const MULTI_KEY_ONLY = (1 << 26) | (1 << 1) | (1 << 2);
const MULTI_KEY_NEG = (2 << 26) | (1 << 1) | (1 << 2);
const FROM_1_1 = [V1_1, V1_2, V1_3, V1_4];

const ready = (version: Version, offer: Offer = {}, on = board()) =>
  new Conversation(version, offer, on).reach(AFTER_CAPABILITIES);
const selected = (version: Version, fields: AlgorithmFields, offer: Offer = {}, on = board()) =>
  ready(version, offer, on).answer(negotiateAlgorithms(version, fields));
const refuses = (version: Version, fields: AlgorithmFields) =>
  ready(version).refused(negotiateAlgorithms(version, fields), INVALID_REQUEST);

test("ALGORITHMS in each version, byte for byte", () => {
  const rest = `${"04000000" + "80000000" + "02000000"}${"00".repeat(16)}`;
  const tables = "0220000003200000" + "0420000005200000";
  for (const version of VERSIONS) {
    const offered = [2, 3, 4, 5].map((type) => [type, 0x20, 1] as const);
    const response = selected(version, version === V1_0 ? {} : { tables: offered });
    const header = version === V1_0 ? "106300002400" : `${version.toString(16)}6304003400`;
    const otherParams = version >= V1_2 ? "02" : "00";
    assert.equal(toHex(response), `${header}01${otherParams}${rest}${version === V1_0 ? "" : tables}`);
  }
});

test("of what both have, the board's order decides, not the requester's nor the bits'", () => {
  const [p256, p384] = CURVES.map((curve) => ({
    algorithm: curve.algorithm,
    identity: testIdentity(curve, [0]),
  }));
  const [sha256, sha384, sha512] = HASHES;
  const on = () => board({ baseAsym: [p256, p384], baseHash: [sha512, sha256, sha384] });
  for (const version of VERSIONS) {
    const sel = (fields: AlgorithmFields) => {
      const response = selected(version, fields, {}, on());
      return [readLe(response, 12, 4), readLe(response, 16, 4)];
    };
    assert.deepEqual(sel({ baseAsym: 0xffffffff, baseHash: 0xffffffff }), [P256, 4]);
    assert.deepEqual(sel({ baseAsym: P384, baseHash: 3 }), [P384, 1]);
    assert.deepEqual(sel({ baseAsym: P384 | 1, baseHash: 2 }), [P384, 2]);
  }
});

test("no common hash or signature algorithm is an InvalidRequest; a better offer may follow", () => {
  for (const version of VERSIONS) {
    for (const fields of [{ baseAsym: 0 }, { baseAsym: 0x6f }, { baseHash: 0 }, { baseHash: 0x78 }]) {
      const conversation = ready(version);
      conversation.refused(negotiateAlgorithms(version, fields), INVALID_REQUEST);
      conversation.answer(negotiateAlgorithms(version));
    }
  }
  // Post-quantum algorithms alone, of which there are none here.
  refuses(V1_4, { baseAsym: 0, pqcAsym: 2 });
});

test("PqcAsymAlgo is not selected, nor a MELspecification", () => {
  const response = selected(V1_4, { pqcAsym: 0xffffffff, melSpecification: 1 });
  assert.equal(readLe(response, 20, 4), 0);
  assert.equal(response[31], 0);
});

test("EdDSA came with 1.2: before it, its bits are reserved, and nobody selects them", () => {
  const identity = testIdentity(CURVES[1], [0]);
  const on = () =>
    board({
      baseAsym: [
        { algorithm: ED448, identity },
        { algorithm: ED25519, identity },
        { algorithm: RSAPSS_3072, identity },
      ],
    });
  for (const version of VERSIONS) {
    const sel = (baseAsym: number) => readLe(selected(version, { baseAsym }, {}, on()), 12, 4);
    assert.equal(sel(0xffffffff), version >= V1_2 ? ED448 : RSAPSS_3072);
    assert.equal(sel(RSAPSS_3072), RSAPSS_3072);
    if (version >= V1_2) assert.equal(sel(ED25519 | RSAPSS_3072), ED25519);
    else ready(version, {}, on()).refused(negotiateAlgorithms(version, { baseAsym: ED25519 }), INVALID_REQUEST);
  }
  assert.deepEqual(
    [V1_1, V1_2].map((version) => baseAsymIn(version, 0xfff)),
    [0x1ff, 0xfff],
  );
});

test("SHA-3 is of every version, as are RSA and P-521", () => {
  const identity = testIdentity(CURVES[1], [0]);
  for (const version of VERSIONS) {
    for (const [algorithm, engine] of [
      [8, sha3_256],
      [0x10, sha3_384],
      [0x20, sha3_512],
    ] as const) {
      const on = board({ baseHash: [{ algorithm, engine }] });
      assert.equal(readLe(selected(version, { baseHash: algorithm | 1 }, {}, on), 16, 4), algorithm);
    }
    for (const algorithm of [1, 2, 4, 8, 0x20, 0x40, 0x100]) {
      const on = board({ baseAsym: [{ algorithm, identity }] });
      assert.equal(readLe(selected(version, { baseAsym: 0xffffffff }, {}, on), 12, 4), algorithm);
    }
  }
});

test("NEGOTIATE_ALGORITHMS is taken once, after CAPABILITIES", () => {
  for (const version of VERSIONS) {
    const conversation = ready(version);
    conversation.answer(negotiateAlgorithms(version));
    conversation.refused(negotiateAlgorithms(version), UNEXPECTED_REQUEST);
  }
});

test("Length equals what the fields come to; bytes behind are ignored", () => {
  const tables = [[2, 0x20, 1] as const];
  for (const version of FROM_1_1) {
    for (const length of [0, 32, 35, 37, 40, 0xffff]) refuses(version, { tables, length });
    const request = negotiateAlgorithms(version, { tables });
    ready(version).answer(concat(request, fromHex("00000000")));
    request[4] += 4;
    ready(version).refused(concat(request, fromHex("00000000")), INVALID_REQUEST);
    for (let length = 4; length < request.length; length++) {
      ready(version).refused(request.subarray(0, length), INVALID_REQUEST);
    }
  }
  for (const length of [0, 31, 33]) refuses(V1_0, { length });
});

test("Length is at most 64 in 1.0, with at most 8 extended algorithms", () => {
  selected(V1_0, { extAsymCount: 5, extHashCount: 3 });
  refuses(V1_0, { extAsymCount: 5, extHashCount: 4 });
});

test("from 1.1 on there are at most 20 extended algorithms, those of tables included", () => {
  for (const version of FROM_1_1) {
    selected(version, { extAsymCount: 20 });
    refuses(version, { extAsymCount: 10, extHashCount: 11 });
    selected(version, { extAsymCount: 4, extHashCount: 4, tables: [[2, 0x2c, 1]] });
    refuses(version, { extAsymCount: 4, extHashCount: 4, tables: [[2, 0x2d, 1]] });
  }
});

test("Length is at most 128 from 1.1 on", () => {
  const types = [2, 3, 4, 5, 6, 7];
  const tables = types.map((type) => [type, 0x20, 1] as const);
  selected(V1_4, { extAsymCount: 18, tables });
  refuses(V1_4, { extAsymCount: 19, tables });
});

test("AlgTypes ascend strictly", () => {
  for (const version of FROM_1_1) {
    selected(version, {
      tables: [
        [2, 0x20, 1],
        [4, 0x20, 1],
      ],
    });
    refuses(version, {
      tables: [
        [2, 0x20, 1],
        [2, 0x20, 1],
      ],
    });
    refuses(version, {
      tables: [
        [3, 0x20, 1],
        [2, 0x20, 1],
      ],
    });
  }
});

test("AlgTypes are 2 to 5 before 1.4, 2 to 7 in it", () => {
  for (const version of FROM_1_1) {
    for (const type of [0, 1, 8, 0xff]) refuses(version, { tables: [[type, 0x20, 1]] });
    for (const type of [6, 7]) (version === V1_4 ? selected : refuses)(version, { tables: [[type, 0x20, 1]] });
  }
});

test("AlgSupported is of two bytes, and not 0", () => {
  for (const version of FROM_1_1) {
    for (const count of [0x00, 0x10, 0x30, 0xf0]) refuses(version, { tables: [[2, count, 1]] });
    refuses(version, { tables: [[2, 0x20, 0]] });
  }
});

test("a number of tables that is not there is refused", () => {
  for (const version of FROM_1_1) refuses(version, { tables: [[2, 0x20, 1]], param1: 2 });
  // In 1.0 the byte is reserved.
  assert.equal(selected(V1_0, { param1: 3 })[2], 0);
});

test("without the capabilities on both sides no table's algorithm is selected: a subset of the offer", () => {
  const types = [2, 3, 4, 5, 6, 7];
  const keyExchange = 26310;
  const tables = types.map((type) => [type, 0x21, 0xffff] as const);
  const response = selected(V1_4, { tables }, { flags: keyExchange });
  assert.equal(response[2], 6);
  assert.equal(toHex(response.subarray(36)), types.map((type) => `0${type}200000`).join(""));
});

test("tables are answered as many as were offered, and no others", () => {
  const response = selected(V1_2, {
    tables: [
      [3, 0x20, 1],
      [5, 0x20, 1],
    ],
  });
  assert.equal(toHex(response.subarray(36)), "0320000005200000");
  assert.equal(readLe(response, 4, 2), response.length);
});

test("extended algorithms are never selected", () => {
  const response = selected(V1_1, { extAsymCount: 1, extHashCount: 1 });
  assert.equal(response.length, 36);
  assert.equal(toHex(response.subarray(32)), "00000000");
});

test("measurements are negotiated if the requester has DMTF's specification and the board measures", () => {
  for (const version of VERSIONS) {
    const has = (fields: AlgorithmFields, on = board()) => {
      const response = selected(version, fields, {}, on);
      return [response[6], readLe(response, 8, 4)];
    };
    assert.deepEqual(has({}), [1, 4]);
    assert.deepEqual(has({ measurementSpecification: 0 }), [0, 0]);
    assert.deepEqual(has({ measurementSpecification: 0xfe }), [0, 0]);
    assert.deepEqual(has({}, board({ exchanges: [versionExchange, capabilities, algorithms] })), [0, 0]);
  }
});

test("OpaqueDataFmt1 is selected if it is offered, and only from 1.2 on", () => {
  for (const [offered, expected] of [
    [0, 0],
    [1, 0],
    [2, 2],
    [3, 2],
    [0x0f, 2],
  ]) {
    for (const version of VERSIONS) {
      assert.equal(selected(version, { otherParams: offered })[7], version >= V1_2 ? expected : 0);
    }
  }
});

test("MULTI_KEY_CONN of a responder without MULTI_KEY_CAP is refused from 1.3 on", () => {
  for (const version of [V1_3, V1_4]) refuses(version, { otherParams: 2 | MULTI_KEY_CONN });
  assert.equal(selected(V1_2, { otherParams: 2 | MULTI_KEY_CONN })[7], 2);
});

test("a requester that only has multi-key connections gets one; one that may does not", () => {
  for (const version of [V1_3, V1_4]) {
    assert.equal(selected(version, {}, { flags: MULTI_KEY_ONLY })[7], 2 | MULTI_KEY_CONN);
    assert.equal(selected(version, {}, { flags: MULTI_KEY_NEG })[7], 2);
  }
  assert.equal(selected(V1_2, {}, { flags: MULTI_KEY_ONLY })[7], 2);
});

test("an ALGORITHMS that does not fit DataTransferSize is a ResponseTooLarge with its size", () => {
  const conversation = ready(V1_2, { dataTransferSize: 43 });
  const tables = [[2, 0x20, 1] as const, [3, 0x20, 1] as const];
  assert.equal(toHex(conversation.refused(negotiateAlgorithms(V1_2, { tables }), RESPONSE_TOO_LARGE)), "2c000000");
  conversation.answer(negotiateAlgorithms(V1_2, { tables: [[2, 0x20, 1]] }));
});
