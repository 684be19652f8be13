/** Key pairs and keys of slots as the requester sees them, of our own responder, honest and lying. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { HostKeyOptions } from "../../cli/host-keys.js";
import { hostResponder } from "../../cli/host-responder.js";
import { loadIdentity, loadPsks } from "../../cli/identity.js";
import { changeOf, keysToJson, renderKeys } from "../../cli/keys.js";
import type { Link } from "../../cli/link.js";
import { readPublicKey } from "../../cli/public-key.js";
import { attest } from "../../cli/requester/attest.js";
import { type KeysOptions, readKeys } from "../../cli/requester/keys.js";
import { ASYMS, HASHES } from "../../cli/requester/names.js";
import { Impossible, Untrusted } from "../../cli/requester/verdict.js";
import { ML_DSA_65 } from "../../src/algorithms.js";
import { keyPairInfo } from "../../src/messages/key-pair-info.js";
import { setKeyPairInfo } from "../../src/messages/set-key-pair-info.js";
import type { Responder } from "../../src/responder.js";
import { V1_1, V1_2, V1_3, V1_4, VERSIONS } from "../../src/versions.js";
import { TestKeyPairs } from "../support/key-pairs.js";
import { PSK as BOARD_PSK, EXCHANGES, sessionBoard } from "../support/session.js";
import { type Alter, KEYS, OPTIONS, SESSION } from "./answering.js";

/** A link to a responder on this host, whose responses in the clear `alter` changes. */
function link(keys: HostKeyOptions = { changes: "proven" }, alter: Alter = (response) => response): Link {
  const faults: unknown[] = [];
  return linkTo(hostResponder(loadIdentity(KEYS), { onFault: (error) => faults.push(error), keys }), faults, alter);
}

function linkTo(responder: Responder, faults: readonly unknown[], alter: Alter = (response) => response): Link {
  const buffer = new Uint8Array(0x1400);
  return {
    ...{ roundTripMs: 1, timeScale: 1, disturbanceCount: 0 },
    async exchange(type, message) {
      const request = message.slice();
      const length = type === 6 ? responder.respondSecured(request, buffer) : responder.respond(request, buffer);
      assert.deepEqual(faults, []);
      const response = buffer.slice(0, length);
      return type === 6 ? response : alter(response, message, type)!;
    },
    async close() {},
  };
}

const trusted: HostKeyOptions = { changes: "trusted" };
const KEYS_OPTIONS: KeysOptions = {
  version: undefined,
  baseHash: HASHES["SHA-384"],
  baseAsym: ASYMS["P-384"],
  onProgress() {},
};
/** Apart from AsymAlgo's bits. */
const PQC = 0x10000;
const PSK = loadPsks(join(KEYS, "psk.json"))[0];

describe("spdm keys", () => {
  test("lists key pairs and slots", async () => {
    for (const version of [V1_3, V1_4]) {
      const result = await readKeys(link(), { ...KEYS_OPTIONS, version });
      assert.deepEqual(
        result.pairs.map(({ asym, pqcAsym, slotMask }) => [asym || pqcAsym * PQC, slotMask]),
        [
          [0, 0],
          [0, 0],
          [8, 3],
          [8, 0x10],
          [16, 3],
          [16, 0x10],
          // 1.3 has no way to say what it is of.
          ...(version === V1_4 ? [[ML_DSA_65 * PQC, 3]] : []),
        ],
      );
      assert.deepEqual(
        result.slots!.map(({ slot, keyPairId, certificateInfo, keyUsageMask }) => [
          slot,
          keyPairId,
          certificateInfo,
          keyUsageMask,
        ]),
        [
          [0, 5, 1, 15],
          [1, 5, 1, 15],
          [4, 6, 1, 15],
        ],
      );
      const text = renderKeys("target", result, false);
      assert.match(text, /^target {2}SPDM 1\.[34] · P-384\n/);
      assert.match(text, /\n {4}5 {2}P-384 {6}slots 0, 1 {4}key-exchange, challenge, measurements, endpoint-info\n/);
      assert.match(text, /\n {4}4 {2}key pair 6 {4}device certificate {2}key-exchange/);
      assert.match(text, /[67] key pairs, told in the clear: nobody signed it\n$/);
      const json = JSON.parse(keysToJson("target", result));
      assert.equal(json.keyPairs[4].algorithm, "P-384");
      assert.equal(json.keyPairs[4].publicKeyInfo, "301006072a8648ce3d020106052b81040022");
      assert.equal(json.keyPairs[0].algorithm, null);
      assert.deepEqual(json.slots[2], {
        slot: 4,
        keyPair: 6,
        certificate: "device certificate",
        uses: json.slots[0].uses,
      });
    }
  });

  test("generates, gives away, takes back and erases", async () => {
    const to = link(trusted);
    const after = async (options: Parameters<typeof changeOf>[0]) => {
      const { pairs, slots } = await readKeys(to, { ...KEYS_OPTIONS, change: changeOf(options) });
      const { asym, usage, slotMask } = pairs[1];
      return [asym, usage, slotMask, slots!.find(({ slot }) => slot === 2)?.certificateInfo];
    };
    const refused = (options: Parameters<typeof changeOf>[0], name: RegExp) =>
      assert.rejects(readKeys(to, { ...KEYS_OPTIONS, change: changeOf(options) }), name);

    await refused({ generate: 2 }, /OperationFailed/); // of which algorithm?
    await refused({ change: 2, slots: [2] }, /OperationFailed/); // there is no key
    await refused({ change: 2, use: ["challenge"] }, /OperationFailed/);
    await refused({ generate: 2, keyAlgorithm: "P-521" }, /InvalidRequest/);
    await refused({ generate: 2, keyAlgorithm: "P-384", slots: [0] }, /OperationFailed/); // it has another key
    await refused({ generate: 3, keyAlgorithm: "P-384" }, /InvalidRequest/); // provisioned
    await refused({ erase: 3 }, /InvalidRequest/);
    await refused({ generate: 7 }, /InvalidRequest/);
    assert.deepEqual(await after({ generate: 2, keyAlgorithm: "P-384", use: ["challenge"] }), [16, 2, 0, undefined]);
    await refused({ change: 2, keyAlgorithm: "P-256" }, /OperationFailed/);
    assert.deepEqual(await after({ change: 2, slots: [2], use: ["measurements"] }), [16, 4, 4, 0]);
    await refused({ erase: 2 }, /OperationFailed/); // a slot has it
    await refused({ generate: 1, keyAlgorithm: "P-384", slots: [2, 3] }, /OperationFailed/);
    assert.deepEqual(await after({ change: 2 }), [16, 4, 0, undefined]);
    assert.deepEqual(await after({ generate: 2, slots: [5] }), [16, 4, 0x20, undefined]);
    await after({ change: 2 });
    assert.deepEqual(await after({ erase: 2 }), [0, 0, 0, undefined]);
  });

  test("in the clear nothing can be changed outside of trusted environments; who has the pre-shared key can", async () => {
    const change = changeOf({ generate: 1, keyAlgorithm: "P-256" });
    await assert.rejects(readKeys(link(), { ...KEYS_OPTIONS, change }), /SET_KEY_PAIR_INFO: UnexpectedRequest/);
    const session = { ...SESSION, psk: PSK };
    const result = await readKeys(link(), { ...KEYS_OPTIONS, change, session });
    assert.equal(result.pairs[0].asym, 8);
    assert.equal(result.slots!.length, 3);
    assert.match(renderKeys("target", result, false), /told in a session by who has the pre-shared key\n$/);
  });

  test("of responders that open sessions by pre-shared keys only, and have no certificates", async () => {
    const needCertificates = [0x81, 0x82, 0x83, 0xe4, 0xe5];
    const exchanges = [...EXCHANGES.filter(({ request }) => !needCertificates.includes(request))];
    const keyPairs = new TestKeyPairs({ trustedEnvironment: false, provenRequesters: true });
    keyPairs.set(1, { slotMask: 0 });
    const board = sessionBoard({}, { exchanges: [...exchanges, keyPairInfo, setKeyPairInfo], keyPairs });
    const to = linkTo(board.responder, board.faults);
    for (const version of [V1_3, V1_4]) {
      const options = { ...KEYS_OPTIONS, version, change: changeOf({ erase: 1 }) };
      await assert.rejects(readKeys(to, options), /SET_KEY_PAIR_INFO: UnexpectedRequest/);
      const result = await readKeys(to, { ...options, session: { ...SESSION, psk: BOARD_PSK } });
      assert.equal(result.pairs.length, 24);
      assert.equal(result.slots, undefined);
      assert.match(renderKeys("target", result, false), /told in a session by who has the pre-shared key\n$/);
    }
    assert.deepEqual(keyPairs.calls, [
      ["erase", 1],
      ["erase", 1],
    ]);
  });

  test("responders without", async () => {
    await assert.rejects(readKeys(link(), { ...KEYS_OPTIONS, version: V1_2 }), /SPDM 1\.2 has no key pairs/);
    await assert.rejects(readKeys(link({ publicKey: true }), KEYS_OPTIONS), Impossible);
  });

  test("arguments that do not go together", () => {
    assert.throws(() => changeOf({ generate: 1, erase: 2 }), /one of/);
    assert.throws(() => changeOf({ use: ["challenge"] }), /--generate or --change/);
    assert.throws(() => changeOf({ erase: 1, slots: [1] }), /nothing is left/);
    assert.equal(changeOf({}), undefined);
  });

  /** Of KEY_PAIR_INFO of key pair 1, which is a spare, or 3. */
  const LIES: readonly (readonly [string, number, (response: Uint8Array) => void])[] = [
    ["another number of key pairs", 3, (r) => r[4]++],
    ["another key pair", 1, (r) => r[5]++],
    ["fewer key pairs than this one", 3, (r) => (r[4] = 2)],
    ["shareable without slots", 1, (r) => (r[6] &= ~4)],
    ["no use at all", 1, (r) => (r[8] = 0)],
    ["a use it may not have", 3, (r) => (r[10] = 0x10)],
    ["no algorithm at all", 1, (r) => (r[12] = 0)],
    ["two algorithms", 3, (r) => (r[12] = r[16] = 0x18)],
    ["an algorithm it may not be of", 3, (r) => (r[16] = 1)],
    ["a PublicKeyInfo that ends behind the message", 3, (r) => (r[20] = 0xff)],
  ];
  for (const [name, id, lie] of LIES) {
    test(`a lie: ${name}`, async () => {
      const lying = link(undefined, (response, request) => {
        if (response[1] === 0x7c && request[4] === id) lie(response);
        return response;
      });
      await assert.rejects(readKeys(lying, { ...KEYS_OPTIONS, version: V1_3 }), Untrusted);
    });
  }

  test("what DMTF's responder has behind KEY_PAIR_INFO is left unread", async () => {
    const longer: Alter = (response) =>
      response[1] === 0x7c ? Uint8Array.of(...response, ...new Uint8Array(6)) : response;
    assert.equal((await readKeys(link(undefined, longer), KEYS_OPTIONS)).pairs.length, 7);
  });
});

describe("attest in multi-key connections", () => {
  for (const version of VERSIONS) {
    test(`1.${version & 15}`, async () => {
      const result = await attest(link(), {
        ...OPTIONS,
        version,
        multiKey: true,
        session: version < V1_1 ? undefined : SESSION,
      });
      assert.deepEqual(result.reasons, []);
      assert.equal(result.verdict, "trusted");
    });
  }

  const DIGESTS_KEYS = 4 + 3 * 48;
  const LIES: readonly (readonly [string, RegExp, (response: Uint8Array) => void])[] = [
    ["slot 0 with a generic certificate", /does not fit the slot/, (r) => (r[DIGESTS_KEYS + 3] = 3)],
    ["slot 0 with no use of SPDM's", /does not fit the slot/, (r) => (r[DIGESTS_KEYS + 6] = 0)],
    ["a model there is not", /does not fit the slot/, (r) => (r[DIGESTS_KEYS + 5] = 4)],
    ["a digest of no certificate", /does not fit the slot/, (r) => (r[DIGESTS_KEYS + 5] = 0)],
    ["another model than CERTIFICATE says", /CertificateInfo is not/, (r) => (r[DIGESTS_KEYS + 3] = 2)],
    ["another key pair", /CHALLENGE_AUTH: signature is wrong/, (r) => r[DIGESTS_KEYS]++],
  ];
  for (const [name, reason, lie] of LIES) {
    test(`a lie: ${name}`, async () => {
      const lying = link(undefined, (response) => {
        if (response[1] === 0x01) lie(response);
        return response;
      });
      const result = await attest(lying, { ...OPTIONS, multiKey: true });
      assert.equal(result.verdict, "untrusted");
      assert.match(result.reasons[0], reason);
    });
  }

  test("a key that is not for CHALLENGE makes it impossible", async () => {
    const other = link(undefined, (response) => {
      if (response[1] === 0x01) response[DIGESTS_KEYS + 6] = 0x0d;
      return response;
    });
    await assert.rejects(attest(other, { ...OPTIONS, multiKey: true }), /slot 0's key is not for CHALLENGE/);
  });

  test("CertificateInfo where keys are not shown is a lie", async () => {
    const lying = link(undefined, (response) => {
      if (response[1] === 0x02) response[3] = 1;
      return response;
    });
    assert.match((await attest(lying, { ...OPTIONS, version: V1_3 })).reasons[0], /CertificateInfo/);
  });
});

describe("attest by public key", () => {
  const publicKey = readPublicKey(join(KEYS, "ecp384/end_responder.key.pub.der"));

  for (const version of VERSIONS.filter((each) => each >= V1_1)) {
    test(`1.${version & 15}`, async () => {
      const options = { ...OPTIONS, anchors: [], version, publicKey, session: SESSION };
      const result = await attest(link({ publicKey: true }), options);
      assert.deepEqual(result.reasons, []);
      assert.equal(result.verdict, "trusted");
      assert.ok(result.measurementsSigned);
      assert.equal(result.chain, undefined);
    });
  }

  test("another key's responder is not trusted", async () => {
    const other = readPublicKey(join(KEYS, "ecp384/end_responder4.key.pub.der"));
    const result = await attest(link({ publicKey: true }), { ...OPTIONS, anchors: [], publicKey: other });
    assert.equal(result.verdict, "untrusted");
    assert.match(result.reasons[0], /hash of another key/);
  });

  test("CHALLENGE_AUTH with slots, or for a slot, is a lie", async () => {
    for (const [offset, value, reason] of [
      [2, 0, /answers for another slot/],
      [3, 1, /SlotMask has slots/],
    ] as const) {
      const lying = link({ publicKey: true }, (response) => {
        if (response[1] === 0x03) response[offset] = value;
        return response;
      });
      const result = await attest(lying, { ...OPTIONS, anchors: [], publicKey });
      assert.match(result.reasons[0], reason);
    }
  });

  test("responders with certificates are not known by a key, nor the other way round", async () => {
    await assert.rejects(attest(link(), { ...OPTIONS, publicKey }), /not known by a public key/);
    await assert.rejects(attest(link({ publicKey: true }), OPTIONS), /has no certificates/);
  });

  test("files that hold none", () => {
    assert.throws(() => readPublicKey(join(KEYS, "psk.json")), /no public key/);
  });
});
