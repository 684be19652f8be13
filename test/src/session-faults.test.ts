/** What becomes of sessions when an engine, a generator or an application fails, or a message has its full size. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Aead } from "../../hal/crypto.js";
import { AES_256_GCM, SECP256R1 } from "../../src/algorithms.js";
import { INVALID_REQUEST, SESSION_LIMIT_EXCEEDED, UNSPECIFIED } from "../../src/errors.js";
import { RECORD_OVERHEAD } from "../../src/record.js";
import { V1_2, V1_3 } from "../../src/versions.js";
import { deterministicRandom } from "../support/random.js";
import {
  IN_THE_CLEAR_FLAG,
  keyExchangeRequest,
  Peer,
  SESSION_FLAGS,
  sessionBoard,
  TestClock,
} from "../support/session.js";
import { aes256Gcm, secp256r1 } from "../support/session-engines.js";

const END_SESSION = [V1_2, 0xec, 0, 0];
const DIGESTS = [V1_2, 0x81, 0, 0];

/** Random bytes, of which each draw after `spoil` is what that makes of it. */
function spoilable() {
  const make = deterministicRandom(1);
  const state = {
    spoil: (_out: Uint8Array): void => {},
    random(out: Uint8Array): void {
      make(out);
      state.spoil(out);
    },
  };
  return state;
}

/** AES-256-GCM whose keys are counted, and which fails to make the one that `failAt` names. */
function counted() {
  const state = { live: 0, made: 0, failAt: 0 };
  const engine: Aead = {
    ...aes256Gcm,
    create(bytes) {
      if (++state.made === state.failAt) throw new Error("no room for a key");
      const key = aes256Gcm.create(bytes);
      let alive = true;
      state.live++;
      return {
        seal: (nonce, data, text, tag) => key.seal(nonce, data, text, tag),
        open: (nonce, data, text, tag) => key.open(nonce, data, text, tag),
        destroy() {
          if (alive) state.live--;
          alive = false;
          key.destroy();
        },
      };
    },
  };
  return { state, aead: [{ algorithm: AES_256_GCM, engine }] };
}

test("an answer of DataTransferSize and the longest padding fit a record", () => {
  const source = spoilable();
  const on = sessionBoard({}, { random: source.random });
  const session = new Peer(V1_2, on).open();
  source.spoil = (out) => out.fill(32);
  const data = new Uint8Array(1 + on.dataTransferSize).fill(0x42);
  const out = new Uint8Array(on.dataTransferSize + RECORD_OVERHEAD);
  const length = on.responder.respondSecured(session.seal(data), out);
  assert.equal(length, out.length);
  assert.deepEqual(session.session.open(out.subarray(0, length)), data);
});

test("an application that throws ends its session, and no other", () => {
  const applications = [{ type: 0x43, respond: () => assert.fail("on purpose") }];
  const on = sessionBoard({ applications });
  const peer = new Peer(V1_2, on);
  const [session, other] = [peer.open(), peer.open(true)];
  const record = session.seal(Uint8Array.of(0x43, 1, 2, 3));
  assert.equal(on.responder.respondSecured(record, new Uint8Array(5000)), 0);
  assert.ok(record.every((byte) => byte === 0));
  assert.equal(on.faults.length, 1);
  assert.equal(session.exchange(session.seal(Uint8Array.of(5, ...DIGESTS))).length, 0);
  on.faults.length = 0;
  assert.ok(other.isAlive);
});

test("a generator that fails while END_SESSION is answered keeps no session alive", () => {
  const source = spoilable();
  const session = new Peer(V1_2, sessionBoard({}, { random: source.random })).open();
  source.spoil = () => assert.fail("stuck");
  assert.equal(session.exchange(session.seal(Uint8Array.of(5, ...END_SESSION))).length, 0);
  source.spoil = () => {};
  assert.equal(session.exchange(session.seal(Uint8Array.of(5, ...DIGESTS))).length, 0);
});

test("keys that cannot be made leave none behind", () => {
  for (let failAt = 1; failAt <= 4; failAt++) {
    const { state, aead } = counted();
    const on = sessionBoard({ aead });
    state.failAt = failAt;
    assert.throws(() => new Peer(V1_2, on).open());
    on.responder.respond(Uint8Array.of(0x10, 0x84, 0, 0), new Uint8Array(5000));
    assert.ok(state.made >= failAt);
    assert.equal(state.live, 0, `after key ${failAt}`);
  }
});

test("a key update for which there is no room changes nothing", () => {
  const { state, aead } = counted();
  const on = sessionBoard({ aead });
  const session = new Peer(V1_2, on).open();
  state.failAt = state.made + 1;
  assert.deepEqual([...session.ask([V1_2, 0xe9, 1, 7])], [V1_2, 0x7f, UNSPECIFIED, 0]);
  on.faults.length = 0;
  session.refused([V1_2, 0xe9, 3, 7], INVALID_REQUEST);
  assert.ok(session.isAlive);
  session.updateKeys(1);
  assert.ok(session.isAlive);
});

test("a key pair that cannot be made ahead is no fault of a request", () => {
  const group = secp256r1(deterministicRandom(1));
  let fails = false;
  const engine = { ...group, generate: (out: Uint8Array) => (fails ? assert.fail("no room") : group.generate(out)) };
  const on = sessionBoard({ dhe: [{ algorithm: SECP256R1, engine }] });
  new Peer(V1_2, on);
  fails = true;
  assert.equal(on.responder.idle(), false);
  assert.equal(on.faults.length, 1);
});

test("handshakes that nobody finishes make room again", () => {
  const clock = new TestClock();
  clock.now = 100_000;
  const peer = new Peer(V1_2, sessionBoard({ heartbeatPeriod: 1, clock: clock.read }));
  for (let count = 0; count < 4; count++) peer.keyExchange();
  clock.now += 60_000;
  const another = keyExchangeRequest(V1_2, { exchangeData: peer.keyPair().publicKey });
  peer.conversation.refused(another, SESSION_LIMIT_EXCEEDED);
  clock.now += 1;
  assert.ok(peer.open().isAlive);
});

test("a handshake in the clear may take longer than the heartbeat", () => {
  const clock = new TestClock();
  const on = sessionBoard({ inTheClear: true, heartbeatPeriod: 1, clock: clock.read });
  const session = new Peer(V1_2, on, { flags: SESSION_FLAGS | IN_THE_CLEAR_FLAG }).keyExchange();
  clock.now += 2500;
  session.finish();
  clock.now += 10;
  assert.ok(session.isAlive);
});

test("a KEY_EXCHANGE that is refused leaves the handshake in the clear that waits", () => {
  const peer = new Peer(V1_2, sessionBoard({ inTheClear: true }), { flags: SESSION_FLAGS | IN_THE_CLEAR_FLAG });
  const session = peer.keyExchange();
  const noPoint = keyExchangeRequest(V1_2, { exchangeData: new Uint8Array(64).fill(7) });
  peer.conversation.refused(noPoint, INVALID_REQUEST);
  assert.ok(session.finish().isAlive);
});

test("a FINISH of the wrong length is refused before it counts", () => {
  for (const usesPsk of [false, true]) {
    const peer = new Peer(V1_2);
    const session = usesPsk ? peer.pskExchange() : peer.keyExchange();
    session.refused([V1_2, usesPsk ? 0xe7 : 0xe5, 0, 0, 1, 2, 3], INVALID_REQUEST);
    assert.ok(session.finish().isAlive);
  }
});

test("after a key update of the responder's there is none due at once", () => {
  const session = new Peer(V1_3, sessionBoard({ keyUpdateAfter: 1 })).open();
  session.ask([V1_3, 0x81, 0, 0]);
  const first = session.ask([V1_3, 0xea, 0, 0]);
  session.session.updatePeerKey();
  const second = session.ask([V1_3, 0xeb, first[2], 0, V1_3, 0x69, first[6], first[7]]);
  session.session.verifyPeerKey();
  session.ask([V1_3, 0xeb, second[2], 0, V1_3, 0x69, second[10], second[11]]);
  assert.equal(session.ask([V1_3, 0xea, 0, 0])[1], 0x7f);
});
