/**
 * The measurement extension log in DMTF's format (DSP0274 1.3, "DMTF Measurement Extension Log format"), and the
 * measurement that covers it.
 *
 * | offset | field           | size |
 * | 0      | NumberOfEntries | 4    |
 * | 4      | MELEntriesLen   | 4    | bytes of all entries
 * | 8      | reserved        | 8    |
 * | 16     | entries         |      |
 *
 * | offset | field of an entry            | size |
 * | 0      | MELIndex                     | 4    | 1 for the first, then each one more
 * | 4      | MeasIndex                    | 1    | of the hash-extend measurement that covers it
 * | 5      | reserved                     | 3    |
 * | 8      | DMTFSpecMeasurementValueType | 1    |
 * | 9      | DMTFSpecMeasurementValueSize | 2    |
 * | 11     | DMTFSpecMeasurementValue     | n    |
 */
import type { HashAlgorithm } from "../hal/crypto.js";
import type { LogEntry, Measurement, MeasurementLog } from "../hal/measurements.js";
import { HASH_EXTEND } from "./measurement-block.js";
import { Reader, WireError, Writer } from "./wire.js";

export const LOG_HEADER_LENGTH = 16;
const ENTRY_HEADER_LENGTH = 11;

/** An entry as it was received. */
export interface LogRecord {
  readonly melIndex: number;
  readonly measurementIndex: number;
  readonly valueType: number;
  readonly value: Uint8Array;
  /** All of the entry, which is what a hash-extend measurement covers. */
  readonly bytes: Uint8Array;
}

const entryLength = ({ length }: LogEntry): number => ENTRY_HEADER_LENGTH + length;

function entriesLength(entries: readonly LogEntry[]): number {
  let length = 0;
  for (const entry of entries) length += entryLength(entry);
  return length;
}

/** Bytes of a log, header and all. */
export const logLength = ({ entries }: MeasurementLog): number => LOG_HEADER_LENGTH + entriesLength(entries);

function headerOf(entries: readonly LogEntry[]): Uint8Array {
  const w = new Writer(new Uint8Array(LOG_HEADER_LENGTH));
  w.u32(entries.length);
  w.u32(entriesLength(entries));
  return w.message;
}

function bytesOf(entry: LogEntry, melIndex: number): Uint8Array {
  const w = new Writer(new Uint8Array(entryLength(entry)));
  w.u32(melIndex);
  w.u8(entry.measurementIndex);
  w.zeros(3);
  w.u8(entry.valueType);
  w.u16(entry.length);
  entry.read(w.view(entry.length));
  return w.message;
}

/** Fills `into` from a log at `offset`; the caller stays within `logLength`. Holds no more than one entry at a time. */
export function readLogAt({ entries }: MeasurementLog, offset: number, into: Uint8Array): void {
  const end = offset + into.length;
  let start = 0;
  for (let i = 0; i <= entries.length && start < end; i++) {
    const next = start + (i === 0 ? LOG_HEADER_LENGTH : entryLength(entries[i - 1]));
    if (next > offset) {
      const piece = i === 0 ? headerOf(entries) : bytesOf(entries[i - 1], i);
      const from = Math.max(offset, start);
      into.set(piece.subarray(from - start, Math.min(end, next) - start), from - offset);
    }
    start = next;
  }
}

/** Splits a log; throws WireError unless it is whole, and its entries are counted without a gap. */
export function readLog(log: Uint8Array): LogRecord[] {
  const r = new Reader(log);
  const count = r.u32();
  const length = r.u32();
  r.skip(8);
  if (length !== r.remaining) throw new WireError("log not as long as its entries");
  const records: LogRecord[] = [];
  while (r.remaining > 0) {
    const start = r.offset;
    const melIndex = r.u32();
    const measurementIndex = r.u8();
    r.skip(3);
    const valueType = r.u8();
    const value = r.bytes(r.u16());
    records.push({ melIndex, measurementIndex, valueType, value, bytes: log.subarray(start, r.offset) });
    if (melIndex !== records.length) throw new WireError("log entries out of order");
  }
  if (records.length !== count) throw new WireError("log with another number of entries");
  return records;
}

/** Extends a hash-extend measurement by an entry: the hash over both takes its place. It begins as zeros. */
export function extend(hash: HashAlgorithm, measurement: Uint8Array, entry: Uint8Array): void {
  const running = hash.create();
  running.update(measurement);
  running.update(entry);
  running.digestInto(measurement);
  running.destroy();
}

/** The hash-extend measurement of `index`, over all entries of `log` that name it. */
export function hashExtendMeasurement(log: MeasurementLog, index: number): Measurement {
  return {
    index,
    valueType: HASH_EXTEND,
    tcb: false,
    rawLength: 0,
    readRaw() {},
    digest(hash, into) {
      into.fill(0);
      for (const [i, entry] of log.entries.entries()) {
        if (entry.measurementIndex === index) extend(hash, into, bytesOf(entry, i + 1));
      }
    },
  };
}
