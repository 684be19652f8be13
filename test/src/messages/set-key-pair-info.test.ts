import assert from "node:assert/strict";
import { test } from "node:test";
import type { KeyPair } from "../../../hal/key-pairs.js";
import {
  INVALID_REQUEST,
  OPERATION_FAILED,
  RESET_REQUIRED,
  UNEXPECTED_REQUEST,
  UNSUPPORTED_REQUEST,
} from "../../../src/errors.js";
import { V1_2, V1_3, V1_4, type Version } from "../../../src/versions.js";
import { authenticatingPeer, mutual, Prover } from "../../support/authenticating.js";
import { readLe, toHex, u16, u32 } from "../../support/bytes.js";
import { type Board, Conversation, negotiated } from "../../support/fixture.js";
import { multiKey, TestKeyPairs } from "../../support/key-pairs.js";
import { Peer, sessionBoard } from "../../support/session.js";

const CHANGE = 0;
const ERASE = 1;
const GENERATE = 2;

interface Wish {
  readonly usage?: number;
  readonly asym?: number;
  readonly slotMask?: number;
  /** Of 1.4, as bytes. */
  readonly pqc?: readonly number[];
}

function request(version: Version, operation: number, id: number, wish: Wish = {}): Uint8Array {
  const { usage = 0, asym = 0, slotMask = 0, pqc = [0, 0, 0, 0] } = wish;
  const head = [version, 0xfd, operation, 0, id];
  if (operation === ERASE) return Uint8Array.from(head);
  const tail = version >= V1_4 ? [pqc.length, ...pqc] : [];
  return Uint8Array.from([...head, 0, ...u16(usage), ...u32(asym), slotMask, ...tail]);
}

/** A board with a key pair 1 as it is said. */
function keyed(pair: Partial<KeyPair> = {}, policy: ConstructorParameters<typeof TestKeyPairs>[0] = {}) {
  const keyPairs = new TestKeyPairs(policy);
  keyPairs.set(1, pair);
  return { keyPairs, on: sessionBoard({}, multiKey(keyPairs)) };
}

test("what DMTF's requester sends is done, and acknowledged as DMTF's responder does", () => {
  for (const [version, sent] of [
    // Frames 41 to 44 of v1.3-p384-allcaps; 1.4 has PQC algorithms besides.
    [V1_3, "13fd0000010000000000000000"],
    [V1_4, "14fd00000100000000000000000400000000"],
  ] as const) {
    const { keyPairs, on } = keyed();
    const conversation = negotiated(version, {}, on);
    assert.equal(toHex(request(version, CHANGE, 1)), sent);
    assert.equal(toHex(conversation.answer(request(version, CHANGE, 1))), `${version.toString(16)}7d0000`);
    // A key that a slot has stays.
    conversation.refused(request(version, ERASE, 1), OPERATION_FAILED);
    keyPairs.set(1, { slotMask: 0 });
    assert.equal(toHex(conversation.answer(request(version, ERASE, 1))), `${version.toString(16)}7d0000`);
    assert.deepEqual(keyPairs.calls, [
      ["change", 1, { usage: 0, asym: 0, pqcAsym: 0, slotMask: 0 }],
      ["erase", 1],
    ]);
  }
});

test("wishes arrive whole", () => {
  const { keyPairs, on } = keyed({ slotMask: 0, usageCapabilities: 0xc00f });
  const conversation = negotiated(V1_4, {}, on);
  conversation.answer(request(V1_4, GENERATE, 1, { usage: 0x8003, asym: 0x10, slotMask: 0x24 }));
  conversation.answer(request(V1_4, GENERATE, 1, { pqc: [2] }));
  conversation.answer(request(V1_4, GENERATE, 1, { pqc: [4, 0, 0, 0, 0, 0] }));
  assert.deepEqual(keyPairs.calls, [
    ["generate", 1, { usage: 0x8003, asym: 0x10, pqcAsym: 0, slotMask: 0x24 }],
    ["generate", 1, { usage: 0, asym: 0, pqcAsym: 2, slotMask: 0 }],
    ["generate", 1, { usage: 0, asym: 0, pqcAsym: 4, slotMask: 0 }],
  ]);
});

const ALL = 0x3f;

/** What is refused, and of a key pair of which capabilities; with the one it lacks it would have been done. */
const REFUSED: readonly (readonly [name: string, operation: number, wish: Wish, pair?: Partial<KeyPair>])[] = [
  ["generates what cannot be", GENERATE, {}, { capabilities: ALL & ~1 }],
  ["erases what cannot be", ERASE, {}, { capabilities: ALL & ~2 }],
  ["gives it slots", CHANGE, { slotMask: 4 }, { capabilities: ALL & ~4 }],
  ["sets uses", CHANGE, { usage: 1 }, { capabilities: ALL & ~8 }],
  ["sets uses it has not", CHANGE, { usage: 3 }],
  ["sets the algorithm", CHANGE, { asym: 1 }, { capabilities: ALL & ~0x10 }],
  ["sets the PQC algorithm", CHANGE, { pqc: [1, 0, 0, 0] }, { capabilities: ALL & ~0x10 }],
  ["gives it two slots", CHANGE, { slotMask: 5 }, { capabilities: ALL & ~0x20 }],
  ["two algorithms", CHANGE, { asym: 3 }],
  ["two PQC algorithms", CHANGE, { pqc: [3, 0, 0, 0] }],
  ["one of both", CHANGE, { asym: 1, pqc: [1, 0, 0, 0] }],
  ["an algorithm it may not be of", CHANGE, { asym: 0x200 }],
  ["the last of all algorithms", CHANGE, { asym: 0x80000000 }],
  ["a PQC algorithm it may not be of", CHANGE, { pqc: [8, 0, 0, 0] }],
  ["a PQC algorithm there is not", CHANGE, { pqc: [0, 0, 0, 0, 1] }],
  ["no operation", 3, {}],
];

for (const [name, operation, wish, pair = {}] of REFUSED) {
  test(`refused: ${name}`, () => {
    const { keyPairs, on } = keyed({ slotMask: 0, ...pair });
    negotiated(V1_4, {}, on).refused(request(V1_4, operation, 1, wish), INVALID_REQUEST);
    assert.deepEqual(keyPairs.calls, []);
    if (pair.capabilities === undefined) return;
    keyPairs.set(1, { capabilities: ALL });
    negotiated(V1_4, {}, on).answer(request(V1_4, operation, 1, wish));
    assert.equal(keyPairs.calls.length, 1);
  });
}

test("every bit flip is answered or refused, and no fault", () => {
  for (const version of [V1_3, V1_4]) {
    const { on } = keyed({ slotMask: 0 });
    const conversation = negotiated(version, {}, on);
    const whole = request(version, GENERATE, 1, { usage: 1, asym: 1, slotMask: 4 });
    for (let bit = 32; bit < 8 * whole.length; bit++) {
      const flipped = whole.slice();
      flipped[bit >> 3] ^= 1 << (bit & 7);
      const response = conversation.ask(flipped);
      if (response[1] === 0x7f) assert.ok([INVALID_REQUEST, OPERATION_FAILED].includes(response[2]));
    }
    assert.deepEqual(on.faults, []);
  }
});

test("slots that it has already may stay without CERT_ASSOC_CAP", () => {
  const { on } = keyed({ slotMask: 4, capabilities: ALL & ~0x24 });
  const conversation = negotiated(V1_3, {}, on);
  conversation.answer(request(V1_3, CHANGE, 1, { slotMask: 4 }));
  conversation.refused(request(V1_3, CHANGE, 1, { slotMask: 8 }), INVALID_REQUEST);
});

test("key pairs that are none, and every truncation", () => {
  for (const version of [V1_3, V1_4]) {
    const { keyPairs, on } = keyed({ slotMask: 0 });
    const conversation = negotiated(version, {}, on);
    for (const id of [0, 25, 255]) conversation.refused(request(version, CHANGE, id), INVALID_REQUEST);
    for (const operation of [CHANGE, ERASE, GENERATE]) {
      const whole = request(version, operation, 1);
      for (let length = 4; length < whole.length; length++) {
        conversation.refused(whole.subarray(0, length), INVALID_REQUEST);
      }
    }
    assert.deepEqual(keyPairs.calls, []);
  }
  negotiated(V1_2, {}, keyed().on).refused(request(V1_2, ERASE, 1), UNSUPPORTED_REQUEST, 0xfd);
  new Conversation(V1_3, {}, keyed().on).reach(2).refused(request(V1_3, ERASE, 1), UNEXPECTED_REQUEST);
});

test("what the device could not do is an OperationFailed, what waits for the reset a ResetRequired", () => {
  const { keyPairs, on } = keyed({ slotMask: 0 });
  keyPairs.succeeds = false;
  const conversation = negotiated(V1_3, {}, on);
  for (const operation of [CHANGE, ERASE, GENERATE]) {
    conversation.refused(request(V1_3, operation, 1), OPERATION_FAILED);
  }
  const flags = (version: Version, board: Board) => {
    const { vca } = new Conversation(version, {}, board).reach(2);
    return readLe(vca, vca.length - 12, 4);
  };
  assert.equal(flags(V1_4, on) & 0x70000000, 0x30000000);

  const later = keyed({ slotMask: 0 }, { needsReset: true });
  assert.equal(flags(V1_4, later.on) & 0x70000000, 0x70000000);
  assert.equal(flags(V1_3, later.on) & 0x70000000, 0x30000000);
  negotiated(V1_4, {}, later.on).refused(request(V1_4, ERASE, 1), RESET_REQUIRED);
  assert.deepEqual(later.keyPairs.calls, [["erase", 1]]);
});

test("outside of trusted environments it takes a session, and a requester that proved itself if the board wants that", () => {
  const trustedEnvironment = false;
  for (const provenRequesters of [false, true]) {
    const { keyPairs, on } = keyed({ slotMask: 0 }, { trustedEnvironment, provenRequesters });
    const peer = new Peer(V1_3, on);
    peer.conversation.refused(request(V1_3, ERASE, 1), UNEXPECTED_REQUEST);
    const anybody = peer.open();
    if (provenRequesters) anybody.refused(request(V1_3, ERASE, 1), UNEXPECTED_REQUEST);
    else anybody.answer(request(V1_3, ERASE, 1));
    peer.open(true).answer(request(V1_3, ERASE, 1));
    assert.equal(keyPairs.calls.length, provenRequesters ? 1 : 2);
  }
});

test("a requester that signed its FINISH has proved itself", () => {
  const keyPairs = new TestKeyPairs({ trustedEnvironment: false, provenRequesters: true });
  keyPairs.set(1, { slotMask: 0 });
  const on = sessionBoard({}, { ...multiKey(keyPairs), mutualAuthentication: mutual({ requested: 1 }) });
  const peer = authenticatingPeer(V1_3, on);
  const opened = peer.keyExchange();
  opened.finish(new Prover(peer).finish(opened));
  opened.answer(request(V1_3, ERASE, 1));
  assert.deepEqual(keyPairs.calls, [["erase", 1]]);
});
