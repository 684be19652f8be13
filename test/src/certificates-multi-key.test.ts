/**
 * GET_CSR and SET_CERTIFICATE in connections that name key pairs: their handlers, on a connection whose ALGORITHMS came to
 * that.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256 } from "../../hal/portable/crypto.js";
import { Chains } from "../../src/chain.js";
import { Connection } from "../../src/connection.js";
import { EphemeralKeys } from "../../src/ephemeral-keys.js";
import { INVALID_REQUEST, SpdmError, UNSPECIFIED } from "../../src/errors.js";
import type { Exchange } from "../../src/exchange.js";
import { csr } from "../../src/messages/csr.js";
import { setCertificate } from "../../src/messages/set-certificate.js";
import { Sessions } from "../../src/sessions.js";
import { V1_3, type Version } from "../../src/versions.js";
import { Reader, Writer } from "../../src/wire.js";
import { toHex } from "../support/bytes.js";
import { changeableBoard, ENGINES, getCsr, setCertificateRequest, TRUSTED } from "../support/certificate-slots.js";
import { CURVES, chainOf, leafKeyOf, spdmChainOf } from "../support/fixture.js";
import { deterministicRandom } from "../support/random.js";

const [P256] = CURVES;
const DEVICE = 1;
const ALIAS = 2;
const GENERIC = 3;

/** Key pair 1 is in slots 0 and 1, key pair 2 in slot 4; `models` as of the HAL. */
function multiKey(models?: readonly number[]) {
  const [, identity] = changeableBoard(models === undefined ? {} : { models }).identities;
  const options = {
    versions: [V1_3],
    baseHash: [],
    baseAsym: [],
    random: deterministicRandom(),
    ctExponent: 0,
    dataTransferSize: 4096,
  };
  const c = new Connection(options, 0, new Sessions(1), new EphemeralKeys());
  c.version = V1_3 as Version;
  c.peer = { flags: 0, dataTransferSize: 4096, maxSpdmMsgSize: 0 };
  const chains = new Chains(identity, sha256);
  c.negotiated = {
    ...{ hash: sha256, signatureLength: 64, identity, chains, measures: false, logs: false, opaqueData: true },
    ...{
      keyAgreement: undefined,
      kem: undefined,
      aead: undefined,
      requesterAsym: undefined,
      multiKeyRequester: false,
      multiKey: true,
    },
  };
  const ask = (exchange: Exchange, request: Uint8Array): Uint8Array => {
    const r = new Reader(request);
    r.skip(2);
    const w = new Writer(new Uint8Array(4096));
    w.zeros(2);
    exchange.respond(c, r, w, undefined);
    return w.written();
  };
  return { identity, chains, ask };
}

const refuses = (run: () => unknown, code: number) =>
  assert.throws(run, (error) => error instanceof SpdmError && error.code === code);

const asking = csr({ hash: sha256 });
const setting = setCertificate({ ...ENGINES, policy: TRUSTED });

test("GET_CSR: by the key pair that is named, for certificates of the model that is named", () => {
  const { ask } = multiKey([DEVICE, ALIAS, GENERIC]);
  const key = (slot: number) => toHex(leafKeyOf(P256, chainOf(P256, slot)));
  for (const [keyPairId, slot] of [
    [1, 0],
    [2, 4],
  ]) {
    for (const model of [DEVICE, ALIAS, GENERIC]) {
      const made = toHex(ask(asking, getCsr(V1_3, { keyPairId, param2: model })));
      assert.ok(made.includes(key(slot)));
      // An authority for aliases, which signs certificates and names no purpose; or a leaf.
      assert.equal(made.includes("30030101ff"), model === ALIAS);
      assert.equal(made.includes("03020204"), model === ALIAS);
      assert.equal(made.includes("03020780"), model !== ALIAS);
      assert.equal(made.includes("0603551d25"), model !== ALIAS);
      assert.ok(made.includes("0603551d11"));
    }
  }
});

test("GET_CSR: no key pair, no model, or what there is not", () => {
  const { ask } = multiKey();
  for (const [keyPairId, param2] of [
    [0, DEVICE],
    [1, 0],
    [3, DEVICE],
    [255, DEVICE],
    [1, ALIAS],
    [1, 4],
    [1, 7],
  ]) {
    refuses(() => ask(asking, getCsr(V1_3, { keyPairId, param2 })), INVALID_REQUEST);
  }
});

test("SET_CERTIFICATE: the chain has to be of the key pair and of the model that are named", () => {
  const { ask, chains, identity } = multiKey();
  const chain = spdmChainOf(P256, 4, sha256);
  const set = (slot: number, model: number, id: number) =>
    ask(setting, setCertificateRequest(V1_3, slot | (model << 4), chain, id));
  for (const [model, id] of [
    [0, 2],
    [DEVICE, 0],
    [DEVICE, 3],
    [ALIAS, 2],
    [4, 2],
    [7, 2],
  ]) {
    refuses(() => set(5, model, id), INVALID_REQUEST);
  }
  refuses(() => set(5, DEVICE, 1), UNSPECIFIED);
  assert.ok(!chains.has(5));
  set(5, DEVICE, 2);
  set(6, GENERIC, 2);
  assert.equal(identity.certificateSlots!.keyPairOf(5), 2);
  assert.equal(toHex(chains.digest(5)), toHex(chains.digest(6)));
  assert.deepEqual(
    [4, 5, 6].map((slot) => identity.certificateModel!(slot)),
    [DEVICE, DEVICE, GENERIC],
  );
  const erase = (id: number) => ask(setting, Uint8Array.of(V1_3, 0xee, 0x85, id));
  refuses(() => erase(0), INVALID_REQUEST);
  refuses(() => erase(3), INVALID_REQUEST);
  erase(2);
  assert.ok(!chains.has(5));
});

test("SET_CERTIFICATE: a leaf is no authority", () => {
  const { ask } = multiKey([DEVICE, ALIAS, GENERIC]);
  const request = setCertificateRequest(V1_3, 5 | (ALIAS << 4), spdmChainOf(P256, 4, sha256), 2);
  refuses(() => ask(setting, request), UNSPECIFIED);
});
