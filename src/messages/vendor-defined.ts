/**
 * VENDOR_DEFINED_REQUEST (0xFE) and VENDOR_DEFINED_RESPONSE (0x7E), DSP0274 1.3 §10.14
 *
 * | offset | field         | size | versions |
 * | 2      | b7: large form | 1   | 1.4; before reserved |
 * | 3      | reserved      | 1    |
 * | 4      | StandardID    | 2    |
 * | 6      | VendorIDLength| 1    | n, by StandardID |
 * | 7      | VendorID      | n    |
 * | 7 + n  | PayloadLength | 2    | reserved in the large form, where 4 bytes of length follow |
 * |        | Payload       |      |
 */
import { LARGE_RESP_CAP } from "../capabilities.js";
import { messageRoom } from "../connection.js";
import { equal } from "../equal.js";
import { INVALID_REQUEST, SpdmError, UNSUPPORTED_REQUEST } from "../errors.js";
import {
  type Exchange,
  IN_HANDSHAKE,
  IN_SESSION,
  NEGOTIATED,
  OUTSIDE_SESSION,
  VENDOR_DEFINED_REQUEST,
} from "../exchange.js";
import { readVendorId } from "../vendor.js";
import { V1_0, V1_4, type Version } from "../versions.js";
import type { Reader, Writer } from "../wire.js";

const LARGE = 0x80;
const headerLength = (large: boolean): number => (large ? 13 : 9);
/** What PayloadLength can say outside the large form. */
const MAX_PAYLOAD_LENGTH = 0xffff;

export interface VendorDefined {
  readonly standardId: number;
  readonly vendorId: Uint8Array;
  readonly large: boolean;
  readonly payload: Uint8Array;
}

/** Serves the requests of one vendor. */
export interface VendorHandler {
  readonly standardId: number;
  readonly vendorId: Uint8Array;
  /**
   * Answers `payload` in `response`, which has room for what the message allows, and returns how many bytes it wrote;
   * SpdmError refuses. Neither view may be kept.
   */
  respond(payload: Uint8Array, response: Uint8Array): number;
}

export function readVendorDefined(r: Reader, version: Version): VendorDefined {
  const large = version >= V1_4 && (r.u8() & LARGE) !== 0;
  r.skip(version >= V1_4 ? 1 : 2);
  const standardId = r.u16();
  const vendorId = readVendorId(r, standardId);
  const smallLength = r.u16();
  return { standardId, vendorId, large, payload: r.bytes(large ? r.u32() : smallLength) };
}

/** Writes all but the payload, which is as long as `payloadLength` says. */
function writeVendorHeader(w: Writer, m: Omit<VendorDefined, "payload">, payloadLength: number): void {
  w.u8(m.large ? LARGE : 0);
  w.u8(0);
  w.u16(m.standardId);
  w.u8(m.vendorId.length);
  w.bytes(m.vendorId);
  w.u16(m.large ? 0 : payloadLength);
  if (m.large) w.u32(payloadLength);
}

export function writeVendorDefined(w: Writer, m: VendorDefined): void {
  writeVendorHeader(w, m, m.payload.length);
  w.bytes(m.payload);
}

/** The exchange that serves the vendors of `handlers`; a request to any other is unsupported. */
export function vendorDefined(handlers: readonly VendorHandler[]): Exchange {
  return {
    request: VENDOR_DEFINED_REQUEST,
    since: V1_0,
    after: NEGOTIATED,
    channels: OUTSIDE_SESSION | IN_HANDSHAKE | IN_SESSION,
    capability: 0,
    peerCapability: 0,
    endsM1: false,
    respond(c, request, response) {
      const asked = readVendorDefined(request, c.version);
      const { standardId, vendorId, large } = asked;
      if (large && !c.both(LARGE_RESP_CAP)) throw new SpdmError(INVALID_REQUEST);
      const handler = handlers.find((h) => h.standardId === standardId && equal(h.vendorId, vendorId));
      if (handler === undefined) throw new SpdmError(UNSUPPORTED_REQUEST, VENDOR_DEFINED_REQUEST);

      const start = headerLength(large) + vendorId.length;
      const room = messageRoom(c);
      const end = large ? room : Math.min(room, start + MAX_PAYLOAD_LENGTH);
      const payloadLength = handler.respond(asked.payload, response.message.subarray(start, end));
      c.requireRoom(start + payloadLength);
      writeVendorHeader(response, { standardId, vendorId, large }, payloadLength);
      response.skip(payloadLength);
    },
  };
}
