/** A responder that is known by a provisioned public key, and has no certificates (DSP0274 1.3, PUB_KEY_ID_CAP). */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Identity } from "../../hal/identity.js";
import { INVALID_REQUEST, UNSUPPORTED_REQUEST } from "../../src/errors.js";
import { provisionedKey } from "../../src/public-key.js";
import { V1_1, VERSIONS } from "../../src/versions.js";
import { concat, fromHex, readLe, toHex } from "../support/bytes.js";
import { CURVES, type Curve, chainOf, digestOf, leafKeyOf, negotiated, testIdentity } from "../support/fixture.js";
import { multiKey, TestKeyPairs, WITHOUT_CERTIFICATES } from "../support/key-pairs.js";
import * as requests from "../support/requests.js";
import { EXCHANGES, Peer, sessionBoard } from "../support/session.js";

const publicKeyOf = (curve: Curve) => concat(fromHex(curve.spki), leafKeyOf(curve, chainOf(curve, 0)));

/** Whose `sign` is asked for slot 0xFF only. */
function identity(curve: Curve): Identity {
  const { sign, ...rest } = testIdentity(curve, [0]);
  return {
    ...rest,
    slotMask: 0,
    publicKey: provisionedKey(publicKeyOf(curve)),
    sign(slot, ...terms) {
      assert.equal(slot, 0xff);
      sign(0, ...terms);
    },
  };
}

const known = () =>
  sessionBoard(
    {},
    {
      exchanges: WITHOUT_CERTIFICATES,
      baseAsym: [CURVES[1], CURVES[0]].map((curve) => ({ algorithm: curve.algorithm, identity: identity(curve) })),
    },
  );

test("CHALLENGE_AUTH and MEASUREMENTS are signed with the key, and name it by slot 0xF and its digest", () => {
  for (const version of VERSIONS) {
    for (const curve of CURVES) {
      const conversation = negotiated(version, { baseAsym: curve.algorithm }, known());
      const request = requests.challenge(version, 0xff);
      const response = conversation.answer(request);
      assert.equal(toHex(response.subarray(2, 4)), "0f00");
      const { hash } = conversation;
      assert.equal(toHex(response.subarray(4, 4 + hash.outputLen)), toHex(digestOf(hash, publicKeyOf(curve))));
      assert.ok(conversation.isM1([], request, response));
      if (version < V1_1) continue; // whose GET_MEASUREMENTS names no slot
      const measured = requests.getMeasurements(version, 1, 0xff, 0x0f);
      const measurements = conversation.answer(measured);
      assert.equal(measurements[3] & 0x0f, 0x0f);
      assert.ok(conversation.isL1([], measured, measurements));
    }
  }
});

test("TH has the key's digest", () => {
  for (const version of VERSIONS.filter((each) => each >= V1_1)) {
    const peer = new Peer(version, known());
    const { curve } = peer.conversation;
    peer.chainInTh = publicKeyOf(curve);
    const opened = peer.keyExchange({ slot: 0xff }).finish();
    assert.equal(opened.answer(requests.getMeasurements(version, 1, 0xff, 0x0f))[3] & 0x0f, 0x0f);
  }
});

test("PUB_KEY_ID_CAP and CERT_CAP exclude each other, and so do the slots", () => {
  const conversation = negotiated(V1_1, {}, known());
  const flags = readLe(conversation.vca, conversation.vca.indexOf(0x61, 20) - 1 + 8, 4);
  assert.equal(flags & 0x10002, 0x10000);
  for (const slot of [0, 1, 7, 8, 0x0f, 0x7f]) conversation.refused(requests.challenge(V1_1, slot), INVALID_REQUEST);
  conversation.refused(requests.getMeasurements(V1_1, 1, 0xff, 0), INVALID_REQUEST);
  conversation.refused(requests.getDigests(V1_1), UNSUPPORTED_REQUEST, 0x81);

  const certified = negotiated(V1_1, {}, sessionBoard());
  certified.refused(requests.challenge(V1_1, 0xff), INVALID_REQUEST);
  certified.refused(requests.getMeasurements(V1_1, 1, 0xff, 0x0f), INVALID_REQUEST);

  const baseAsym = [{ algorithm: CURVES[0].algorithm, identity: identity(CURVES[0]) }];
  for (const exchanges of [EXCHANGES, multiKey().exchanges!]) {
    assert.throws(() => sessionBoard({}, { keyPairs: new TestKeyPairs(), exchanges, baseAsym }), /excludes/);
  }
});
