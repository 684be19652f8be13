import { GET_MEASUREMENTS } from "../../src/exchange.js";
import { PUBLIC_KEY_SLOT, PUBLIC_KEY_SLOT_4 } from "../../src/key-pairs.js";
import { type MeasurementBlock, readRecord } from "../../src/measurement-block.js";
import { CONTEXT_LENGTH, NONCE_LENGTH } from "../../src/messages/challenge.js";
import {
  ALL,
  CHANGED,
  readMeasurements,
  SIGNATURE_REQUESTED,
  writeGetMeasurements,
} from "../../src/messages/measurements.js";
import { MEASUREMENTS_CONTEXT, verify } from "../../src/signing.js";
import { MeasurementRun } from "../../src/transcript.js";
import { V1_0 } from "../../src/versions.js";
import type { LeafKey } from "./challenge.js";
import { type Conversation, decode } from "./conversation.js";
import { Impossible, Untrusted } from "./verdict.js";

export interface Measured {
  readonly blocks: readonly MeasurementBlock[];
  /** The base hash over the record, which is what ALL's MeasurementSummaryHash must be. */
  readonly recordDigest: Uint8Array;
}

/** GET_MEASUREMENTS for all, signed. Throws Impossible for any slot but 0 in 1.0, which cannot name another. */
export async function askMeasurements(c: Conversation, slot: number, key: LeafKey): Promise<Measured> {
  if (c.version === V1_0 && slot !== 0) throw new Impossible(`SPDM 1.0 has no measurements signed for slot ${slot}`);
  const suite = c.suite!;
  const asked = {
    attributes: SIGNATURE_REQUESTED,
    operation: ALL,
    nonce: c.random(NONCE_LENGTH),
    slot: slot === PUBLIC_KEY_SLOT ? PUBLIC_KEY_SLOT_4 : slot,
    context: c.random(CONTEXT_LENGTH),
  };
  const { request, response } = await c.ask(GET_MEASUREMENTS, (w) => writeGetMeasurements(w, asked, c.version), true);
  const answer = decode("MEASUREMENTS", () => readMeasurements(response, c.version));
  const l1 = new MeasurementRun().take(c.transcript, c.version);
  l1.update(request);
  l1.update(response.consumed());
  const signing = { version: c.version, hash: suite.hash, context: MEASUREMENTS_CONTEXT };
  const signature = decode("MEASUREMENTS", () => response.bytes(suite.signatureLength));

  if (answer.slot !== asked.slot) throw new Untrusted("MEASUREMENTS: answers for another slot");
  if (answer.context !== undefined && !Buffer.from(answer.context).equals(asked.context)) {
    throw new Untrusted("MEASUREMENTS: RequesterContext is not ours");
  }
  if (!verify(key.verifier, key.publicKey, signing, l1, signature))
    throw new Untrusted("MEASUREMENTS: signature is wrong");
  if (answer.contentChanged === CHANGED) throw new Untrusted("MEASUREMENTS: changed while they were read");
  const blocks = decode("MEASUREMENTS", () => readRecord(answer.record, answer.blockCount));
  const twice = blocks.find(({ index }, i) => blocks.findIndex((block) => block.index === index) !== i);
  if (twice !== undefined) throw new Untrusted(`MEASUREMENTS: two blocks of index ${twice.index}`);
  const recordDigest = new Uint8Array(suite.hash.outputLen);
  const running = suite.hash.create();
  running.update(answer.record);
  running.digestInto(recordDigest);
  return { blocks, recordDigest };
}
