/** HEARTBEAT (0xE8) and HEARTBEAT_ACK (0x68), DSP0274 1.3 §10.21: 4 bytes each, the last two reserved */
import { HBEAT_CAP } from "../capabilities.js";
import { INVALID_REQUEST, SpdmError, UNEXPECTED_REQUEST } from "../errors.js";
import { type Exchange, HEARTBEAT, IN_SESSION, NEGOTIATED } from "../exchange.js";
import { V1_1 } from "../versions.js";
import type { Reader, Writer } from "../wire.js";

export function readHeartbeat(r: Reader): void {
  r.skip(2);
}

export function writeHeartbeat(w: Writer): void {
  w.zeros(2);
}

export const heartbeat: Exchange = Object.freeze({
  request: HEARTBEAT,
  since: V1_1,
  after: NEGOTIATED,
  channels: IN_SESSION,
  capability: HBEAT_CAP,
  peerCapability: HBEAT_CAP,
  endsM1: true,
  respond(_c, request, response, session) {
    readHeartbeat(request);
    if (request.remaining !== 0) throw new SpdmError(INVALID_REQUEST);
    if (session!.heartbeatPeriod === 0) throw new SpdmError(UNEXPECTED_REQUEST);

    // That it was heard of is noted of every record.
    writeHeartbeat(response);
  },
} satisfies Exchange);
