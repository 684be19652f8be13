/** CertificateChanged: told to sessions that subscribed to it when SET_CERTIFICATE changed a slot, and only then. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { NO_PENDING_REQUESTS, RESET_REQUIRED, UNSPECIFIED } from "../../src/errors.js";
import { CERTIFICATE_CHANGED, MEASUREMENT_CHANGED } from "../../src/event-groups.js";
import { deviceEvents } from "../../src/events.js";
import { subscribeEventTypes } from "../../src/messages/subscribe-event-types.js";
import { supportedEventTypes } from "../../src/messages/supported-event-types.js";
import { V1_3, V1_4, type Version } from "../../src/versions.js";
import { toHex } from "../support/bytes.js";
import {
  type ChangeableOptions,
  changeableBoard,
  eraseRequest,
  setCertificateRequest,
} from "../support/certificate-slots.js";
import { eventBytes, eventGroup, sendEvent, subscribe } from "../support/events.js";
import { CURVES, spdmChainOf } from "../support/fixture.js";
import { Peer, SESSION_FLAGS, type SessionEnd, sessionTables } from "../support/session.js";

const VERSIONS: readonly Version[] = [V1_3, V1_4];
const EVENTS = {
  exchanges: [supportedEventTypes, subscribeEventTypes],
  events: deviceEvents([MEASUREMENT_CHANGED, CERTIFICATE_CHANGED]),
};

const telling = (options: ChangeableOptions = {}) => changeableBoard({ ...options, changes: EVENTS });

/** A peer of it; P-256's signatures take less time. */
const peerOf = (v: Version, on = telling()) =>
  new Peer(v, on, { flags: SESSION_FLAGS, tables: sessionTables(), baseAsym: CURVES[0].algorithm });

function subscribed(peer: Peer, type = CERTIFICATE_CHANGED): SessionEnd {
  const session = peer.open(true);
  session.answer(subscribe(session.version, eventGroup([type])));
  return session;
}

const chainFor = ({ conversation: { hash } }: Peer, slot: number): Uint8Array => spdmChainOf(CURVES[0], slot, hash);
const set = (peer: Peer, slot: number): Uint8Array =>
  setCertificateRequest(peer.conversation.version, slot, chainFor(peer, 4));
const poll = (session: SessionEnd): Uint8Array => session.answer([session.version, 0xea, 0, 0]);
const nothingWaits = (session: SessionEnd): void => session.refused([session.version, 0xea, 0, 0], NO_PENDING_REQUESTS);

/** Asserts that SEND_EVENT has these slots, one event each, and acknowledges it. */
function told(session: SessionEnd, firstId: number, ...masks: readonly number[]): void {
  const [, , requestId, ...rest] = poll(session);
  const events = masks.map((mask, i) => eventBytes(firstId + i, CERTIFICATE_CHANGED, [mask]));
  assert.equal(toHex(Uint8Array.from(rest.slice(1))), toHex(sendEvent(session.version, ...events)));
  session.answer([session.version, 0xeb, requestId, 0, session.version, 0x71, 0, 0]);
  nothingWaits(session);
}

test("set in the session itself, in another one, and in the clear", () => {
  for (const v of VERSIONS) {
    const peer = peerOf(v);
    const session = subscribed(peer);
    nothingWaits(session);
    session.answer(set(peer, 2));
    told(session, 1, 0x04);
    const another = subscribed(peer, MEASUREMENT_CHANGED);
    another.answer(set(peer, 4));
    peer.conversation.answer(set(peer, 7));
    peer.conversation.answer(eraseRequest(7, v));
    told(session, 2, 0x10, 0x80, 0x80);
    nothingWaits(another);
  }
});

test("what was refused, or waits for a reset, is no change", () => {
  for (const v of VERSIONS) {
    const peer = peerOf(v);
    const session = subscribed(peer);
    session.refused(setCertificateRequest(v, 2, spdmChainOf(CURVES[1], 0, peer.conversation.hash)), UNSPECIFIED);
    nothingWaits(session);
    const later = peerOf(v, telling({ needsReset: true }));
    const waiting = subscribed(later);
    waiting.refused(set(later, 2), RESET_REQUIRED);
    nothingWaits(waiting);
  }
});
