/**
 * Each request that opens, carries or ends a session, cut to each shorter length and with each single bit flipped: it is
 * answered or refused, nothing throws, and nothing is told to the board as a fault. Signatures and agreements are filled
 * in, not made: that they are right is for other tests.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { KeyAgreement } from "../../hal/crypto.js";
import { ECDSA_P256, SECP256R1 } from "../../src/algorithms.js";
import * as errors from "../../src/errors.js";
import { deviceEvents } from "../../src/events.js";
import { endpointInfo } from "../../src/messages/endpoint-info.js";
import { measurementExtensionLog } from "../../src/messages/measurement-extension-log.js";
import { subscribeEventTypes } from "../../src/messages/subscribe-event-types.js";
import { supportedEventTypes } from "../../src/messages/supported-event-types.js";
import { V1_1, V1_2, V1_3, V1_4, type Version } from "../../src/versions.js";
import { concat, toHex } from "../support/bytes.js";
import { eventGroup, subscribe } from "../support/events.js";
import { type Board, CURVES, HASHES, testIdentity } from "../support/fixture.js";
import { DMTF_LOG, getLog } from "../support/log.js";
import { mutations } from "../support/mutations.js";
import { seeded } from "../support/random.js";
import { getEndpointInfo } from "../support/requests.js";
import {
  EXCHANGES,
  keyExchangeRequest,
  Peer,
  pskExchangeRequest,
  SESSION_FLAGS,
  type SessionEnd,
  sessionBoard,
} from "../support/session.js";

const WITH_SESSIONS: readonly Version[] = [V1_1, V1_2, V1_3, V1_4];
const KNOWN_ERRORS: readonly number[] = Object.values(errors).filter((value) => typeof value === "number");

/** Both public keys, one over the other: what both sides can make. */
let pairCount = 0;
const FILLED_IN: KeyAgreement = {
  publicKeyLength: 64,
  sharedSecretLength: 32,
  generate(publicKey) {
    const own = publicKey.fill(++pairCount).slice();
    return {
      agree(peer, shared) {
        for (let i = 0; i < shared.length; i++) shared[i] = own[i] ^ peer[i];
        return true;
      },
      destroy() {},
    };
  },
};

function unsigned(): Board {
  const identity = {
    ...testIdentity(CURVES[0], [0, 1]),
    sign: (_: number, __: Uint8Array, s: Uint8Array) => void s.fill(1),
  };
  return sessionBoard(
    { dhe: [{ algorithm: SECP256R1, engine: FILLED_IN }], keyUpdateAfter: 0, heartbeatPeriod: 5, clock: () => 0 },
    {
      baseHash: [HASHES[0]],
      baseAsym: [{ algorithm: ECDSA_P256, identity }],
      exchanges: [...EXCHANGES, measurementExtensionLog, endpointInfo, supportedEventTypes, subscribeEventTypes],
      log: DMTF_LOG,
      deviceClasses: [{ standardId: 0, vendorId: new Uint8Array(0), subordinateIds: [] }],
      events: deviceEvents([2, 3, 4]),
    },
  );
}

const connect = (version: Version, on: Board): Peer =>
  new Peer(version, on, { group: FILLED_IN, flags: SESSION_FLAGS, melSpecification: 1 });

/** Asserts what holds for every answer; whether it is not ERROR. */
function isAnswer(on: Board, request: Uint8Array, response: Uint8Array): boolean {
  const what = `${toHex(response)} to ${toHex(request)}`;
  assert.deepEqual(on.faults, [], what);
  assert.ok(response.length >= 4, what);
  if (response[1] !== 0x7f) {
    assert.equal(response[1], request[1] & 0x7f, what);
    return true;
  }
  assert.ok(KNOWN_ERRORS.includes(response[2]), what);
  return false;
}

for (const version of WITH_SESSIONS) {
  test(`SPDM 1.${version & 15}: KEY_EXCHANGE and PSK_EXCHANGE`, () => {
    const on = unsigned();
    const peer = connect(version, on);
    for (const request of [
      keyExchangeRequest(version, { summaryType: 0xff, exchangeData: peer.keyPair().publicKey }),
      pskExchangeRequest(version, { summaryType: 1 }),
    ]) {
      for (const mutated of mutations(request)) {
        const response = peer.conversation.board.responder;
        const out = new Uint8Array(on.dataTransferSize);
        const answered = isAnswer(on, mutated, out.subarray(0, response.respond(mutated, out)));
        if (mutated.length < request.length) assert.ok(!answered, `cut to ${mutated.length}`);
        // The table has four places, and GET_VERSION would begin everything anew.
        if (answered) connect(version, on);
      }
    }
  });

  test(`SPDM 1.${version & 15}: FINISH and PSK_FINISH: no mutation ends a handshake`, () => {
    const on = unsigned();
    const peer = connect(version, on);
    for (const usesPsk of [false, true]) {
      const open = () => (usesPsk ? peer.pskExchange() : peer.keyExchange());
      const { length } = open().finishRequest();
      for (let i = 0; i < length * 9; i++) {
        const session = open();
        const request = session.finishRequest();
        const bit = i - length;
        if (bit >= 0) request[bit >> 3] ^= 1 << (bit & 7);
        const mutated = i < length ? request.subarray(0, i) : request;
        // FINISH's SlotID means nothing without a signature, but is proved.
        assert.ok(!isAnswer(on, mutated, session.ask(mutated)), toHex(mutated));
        // Whatever it was, the next record finds a session that is gone, or one that waits.
        const after = session.exchange(session.seal(Uint8Array.of(5, version, 0xec, 0, 0)));
        if (after.length > 0) session.exchange(session.seal(Uint8Array.of(5)).fill(0, 8));
      }
    }
  });

  test(`SPDM 1.${version & 15}: what sessions carry`, () => {
    const on = unsigned();
    const peer = connect(version, on);
    for (const request of [
      Uint8Array.of(version, 0xe8, 0, 0),
      Uint8Array.of(version, 0xe9, 1, 7),
      Uint8Array.of(version, 0xea, 0, 0),
      concat(Uint8Array.of(version, 0xeb, 1, 0), Uint8Array.of(version, 0x69, 1, 0)),
      Uint8Array.of(version, 0xec, 0, 0),
      ...(version >= V1_3 ? reports(version) : []),
    ]) {
      for (const mutated of mutations(request)) {
        const session = peer.open(true);
        isAnswer(on, mutated, session.ask(mutated));
        close(session);
      }
    }
  });
}

/** What is asked of log, device class and events. */
const reports = (version: Version): Uint8Array[] => [
  getLog(version, 20, 30),
  getEndpointInfo(version),
  getEndpointInfo(version, 0),
  Uint8Array.of(version, 0xe2, 0, 0),
  subscribe(version, eventGroup([1, 2, 4])),
  subscribe(version, eventGroup([], 1)),
];

function close(session: SessionEnd): void {
  session.exchange(session.seal(Uint8Array.of(5)).fill(0, 8));
}

test("random requests in sessions, and random records", () => {
  const random = seeded(7);
  const on = unsigned();
  let peer = connect(V1_3, on);
  let session = peer.open(true);
  let answeredCount = 0;
  for (let i = 0; i < 20_000; i++) {
    if (random(100) === 0) {
      peer = connect(WITH_SESSIONS[random(4)], on);
      session = peer.open(true);
    }
    const { version } = session;
    const request = Uint8Array.from({ length: random(60) }, () => random(256));
    if (random(4) !== 0 && request.length > 1) {
      request[0] = version;
      request[1] = [0x81, 0x82, 0x87, 0xe0, 0xe2, 0xe8, 0xe9, 0xea, 0xeb, 0xec, 0xef, 0xf0, 0xfe][random(13)];
    }
    const record = session.seal(concat(Uint8Array.of(5), request));
    if (random(20) === 0) record[random(record.length)] ^= 1 << random(8);
    const answer = session.exchange(record);
    assert.deepEqual(on.faults, []);
    const opened = answer.length === 0 ? undefined : session.session.open(answer);
    if (opened !== undefined && opened[2] !== 0x7f) answeredCount++;
    // A key update that was asked for by chance, or an end: begin anew.
    const ended = opened === undefined || (opened[2] === 0x7f && opened[3] === errors.DECRYPT_ERROR);
    if (ended || [0x69, 0x6c, 0x6a, 0x6b].includes(opened[2])) {
      peer = connect(version, on);
      session = peer.open(true);
    }
  }
  assert.ok(answeredCount > 1000, `${answeredCount} answered`);
});
