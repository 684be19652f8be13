import type { HashAlgorithm } from "./crypto.js";

/** One measurement of the device (DSP0274 1.3 §10.11.1, "DMTF specification for the Measurement field"). */
export interface Measurement {
  /** 1–0xEF as the board likes; 0xFD is the measurement manifest, 0xFE the device mode. */
  readonly index: number;
  /** DMTFSpecMeasurementValueType without bit 7. */
  readonly valueType: number;
  /** Whether it belongs to the trusted computing base, and so to the TCB measurement summary hash. */
  readonly tcb: boolean;
  /** Bytes of the raw bit stream; 0 if there is only the digest. */
  readonly rawLength: number;
  /** Fills `into`, `rawLength` bytes. */
  readRaw(into: Uint8Array): void;
  /** Writes the digest; `hash` is the board's own measurement hash. */
  digest(hash: HashAlgorithm, into: Uint8Array): void;
}

export interface Measurements {
  /** Ascending by index, at most 255. */
  readonly list: readonly Measurement[];
  /** Changes whenever a value does, so that a requester learns of a change between two of its requests. */
  readonly generation: number;
}

/** One entry of the measurement extension log (DSP0274 1.3, "DMTF MEL entry format"). */
export interface LogEntry {
  /** Index of the hash-extend measurement that covers it; 0 for none, and anybody could have changed it on its way. */
  readonly measurementIndex: number;
  /** DMTFSpecMeasurementValueType, bit 7 for a raw bit stream. */
  readonly valueType: number;
  /** Bytes of the value, up to 65,535. */
  readonly length: number;
  /** Fills `into`, `length` bytes; always the same. */
  read(into: Uint8Array): void;
}

/** What happened to the device, in order. A log only ever grows, and at its end. */
export interface MeasurementLog {
  readonly entries: readonly LogEntry[];
}
