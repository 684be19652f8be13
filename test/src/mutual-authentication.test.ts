/** Requesters that prove themselves, in sessions and by basic mutual authentication, and those that cannot. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  DECRYPT_ERROR,
  INVALID_POLICY,
  INVALID_REQUEST,
  INVALID_RESPONSE_CODE,
  NO_PENDING_REQUESTS,
  REQUEST_IN_FLIGHT,
  UNEXPECTED_REQUEST,
  UNSPECIFIED,
  UNSUPPORTED_REQUEST,
} from "../../src/errors.js";
import {
  MUT_AUTH_REQUESTED,
  MUT_AUTH_WITH_ENCAP_REQUEST,
  MUT_AUTH_WITH_GET_DIGESTS,
} from "../../src/mutual-authentication.js";
import { V1_1, V1_2, V1_3, V1_4, type Version } from "../../src/versions.js";
import { authenticatingPeer, mutualBoard, Prover } from "../support/authenticating.js";
import { toHex } from "../support/bytes.js";
import { challenge, getDigests, getVersion } from "../support/requests.js";
import {
  IN_THE_CLEAR_FLAG,
  keyExchangeRequest,
  Peer,
  SESSION_FLAGS,
  type SessionEnd,
  TestClock,
} from "../support/session.js";

const WITH_SESSIONS: readonly Version[] = [V1_1, V1_2, V1_3, V1_4];
const HOWS = [MUT_AUTH_REQUESTED, MUT_AUTH_WITH_ENCAP_REQUEST, MUT_AUTH_WITH_GET_DIGESTS];

/** `message` with other bytes at these places. */
function changed(message: Uint8Array, ...changes: readonly (readonly [at: number, value: number])[]): Uint8Array {
  const copy = message.slice();
  for (const [at, value] of changes) copy[at] = value;
  return copy;
}

/** The last response, as version and what follows it. */
const assertError = (response: Uint8Array, code: number) =>
  assert.equal(toHex(response.subarray(1, 4)), toHex(Uint8Array.of(0x7f, code, 0)));

/** Goes as far as MutAuthRequested says. */
function proven(session: SessionEnd, prover: Prover, how: number): void {
  assert.equal(session.opening[6], how);
  const { conversation } = session.peer;
  const ask = (message: Uint8Array) => (session.session.inTheClear ? conversation.ask(message) : session.ask(message));
  if (how !== MUT_AUTH_REQUESTED) assert.equal(prover.prove(ask, how === MUT_AUTH_WITH_GET_DIGESTS)[1], 0x6b);
}

for (const version of WITH_SESSIONS) {
  for (const how of HOWS) {
    for (const clear of [false, true]) {
      test(`SPDM 1.${version & 15}, MutAuthRequested ${how}, ${clear ? "in the clear" : "encrypted"}`, () => {
        const on = mutualBoard({ requested: how, mandatory: true }, { inTheClear: clear });
        const peer = authenticatingPeer(version, on, SESSION_FLAGS | (clear ? IN_THE_CLEAR_FLAG : 0));
        for (let i = 0; i < 2; i++) {
          const session = peer.keyExchange();
          const prover = new Prover(peer);
          proven(session, prover, how);
          session.finish(prover.finish(session));
          assert.ok(session.isAlive);
          if (how !== MUT_AUTH_REQUESTED) {
            const first = how === MUT_AUTH_WITH_GET_DIGESTS ? [] : [0x81];
            assert.deepEqual(prover.asked, [...first, 0x82, 0x82]);
          }
        }
      });
    }
  }
}

for (const version of [V1_1, V1_2]) {
  test(`SPDM 1.${version & 15}: basic mutual authentication`, () => {
    const peer = authenticatingPeer(version, mutualBoard({ basic: true }));
    const { conversation: c } = peer;
    const response = c.answer(challenge(version));
    assert.equal(response[2], 0x80);
    // Until it is done nothing else is answered, but what it is done with.
    c.refused(getDigests(version), REQUEST_IN_FLIGHT);
    c.refused(Uint8Array.of(version, 0xeb, 0, 0, version, 1, 0, 0), UNEXPECTED_REQUEST);
    const prover = new Prover(peer);
    assert.equal(prover.prove((message) => c.ask(message))[1], 0x6b);
    assert.deepEqual(prover.asked, [0x81, 0x82, 0x82, 0x83]);
    c.answer(getDigests(version));
    // The chain is known from now on.
    assert.ok(peer.open().isAlive);
  });

  test(`SPDM 1.${version & 15}: basic mutual authentication by somebody else`, () => {
    const peer = authenticatingPeer(version, mutualBoard({ basic: true }));
    const { conversation: c } = peer;
    c.answer(challenge(version));
    const prover = new Prover(peer);
    prover.tamper = (message) => {
      if (message[1] === 0x03) message[message.length - 1] ^= 1;
      return message;
    };
    assertError(
      prover.prove((message) => c.ask(message)),
      INVALID_RESPONSE_CODE,
    );
    // It is over, and proved nothing.
    c.answer(getDigests(version));
    assertError(c.ask(Uint8Array.of(version, 0xea, 0, 0)), UNEXPECTED_REQUEST);
  });
}

test("1.3 deprecates basic mutual authentication", () => {
  const { conversation: c } = authenticatingPeer(V1_3, mutualBoard({ basic: true }));
  assert.equal(c.answer(challenge(V1_3))[2], 0);
});

test("GET_VERSION ends what the requester owes", () => {
  const peer = authenticatingPeer(V1_2, mutualBoard({ basic: true }));
  peer.conversation.answer(challenge(V1_2));
  peer.conversation.refused(getDigests(V1_2), REQUEST_IN_FLIGHT);
  peer.conversation.answer(getVersion());
});

test("a requester that cannot prove itself gets no session where that is mandatory", () => {
  for (const version of WITH_SESSIONS) {
    for (const how of HOWS) {
      const peer = new Peer(version, mutualBoard({ requested: how, mandatory: true }));
      const { publicKey: exchangeData } = peer.keyPair();
      const request = keyExchangeRequest(version, { exchangeData });
      peer.conversation.refused(request, version >= V1_3 ? INVALID_POLICY : UNSPECIFIED);
      assert.ok(new Peer(version, mutualBoard({ requested: how })).open().isAlive);
    }
  }
});

test("a requester's chain that is not provisioned cannot be asked for by MutAuthRequested 1", () => {
  const on = mutualBoard({ requested: MUT_AUTH_REQUESTED, mandatory: true, provisioned: [] });
  const peer = authenticatingPeer(V1_3, on);
  peer.conversation.refused(keyExchangeRequest(V1_3, { exchangeData: peer.keyPair().publicKey }), INVALID_POLICY);
});

test("nor does basic mutual authentication make one of it", () => {
  const on = mutualBoard({ basic: true, requested: MUT_AUTH_REQUESTED, mandatory: true, provisioned: [] });
  const peer = authenticatingPeer(V1_2, on);
  const { conversation: c } = peer;
  c.answer(challenge(V1_2));
  assert.equal(new Prover(peer).prove((message) => c.ask(message))[1], 0x6b);
  c.refused(keyExchangeRequest(V1_2, { exchangeData: peer.keyPair().publicKey }), UNSPECIFIED);
});

test("what one session's requester proved does not count in another", () => {
  const peer = authenticatingPeer(V1_2, mutualBoard({ requested: MUT_AUTH_WITH_ENCAP_REQUEST }));
  const first = peer.keyExchange();
  const prover = new Prover(peer);
  assert.equal(prover.prove((message) => first.ask(message))[1], 0x6b);
  const second = peer.keyExchange();
  const asked = second.answer([V1_2, 0xea, 0, 0]);
  second.refused([V1_2, 0xeb, asked[2], 0, V1_2, 0x7f, 1, 0], INVALID_RESPONSE_CODE);
  const refused = second.ask(prover.finish(second));
  assert.deepEqual([...refused], [V1_2, 0x7f, DECRYPT_ERROR, 0]);
});

test("what a handshake in the clear still asks for ends with it", () => {
  const clock = new TestClock();
  const on = mutualBoard({ requested: MUT_AUTH_WITH_ENCAP_REQUEST }, { inTheClear: true, clock: clock.read });
  const peer = authenticatingPeer(V1_3, on, SESSION_FLAGS | IN_THE_CLEAR_FLAG);
  const { conversation } = peer;
  peer.keyExchange();
  conversation.refused(getDigests(V1_3), REQUEST_IN_FLIGHT);
  clock.now += 61_000;
  assert.equal(conversation.answer(getDigests(V1_3))[1], 0x01);
  conversation.refused(Uint8Array.of(V1_3, 0xea, 0, 0), NO_PENDING_REQUESTS);
});

test("what was said to prove the requester does not put off a key update of the responder's", () => {
  const on = mutualBoard({ requested: MUT_AUTH_WITH_ENCAP_REQUEST }, { keyUpdateAfter: 1 });
  const peer = authenticatingPeer(V1_3, on);
  const session = peer.keyExchange();
  const prover = new Prover(peer);
  proven(session, prover, MUT_AUTH_WITH_ENCAP_REQUEST);
  session.finish(prover.finish(session));
  assert.ok(session.isAlive);
  assert.equal(session.answer([V1_3, 0xea, 0, 0])[5], 0xe9);
});

/** A handshake with the chain delivered, and FINISH to come. */
function beforeFinish(version: Version): { session: SessionEnd; prover: Prover } {
  const peer = authenticatingPeer(version, mutualBoard({ requested: MUT_AUTH_WITH_ENCAP_REQUEST, mandatory: true }));
  const session = peer.keyExchange();
  const prover = new Prover(peer);
  proven(session, prover, MUT_AUTH_WITH_ENCAP_REQUEST);
  return { session, prover };
}

test("FINISH without the signature that was asked for, or with one that was not", () => {
  const { session } = beforeFinish(V1_2);
  session.refused(session.finishRequest(), INVALID_REQUEST);

  const unasked = new Peer(V1_2).keyExchange();
  const request = unasked.finishRequest();
  request[2] = 1;
  unasked.refused(request, INVALID_REQUEST);
});

test("FINISH with a wrong signature, of another slot, with wrong verify data", () => {
  for (const tamper of [
    (message: Uint8Array) => {
      message[10] ^= 1;
    },
    (message: Uint8Array) => {
      message[message.length - 1] ^= 1;
    },
  ]) {
    const { session, prover } = beforeFinish(V1_2);
    session.refused(prover.finish(session, tamper), DECRYPT_ERROR);
    assert.equal(session.exchange(session.seal(Uint8Array.of(5, V1_2, 0x81, 0, 0))).length, 0);
  }
  const { session, prover } = beforeFinish(V1_2);
  const other = prover.finish(session, (message) => {
    message[3] = 1;
  });
  session.refused(other, INVALID_REQUEST);
});

test("FINISH before the chain was asked for, or after it was refused", () => {
  const peer = authenticatingPeer(V1_2, mutualBoard({ requested: MUT_AUTH_WITH_ENCAP_REQUEST, mandatory: true }));
  const early = peer.keyExchange();
  early.refused(new Prover(peer).finish(early), REQUEST_IN_FLIGHT);

  const session = peer.keyExchange();
  const prover = new Prover(peer);
  prover.tamper = (message) => {
    // A certificate that was signed is not what it was.
    if (message[1] === 0x02) message[600] ^= 1;
    return message;
  };
  assertError(
    prover.prove((message) => session.ask(message)),
    INVALID_RESPONSE_CODE,
  );
  session.refused(prover.finish(session), DECRYPT_ERROR);
});

test("an encapsulated response that is none ends the flow: no trust, no second try", () => {
  const bad: readonly [name: string, tamper: (message: Uint8Array) => Uint8Array][] = [
    ["ERROR", (message) => Uint8Array.of(message[0], 0x7f, 1, 0)],
    ["another version", (message) => changed(message, [0, 0x11])],
    ["another message", (message) => changed(message, [1, 0x04])],
    ["an empty slot", (message) => (message[1] === 0x01 ? changed(message, [3, 2]) : message)],
    ["no slot", (message) => (message[1] === 0x01 ? changed(message, [3, 0]) : message)],
    ["another digest", (message) => (message[1] === 0x01 ? changed(message, [5, message[5] ^ 1]) : message)],
    ["cut off", (message) => message.subarray(0, message.length - 1)],
    ["a portion of nothing", (message) => (message[1] === 0x02 ? changed(message, [4, 0], [5, 0]) : message)],
    ["more than 4 KB", (message) => (message[1] === 0x02 ? changed(message, [7, 0xff]) : message)],
    ["another slot", (message) => (message[1] === 0x02 ? changed(message, [2, 1]) : message)],
  ];
  for (const [name, tamper] of bad) {
    const peer = authenticatingPeer(V1_2, mutualBoard({ requested: MUT_AUTH_WITH_ENCAP_REQUEST }));
    const session = peer.keyExchange();
    const prover = new Prover(peer);
    prover.tamper = tamper;
    const last = prover.prove((message) => session.ask(message));
    assert.equal(toHex(last.subarray(1, 4)), toHex(Uint8Array.of(0x7f, INVALID_RESPONSE_CODE, 0)), name);
    session.refused([V1_2, 0xea, 0, 0], UNEXPECTED_REQUEST);
    assert.deepEqual(peer.board.faults, [], name);
  }
});

test("a total that changes from one portion to the next", () => {
  const peer = authenticatingPeer(V1_2, mutualBoard({ requested: MUT_AUTH_WITH_ENCAP_REQUEST }));
  const session = peer.keyExchange();
  const prover = new Prover(peer);
  let portions = 0;
  prover.tamper = (message) =>
    message[1] === 0x02 && ++portions === 2 ? changed(message, [6, message[6] + 1]) : message;
  assertError(
    prover.prove((message) => session.ask(message)),
    INVALID_RESPONSE_CODE,
  );
});

test("ResponseNotReady ends the flow without a fault", () => {
  const peer = authenticatingPeer(V1_3, mutualBoard({ requested: MUT_AUTH_WITH_ENCAP_REQUEST }));
  const session = peer.keyExchange();
  const prover = new Prover(peer);
  prover.tamper = (message) => Uint8Array.of(message[0], 0x7f, 0x42, 0, 1, 0x81, 1, 2);
  const ack = prover.prove((message) => session.ask(message));
  assert.equal(toHex(ack.subarray(1, 5)), "6b000001");
  assertError(session.ask([V1_3, 0xea, 0, 0]), NO_PENDING_REQUESTS);
});

test("RequestID: a response to another request than the last", () => {
  const peer = authenticatingPeer(V1_2, mutualBoard({ requested: MUT_AUTH_WITH_ENCAP_REQUEST }));
  const session = peer.keyExchange();
  const prover = new Prover(peer);
  const first = session.answer([V1_2, 0xea, 0, 0]);
  assert.equal(first[2], 1);
  for (const id of [0, 2, 255]) session.refused([V1_2, 0xeb, id, 0, ...prover.digests()], INVALID_REQUEST);
  session.refused([V1_2, 0xeb, 1, 0, V1_2, 1, 0], INVALID_REQUEST);
  assert.equal(session.answer([V1_2, 0xeb, 1, 0, ...prover.digests()])[3], 1);
});

test("who fetches the first request again has lost it, and the flow is over", () => {
  const peer = authenticatingPeer(V1_2, mutualBoard({ requested: MUT_AUTH_WITH_ENCAP_REQUEST }));
  const session = peer.keyExchange();
  session.answer([V1_2, 0xea, 0, 0]);
  session.refused([V1_2, 0xea, 0, 0], UNEXPECTED_REQUEST);
  session.refused([V1_2, 0xeb, 1, 0, ...new Prover(peer).digests()], UNEXPECTED_REQUEST);
});

test("nothing to fetch", () => {
  for (const version of WITH_SESSIONS) {
    const code = version >= V1_3 ? NO_PENDING_REQUESTS : UNEXPECTED_REQUEST;
    const peer = new Peer(version);
    const session = peer.open();
    peer.conversation.refused(Uint8Array.of(version, 0xea, 0, 0), code);
    session.refused([version, 0xea, 0, 0], code);
    session.refused([version, 0xeb, 0, 0, version, 1, 0, 0], UNEXPECTED_REQUEST);
    const without = new Peer(version, undefined, { flags: SESSION_FLAGS & ~0x1000 });
    without.conversation.refused(Uint8Array.of(version, 0xea, 0, 0), UNSUPPORTED_REQUEST, 0xea);
  }
});
