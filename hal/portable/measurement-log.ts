import { latin1 } from "../../src/latin1.js";
import { INFORMATIONAL, RAW_BIT_STREAM } from "../../src/measurement-types.js";
import type { LogEntry, MeasurementLog } from "../measurements.js";

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
    this.append(INFORMATIONAL | RAW_BIT_STREAM, latin1(text));
  }
}
