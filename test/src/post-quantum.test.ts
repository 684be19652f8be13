/** ML-DSA and ML-KEM in the responder: what is selected, and sessions by each of them; SPDM 1.4 only. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { KeyDecapsulation, KeyEncapsulation } from "../../hal/crypto.js";
import { mlDsa65 } from "../../hal/portable/ml-dsa.js";
import { mlKem512, mlKem768, mlKem1024 } from "../../hal/portable/ml-kem.js";
import {
  AEAD,
  AES_256_GCM,
  DHE,
  KEM,
  KEY_SCHEDULE,
  ML_DSA_44,
  ML_DSA_65,
  ML_KEM_512,
  ML_KEM_768,
  ML_KEM_1024,
  REQ_BASE_ASYM,
  REQ_PQC_ASYM,
  SECP256R1,
} from "../../src/algorithms.js";
import { INVALID_REQUEST, RESPONSE_TOO_LARGE } from "../../src/errors.js";
import { AFTER_CAPABILITIES } from "../../src/exchange.js";
import { V1_1, V1_2, V1_3, V1_4, type Version } from "../../src/versions.js";
import { mutualBoard } from "../support/authenticating.js";
import { readLe, toHex } from "../support/bytes.js";
import { type Board, Conversation, CURVES, testIdentity } from "../support/fixture.js";
import { ML_DSAS, type MlDsa } from "../support/ml-dsa.js";
import { deterministicRandom } from "../support/random.js";
import { trusting } from "../support/requester-chain.js";
import * as requests from "../support/requests.js";
import { keyExchangeRequest, MUT_AUTH_FLAGS, Peer, SESSION_FLAGS, sessionBoard } from "../support/session.js";

interface Kem {
  readonly name: string;
  readonly algorithm: number;
  readonly engine: KeyEncapsulation & KeyDecapsulation;
}
const KEMS: readonly Kem[] = [
  { name: "ML-KEM-512", algorithm: ML_KEM_512, engine: mlKem512(deterministicRandom(6)) },
  { name: "ML-KEM-768", algorithm: ML_KEM_768, engine: mlKem768(deterministicRandom(7)) },
  { name: "ML-KEM-1024", algorithm: ML_KEM_1024, engine: mlKem1024(deterministicRandom(8)) },
];

/** Large enough for every message here without chunks. */
const DATA_TRANSFER_SIZE = 8192;
const P384 = 0x80;

interface Has {
  readonly asyms?: readonly MlDsa[];
  readonly kems?: readonly Kem[];
  readonly classical?: boolean;
  readonly dataTransferSize?: number;
}

function boardWith({
  asyms = ML_DSAS,
  kems = KEMS,
  classical = true,
  dataTransferSize = DATA_TRANSFER_SIZE,
}: Has): Board {
  const identity = (asym: (typeof CURVES)[number] | MlDsa) => ({
    algorithm: asym.algorithm,
    identity: testIdentity(asym, [0]),
  });
  return sessionBoard(
    { kem: kems, ...(classical ? {} : { dhe: [] }) },
    { pqcAsym: asyms.map(identity), baseAsym: classical ? [identity(CURVES[1])] : [], dataTransferSize },
  );
}

/** NEGOTIATE_ALGORITHMS' tables, ascending. */
function tablesOf(dhe: number, kem: number): [number, number, number][] {
  const tables: [number, number, number][] = dhe === 0 ? [] : [[DHE, 0x20, dhe]];
  tables.push([AEAD, 0x20, AES_256_GCM], [KEY_SCHEDULE, 0x20, 1]);
  if (kem !== 0) tables.push([KEM, 0x20, kem]);
  return tables;
}

/** What ALGORITHMS selects of a table. */
function tableOf(response: Uint8Array, type: number): number | undefined {
  for (let at = 36; at < response.length; at += 4) if (response[at] === type) return readLe(response, at + 2, 2);
  return undefined;
}

/** What ALGORITHMS selects: of signatures classical and post-quantum, and of each table. */
function selection(response: Uint8Array) {
  const table = (type: number) => tableOf(response, type);
  return { base: readLe(response, 12, 4), pqc: readLe(response, 20, 4), dhe: table(DHE), kem: table(KEM) };
}

interface Offered {
  readonly baseAsym?: number;
  readonly pqcAsym?: number;
  readonly dhe?: number;
  readonly kem?: number;
}

const negotiating = (v: Version, on: Board) =>
  new Conversation(v, { flags: SESSION_FLAGS, dataTransferSize: DATA_TRANSFER_SIZE }, on).reach(AFTER_CAPABILITIES);

function request(v: Version, { baseAsym = 0, pqcAsym = 0, dhe = 0, kem = 0 }: Offered): Uint8Array {
  return requests.negotiateAlgorithms(v, { baseAsym, pqcAsym, tables: tablesOf(dhe, kem) });
}

describe("of classical and post-quantum algorithms exactly one is selected", () => {
  for (const has of [1, 2, 3]) {
    for (const offers of [0, 1, 2, 3]) {
      test(`the board has ${has}, the requester offers ${offers}, in bits: 1 classical, 2 post-quantum`, () => {
        const on = boardWith({ classical: (has & 1) !== 0, ...((has & 2) !== 0 ? {} : { asyms: [], kems: [] }) });
        const conversation = negotiating(V1_4, on);
        const classical = (offers & 1) !== 0 ? { baseAsym: P384, dhe: SECP256R1 } : {};
        const postQuantum = (offers & 2) !== 0 ? { pqcAsym: ML_DSA_65, kem: ML_KEM_768 } : {};
        const asked = request(V1_4, { ...classical, ...postQuantum });
        const common = has & offers;
        if (common === 0) {
          conversation.refused(asked, INVALID_REQUEST);
          return;
        }
        const { base, pqc, dhe = 0, kem = 0 } = selection(conversation.answer(asked));
        const chosen = (common & 2) !== 0 ? [0, ML_DSA_65, 0, ML_KEM_768] : [P384, 0, SECP256R1, 0];
        assert.deepEqual([base, pqc, dhe, kem], chosen);
      });
    }
  }

  for (const has of [1, 2, 3]) {
    for (const offers of [1, 2, 3]) {
      test(`the board verifies ${has} of requesters, the requester has ${offers}`, () => {
        const nobody = () => undefined;
        const trust = {
          ...trusting([]),
          ...((has & 1) !== 0 ? {} : { verifiers: [] }),
          ...((has & 2) !== 0
            ? { pqc: { verifiers: [{ algorithm: ML_DSA_65, engine: mlDsa65 }], verifyChain: nobody } }
            : {}),
        };
        const on = mutualBoard({ requested: 2, trust });
        const tables = tablesOf(SECP256R1, 0);
        if ((offers & 1) !== 0) tables.splice(2, 0, [REQ_BASE_ASYM, 0x20, P384]);
        if ((offers & 2) !== 0) tables.push([REQ_PQC_ASYM, 0x20, ML_DSA_44 | ML_DSA_65]);
        for (const version of [V1_3, V1_4]) {
          const flags = SESSION_FLAGS | MUT_AUTH_FLAGS;
          const conversation = new Conversation(version, { flags, dataTransferSize: DATA_TRANSFER_SIZE }, on);
          conversation.reach(AFTER_CAPABILITIES);
          const offered = version === V1_4 ? tables : tables.filter(([type]) => type !== REQ_PQC_ASYM);
          const asked = requests.negotiateAlgorithms(version, { baseAsym: P384, tables: offered });
          const common = has & offers & (version === V1_4 ? 3 : 1);
          if (common === 0) {
            conversation.refused(asked, INVALID_REQUEST);
            continue;
          }
          const response = conversation.answer(asked);
          const table = (type: number) => tableOf(response, type) ?? 0;
          const chosen = (common & 2) !== 0 ? [0, ML_DSA_65] : [P384, 0];
          assert.deepEqual([table(REQ_BASE_ASYM), table(REQ_PQC_ASYM)], chosen);
        }
      });
    }
  }

  test("a board that exchanges keys has one of them", () => {
    assert.throws(() => boardWith({ classical: false, kems: [] }), /no key agreement/);
  });

  test("each of the two choices by itself: signatures and key exchange need not be of one kind", () => {
    const all = { baseAsym: P384, pqcAsym: ML_DSA_65, dhe: SECP256R1, kem: ML_KEM_768 };
    const sel = (has: Has, offered: Offered) =>
      selection(negotiating(V1_4, boardWith(has)).answer(request(V1_4, offered)));
    assert.deepEqual(sel({ kems: [] }, all), { base: 0, pqc: ML_DSA_65, dhe: SECP256R1, kem: 0 });
    assert.deepEqual(sel({ asyms: [] }, all), { base: P384, pqc: 0, dhe: 0, kem: ML_KEM_768 });
    assert.deepEqual(sel({}, { ...all, pqcAsym: 0 }), { base: P384, pqc: 0, dhe: 0, kem: ML_KEM_768 });
    assert.deepEqual(sel({}, { ...all, kem: 0 }), { base: 0, pqc: ML_DSA_65, dhe: SECP256R1, kem: undefined });
  });

  test("the board's order decides, and what it has not falls back to what is classical", () => {
    const [mlDsa44, mlDsa65] = ML_DSAS;
    const [kem512, , kem1024] = KEMS;
    const has = { asyms: [mlDsa65, mlDsa44], kems: [kem1024, kem512] };
    const sel = (pqcAsym: number, kem: number) => {
      const offered = { baseAsym: P384, pqcAsym, dhe: SECP256R1, kem };
      return selection(negotiating(V1_4, boardWith(has)).answer(request(V1_4, offered)));
    };
    assert.deepEqual(sel(0xffffffff, 0xffff), { base: 0, pqc: ML_DSA_65, dhe: 0, kem: ML_KEM_1024 });
    assert.deepEqual(sel(ML_DSA_44, ML_KEM_512), { base: 0, pqc: ML_DSA_44, dhe: 0, kem: ML_KEM_512 });
    // SLH-DSA, ML-KEM-768 and what has no name yet.
    assert.deepEqual(sel(0xfffffffc, 0xfffa), { base: P384, pqc: 0, dhe: SECP256R1, kem: 0 });
  });

  test("before 1.4 there are none", () => {
    for (const version of [V1_1, V1_2, V1_3]) {
      const offered = { baseAsym: P384, pqcAsym: ML_DSA_65, dhe: SECP256R1 };
      const response = negotiating(version, boardWith({})).answer(request(version, offered));
      assert.deepEqual(selection(response), { base: P384, pqc: 0, dhe: SECP256R1, kem: undefined });
      negotiating(version, boardWith({})).refused(request(version, { ...offered, kem: ML_KEM_768 }), INVALID_REQUEST);
      const only = boardWith({ classical: false });
      negotiating(version, only).refused(request(version, offered), INVALID_REQUEST);
    }
  });

  test("without KEY_EX_CAP no KEM is selected", () => {
    const conversation = new Conversation(V1_4, { flags: 0 }, boardWith({})).reach(AFTER_CAPABILITIES);
    const response = conversation.answer(request(V1_4, { baseAsym: P384, dhe: SECP256R1, kem: ML_KEM_768 }));
    assert.deepEqual(selection(response), { base: P384, pqc: 0, dhe: 0, kem: 0 });
  });
});

/** A requester that takes this ML-DSA and this KEM. */
function peerOf(asym: MlDsa, kem: Kem, on: Board = boardWith({})): Peer {
  return new Peer(V1_4, on, {
    kem: kem.engine,
    baseAsym: 0,
    pqcAsym: asym.algorithm,
    dataTransferSize: DATA_TRANSFER_SIZE,
    tables: tablesOf(0, kem.algorithm),
  });
}

describe("signatures and sessions", () => {
  for (const asym of ML_DSAS) {
    test(`${asym.name}: CHALLENGE_AUTH and MEASUREMENTS, in and out of sessions`, () => {
      const { conversation: c } = peerOf(asym, KEMS[0]);
      const before = [...c.pair(requests.getDigests(V1_4)), ...c.pair(requests.getCertificate(V1_4))];
      const challenge = requests.challenge(V1_4, 0, 0xff);
      const answer = c.answer(challenge);
      assert.ok(c.isM1(before, challenge, answer));
      assert.ok(!c.isM1(before.slice(1), challenge, answer));
      const measurements = requests.getMeasurements(V1_4);
      assert.ok(c.isL1([], measurements, c.answer(measurements)));
    });

    for (const kem of KEMS) {
      test(`${asym.name}, ${kem.name}: a session`, () => {
        const peer = peerOf(asym, kem);
        const { conversation: c } = peer;
        const end = peer.keyExchange();
        const { opening } = end;
        const proofLength = c.hash.outputLen;
        const length = 40 + kem.engine.ciphertextLength + 2 + 12 + asym.verifier.signatureLength + proofLength;
        assert.ok(opening.length >= length && opening.length < length + 16);
        end.finish();
        assert.ok(end.isAlive);
        assert.ok(end.answer(requests.getMeasurements(V1_4)).length > asym.verifier.signatureLength);
        end.updateKeys(2);
        assert.ok(end.isAlive);
        end.end();
        assert.deepEqual(peer.board.faults, []);
      });
    }

    test(`${asym.name}: KEY_EXCHANGE_RSP is signed over the encapsulation key and the ciphertext`, () => {
      const peer = peerOf(asym, KEMS[1]);
      const { conversation: c } = peer;
      const asked = keyExchangeRequest(V1_4, { exchangeData: peer.keyPair().publicKey });
      const response = c.answer(asked);
      const signed = response.subarray(0, response.length - c.hash.outputLen);
      assert.ok(c.isTh1(asked, signed));
      for (const at of [40, 40 + 1087]) {
        const changed = signed.slice();
        changed[at] ^= 1;
        assert.ok(!c.isTh1(asked, changed));
      }
    });
  }

  test("each KEY_EXCHANGE has a secret of its own, and no key pair is made ahead", () => {
    const peer = peerOf(ML_DSAS[0], KEMS[1]);
    assert.equal(peer.board.responder.idle(), false);
    const pair = peer.keyPair();
    const [first, second] = [peer.keyExchange({ pair }), peer.keyExchange({ pair, sessionId: 2 })];
    const ciphertexts = [first, second].map(({ opening }) => toHex(opening.subarray(40, 40 + 1088)));
    assert.notEqual(ciphertexts[0], ciphertexts[1]);
    for (const end of [first, second]) assert.ok(end.finish().isAlive);
    assert.equal(peer.board.responder.idle(), false);
  });
});

describe("what a hostile requester sends", () => {
  for (const kem of KEMS) {
    test(`${kem.name}: an encapsulation key whose coefficients are out of range is an InvalidRequest`, () => {
      const peer = peerOf(ML_DSAS[0], kem);
      const { conversation: c } = peer;
      const good = peer.keyPair().publicKey;
      for (const at of [0, 3, good.length - 32 - 3]) {
        const exchangeData = good.slice();
        exchangeData.fill(0xff, at, at + 3);
        // More than there are places for sessions: none is taken.
        for (let i = 0; i < 6; i++) c.refused(keyExchangeRequest(V1_4, { exchangeData }), INVALID_REQUEST);
      }
      c.refused(keyExchangeRequest(V1_4, { exchangeData: new Uint8Array(good.length).fill(0xff) }), INVALID_REQUEST);
      assert.ok(peer.keyExchange().finish().isAlive);
    });
  }

  test("KEY_EXCHANGE cut short, and with any bit flipped, is answered or refused", () => {
    const peer = peerOf(ML_DSAS[0], KEMS[0], boardWith({ asyms: [ML_DSAS[0]], kems: [KEMS[0]] }));
    const { conversation: c } = peer;
    const good = keyExchangeRequest(V1_4, { exchangeData: peer.keyPair().publicKey });
    for (let length = 4; length < good.length; length += length < 60 ? 1 : 37) {
      c.refused(good.subarray(0, length), INVALID_REQUEST);
    }
    for (let bit = 16; bit < good.length * 8; bit += bit < 400 ? 7 : 263) {
      const changed = good.slice();
      changed[bit >> 3] ^= 1 << (bit & 7);
      const response = c.ask(changed);
      // A session too many is a refusal like others.
      assert.ok(response[1] === 0x64 || response[1] === 0x7f);
    }
    assert.deepEqual(peer.board.faults, []);
  });

  test("a signature that does not fit the requester's DataTransferSize is ResponseTooLarge, and spends nothing", () => {
    const peer = new Peer(V1_4, boardWith({}), {
      kem: KEMS[0].engine,
      baseAsym: 0,
      pqcAsym: ML_DSA_65,
      dataTransferSize: 2048,
      tables: tablesOf(0, ML_KEM_512),
    });
    const { conversation: c } = peer;
    const length = readLe(c.refused(requests.challenge(V1_4), RESPONSE_TOO_LARGE), 0, 4);
    assert.equal(length, 4 + 48 + 32 + 2 + 8 + 3309);
    const exchangeData = peer.keyPair().publicKey;
    for (let i = 0; i < 6; i++) c.refused(keyExchangeRequest(V1_4, { exchangeData }), RESPONSE_TOO_LARGE);
  });
});
