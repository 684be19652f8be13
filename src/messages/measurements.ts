/**
 * GET_MEASUREMENTS (0xE0) and MEASUREMENTS (0x60), DSP0274 1.3 §10.11
 *
 * | offset | request field        | size | versions |
 * | 2      | attributes           | 1    | b0 signature, b1 raw bit stream (1.2), b2 new measurement (1.3) |
 * | 3      | MeasurementOperation | 1    | 0 count, 1–0xFE one, 0xFF all |
 * | 4      | Nonce                | 32   | with a signature only, as the next |
 * | 36     | SlotIDParam b3–0     | 1    | 1.1 |
 * |        | RequesterContext     | 8    | 1.3, always |
 *
 * | offset | response field            | size | versions |
 * | 2      | number of measurements    | 1    | for operation 0, else reserved |
 * | 3      | SlotID b3–0, content changed b5–4 | 1 | with a signature only; 1.1, 1.2 |
 * | 4      | NumberOfBlocks            | 1    |
 * | 5      | MeasurementRecordLength   | 3    |
 * | 8      | MeasurementRecord         | n    |
 * |        | Nonce                     | 32   | always |
 * |        | OpaqueDataLength, OpaqueData | 2 + n |
 * |        | RequesterContext          | 8    | 1.3 |
 * |        | Signature                 | S    | if asked for |
 */

import type { Measurement } from "../../hal/measurements.js";
import { MEAS_CAP_SIG } from "../capabilities.js";
import { INVALID_REQUEST, SpdmError, UNEXPECTED_REQUEST } from "../errors.js";
import { type Exchange, GET_MEASUREMENTS, IN_SESSION, NEGOTIATED, OUTSIDE_SESSION } from "../exchange.js";
import { MEASUREMENT_USE, PUBLIC_KEY_SLOT, PUBLIC_KEY_SLOT_4 } from "../key-pairs.js";
import { blockLength, measurementsIn, writeBlock } from "../measurement-block.js";
import { NO_OPAQUE } from "../opaque.js";
import { MEASUREMENTS_CONTEXT, sign } from "../signing.js";
import { requireSlot } from "../slot-keys.js";
import { V1_0, V1_1, V1_2, V1_3, type Version } from "../versions.js";
import type { Reader, Writer } from "../wire.js";

const NONCE_LENGTH = 32;
const CONTEXT_LENGTH = 8;
const HEADER_LENGTH = 8;

// Attributes
export const SIGNATURE_REQUESTED = 1 << 0;
export const RAW_REQUESTED = 1 << 1;

// MeasurementOperation
export const COUNT = 0x00;
export const ALL = 0xff;

// Content changed, in Param2
export const NOT_DETECTED = 0x00;
export const CHANGED = 0x10;
export const UNCHANGED = 0x20;

export interface GetMeasurements {
  readonly attributes: number;
  readonly operation: number;
  /** With a signature only. */
  readonly nonce: Uint8Array | undefined;
  readonly slot: number;
  /** From 1.3 on. */
  readonly context: Uint8Array | undefined;
}

/** MEASUREMENTS but for its record and signature. */
export interface MeasurementsHeader {
  /** How many indices there are; for `COUNT` only. */
  readonly count: number;
  readonly slot: number;
  /** `NOT_DETECTED`, `CHANGED` or `UNCHANGED`; from 1.2 on. */
  readonly contentChanged: number;
  readonly blockCount: number;
}

export interface MeasurementsTrailer {
  readonly nonce: Uint8Array;
  readonly opaque: Uint8Array;
  /** From 1.3 on. */
  readonly context: Uint8Array | undefined;
}

export interface MeasurementsResponse extends MeasurementsHeader, MeasurementsTrailer {
  readonly record: Uint8Array;
}

export function readGetMeasurements(r: Reader, version: Version): GetMeasurements {
  const attributes = r.u8();
  const operation = r.u8();
  const signed = (attributes & SIGNATURE_REQUESTED) !== 0;
  return {
    attributes,
    operation,
    nonce: signed ? r.bytes(NONCE_LENGTH) : undefined,
    slot: signed && version >= V1_1 ? r.u8() & 0x0f : 0,
    context: version >= V1_3 ? r.bytes(CONTEXT_LENGTH) : undefined,
  };
}

export function writeGetMeasurements(w: Writer, m: GetMeasurements, version: Version): void {
  w.u8(m.attributes);
  w.u8(m.operation);
  if (m.nonce !== undefined) {
    w.bytes(m.nonce);
    if (version >= V1_1) w.u8(m.slot);
  }
  if (version >= V1_3) w.bytes(m.context!);
}

/** Leaves the signature, if there is one, unread: what was consumed is what it covers. */
export function readMeasurements(r: Reader, version: Version): MeasurementsResponse {
  const count = r.u8();
  const param2 = r.u8();
  return {
    count,
    slot: version >= V1_1 ? param2 & 0x0f : 0,
    contentChanged: version >= V1_2 ? param2 & 0x30 : NOT_DETECTED,
    blockCount: r.u8(),
    record: r.bytes(r.u24()),
    nonce: r.bytes(NONCE_LENGTH),
    opaque: r.bytes(r.u16()),
    context: version >= V1_3 ? r.bytes(CONTEXT_LENGTH) : undefined,
  };
}

function writeMeasurementsHeader(w: Writer, m: MeasurementsHeader, recordLength: number): void {
  w.u8(m.count);
  w.u8(m.slot | m.contentChanged);
  w.u8(m.blockCount);
  w.u24(recordLength);
}

function writeMeasurementsTrailer(w: Writer, m: MeasurementsTrailer, version: Version): void {
  w.bytes(m.nonce);
  w.u16(m.opaque.length);
  w.bytes(m.opaque);
  if (version >= V1_3) w.bytes(m.context!);
}

/** Writes all but the signature. */
export function writeMeasurements(w: Writer, m: MeasurementsResponse, version: Version): void {
  writeMeasurementsHeader(w, m, m.record.length);
  w.bytes(m.record);
  writeMeasurementsTrailer(w, m, version);
}

function chosen(list: readonly Measurement[], operation: number): readonly Measurement[] {
  if (operation === COUNT) return [];
  if (operation === ALL) return list;
  const one = list.filter(({ index }) => index === operation);
  if (one.length === 0) throw new SpdmError(INVALID_REQUEST);
  return one;
}

export const measurements: Exchange = Object.freeze({
  request: GET_MEASUREMENTS,
  since: V1_0,
  after: NEGOTIATED,
  channels: OUTSIDE_SESSION | IN_SESSION,
  capability: MEAS_CAP_SIG,
  peerCapability: 0,
  endsM1: true,
  requires({ measurements }) {
    if (measurements === undefined) throw new Error("no measurements to serve");
    return 0;
  },
  respond(c, request, response, session) {
    const { version } = c;
    const { hash, identity, measures, signatureLength } = c.negotiated!;
    const run = session?.measured ?? c.measured;
    const begins = !run.begun;
    // Taken out, so that an error here ends the run.
    const l1 = run.take(c.transcript, version);
    try {
      const asked = readGetMeasurements(request, version);
      if (!measures) throw new SpdmError(UNEXPECTED_REQUEST);
      const signed = asked.nonce !== undefined;
      const slot = asked.slot === PUBLIC_KEY_SLOT_4 ? PUBLIC_KEY_SLOT : asked.slot;
      if (signed) requireSlot(c, slot, MEASUREMENT_USE);
      const { engine, source } = c.options.measurements!;
      const raw = version >= V1_2 && (asked.attributes & RAW_REQUESTED) !== 0;
      const list = measurementsIn(c);
      const blocks = chosen(list, asked.operation);
      let recordLength = 0;
      for (const m of blocks) recordLength += blockLength(m, raw, engine);
      const fixed = HEADER_LENGTH + NONCE_LENGTH + 2 + (version >= V1_3 ? CONTEXT_LENGTH : 0);
      c.requireRoom(fixed + recordLength + (signed ? signatureLength : 0));

      if (begins) run.generation = source.generation;
      let contentChanged = NOT_DETECTED;
      if (signed && version >= V1_2) contentChanged = source.generation === run.generation ? UNCHANGED : CHANGED;
      const count = asked.operation === COUNT ? list.length : 0;
      writeMeasurementsHeader(
        response,
        { count, slot: asked.slot, contentChanged, blockCount: blocks.length },
        recordLength,
      );
      for (const m of blocks) writeBlock(response, m, raw, engine);
      const nonce = new Uint8Array(NONCE_LENGTH);
      c.options.random(nonce);
      writeMeasurementsTrailer(response, { nonce, opaque: NO_OPAQUE, context: asked.context }, version);

      l1.update(request.consumed());
      l1.update(response.written());
      if (signed) {
        const signing = { version, hash, context: MEASUREMENTS_CONTEXT };
        sign(identity, slot, signing, l1, response.view(signatureLength));
      } else run.keep(l1);
    } catch (error) {
      l1.destroy();
      throw error;
    }
  },
} satisfies Exchange);
