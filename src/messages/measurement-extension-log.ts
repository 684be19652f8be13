/**
 * GET_MEASUREMENT_EXTENSION_LOG (0xEF) and MEASUREMENT_EXTENSION_LOG (0x6F), DSP0274 1.3
 *
 * | offset | request field | size | offset | response field  | size |
 * | 2      | reserved      | 2    | 2      | reserved        | 2    |
 * | 4      | Offset        | 4    | 4      | PortionLength   | 4    |
 * | 8      | Length        | 4    | 8      | RemainderLength | 4    |
 * |        |               |      | 12     | MEL             | n    |
 */
import { MEL_CAP } from "../capabilities.js";
import { INVALID_REQUEST, SpdmError, UNEXPECTED_REQUEST } from "../errors.js";
import { type Exchange, GET_MEASUREMENT_EXTENSION_LOG, IN_SESSION, NEGOTIATED, OUTSIDE_SESSION } from "../exchange.js";
import { logLength, readLogAt } from "../measurement-log.js";
import { V1_3 } from "../versions.js";
import type { Reader, Writer } from "../wire.js";

const HEADER_LENGTH = 12;

export interface GetMeasurementExtensionLog {
  readonly offset: number;
  /** Bytes that are wanted at the most. */
  readonly length: number;
}

export interface MeasurementExtensionLog {
  readonly portion: Uint8Array;
  /** Bytes of the log behind the portion. */
  readonly remainderLength: number;
}

export function readGetMeasurementExtensionLog(r: Reader): GetMeasurementExtensionLog {
  r.skip(2);
  return { offset: r.u32(), length: r.u32() };
}

export function writeGetMeasurementExtensionLog(w: Writer, m: GetMeasurementExtensionLog): void {
  w.zeros(2);
  w.u32(m.offset);
  w.u32(m.length);
}

export function readMeasurementExtensionLog(r: Reader): MeasurementExtensionLog {
  r.skip(2);
  const portionLength = r.u32();
  const remainderLength = r.u32();
  return { portion: r.bytes(portionLength), remainderLength };
}

/** Writes all but the portion. */
function writeLogHeader(w: Writer, portionLength: number, remainderLength: number): void {
  w.zeros(2);
  w.u32(portionLength);
  w.u32(remainderLength);
}

export function writeMeasurementExtensionLog(w: Writer, m: MeasurementExtensionLog): void {
  writeLogHeader(w, m.portion.length, m.remainderLength);
  w.bytes(m.portion);
}

export const measurementExtensionLog: Exchange = Object.freeze({
  request: GET_MEASUREMENT_EXTENSION_LOG,
  since: V1_3,
  after: NEGOTIATED,
  channels: OUTSIDE_SESSION | IN_SESSION,
  capability: MEL_CAP,
  peerCapability: 0,
  endsM1: true,
  requires({ log, measurements }) {
    if (log === undefined || measurements === undefined) throw new Error("no log to serve");
    return 0;
  },
  respond(c, request, response) {
    const { offset, length } = readGetMeasurementExtensionLog(request);
    const { logs, measures } = c.negotiated!;
    if (!logs || !measures) throw new SpdmError(UNEXPECTED_REQUEST);
    const { log } = c.options;
    const total = logLength(log!);
    if (offset >= total) throw new SpdmError(INVALID_REQUEST);
    const room = c.transferSize - HEADER_LENGTH;
    // By subtraction: offset and length go to 2^32 - 1 each (DMTF-2026-0002).
    const portionLength = Math.min(length, total - offset, room);
    writeLogHeader(response, portionLength, total - offset - portionLength);
    readLogAt(log!, offset, response.view(portionLength));
  },
} satisfies Exchange);
