/** The recorded sessions' secrets, keys and verify data, from their shared secrets and the hashes of their transcripts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { portablePskStore } from "../../hal/portable/psk.js";
import { HandshakeSecret, type TrafficSecret } from "../../src/key-schedule.js";
import { V1_2, V1_3 } from "../../src/versions.js";
import { fromHex, toHex } from "../support/bytes.js";
import { hashOf } from "../support/fixture.js";
import { type RecordedSession, type Recording, SESSION_RECORDINGS } from "../support/vectors.js";

const pskOf = (key: Uint8Array) => portablePskStore([{ hint: new Uint8Array(0), key }]).find(new Uint8Array(0))!;

const scheduleOf = (recording: Recording) => ({
  version: 0x10 | Number(recording.spdmVersion[2]),
  hash: hashOf(recording.algorithms.baseHash === "SHA_256" ? 1 : 2),
});

function handshakeSecretOf(recording: Recording, session: RecordedSession): HandshakeSecret {
  const schedule = scheduleOf(recording);
  const shared = fromHex(session.sharedSecret);
  if (session.sharedSecretKind !== "psk") return HandshakeSecret.ofAgreement(schedule, shared);
  return HandshakeSecret.ofPsk(schedule, pskOf(shared));
}

function assertKeys(secret: TrafficSecret, bytes: string, key: string, iv: string): void {
  assert.equal(toHex(secret.bytes), bytes);
  assert.equal(toHex(secret.key(key.length / 2)), key);
  assert.equal(toHex(secret.iv(iv.length / 2)), iv);
}

for (const recording of SESSION_RECORDINGS) {
  test(`${recording.name}: secrets, keys and verify data`, () => {
    for (const s of recording.sessions) {
      const secret = handshakeSecretOf(recording, s);
      assert.equal(toHex(secret.bytes), s.handshakeSecret);
      const th1 = fromHex(s.th1Hash);
      const request = secret.requestSecret(th1);
      const response = secret.responseSecret(th1);
      assertKeys(request, s.requestHandshakeSecret, s.requestHandshakeKey, s.requestHandshakeIV);
      assertKeys(response, s.responseHandshakeSecret, s.responseHandshakeKey, s.responseHandshakeIV);
      const proofs = recording.hmacs.filter(({ session }) => session === s.index);
      assert.ok(proofs.length > 0);
      for (const { by, data, mac } of proofs) {
        assert.equal(toHex((by === "requester" ? request : response).verifyData(fromHex(data))), mac);
      }

      const master = secret.master();
      assert.equal(toHex(master.bytes), s.masterSecret);
      const th2 = fromHex(s.th2Hash);
      const requestData = master.requestSecret(th2);
      const responseData = master.responseSecret(th2);
      assertKeys(requestData, s.requestDataSecret, s.requestDataKey, s.requestDataIV);
      assertKeys(responseData, s.responseDataSecret, s.responseDataKey, s.responseDataIV);
      assert.equal(toHex(master.exportSecret(th2)), s.exportMasterSecret);
      for (const { direction, newSecret, key, iv } of s.keyUpdates) {
        assertKeys((direction === "request" ? requestData : responseData).next(), newSecret, key, iv);
      }
    }
  });
}

test("destroy wipes", () => {
  const schedule = { version: V1_2, hash: hashOf(2) };
  const secret = HandshakeSecret.ofAgreement(schedule, new Uint8Array(48).fill(1));
  const master = secret.master();
  const traffic = secret.requestSecret(new Uint8Array(48));
  for (const each of [secret, master, traffic]) {
    assert.ok(each.bytes.some((byte) => byte !== 0));
    each.destroy();
    assert.ok(each.bytes.every((byte) => byte === 0));
  }
});

test("a pre-shared key and an agreement of the same bytes share no secret from 1.3 on", () => {
  const bytes = new Uint8Array(48).fill(7);
  for (const version of [V1_2, V1_3]) {
    const schedule = { version, hash: hashOf(2) };
    const ofPsk = HandshakeSecret.ofPsk(schedule, pskOf(bytes));
    const same = toHex(ofPsk.bytes) === toHex(HandshakeSecret.ofAgreement(schedule, bytes).bytes);
    assert.equal(same, version < V1_3);
  }
});
