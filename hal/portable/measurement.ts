import type { HashAlgorithm } from "../crypto.js";
import type { Measurement } from "../measurements.js";

/** A measurement of bytes that may be shown as they are; `value` is kept, not copied. */
export function rawMeasurement(index: number, valueType: number, tcb: boolean, value: Uint8Array): Measurement {
  return {
    index,
    valueType,
    tcb,
    rawLength: value.length,
    readRaw(into) {
      into.set(value);
    },
    digest(algorithm: HashAlgorithm, into) {
      const hash = algorithm.create();
      hash.update(value);
      hash.digestInto(into);
      hash.destroy();
    },
  };
}
