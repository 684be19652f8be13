/**
 * END_SESSION (0xEC) and END_SESSION_ACK (0x6C), DSP0274 1.3 §10.23
 *
 * | offset | request field | size | |
 * | 2      | attributes    | 1    | b0: clear the negotiated state, which counts for responders that cache it |
 * | 3      | reserved      | 1    | in the response, as the byte before |
 */
import { INVALID_REQUEST, SpdmError } from "../errors.js";
import { END_SESSION, type Exchange, IN_SESSION, NEGOTIATED } from "../exchange.js";
import { V1_1 } from "../versions.js";
import type { Reader, Writer } from "../wire.js";

/** Attribute: the negotiated state is not to be kept. */
export const CLEAR_NEGOTIATED_STATE = 1 << 0;

export interface EndSession {
  readonly attributes: number;
}

export function readEndSession(r: Reader): EndSession {
  const attributes = r.u8();
  r.skip(1);
  return { attributes };
}

export function writeEndSession(w: Writer, m: EndSession): void {
  w.u8(m.attributes);
  w.u8(0);
}

export function readEndSessionAck(r: Reader): void {
  r.skip(2);
}

export function writeEndSessionAck(w: Writer): void {
  w.zeros(2);
}

export const endSession: Exchange = Object.freeze({
  request: END_SESSION,
  since: V1_1,
  after: NEGOTIATED,
  channels: IN_SESSION,
  capability: 0,
  peerCapability: 0,
  endsM1: true,
  respond(_c, request, response, session) {
    readEndSession(request);
    if (request.remaining !== 0) throw new SpdmError(INVALID_REQUEST);

    writeEndSessionAck(response);

    session!.ending = true;
  },
} satisfies Exchange);
