/** Each request in each place: outside of sessions in every state, in a handshake, in an established session. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { SESSION_REQUIRED, UNEXPECTED_REQUEST, UNSPECIFIED, UNSUPPORTED_REQUEST } from "../../src/errors.js";
import { V1_0, V1_1, V1_2, V1_3, V1_4 } from "../../src/versions.js";
import { toHex } from "../support/bytes.js";
import { Conversation } from "../support/fixture.js";
import { EXCHANGES, Peer, SESSION_FLAGS, type SessionEnd, sessionBoard, sessionTables } from "../support/session.js";

const OUTSIDE = "o";
const HANDSHAKE = "h";
const ESTABLISHED = "e";

/** DSP0274 1.3 table "SPDM request and response messages validity", by request code. */
const ALLOWED: Readonly<Record<number, string>> = {
  132: OUTSIDE, // GET_VERSION
  225: OUTSIDE, // GET_CAPABILITIES
  227: OUTSIDE, // NEGOTIATE_ALGORITHMS
  129: OUTSIDE + ESTABLISHED, // GET_DIGESTS
  130: OUTSIDE + ESTABLISHED, // GET_CERTIFICATE
  131: OUTSIDE, // CHALLENGE
  224: OUTSIDE + ESTABLISHED, // GET_MEASUREMENTS
  228: OUTSIDE, // KEY_EXCHANGE
  229: OUTSIDE + HANDSHAKE, // FINISH: outside with HANDSHAKE_IN_THE_CLEAR
  230: OUTSIDE, // PSK_EXCHANGE
  231: HANDSHAKE, // PSK_FINISH
  232: ESTABLISHED, // HEARTBEAT
  233: ESTABLISHED, // KEY_UPDATE
  234: OUTSIDE + HANDSHAKE + ESTABLISHED, // GET_ENCAPSULATED_REQUEST
  235: OUTSIDE + HANDSHAKE + ESTABLISHED, // DELIVER_ENCAPSULATED_RESPONSE
  236: ESTABLISHED, // END_SESSION
  254: OUTSIDE + HANDSHAKE + ESTABLISHED, // VENDOR_DEFINED_REQUEST
};
/** Places where a request that may be there has nothing to do: what is awaited there is another one. */
const IDLE: Readonly<Record<number, string>> = {
  229: OUTSIDE,
  234: OUTSIDE + HANDSHAKE + ESTABLISHED,
  235: OUTSIDE + HANDSHAKE + ESTABLISHED,
};

const codes = EXCHANGES.map(({ request }) => request);
const probe = (version: number, code: number): Uint8Array => Uint8Array.of(version, code, 0, 0);

test("the table has every exchange", () => {
  assert.deepEqual(
    [...codes].sort((a, b) => a - b),
    Object.keys(ALLOWED)
      .map(Number)
      .sort((a, b) => a - b),
  );
});

/** Asserts that a request is served, or refused with `code`: served is any answer that is not about the place. */
function assertPlace(response: Uint8Array, allowed: boolean, code: number, data = 0): void {
  const told = toHex(response.subarray(1, 4));
  const refusal = toHex(Uint8Array.of(0x7f, code, data));
  const places = [UNEXPECTED_REQUEST, SESSION_REQUIRED].map((place) => toHex(Uint8Array.of(0x7f, place, 0)));
  if (!allowed) assert.equal(told, refusal);
  else assert.ok(!places.includes(told), told);
}

for (const version of [V1_1, V1_2, V1_3, V1_4]) {
  test(`SPDM 1.${version & 15}: outside of sessions, with ALGORITHMS behind it`, () => {
    for (const code of codes) {
      if (code === 0x84) continue;
      const { conversation: c } = new Peer(version);
      const response = c.ask(probe(version, code));
      const stated = code === 0xe1 || code === 0xe3;
      if (stated) assertPlace(response, false, UNEXPECTED_REQUEST);
      else if (IDLE[code]?.includes(OUTSIDE)) {
        if (code === 0xe5) assertPlace(response, false, version >= V1_2 ? SESSION_REQUIRED : UNSPECIFIED);
      } else assertPlace(response, ALLOWED[code].includes(OUTSIDE), version >= V1_2 ? SESSION_REQUIRED : UNSPECIFIED);
    }
  });

  test(`SPDM 1.${version & 15}: in sessions`, () => {
    for (const [place, open] of [
      [HANDSHAKE, (peer: Peer) => peer.keyExchange()],
      [HANDSHAKE, (peer: Peer) => peer.pskExchange()],
      [ESTABLISHED, (peer: Peer) => peer.open(true)],
    ] as readonly (readonly [string, (peer: Peer) => SessionEnd])[]) {
      for (const code of codes) {
        const peer = new Peer(version);
        const session = open(peer);
        const response = session.ask(probe(code === 0x84 ? V1_0 : version, code));
        if (IDLE[code]?.includes(place)) continue;
        // A finish of the other kind is refused as if it were not for this place.
        const other = place === HANDSHAKE && code === (session.session.usesPsk ? 0xe5 : 0xe7);
        // Without a heartbeat there is nothing to beat.
        if (code === 0xe8 && place === ESTABLISHED) continue;
        assertPlace(response, ALLOWED[code].includes(place) && !other, UNEXPECTED_REQUEST);
      }
    }
  });
}

test("before ALGORITHMS nothing of sessions is expected", () => {
  for (const version of [V1_1, V1_4]) {
    for (const state of [0, 1, 2]) {
      const offer = { flags: SESSION_FLAGS, tables: sessionTables() };
      for (const code of codes.filter((request) => request >= 0xe4 && request <= 0xec)) {
        const c = new Conversation(version, offer, sessionBoard()).reach(state);
        const { board } = c;
        const out = new Uint8Array(5000);
        const request = probe(state === 2 ? version : V1_0, code);
        const length = board.responder.respond(request, out);
        // Before the version is agreed on there are no sessions at all.
        const expected = state === 2 ? UNEXPECTED_REQUEST : UNSUPPORTED_REQUEST;
        assert.equal(toHex(out.subarray(1, 3)), toHex(Uint8Array.of(0x7f, expected)), `${code} in state ${state}`);
        assert.equal(length, 4);
      }
    }
  }
});

test("a requester without a capability asks for something unsupported", () => {
  const all: readonly (readonly [flag: number, code: number])[] = [
    [0x0200, 0xe4],
    [0x0400, 0xe6],
    [0x2000, 0xe8],
    [0x4000, 0xe9],
    [0x1000, 0xea],
    [0x1000, 0xeb],
  ];
  for (const [flag, code] of all) {
    const peer = new Peer(V1_2, sessionBoard(), { flags: SESSION_FLAGS & ~flag });
    const session = peer.open(flag !== 0x0400);
    if (code < 0xe8) peer.conversation.refused(probe(V1_2, code), UNSUPPORTED_REQUEST, code);
    else session.refused(probe(V1_2, code), UNSUPPORTED_REQUEST, code);
    assert.ok(session.isAlive);
  }
});
