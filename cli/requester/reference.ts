import { type MeasurementBlock, RAW_BIT_STREAM } from "../../src/measurement-block.js";
import type { Algorithms } from "../../src/messages/algorithms.js";
import type { MeasurementResult } from "../report.js";
import type { Measured } from "./measurements.js";
import { MEASUREMENT_HASHES, nameOf, valueTypeName } from "./names.js";
import { Untrusted } from "./verdict.js";

/** What measurements should be: the values of blocks as hexadecimal, by index, digests in `measurementHash`. */
export interface Reference {
  readonly measurementHash: string;
  readonly measurements: Readonly<Record<string, string>>;
}

/** Measurements beside their references, if there are any; what does not fit goes to `reasons`. */
export function compare(
  { blocks }: Measured,
  chosen: Algorithms,
  reference: Reference | undefined,
  reasons: string[],
): MeasurementResult[] {
  const hash = nameOf(MEASUREMENT_HASHES, chosen.measurementHash);
  if (reference !== undefined && reference.measurementHash !== hash) {
    throw new Untrusted(`measurements: are in ${hash}, their references in ${reference.measurementHash}`);
  }
  const expected = new Map(Object.entries(reference?.measurements ?? {}));
  const results = blocks.map((block) => {
    const result = judge(block, expected.get(String(block.index)));
    expected.delete(String(block.index));
    if (result.status === "differs")
      reasons.push(`measurement ${block.index} (${result.type}): not its reference value`);
    return result;
  });
  for (const index of expected.keys()) reasons.push(`measurement ${index}: missing`);
  return results;
}

function judge(block: MeasurementBlock, expected: string | undefined): MeasurementResult {
  const value = Buffer.from(block.value).toString("hex");
  return {
    index: block.index,
    type: valueTypeName(block.valueType),
    raw: (block.valueType & RAW_BIT_STREAM) !== 0,
    value,
    status: expected === undefined ? "no reference" : expected === value ? "matches" : "differs",
    ...(expected === undefined ? {} : { reference: expected }),
  };
}
