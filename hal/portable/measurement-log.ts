import type { LogEntry, MeasurementLog } from "../measurements.js";

/** Bit 7 of DMTFSpecMeasurementValueType. */
const RAW_BIT_STREAM = 0x80;
const INFORMATIONAL = 9;

/** A log in memory, all of whose entries one hash-extend measurement covers. */
export class GrowingLog implements MeasurementLog {
  readonly entries: LogEntry[] = [];
  /** Of the measurement that covers it. */
  readonly index: number;

  constructor(index: number) {
    this.index = index;
  }

  /** Appends `value`, which is kept, not copied; `valueType` as in `LogEntry`. */
  append(valueType: number, value: Uint8Array): void {
    const read = (into: Uint8Array) => into.set(value);
    this.entries.push({ measurementIndex: this.index, valueType, length: value.length, read });
  }

  /** Appends what happened, in ASCII. */
  tell(text: string): void {
    const value = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) value[i] = text.charCodeAt(i);
    this.append(INFORMATIONAL | RAW_BIT_STREAM, value);
  }
}
