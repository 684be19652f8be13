/** Connections whose slots have keys of their own (DSP0274 1.3, MULTI_KEY_CONN). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MULTI_KEY_CAP_NEG, MULTI_KEY_CAP_ONLY } from "../../src/capabilities.js";
import { INVALID_REQUEST } from "../../src/errors.js";
import { ALIAS_CERT } from "../../src/key-pairs.js";
import { multiKeyConnections } from "../../src/multi-key.js";
import { Responder } from "../../src/responder.js";
import { V1_2, V1_3, V1_4, type Version } from "../../src/versions.js";
import { readLe, toHex, u16 } from "../support/bytes.js";
import { CURVES, negotiated, testIdentity } from "../support/fixture.js";
import { multiKey, TestKeyPairs } from "../support/key-pairs.js";
import * as requests from "../support/requests.js";
import { EXCHANGES, Peer, SESSION_FLAGS, sessionBoard } from "../support/session.js";
import { messagesOf, pairsOf, RECORDINGS } from "../support/vectors.js";

/** OPAQUE_DATA_FORMAT_1 and MULTI_KEY_CONN. */
const ASKED = { otherParams: 0x12 };
const [P256, P384] = CURVES;
/** A requester with CERT_CAP, CHAL_CAP and this MULTI_KEY_CAP. */
const requester = (cap: number) => ({ flags: 0x06 | cap });

const keyed = (keyPairs = new TestKeyPairs(), cap = MULTI_KEY_CAP_NEG) => sessionBoard({}, multiKey(keyPairs, cap));
const recorded = () => pairsOf(messagesOf(RECORDINGS.find(({ name }) => name === "v1.3-p384-allcaps")!).messages);

/** Whether ALGORITHMS selects MULTI_KEY_CONN. */
const selected = (v: Version, offer: object, on = keyed()) => {
  const { vca } = negotiated(v, offer, on);
  return (vca[vca.indexOf(0x63, 20) - 1 + 7] & 0x10) !== 0;
};

test("who has only multi-key connections insists on them, who has none refuses, who has both is asked", () => {
  for (const version of [V1_3, V1_4]) {
    const ask = (cap: number | undefined, offer: object) => {
      const on = cap === undefined ? sessionBoard() : keyed(new TestKeyPairs(), cap);
      const buffer = new Uint8Array(4096);
      const say = (message: Uint8Array) => buffer.slice(0, on.responder.respond(message, buffer));
      say(requests.getVersion());
      say(requests.getCapabilities(version));
      return say(requests.negotiateAlgorithms(version, offer))[1] === 0x63;
    };
    assert.deepEqual([ask(undefined, {}), ask(undefined, ASKED)], [true, false]);
    assert.deepEqual([ask(MULTI_KEY_CAP_NEG, {}), ask(MULTI_KEY_CAP_NEG, ASKED)], [true, true]);
    assert.deepEqual([ask(MULTI_KEY_CAP_ONLY, {}), ask(MULTI_KEY_CAP_ONLY, ASKED)], [false, true]);
  }
  // Before 1.3 the bit is reserved.
  negotiated(V1_2, ASKED, keyed(new TestKeyPairs(), MULTI_KEY_CAP_ONLY));
});

test("of requesters that have both a board that knows of key pairs wants theirs", () => {
  const offer = { ...requester(MULTI_KEY_CAP_NEG) };
  assert.equal(selected(V1_3, offer), true);
  assert.equal(selected(V1_3, offer, sessionBoard()), false);
  assert.equal(selected(V1_3, requester(MULTI_KEY_CAP_ONLY), sessionBoard()), true);
  assert.equal(selected(V1_3, requester(0)), false);
});

test("DIGESTS, KEY_PAIR_INFO and CERTIFICATE's header are those of DMTF's responder with the same keys, byte for byte", () => {
  const offer = { ...ASKED, baseAsym: P384.algorithm, baseHash: 2, dataTransferSize: 0x1200 };
  const conversation = negotiated(V1_3, offer, keyed());
  let count = 0;
  for (const { request, response, session } of recorded()) {
    if (session !== undefined || ![0x81, 0x82, 0xfc].includes(request[1])) continue;
    assert.equal(toHex(conversation.answer(request)), toHex(response));
    count++;
  }
  assert.equal(count, 7);
});

test("DIGESTS show keys where they were asked to only, and CertModel too", () => {
  const base = { baseAsym: P256.algorithm, baseHash: 1 };
  const identity = {
    ...testIdentity(P256, [0, 1, 4]),
    certificateModel: (slot: number) => (slot === 4 ? ALIAS_CERT : 1),
  };
  const on = () => sessionBoard({}, { ...multiKey(), baseAsym: [{ algorithm: P256.algorithm, identity }] });
  const plain = negotiated(V1_4, base, on());
  assert.equal(plain.answer(requests.getDigests(V1_4)).length, 4 + 3 * 32);
  assert.equal(plain.answer(requests.getCertificate(V1_4, 4))[3], 0);
  const multi = negotiated(V1_4, { ...base, ...ASKED }, on());
  const response = multi.answer(requests.getDigests(V1_4));
  assert.equal(toHex(response.subarray(4 + 3 * 32)), "040410" + "010102" + "0f000f000f00");
  assert.equal(multi.answer(requests.getCertificate(V1_4, 4))[3], 2);
});

test("a slot that has a key and no certificate yet is there, its digest zeros", () => {
  const keyPairs = new TestKeyPairs();
  keyPairs.set(2, { asym: 1 << 4, slotMask: 0x44, usage: 2 });
  const base = { baseAsym: P384.algorithm, baseHash: 1 };
  const on = () => sessionBoard({}, multiKey(keyPairs));
  assert.equal(negotiated(V1_3, base, on()).answer(requests.getDigests(V1_3))[3], 0x13);
  const conversation = negotiated(V1_3, { ...base, ...ASKED }, on());
  const response = conversation.answer(requests.getDigests(V1_3));
  assert.equal(toHex(response.subarray(2, 4)), "5757");
  const keys = 4 + 5 * 32;
  // Slots 0, 1, 2, 4, 6; of slot 4 the first key pair that says so counts.
  assert.equal(toHex(response.subarray(4 + 2 * 32, 4 + 3 * 32)), "00".repeat(32));
  assert.equal(toHex(response.subarray(keys, keys + 5)), "0505021102");
  assert.equal(toHex(response.subarray(keys + 5, keys + 10)), "0101000100");
  conversation.refused(requests.getCertificate(V1_3, 2), INVALID_REQUEST);
  conversation.refused(requests.challenge(V1_3, 2), INVALID_REQUEST);
});

test("M1 has them as they were sent", () => {
  const conversation = negotiated(V1_3, ASKED, keyed());
  const b = [...conversation.pair(requests.getDigests(V1_3)), ...conversation.pair(requests.getCertificate(V1_3))];
  const request = requests.challenge(V1_3);
  assert.ok(conversation.isM1(b, request, conversation.answer(request)));
});

test("TH has the first DIGESTS of the connection, as PSK's has not", () => {
  for (const version of [V1_3, V1_4]) {
    const keyPairs = new TestKeyPairs();
    const peer = new Peer(version, keyed(keyPairs), ASKED);
    // Without DIGESTS there is nothing of them; what is asked in sessions does not count.
    const early = peer.open();
    early.answer(requests.getDigests(version));
    peer.open(true);
    peer.digests = peer.conversation.answer(requests.getDigests(version));
    keyPairs.set(5, { usage: 0x3 });
    const later = peer.conversation.answer(requests.getDigests(version));
    assert.notEqual(toHex(later), toHex(peer.digests));
    peer.open();
    peer.open(true);
    // GET_VERSION begins anew.
    const again = new Peer(version, peer.board, ASKED);
    again.open();
  }
});

test("TH has no DIGESTS where keys are not shown", () => {
  const peer = new Peer(V1_3, keyed());
  peer.conversation.answer(requests.getDigests(V1_3));
  peer.open();
});

test("a key is used for what it may be used for", () => {
  const base = { ...ASKED, baseAsym: P384.algorithm };
  const tries = [
    { use: 1, request: (peer: Peer) => keyExchange(peer) },
    { use: 2, request: () => requests.challenge(V1_3) },
    { use: 4, request: () => requests.getMeasurements(V1_3) },
  ];
  for (const { use, request } of tries) {
    const keyPairs = new TestKeyPairs();
    const on = keyed(keyPairs);
    const peer = new Peer(V1_3, on, { ...base, flags: SESSION_FLAGS });
    keyPairs.set(5, { usage: 0xffff & ~use });
    peer.conversation.refused(request(peer), INVALID_REQUEST);
    // Measurements that are not signed need no key.
    if (use === 4) peer.conversation.answer(requests.getMeasurements(V1_3, 0));
    keyPairs.set(5, { usage: use });
    peer.conversation.answer(request(peer));
    keyPairs.set(5, { slotMask: 0 });
    peer.conversation.refused(request(peer), INVALID_REQUEST);
    // Where slots have no keys of their own, nobody said what they are for.
    const plain = new Peer(V1_3, on, { baseAsym: P384.algorithm, flags: SESSION_FLAGS });
    plain.conversation.answer(request(plain));
  }
});

function keyExchange(peer: Peer): Uint8Array {
  const { publicKey } = peer.keyPair();
  const opaque = [1, 0, 0, 0, 0, 0, 5, 0, 1, 1, 1, 0, 0x12, 0, 0, 0];
  const random = new Array(32).fill(7);
  return Uint8Array.from([
    0x13,
    0xe4,
    0,
    0,
    0x22,
    0x22,
    0,
    0,
    ...random,
    ...publicKey,
    ...u16(opaque.length),
    ...opaque,
  ]);
}

test("a board that promises what it has not is none", () => {
  const keyPairs = new TestKeyPairs();
  const exchanges = multiKey(keyPairs).exchanges!;
  const without = (...codes: number[]) => exchanges.filter(({ request }) => !codes.includes(request));
  const make = (changes: object) => () => sessionBoard({}, changes);
  assert.throws(make({ exchanges }), /no key pairs to show/);
  assert.throws(make({ exchanges, keyPairs: { count: 1, read: () => keyPairs.read(1) } }), /no key pairs to change/);
  assert.throws(
    make({ exchanges: EXCHANGES, keyPairs, multiKey: multiKeyConnections(MULTI_KEY_CAP_NEG) }),
    /multi-key connections need/,
  );
  assert.throws(
    make({ exchanges: without(0x81, 0x82), keyPairs, multiKey: multiKeyConnections(MULTI_KEY_CAP_ONLY) }),
    /multi-key/,
  );
  for (const none of [0, 3 << 26]) assert.throws(() => multiKeyConnections(none), /no such/);
  assert.ok(sessionBoard({}, { exchanges, keyPairs }).responder instanceof Responder);
});

test("CAPABILITIES show it from 1.3 on", () => {
  const flagsOf = (version: Version) => readLe(negotiated(version, ASKED, keyed()).vca, 4 + 16 + 20 + 8, 4);
  assert.equal(flagsOf(V1_3) & 0x3c000000, 0x38000000);
  assert.equal(flagsOf(V1_2) & 0x3c000000, 0);
});
