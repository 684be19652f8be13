/**
 * Measurement blocks (DSP0274 1.3 §10.11.1) and the hash that summarises them.
 *
 * | offset | field                        | size |
 * | 0      | Index                        | 1    |
 * | 1      | MeasurementSpecification     | 1    | DMTF's; what follows is by it
 * | 2      | MeasurementSize              | 2    |
 * | 4      | DMTFSpecMeasurementValueType | 1    | b7: raw bit stream
 * | 5      | DMTFSpecMeasurementValueSize | 2    |
 * | 7      | DMTFSpecMeasurementValue     | n    |
 */
import type { HashAlgorithm } from "../hal/crypto.js";
import type { Measurement } from "../hal/measurements.js";
import { DMTF_MEASUREMENT } from "./algorithms.js";
import type { Connection } from "./connection.js";
import { INVALID_REQUEST, SpdmError } from "./errors.js";
import {
  ALL_SUMMARY,
  DEVICE_MODE,
  HASH_EXTEND,
  NO_SUMMARY,
  RAW_BIT_STREAM,
  SECURE_VERSION_NUMBER,
  TCB_SUMMARY,
} from "./measurement-types.js";
import { readVendor, type Vendor, vendorLength, writeVendor } from "./vendor.js";
import { V1_3 } from "./versions.js";
import { Reader, WireError, Writer } from "./wire.js";

export * from "./measurement-types.js";

const BLOCK_HEADER_LENGTH = 7;

/** One block of a record, in DMTF's format. */
export interface MeasurementBlock {
  readonly index: number;
  /** DMTFSpecMeasurementValueType, `RAW_BIT_STREAM` included. */
  readonly valueType: number;
  readonly value: Uint8Array;
}

/** Splits a record; throws WireError unless its blocks are DMTF's, whole, and `blockCount` in number. */
export function readRecord(record: Uint8Array, blockCount: number): MeasurementBlock[] {
  const r = new Reader(record);
  const blocks: MeasurementBlock[] = [];
  for (let i = 0; i < blockCount; i++) {
    const index = r.u8();
    const specification = r.u8();
    const size = r.u16();
    const valueType = r.u8();
    const valueSize = r.u16();
    if (specification !== DMTF_MEASUREMENT || size !== valueSize + 3) throw new WireError("not a DMTF measurement");
    blocks.push({ index, valueType, value: r.bytes(valueSize) });
  }
  if (r.remaining !== 0) throw new WireError("record longer than its blocks");
  return blocks;
}

/** Writes all of a block but its value. */
function writeBlockHeader(w: Writer, index: number, valueType: number, valueLength: number): void {
  w.u8(index);
  w.u8(DMTF_MEASUREMENT);
  w.u16(valueLength + 3);
  w.u8(valueType);
  w.u16(valueLength);
}

/** Raw if that is asked for and there; and always where a digest would say nothing: device mode, version number. */
function isRaw(m: Measurement, wanted: boolean): boolean {
  return m.rawLength > 0 && (wanted || m.valueType === DEVICE_MODE || m.valueType === SECURE_VERSION_NUMBER);
}

export function blockLength(m: Measurement, raw: boolean, hash: HashAlgorithm): number {
  return BLOCK_HEADER_LENGTH + (isRaw(m, raw) ? m.rawLength : hash.outputLen);
}

export function writeBlock(w: Writer, m: Measurement, raw: boolean, hash: HashAlgorithm): void {
  if (isRaw(m, raw)) {
    writeBlockHeader(w, m.index, m.valueType | RAW_BIT_STREAM, m.rawLength);
    m.readRaw(w.view(m.rawLength));
  } else {
    writeBlockHeader(w, m.index, m.valueType, hash.outputLen);
    m.digest(hash, w.view(hash.outputLen));
  }
}

/** A manifest whose format `vendor` has defined: the value of a measurement of type `STRUCTURED_MANIFEST`. */
export function structuredManifest(vendor: Vendor, manifest: Uint8Array): Uint8Array {
  const w = new Writer(new Uint8Array(vendorLength(vendor) + manifest.length));
  writeVendor(w, vendor);
  w.bytes(manifest);
  return w.message;
}

/** Splits such a value; throws WireError if it begins with no vendor. */
export function readStructuredManifest(value: Uint8Array): { vendor: Vendor; manifest: Uint8Array } {
  const r = new Reader(value);
  return { vendor: readVendor(r), manifest: r.bytes(r.remaining) };
}

/** What there is to measure, but for types that the version does not have. */
export function measurementsIn({ version, options }: Connection): readonly Measurement[] {
  const { list } = options.measurements!.source;
  return version >= V1_3 ? list : list.filter(({ valueType }) => valueType < HASH_EXTEND);
}

/** Throws SpdmError for a MeasurementSummaryHashType that is none, or that cannot be had in this connection. */
export function requireSummary(c: Connection, summaryType: number): void {
  if (summaryType === NO_SUMMARY) return;
  const known = summaryType === TCB_SUMMARY || summaryType === ALL_SUMMARY;
  if (!known || !c.negotiated!.measures) throw new SpdmError(INVALID_REQUEST);
}

/**
 * MeasurementSummaryHash: the base hash over the blocks of the trusted computing base, or over all, none of them raw;
 * undefined for `NO_SUMMARY`.
 */
export function measurementSummary(c: Connection, summaryType: number): Uint8Array | undefined {
  if (summaryType === NO_SUMMARY) return undefined;
  const { engine } = c.options.measurements!;
  const { hash } = c.negotiated!;
  const running = hash.create();
  for (const m of measurementsIn(c)) {
    if (summaryType !== ALL_SUMMARY && !m.tcb) continue;
    const block = new Writer(new Uint8Array(blockLength(m, false, engine)));
    writeBlock(block, m, false, engine);
    running.update(block.message);
  }
  const summary = new Uint8Array(hash.outputLen);
  running.digestInto(summary);
  running.destroy();
  return summary;
}
