import { MEL_CAP } from "../../src/capabilities.js";
import { equal } from "../../src/equal.js";
import { GET_MEASUREMENT_EXTENSION_LOG } from "../../src/exchange.js";
import { HASH_EXTEND, type MeasurementBlock, RAW_BIT_STREAM } from "../../src/measurement-block.js";
import { extend, type LogRecord, readLog } from "../../src/measurement-log.js";
import type { Algorithms } from "../../src/messages/algorithms.js";
import {
  readMeasurementExtensionLog,
  writeGetMeasurementExtensionLog,
} from "../../src/messages/measurement-extension-log.js";
import { V1_3 } from "../../src/versions.js";
import type { LogEntryResult } from "../device-report.js";
import { type Conversation, DATA_TRANSFER_SIZE, decode } from "./conversation.js";
import * as engines from "./engines.js";
import { valueTypeName, versionName } from "./names.js";
import { Impossible, Untrusted } from "./verdict.js";

const NAME = "MEASUREMENT_EXTENSION_LOG";
const HEADER_LENGTH = 12;
/** A log of more bytes has no end in mind. */
const LENGTH_MAX = 1 << 20;
/** A log may grow while it is read; then it is read again, so often. */
const ATTEMPT_COUNT = 4;

/** The whole log; throws Impossible if the responder has none, Untrusted if it is none. */
export async function askLog(c: Conversation, { melSpecification }: Algorithms): Promise<LogRecord[]> {
  if (c.version < V1_3) throw new Impossible(`SPDM ${versionName(c.version)} has no measurement extension log`);
  if ((c.flags & MEL_CAP) === 0 || melSpecification === 0)
    throw new Impossible("the responder has no measurement extension log");
  for (let attempt = 0; attempt < ATTEMPT_COUNT; attempt++) {
    const log = await readOnce(c);
    if (log !== undefined) return decode(NAME, () => readLog(log));
  }
  throw new Impossible("the measurement extension log grows faster than it is read");
}

/** The log in portions; undefined if it grew meanwhile. */
async function readOnce(c: Conversation): Promise<Uint8Array | undefined> {
  let log = new Uint8Array(0);
  let filled = 0;
  do {
    const length = filled === 0 ? DATA_TRANSFER_SIZE - HEADER_LENGTH : log.length - filled;
    const asked = { offset: filled, length: Math.min(length, DATA_TRANSFER_SIZE - HEADER_LENGTH) };
    const { response } = await c.ask(GET_MEASUREMENT_EXTENSION_LOG, (w) => writeGetMeasurementExtensionLog(w, asked));
    const { portion, remainderLength } = decode(NAME, () => readMeasurementExtensionLog(response));
    if (portion.length === 0 || portion.length > asked.length) throw new Untrusted(`${NAME}: PortionLength is wrong`);
    const total = filled + portion.length + remainderLength;
    if (total > LENGTH_MAX) throw new Untrusted(`${NAME}: longer than ${LENGTH_MAX} bytes`);
    if (filled === 0) log = new Uint8Array(total);
    if (log.length !== total) return undefined;
    log.set(portion, filled);
    filled += portion.length;
  } while (filled < log.length);
  return log;
}

/**
 * What of a log the signed measurements cover: the entries that lead to a hash-extend measurement's value. What comes
 * behind them happened since, and nobody vouches for it. A log that does not lead to one of them, be it for what was left
 * out, goes to `reasons`.
 */
export function coverLog(
  records: readonly LogRecord[],
  measured: readonly MeasurementBlock[],
  { measurementHash }: Algorithms,
  reasons: string[],
): LogEntryResult[] {
  const covered = new Map<number, number>();
  const extended = measured.filter(({ valueType }) => valueType === HASH_EXTEND);
  const claimed = records.map(({ measurementIndex }) => measurementIndex).filter((index) => index !== 0);
  for (const index of new Set([...extended.map((block) => block.index), ...claimed])) {
    const block = extended.find((each) => each.index === index);
    // MeasurementHashAlgo: one up from BaseHashAlgo.
    const hash = engines.HASHES[measurementHash >> 1];
    const last = block && hash && lastCovered(records, index, block.value, hash);
    if (last === undefined) reasons.push(`measurement log: does not lead to measurement ${index}`);
    else covered.set(index, last);
  }
  return records.map(({ melIndex, measurementIndex, valueType, value }) => ({
    index: melIndex,
    measurement: measurementIndex,
    type: valueTypeName(valueType),
    raw: (valueType & RAW_BIT_STREAM) !== 0,
    value: Buffer.from(value).toString("hex"),
    covered: melIndex <= (covered.get(measurementIndex) ?? 0),
  }));
}

/** MELIndex of the last entry that `value` was extended by, 0 if it was by none; undefined if these do not lead to it. */
function lastCovered(
  records: readonly LogRecord[],
  index: number,
  value: Uint8Array,
  hash: (typeof engines.HASHES)[number],
): number | undefined {
  const running = new Uint8Array(hash.outputLen);
  if (equal(running, value)) return 0;
  for (const record of records) {
    if (record.measurementIndex !== index) continue;
    extend(hash, running, record.bytes);
    if (equal(running, value)) return record.melIndex;
  }
  return undefined;
}
