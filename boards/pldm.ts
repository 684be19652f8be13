/**
 * The least of PLDM (DSP0240 1.1), for requesters that ask who answers behind a secure session: GetTID
 *
 * | offset | field                           | size | |
 * | 0      | Rq b7, D b6, Instance ID b4–0   | 1    | Rq: a request; D: one that wants no response |
 * | 1      | HdrVer b7–6, PLDM Type b5–0     | 1    | |
 * | 2      | PLDM Command Code               | 1    | |
 * | 3      | PLDM Completion Code            | 1    | response only, as what follows |
 * | 4      | TID                             | 1    | GetTID, if it succeeds |
 */
import type { Application } from "../src/sessions.js";

const MCTP_TYPE = 0x01;
const HEADER_LENGTH = 3;
const REQUEST = 0x80;
const DATAGRAM = 0x40;
const INSTANCE = 0x1f;
const TYPE = 0x3f;
/** PLDM type: messaging control and discovery. */
const DISCOVERY = 0x00;
const GET_TID = 0x02;
const SUCCESS = 0x00;
const ERROR_UNSUPPORTED_PLDM_CMD = 0x05;
/** 0 is "not assigned". */
const TID = 0x01;

export const pldm: Application = Object.freeze({
  type: MCTP_TYPE,
  respond(request: Uint8Array, reply: Uint8Array): number {
    if (request.length < HEADER_LENGTH || (request[0] & (REQUEST | DATAGRAM)) !== REQUEST) return 0;
    const known = (request[1] & TYPE) === DISCOVERY && request[2] === GET_TID;
    reply[0] = request[0] & INSTANCE;
    reply[1] = request[1];
    reply[2] = request[2];
    reply[3] = known ? SUCCESS : ERROR_UNSUPPORTED_PLDM_CMD;
    if (known) reply[4] = TID;
    return known ? 5 : 4;
  },
});
