/** The log that DMTF's sample responder has, as recorded; and one that grows. */
import type { LogEntry, MeasurementLog } from "../../hal/measurements.js";
import { ascii, concat, u16, u32 } from "./bytes.js";

export const HEM_INDEX = 0x11;
const RAW = 0x80;
const FIRMWARE_VERSION = 6;
const INFORMATIONAL = 9;

export function logEntry(valueType: number, value: Uint8Array, measurementIndex = HEM_INDEX): LogEntry {
  return { measurementIndex, valueType, length: value.length, read: (into) => into.set(value) };
}

export const DMTF_LOG: MeasurementLog = {
  entries: [
    logEntry(INFORMATIONAL | RAW, ascii("ROM")),
    logEntry(INFORMATIONAL | RAW, ascii("Boot FW")),
    logEntry(FIRMWARE_VERSION | RAW, Uint8Array.of(0x0a, 3, 0, 1)),
  ],
};

/** An entry as on the wire; from the layout, not by src/measurement-log.ts. */
export function entryBytes(melIndex: number, measurementIndex: number, valueType: number, value: Uint8Array) {
  const head = [...u32(melIndex), measurementIndex, 0, 0, 0, valueType, ...u16(value.length)];
  return concat(Uint8Array.from(head), value);
}

/** A log as on the wire, of entries as on the wire. */
export function logBytes(...entries: readonly Uint8Array[]): Uint8Array {
  const all = concat(...entries);
  return concat(Uint8Array.from([...u32(entries.length), ...u32(all.length), 0, 0, 0, 0, 0, 0, 0, 0]), all);
}

export const getLog = (version: number, offset = 0, length = 0xffffffff): Uint8Array =>
  Uint8Array.from([version, 0xef, 0, 0, ...u32(offset), ...u32(length)]);
