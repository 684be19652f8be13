/**
 * GET_ENCAPSULATED_REQUEST (0xEA), ENCAPSULATED_REQUEST (0x6A), DELIVER_ENCAPSULATED_RESPONSE (0xEB) and
 * ENCAPSULATED_RESPONSE_ACK (0x6B), DSP0274 1.3 §10.16: how a responder, which may only answer, gets to ask
 *
 * | message                       | offset | field        | size | versions |
 * | GET_ENCAPSULATED_REQUEST      | 2      | reserved     | 2    |
 * | ENCAPSULATED_REQUEST          | 2      | RequestID    | 1    |
 * |                               | 3      | reserved     | 1    |
 * |                               | 4      | request      | n    | a whole message
 * | DELIVER_ENCAPSULATED_RESPONSE | 2      | RequestID    | 1    |
 * |                               | 3      | reserved     | 1    |
 * |                               | 4      | response     | n    | a whole message
 * | ENCAPSULATED_RESPONSE_ACK     | 2      | RequestID    | 1    | of the request it carries
 * |                               | 3      | payload type | 1    | what follows: nothing, a request, the requester's slot |
 * |                               | 4      | AckRequestID | 1    | 1.2 |
 * |                               | 5      | reserved     | 3    | 1.2 |
 * |                               |        | payload      | n    |
 */
import { ENCAP_CAP, KEY_UPD_CAP } from "../capabilities.js";
import type { Connection } from "../connection.js";
import { EncapsulatedFlow, refused, type Step } from "../encapsulated-flow.js";
import { INVALID_REQUEST, NO_PENDING_REQUESTS, SpdmError, UNEXPECTED_REQUEST } from "../errors.js";
import {
  DELIVER_ENCAPSULATED_RESPONSE,
  type Exchange,
  GET_ENCAPSULATED_REQUEST,
  IN_HANDSHAKE,
  IN_SESSION,
  KEY_UPDATE,
  NEGOTIATED,
  OUTSIDE_SESSION,
} from "../exchange.js";
import { ESTABLISHED, type Session } from "../session.js";
import { V1_1, V1_2, V1_3, type Version } from "../versions.js";
import { type Reader, WireError, type Writer } from "../wire.js";
import { readKeyUpdate, UPDATE_KEY, VERIFY_NEW_KEY, writeKeyUpdate } from "./key-update.js";

// Payload types
export const NO_PAYLOAD = 0;
export const REQUEST_PAYLOAD = 1;
export const SLOT_PAYLOAD = 2;

const HEADER_LENGTH = 4;
/** ENCAPSULATED_RESPONSE_ACK with the longest of our requests that has to go at once, SEND_EVENT with one event. */
const LONGEST_ACK = 8 + 54;

/** ENCAPSULATED_REQUEST, or DELIVER_ENCAPSULATED_RESPONSE. */
export interface Encapsulated {
  readonly requestId: number;
  readonly message: Uint8Array;
}

export interface EncapsulatedResponseAck {
  readonly requestId: number;
  readonly payloadType: number;
  /** From 1.2 on. */
  readonly ackRequestId: number;
  readonly payload: Uint8Array;
}

export function readGetEncapsulatedRequest(r: Reader): void {
  r.skip(2);
}

export function writeGetEncapsulatedRequest(w: Writer): void {
  w.zeros(2);
}

export function readEncapsulated(r: Reader): Encapsulated {
  const requestId = r.u8();
  r.skip(1);
  return { requestId, message: r.bytes(r.remaining) };
}

/** Writes all but the message. */
export function writeEncapsulatedHeader(w: Writer, requestId: number): void {
  w.u8(requestId);
  w.u8(0);
}

export function readEncapsulatedResponseAck(r: Reader, version: Version): EncapsulatedResponseAck {
  const requestId = r.u8();
  const payloadType = r.u8();
  const ackRequestId = version >= V1_2 ? r.u8() : 0;
  if (version >= V1_2) r.skip(3);
  return { requestId, payloadType, ackRequestId, payload: r.bytes(r.remaining) };
}

/** Writes all but the payload. */
export function writeAckHeader(w: Writer, m: Omit<EncapsulatedResponseAck, "payload">, version: Version): void {
  w.u8(m.requestId);
  w.u8(m.payloadType);
  if (version < V1_2) return;
  w.u8(m.ackRequestId);
  w.zeros(3);
}

/** Tells the requester of a new key of ours: UpdateKey, then VerifyNewKey, which already goes out under it. */
function keyUpdateSteps(c: Connection, session: Session): Step[] {
  return [UPDATE_KEY, VERIFY_NEW_KEY].map((operation) => {
    const tag = new Uint8Array(1);
    return {
      request: KEY_UPDATE,
      write(w) {
        if (operation === VERIFY_NEW_KEY) session.updateOwnKey();
        c.options.random(tag);
        writeKeyUpdate(w, { operation, tag: tag[0] });
      },
      take(r) {
        const answer = readKeyUpdate(r);
        if (answer.operation !== operation || answer.tag !== tag[0] || r.remaining !== 0) throw refused();
        if (operation === VERIFY_NEW_KEY) session.discount();
        return false;
      },
    };
  });
}

/** What the requester has to fetch in this channel; what nobody waits for yet is begun here. */
function pending(c: Connection, session: Session | undefined): EncapsulatedFlow | undefined {
  const channel = session ?? c;
  if (channel.flow !== undefined || (session !== undefined && session.phase !== ESTABLISHED)) return channel.flow;
  const { events, requesterInfo, sessions } = c.options;
  const steps = [...(requesterInfo?.steps(c, session) ?? [])];
  if (session !== undefined) {
    const { keyUpdateAfter } = sessions!;
    steps.unshift(...(events?.steps(c, session) ?? []));
    // Behind the others and not instead, so that neither puts the other off.
    const due = keyUpdateAfter !== undefined && session.sentCount >= keyUpdateAfter;
    if (due && c.both(KEY_UPD_CAP)) steps.push(...keyUpdateSteps(c, session));
  }
  if (steps.length > 0) channel.flow = new EncapsulatedFlow(c.version, session, steps);
  return channel.flow;
}

function end(c: Connection, session: Session | undefined): void {
  if (session === undefined) c.flow = undefined;
  else session.flow = undefined;
}

/** Throws SpdmError where a request of ours would have to go in chunks, and cannot: before it is made, and counted. */
function requireAckRoom(c: Connection): void {
  if (c.transferSize < LONGEST_ACK) c.options.chunks?.requireFree();
}

/** What holds for both exchanges. */
const ENCAPSULATION = {
  since: V1_1,
  after: NEGOTIATED,
  channels: OUTSIDE_SESSION | IN_HANDSHAKE | IN_SESSION,
  capability: ENCAP_CAP,
  peerCapability: ENCAP_CAP,
  endsM1: true,
} as const;

export const getEncapsulatedRequest: Exchange = Object.freeze({
  request: GET_ENCAPSULATED_REQUEST,
  ...ENCAPSULATION,
  respond(c, request, response, session) {
    readGetEncapsulatedRequest(request);
    const flow = pending(c, session);
    if (flow === undefined) throw new SpdmError(c.version >= V1_3 ? NO_PENDING_REQUESTS : UNEXPECTED_REQUEST);
    // Its request is out, and made anew it would be signed and counted as another. Whoever lost it has to begin again.
    if (flow.waiting) {
      end(c, session);
      throw new SpdmError(UNEXPECTED_REQUEST);
    }
    requireAckRoom(c);
    writeEncapsulatedHeader(response, 1);
    flow.begin(response);
  },
} satisfies Exchange);

export const deliverEncapsulatedResponse: Exchange = Object.freeze({
  request: DELIVER_ENCAPSULATED_RESPONSE,
  ...ENCAPSULATION,
  respond(c, request, response, session) {
    const { version } = c;
    const flow = session === undefined ? c.flow : session.flow;
    if (flow === undefined || !flow.waiting) throw new SpdmError(UNEXPECTED_REQUEST);
    const { requestId, message } = readEncapsulated(request);
    if (requestId !== flow.requestId || message.length < HEADER_LENGTH) throw new SpdmError(INVALID_REQUEST);
    requireAckRoom(c);
    // The header is written last, when it is known what follows it.
    const start = response.offset;
    writeAckHeader(response, { requestId: 0, payloadType: NO_PAYLOAD, ackRequestId: requestId }, version);
    let goesOn: boolean;
    try {
      goesOn = flow.take(message, response);
      c.requireRoom(response.offset);
    } catch (error) {
      end(c, session);
      throw error instanceof WireError ? refused() : error;
    }
    if (!goesOn) {
      end(c, session);
      return;
    }
    const finish = response.offset;
    response.offset = start;
    const payloadType = REQUEST_PAYLOAD;
    writeAckHeader(response, { requestId: flow.requestId, payloadType, ackRequestId: requestId }, version);
    response.offset = finish;
  },
} satisfies Exchange);
