/**
 * MCTP control messages (DSP0236), type 0. The type byte is not part of the messages here.
 *
 * | offset | field           | bits                                       |
 * |--------|-----------------|--------------------------------------------|
 * | 0      | Rq, D, instance | request b7, datagram b6, instance b4-0     |
 * | 1      | command         |                                            |
 * | 2      | completion code | responses only; data follows if it is 0    |
 *
 * | command                            | request data         | response data                                      |
 * |------------------------------------|----------------------|----------------------------------------------------|
 * | 01 Set Endpoint ID                 | operation b1-0, EID  | status, EID, pool size                             |
 * | 02 Get Endpoint ID                 | –                    | EID, endpoint type, medium-specific                |
 * | 03 Get Endpoint UUID               | –                    | UUID 16                                            |
 * | 04 Get MCTP Version Support        | type, 0xFF = base    | count, entries of 4: major, minor, update, alpha   |
 * | 05 Get Message Type Support        | –                    | count, types without control                       |
 * | 06 Get Vendor Defined Msg Support  | selector             | next selector or 0xFF, format, id 2 or 4, set u16  |
 *
 * Numbers of more than one byte are big-endian.
 */

import { isAssignable } from "./packet.js";

export const CONTROL_TYPE = 0x00;
/** Asked for in Get MCTP Version Support: the version of the base specification. */
export const BASE_TYPE = 0xff;

export const SET_ENDPOINT_ID = 0x01;
export const GET_ENDPOINT_ID = 0x02;
export const GET_ENDPOINT_UUID = 0x03;
export const GET_VERSION_SUPPORT = 0x04;
export const GET_MESSAGE_TYPE_SUPPORT = 0x05;
export const GET_VENDOR_DEFINED_MESSAGE_SUPPORT = 0x06;

export const SUCCESS = 0x00;
export const ERROR_INVALID_DATA = 0x02;
export const ERROR_INVALID_LENGTH = 0x03;
export const ERROR_UNSUPPORTED_CMD = 0x05;
/** Get MCTP Version Support's own completion code. */
export const ERROR_TYPE_NOT_SUPPORTED = 0x80;

export const REQUEST = 0x80;
export const DATAGRAM = 0x40;
export const INSTANCE_MASK = 0x1f;

export const SET_EID = 0;
export const FORCE_EID = 1;
const OPERATION_MASK = 0x03;

export const UUID_LENGTH = 16;
export const NO_MORE_VENDORS = 0xff;

/** In front of a request's data, and of a response's. */
export const REQUEST_HEADER_LENGTH = 2;
export const RESPONSE_HEADER_LENGTH = 3;

const COMMAND = 1;
const COMPLETION = 2;
const VERSION_ENTRY_LENGTH = 4;

/** Bytes of request data by command; 0x00 is none. */
const DATA_LENGTHS = Object.freeze([0, 2, 0, 0, 1, 0, 1]);

/** Base versions 1.0, 1.1, 1.2 and 1.3.3, each digit 0xF0 | n, 0xFF for an update not given. */
const BASE_VERSIONS = Object.freeze([0xf1f0ff00, 0xf1f1ff00, 0xf1f2ff00, 0xf1f3f300]);

/** A kind of vendor defined message: `format` 0 for a PCI vendor id (16 bits), 1 for an IANA number (32 bits). */
export interface Vendor {
  readonly format: 0 | 1;
  readonly id: number;
  /** Which of the vendor's command sets, 16 bits. */
  readonly commandSet: number;
}

export interface MessageSupport {
  readonly type: number;
  /** Version entries as numbers, oldest first: 0xF1F0F200 is 1.0.2. */
  readonly versions: readonly number[];
}

export interface ControlOptions {
  /** Endpoint ID to begin with, 0 until a bus owner assigns one. */
  readonly eid?: number;
  /** 16 bytes as RFC 4122 orders them; kept, not copied. */
  readonly uuid: Uint8Array;
  readonly types: readonly MessageSupport[];
  readonly vendors?: readonly Vendor[] | undefined;
}

/** Answers control requests, and so owns the endpoint ID that they change. */
export class Control {
  readonly #uuid: Uint8Array;
  readonly #types: readonly MessageSupport[];
  readonly #vendors: readonly Vendor[];
  #eid: number;

  constructor(options: ControlOptions) {
    if (options.uuid.length !== UUID_LENGTH) throw new RangeError("UUID is not 16 bytes");
    this.#eid = options.eid ?? 0;
    this.#uuid = options.uuid;
    this.#types = options.types;
    this.#vendors = options.vendors ?? [];
  }

  get eid(): number {
    return this.#eid;
  }

  /** Writes the response to `request` and returns its length, 0 if it deserves none. */
  respond(request: Uint8Array, reply: Uint8Array): number {
    // A response, or a datagram, which wants none: neither is for us.
    if (request.length < REQUEST_HEADER_LENGTH || (request[0] & (REQUEST | DATAGRAM)) !== REQUEST) return 0;
    reply[0] = request[0] & INSTANCE_MASK;
    reply[COMMAND] = request[COMMAND];
    reply[COMPLETION] = SUCCESS;
    const command = request[COMMAND];
    if (command === 0 || command >= DATA_LENGTHS.length) return refuse(reply, ERROR_UNSUPPORTED_CMD);
    if (request.length !== REQUEST_HEADER_LENGTH + DATA_LENGTHS[command]) return refuse(reply, ERROR_INVALID_LENGTH);
    switch (command) {
      case SET_ENDPOINT_ID:
        return this.#setEndpointId(request, reply);
      case GET_ENDPOINT_ID:
        return this.#endpointId(reply);
      case GET_ENDPOINT_UUID:
        return this.#endpointUuid(reply);
      case GET_VERSION_SUPPORT:
        return this.#versionSupport(request, reply);
      case GET_MESSAGE_TYPE_SUPPORT:
        return this.#messageTypes(reply);
      default:
        return this.#vendor(request, reply);
    }
  }

  /** We have neither a static EID to reset to nor a discovered flag, so only the two operations that set one are valid. */
  #setEndpointId(request: Uint8Array, reply: Uint8Array): number {
    const operation = request[2] & OPERATION_MASK;
    const eid = request[3];
    if ((operation !== SET_EID && operation !== FORCE_EID) || !isAssignable(eid)) {
      return refuse(reply, ERROR_INVALID_DATA);
    }
    this.#eid = eid;
    reply[3] = 0; // accepted, and no pool of endpoint IDs wanted
    reply[4] = eid;
    reply[5] = 0;
    return RESPONSE_HEADER_LENGTH + 3;
  }

  #endpointId(reply: Uint8Array): number {
    reply[3] = this.#eid;
    reply[4] = 0; // simple endpoint, dynamic endpoint ID
    reply[5] = 0;
    return RESPONSE_HEADER_LENGTH + 3;
  }

  #endpointUuid(reply: Uint8Array): number {
    reply.set(this.#uuid, RESPONSE_HEADER_LENGTH);
    return RESPONSE_HEADER_LENGTH + UUID_LENGTH;
  }

  #versionSupport(request: Uint8Array, reply: Uint8Array): number {
    const type = request[2];
    if (type === BASE_TYPE || type === CONTROL_TYPE) return writeVersions(reply, BASE_VERSIONS);
    for (const support of this.#types) {
      if (support.type === type) return writeVersions(reply, support.versions);
    }
    return refuse(reply, ERROR_TYPE_NOT_SUPPORTED);
  }

  #messageTypes(reply: Uint8Array): number {
    let at = RESPONSE_HEADER_LENGTH;
    reply[at++] = this.#types.length;
    for (const { type } of this.#types) reply[at++] = type;
    return at;
  }

  #vendor(request: Uint8Array, reply: Uint8Array): number {
    const selector = request[2];
    if (selector >= this.#vendors.length) return refuse(reply, ERROR_INVALID_DATA);
    const { format, id, commandSet } = this.#vendors[selector];
    let at = RESPONSE_HEADER_LENGTH;
    reply[at++] = selector + 1 < this.#vendors.length ? selector + 1 : NO_MORE_VENDORS;
    reply[at++] = format;
    if (format !== 0) {
      reply[at++] = id >>> 24;
      reply[at++] = id >>> 16;
    }
    reply[at++] = id >>> 8;
    reply[at++] = id;
    reply[at++] = commandSet >>> 8;
    reply[at++] = commandSet;
    return at;
  }
}

function refuse(reply: Uint8Array, completion: number): number {
  reply[COMPLETION] = completion;
  return RESPONSE_HEADER_LENGTH;
}

function writeVersions(reply: Uint8Array, versions: readonly number[]): number {
  let at = RESPONSE_HEADER_LENGTH;
  reply[at++] = versions.length;
  for (const version of versions) {
    reply[at] = version >>> 24;
    reply[at + 1] = version >>> 16;
    reply[at + 2] = version >>> 8;
    reply[at + 3] = version;
    at += VERSION_ENTRY_LENGTH;
  }
  return at;
}
