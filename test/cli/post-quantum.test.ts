/** `attest` by ML-DSA and ML-KEM: against our own responder, and against one that lies about them. */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Credential } from "../../certs/identity-writer.js";
import { ML_DSAS } from "../../certs/ml-dsa.js";
import { makeCertificates } from "../../cli/certs.js";
import { loadIdentity } from "../../cli/identity.js";
import { mlDsaCredentials, mlDsaIdentity } from "../../cli/ml-dsa-identity.js";
import { type AttestOptions, attest } from "../../cli/requester/attest.js";
import { readKeys } from "../../cli/requester/keys.js";
import { DHES, KEMS, oneOrAll, PQC_ASYMS } from "../../cli/requester/names.js";
import { Impossible } from "../../cli/requester/verdict.js";
import { requesterIdentities } from "../../cli/session-options.js";
import { readAnchors } from "../../cli/target.js";
import { ML_DSA_44, ML_DSA_65, ML_DSA_87, ML_KEM_512 } from "../../src/algorithms.js";
import { V1_3, V1_4 } from "../../src/versions.js";
import { type Alter, type Device, IDENTITIES, KEYS, OPTIONS, ROOTS, SESSION, TestLink } from "./answering.js";

const ML_DSA_65_ROOT = join(KEYS, "mldsa65", "ca.cert.der");
const { pqcCredentials, credentials } = loadIdentity(KEYS);
const KEM_ONLY = { ...SESSION, dhe: 0, kem: KEMS["ML-KEM-768"] };
const PQC: Partial<AttestOptions> = {
  baseAsym: 0,
  pqcAsym: ML_DSA_65,
  session: KEM_ONLY,
  anchors: readAnchors([ML_DSA_65_ROOT]),
};

const run = (options: Partial<AttestOptions>, alter?: Alter, device: Device = { pqcCredentials }) =>
  attest(new TestLink(alter, device), { ...OPTIONS, ...PQC, ...options });

async function trusted(options: Partial<AttestOptions>, device?: Device) {
  const { verdict, reasons, algorithms, session, chain } = await run(options, undefined, device);
  assert.deepEqual(reasons, []);
  assert.equal(verdict, "trusted");
  return { asym: algorithms!.baseAsym, kem: session?.kem, dhe: session?.dhe, leaf: chain!.leafPqcAsym };
}

describe("what both have is trusted", () => {
  // The last comes in chunks.
  for (const kem of Object.keys(KEMS)) {
    test(`ML-DSA-65 and ${kem}`, async () => {
      const session = { ...KEM_ONLY, kem: KEMS[kem], updateKeys: true };
      assert.deepEqual(await trusted({ session }), { asym: "ML-DSA-65", kem, dhe: undefined, leaf: ML_DSA_65 });
    });
  }

  test("one of each kind", async () => {
    const classical = { baseAsym: OPTIONS.baseAsym, pqcAsym: 0, anchors: OPTIONS.anchors };
    const session = { ...KEM_ONLY, kem: KEMS["ML-KEM-1024"] };
    const kem = await trusted({ ...classical, session });
    assert.deepEqual(kem, { asym: "P-384", kem: "ML-KEM-1024", dhe: undefined, leaf: undefined });
    const dhe = await trusted({ session: { ...SESSION, dhe: DHES.secp256r1 } });
    assert.deepEqual(dhe, { asym: "ML-DSA-65", kem: undefined, dhe: "secp256r1", leaf: ML_DSA_65 });
  });

  test("slots that have keys of their own: those of ML-DSA, by their KeyPairIDs", async () => {
    const anchors = ["ca.cert.der", "ca1.cert.der"].flatMap((file) => readAnchors([join(KEYS, "mldsa65", file)]));
    for (const slot of [0, 1]) await trusted({ multiKey: true, slot, anchors }, { pqcCredentials });
    const link = new TestLink(undefined, { pqcCredentials });
    const { pairs } = await readKeys(link, { ...OPTIONS, session: undefined });
    const [pair, ...others] = pairs.filter(({ pqcAsym }) => pqcAsym !== 0);
    assert.deepEqual([pair.asym, pair.pqcAsym, pair.pqcAsymCapabilities], [0, ML_DSA_65, ML_DSA_65]);
    // id-ml-dsa-65, without parameters
    assert.equal(Buffer.from(pair.publicKeyInfo).toString("hex"), "300b0609608648016503040312");
    assert.equal(
      [pair, ...others].reduce((mask, { slotMask }) => mask | slotMask, 0),
      3,
    );
  });

  test("we prove ourselves by ECDSA where the responder does by ML-DSA", async () => {
    const { reasons, requester } = await run({ identities: IDENTITIES }, undefined, { pqcCredentials, requested: 2 });
    assert.deepEqual(reasons, []);
    assert.deepEqual(requester!.proofs, ["FINISH"]);
  });

  test("slots in multi-key connections have key pairs of theirs", async () => {
    assert.equal((await run({ multiKey: true })).verdict, "trusted");
  });

  test("if all is offered, what is post-quantum is taken where the responder has it", async () => {
    const all = {
      baseAsym: OPTIONS.baseAsym,
      pqcAsym: oneOrAll(PQC_ASYMS, undefined),
      session: { ...SESSION, kem: oneOrAll(KEMS, undefined) },
      anchors: readAnchors([...ROOTS, ML_DSA_65_ROOT]),
    };
    assert.deepEqual(await trusted(all), { asym: "ML-DSA-65", kem: "ML-KEM-768", dhe: undefined, leaf: ML_DSA_65 });
    const without = await trusted(all, {});
    assert.deepEqual(without, { asym: "P-384", kem: "ML-KEM-768", dhe: undefined, leaf: undefined });
    const before = await trusted({ ...all, version: V1_3 });
    assert.deepEqual(before, { asym: "P-384", kem: undefined, dhe: "secp384r1", leaf: undefined });
  });
});

test("what SPDM 1.3 has not, or the responder, is impossible", async () => {
  const rejects = (options: Partial<AttestOptions>, reason: RegExp, device?: Device) =>
    assert.rejects(run(options, undefined, device), (error: Error) => {
      assert.ok(error instanceof Impossible);
      assert.match(error.message, reason);
      return true;
    });
  await rejects({ version: V1_3, session: undefined }, /^SPDM 1\.3 has no ML-DSA-65$/);
  await rejects({ version: V1_3, baseAsym: OPTIONS.baseAsym, anchors: OPTIONS.anchors }, /^SPDM 1\.3 has no KEMs$/);
  await rejects({}, /refused NEGOTIATE_ALGORITHMS: InvalidRequest/, {});
  await rejects({ pqcAsym: ML_DSA_44 }, /refused NEGOTIATE_ALGORITHMS: InvalidRequest/);
});

describe("a responder that lies in ALGORITHMS", () => {
  const OFFERS_BOTH = {
    baseAsym: OPTIONS.baseAsym,
    session: { ...SESSION, dhe: DHES.secp384r1, kem: KEMS["ML-KEM-768"] },
    anchors: readAnchors([...ROOTS, ML_DSA_65_ROOT]),
  };
  const lied = (options: Partial<AttestOptions>, lie: (algorithms: Uint8Array) => void) =>
    attestOnce(options, { pqcCredentials }, lie);
  const attestOnce = async (options: Partial<AttestOptions>, device: Device, lie: (algorithms: Uint8Array) => void) => {
    const alter: Alter = (response, _request, type) => {
      if (type === 5 && response[1] === 0x63) lie(response);
      return response;
    };
    return (await run({ version: V1_4, ...options }, alter, device)).reasons[0];
  };
  /** Where AlgSupported of a table is. */
  const table = (response: Uint8Array, type: number) => {
    for (let at = 36; at < response.length; at += 4) if (response[at] === type) return at + 2;
    throw new Error("no such table");
  };

  test("two algorithms for signatures", async () => {
    const reason = await lied(OFFERS_BOTH, (response) => {
      response[12] = 0x80;
    });
    assert.equal(reason, "ALGORITHMS: selects two algorithms for signatures");
  });

  test("one that was not offered, and more than one", async () => {
    for (const [bits, name] of [
      [ML_DSA_44, "ML-DSA-44"],
      [ML_DSA_44 | ML_DSA_65, "0x3"],
    ] as const) {
      const reason = await lied({}, (response) => {
        response[20] = bits;
      });
      assert.equal(reason, `ALGORITHMS: ${name} was not offered`);
    }
    const none = await lied(OFFERS_BOTH, (response) => {
      response[20] = 0;
    });
    assert.equal(none, "ALGORITHMS: 0x0 was not offered");
  });

  test("a KEM and a DHE group, a KEM that was not offered, and neither", async () => {
    const both = await lied(OFFERS_BOTH, (response) => {
      response[table(response, 2)] = DHES.secp384r1;
    });
    assert.equal(both, "ALGORITHMS: selects both a DHE group and a KEM");
    const other = await lied(OFFERS_BOTH, (response) => {
      response[table(response, 7)] = ML_KEM_512;
    });
    assert.equal(other, "ALGORITHMS: selects what was not offered");
    const neither = lied(OFFERS_BOTH, (response) => {
      response[table(response, 7)] = 0;
    });
    await assert.rejects(neither, /the responder has no DHE group of those offered/);
  });

  test("two algorithms for our signatures, and one that was not offered", async () => {
    const identities = { ...OFFERS_BOTH, identities: IDENTITIES, ...requesterIdentities(KEYS) };
    const mutual = (at: number, bits: number) =>
      attestOnce({ ...identities }, { pqcCredentials, requested: 2 }, (response) => {
        response[table(response, at)] = bits;
      });
    assert.equal(await mutual(4, 0x80), "ALGORITHMS: selects two algorithms for the requester's signatures");
    assert.equal(await mutual(6, ML_DSA_44), "ALGORITHMS: selects what was not offered");
  });

  test("the classical ones, where its certificates are of ML-DSA", async () => {
    const reason = await lied({ ...OFFERS_BOTH, session: undefined }, (response) => {
      response[12] = 0x80;
      response[20] = 0;
    });
    assert.equal(reason, "leaf certificate: has no P-384 key");
  });

  test("who takes PqcAsymAlgo out of the offer on its way is found by CHALLENGE_AUTH", async () => {
    const link = new TestLink(undefined, { pqcCredentials });
    const exchange = link.exchange.bind(link);
    link.exchange = (type, message) => {
      const changed = message.slice();
      if (message[1] === 0xe3) changed.fill(0, 16, 20);
      return exchange(type, changed);
    };
    const { reasons } = await attest(link, { ...OPTIONS, ...PQC, ...OFFERS_BOTH });
    assert.deepEqual(reasons, ["CHALLENGE_AUTH: signature is wrong"]);
  });
});

describe("we prove ourselves by ML-DSA", () => {
  const { pqcIdentities } = requesterIdentities(KEYS);
  const MUTUAL = { session: SESSION, pqcIdentities };
  const device = (changes: Device = {}): Device => ({ pqcCredentials, requested: 2, ...changes });
  const proved = async (options: Partial<AttestOptions>, on = device()) => {
    const { reasons, requester } = await run({ ...MUTUAL, ...options }, undefined, on);
    assert.deepEqual(reasons, []);
    assert.deepEqual(requester!.proofs, ["FINISH"]);
    return requester!.subject;
  };

  test("the chain known, fetched, and shown unasked; in the clear, and in small chunks", async () => {
    for (const requested of [1, 2, 4]) {
      for (const inTheClear of [false, true]) {
        const on = device({ requested, inTheClear, dataTransferSize: inTheClear ? 256 : 42 });
        const session = { ...SESSION, inTheClear };
        assert.match(await proved({ session, dataTransferSize: inTheClear ? 42 : 256 }, on), /ML-DSA-65/);
      }
    }
  });

  test("the responder by ECDSA or by ML-DSA", async () => {
    await proved({ baseAsym: OPTIONS.baseAsym, pqcAsym: 0, anchors: OPTIONS.anchors });
    await proved({});
  });

  test("before ECDSA, if we offer both and the responder trusts a root of it; else, and before 1.4, by ECDSA", async () => {
    const both = { identities: IDENTITIES };
    assert.match(await proved(both), /ML-DSA-65/);
    const classical = { ...both, baseAsym: OPTIONS.baseAsym, anchors: readAnchors([...ROOTS, ML_DSA_65_ROOT]) };
    assert.match(await proved({ ...classical, version: V1_3 }), /P-384/);
    const folder = mkdtempSync(join(tmpdir(), "spdm-no-pqc-"));
    for (const kind of ["ecp256", "ecp384"]) cpSync(join(KEYS, kind), join(folder, kind), { recursive: true });
    assert.match(await proved(classical, device({ keys: folder })), /P-384/);
    await assert.rejects(proved({}, device({ keys: folder })), /refused NEGOTIATE_ALGORITHMS: InvalidRequest/);
    rmSync(folder, { recursive: true });
  });

  test("SPDM 1.3 has no such thing", async () => {
    const options = { version: V1_3, baseAsym: OPTIONS.baseAsym, anchors: OPTIONS.anchors };
    await assert.rejects(proved(options), { name: "Impossible", message: "SPDM 1.3 has no ML-DSA-65" });
  });

  test("a responder's chain, one that another root signed, and a key that does not fit, are refused", async () => {
    const under = (chosen: readonly Credential[], sign = mlDsaIdentity(chosen, ML_DSA_65).sign) => ({
      pqcIdentities: [{ algorithm: ML_DSA_65, identity: { ...mlDsaIdentity(chosen, ML_DSA_65), sign } }],
    });
    const first = pqcCredentials.filter(({ slot }) => slot === 0);
    await assert.rejects(proved(under(first)), /refused our answer to its GET_CERTIFICATE: InvalidResponseCode/);
    const [own] = mlDsaCredentials(KEYS, "requester");
    const folder = mkdtempSync(join(tmpdir(), "spdm-strangers-"));
    await makeCertificates({ out: folder, kinds: ML_DSAS.slice(1, 2) });
    const [stranger] = mlDsaCredentials(folder, "requester");
    rmSync(folder, { recursive: true });
    await assert.rejects(proved(under([stranger])), /refused our answer to its GET_CERTIFICATE: InvalidResponseCode/);
    const { sign } = mlDsaIdentity([stranger], ML_DSA_65);
    for (const requested of [1, 2])
      await assert.rejects(proved(under([own], sign), device({ requested })), /refused FINISH: DecryptError/);
  });

  test("who takes ReqPqcAsymAlg out of the offer on its way is found by CHALLENGE_AUTH", async () => {
    const link = new TestLink(undefined, device());
    const exchange = link.exchange.bind(link);
    link.exchange = (type, message) => {
      const changed = message.slice();
      const at = message.length - 4 * 2;
      if (message[1] === 0xe3 && message[at] === 6) changed.set([1, 0], at + 2);
      return exchange(type, changed);
    };
    const offer = { ...MUTUAL, session: KEM_ONLY, identities: IDENTITIES };
    const { reasons } = await attest(link, { ...OPTIONS, ...PQC, ...offer });
    assert.deepEqual(reasons, ["CHALLENGE_AUTH: signature is wrong"]);
  });
});

describe("one flipped bit", () => {
  // KEY_EXCHANGE_RSP: 40, ciphertext 1088, summary 48, opaque data 2 + 20, signature 3309, verify data 48.
  const flip =
    (code: number, offset: number): Alter =>
    (response, _request, type) => {
      if (type === 5 && response[1] === code) response[offset < 0 ? response.length + offset : offset] ^= 1;
      return response;
    };
  for (const [what, offset, reason] of [
    ["the ciphertext", 40, "signature is wrong"],
    ["the ciphertext's end", 40 + 1087, "signature is wrong"],
    ["the signature", -48 - 3309, "signature is wrong"],
    ["the signature's hints", -49, "signature is wrong"],
    ["the verify data", -1, "ResponderVerifyData is wrong"],
  ] as const) {
    test(`in ${what} of KEY_EXCHANGE_RSP`, async () => {
      assert.deepEqual((await run({}, flip(0x64, offset))).reasons, [`KEY_EXCHANGE_RSP: ${reason}`]);
    });
  }

  test("in CHALLENGE_AUTH", async () => {
    for (const offset of [4 + 48, -3309, -1]) {
      assert.deepEqual((await run({}, flip(0x03, offset))).reasons, ["CHALLENGE_AUTH: signature is wrong"]);
    }
  });
});

test("a leaf's key has to be of the algorithm that was selected", async () => {
  const [{ key }] = pqcCredentials;
  const { chain } = credentials.find(({ algorithm }) => algorithm === OPTIONS.baseAsym)!;
  const device = { pqcCredentials: [{ slot: 0, algorithm: ML_DSA_65, chain, key }] };
  const { reasons } = await run({ anchors: OPTIONS.anchors }, undefined, device);
  assert.deepEqual(reasons, ["leaf certificate: has no ML-DSA-65 key"]);
});

describe("what `spdm certs` makes of ML-DSA", () => {
  const folder = mkdtempSync(join(tmpdir(), "spdm-ml-dsa-"));
  let made: readonly Credential[];

  before(async () => {
    await makeCertificates({ out: folder });
    await makeCertificates({ out: folder, kinds: ML_DSAS });
    made = loadIdentity(folder).pqcCredentials;
  });
  after(() => rmSync(folder, { recursive: true }));

  test("two slots of each, whose keys are seeds, and no image with them", () => {
    assert.deepEqual(
      made.map(({ slot, algorithm, key }) => [slot, algorithm, key.length]),
      [ML_DSA_44, ML_DSA_65, ML_DSA_87].flatMap((algorithm) => [0, 1].map((slot) => [slot, algorithm, 32])),
    );
    assert.equal(new Set(made.map(({ key }) => Buffer.from(key).toString("hex"))).size, 6);
    assert.deepEqual(loadIdentity(join(folder, "identity.bin")).pqcCredentials, []);
    // RFC 9881 §6: the seed alone, and its appendix's bytes before it.
    const pkcs8 = readFileSync(join(folder, "mldsa65", "end_responder.key.p8")).toString("hex");
    assert.match(pkcs8, /^3034020100300b060960864801650304031204228020[\da-f]{64}$/);
  });

  for (const name of ["ML-DSA-44", "ML-DSA-87"]) {
    for (const requested of [1, 2]) {
      test(`proves its requester: ${name}, MutAuthRequested ${requested}`, async () => {
        const identities = requesterIdentities(folder).pqcIdentities!;
        const pqcIdentities = identities.filter(({ algorithm }) => algorithm === PQC_ASYMS[name]);
        const anchors = readAnchors([join(folder, "mldsa44", "ca.cert.der")]);
        const offer = { pqcAsym: ML_DSA_44, anchors, pqcIdentities };
        const { reasons, requester } = await run(offer, undefined, { keys: folder, pqcCredentials: made, requested });
        assert.deepEqual(reasons, []);
        assert.deepEqual(requester!.proofs, ["FINISH"]);
        assert.equal(requester!.subject, `CN=moddable-spdm requester ${name}`);
      });
    }
  }

  test("is trusted: ML-DSA-87, whose signatures come in chunks", async () => {
    const anchors = readAnchors([join(folder, "mldsa87", "ca.cert.der")]);
    const session = { ...KEM_ONLY, kem: KEMS["ML-KEM-1024"] };
    const found = await trusted({ pqcAsym: ML_DSA_87, anchors, session }, { pqcCredentials: made });
    assert.deepEqual(found, { asym: "ML-DSA-87", kem: "ML-KEM-1024", dhe: undefined, leaf: ML_DSA_87 });
  });

  for (const slot of [0, 1]) {
    test(`is trusted: slot ${slot} of ML-DSA-44 with every KEM`, async () => {
      const anchors = readAnchors([join(folder, "mldsa44", "ca.cert.der")]);
      for (const [kem, bit] of Object.entries(KEMS)) {
        const session = { ...KEM_ONLY, kem: bit };
        const found = await trusted({ pqcAsym: ML_DSA_44, slot, anchors, session }, { pqcCredentials: made });
        assert.deepEqual(found, { asym: "ML-DSA-44", kem, dhe: undefined, leaf: ML_DSA_44 });
      }
    });
  }
});
