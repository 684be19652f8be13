import { p256, p384 } from "../../hal/portable/crypto.js";
import { ECDSA_P256 } from "../../src/algorithms.js";
import { CERT_CAP, CHAL_CAP, MEAS_CAP, MEAS_CAP_SIG } from "../../src/capabilities.js";
import { ALL_SUMMARY, type MeasurementBlock, NO_SUMMARY, RAW_BIT_STREAM } from "../../src/measurement-block.js";
import type { Algorithms } from "../../src/messages/algorithms.js";
import { type Link, TimeoutError } from "../link.js";
import type { AttestationResult, MeasurementResult, ProgressListener } from "../report.js";
import { verifyChain } from "../trust.js";
import { askChain, askDigests } from "./certificate.js";
import { challenge, type LeafKey } from "./challenge.js";
import { agreeVersion, exchangeCapabilities, negotiateAlgorithms, type Offer } from "./connect.js";
import { Conversation, type RandomBytes } from "./conversation.js";
import { askMeasurements, type Measured } from "./measurements.js";
import { ASYMS, HASHES, MEASUREMENT_HASHES, nameOf, valueTypeName, versionName } from "./names.js";
import { Impossible, Untrusted } from "./verdict.js";

/** Attempts on a link that showed a disturbance; each begins with GET_VERSION, which clears both sides' transcripts. */
const ATTEMPT_COUNT = 4;

/** What measurements should be: the values of blocks as hexadecimal, by index, digests in `measurementHash`. */
export interface Reference {
  readonly measurementHash: string;
  readonly measurements: Readonly<Record<string, string>>;
}

export interface AttestOptions extends Offer {
  readonly slot: number;
  /** Trust anchors in DER. */
  readonly anchors: readonly Uint8Array[];
  /** Without it measurements are reported, not judged. */
  readonly reference: Reference | undefined;
  /** Told of each step as it begins. */
  readonly onProgress: ProgressListener;
  /** Nonces; from the system's generator unless a measurement has to repeat itself. */
  readonly random?: RandomBytes;
}

type Draft = { -readonly [K in keyof AttestationResult]: AttestationResult[K] };

/**
 * Attests the responder at the other end of `link`. Resolves to a verdict; rejects with Impossible or a TimeoutError
 * where none could be reached. Distrust counts only on a clean link: after a disturbance the two transcripts may
 * differ for no fault of the responder's, so that the attempt is made again. Trust needs no such care, since what is
 * trusted was signed.
 */
export async function attest(link: Link, options: AttestOptions): Promise<AttestationResult> {
  for (let attempt = 1; ; attempt++) {
    const before = link.disturbanceCount;
    const last = attempt === ATTEMPT_COUNT;
    const disturbed = () => link.disturbanceCount !== before;
    try {
      const result = await attemptOnce(link, options, attempt);
      if (result.verdict === "trusted" || last || !disturbed()) return result;
    } catch (error) {
      const worthRetrying = error instanceof TimeoutError || error instanceof Impossible;
      if (!worthRetrying || last || !disturbed()) throw error;
    }
    options.onProgress("the link was disturbed: beginning again");
  }
}

async function attemptOnce(link: Link, options: AttestOptions, attempt: number): Promise<AttestationResult> {
  const draft: Draft = { verdict: "untrusted", reasons: [], slot: options.slot, measurements: [], attempts: attempt };
  const reasons: string[] = [];
  const began = performance.now();
  try {
    await converse(new Conversation(link, options.random), options, draft, reasons);
  } catch (error) {
    if (!(error instanceof Untrusted)) throw error;
    reasons.push(error.message);
  }
  draft.reasons = reasons;
  draft.verdict = reasons.length === 0 ? "trusted" : "untrusted";
  draft.durationMs = performance.now() - began;
  return draft;
}

async function converse(c: Conversation, options: AttestOptions, draft: Draft, reasons: string[]): Promise<void> {
  const { onProgress, slot } = options;
  onProgress("GET_VERSION, GET_CAPABILITIES, NEGOTIATE_ALGORITHMS");
  await agreeVersion(c, options);
  draft.version = versionName(c.version);
  await exchangeCapabilities(c);
  draft.capabilities = c.flags;
  const chosen = await negotiateAlgorithms(c, options);
  draft.algorithms = algorithmNames(chosen);
  const wanted = CERT_CAP | CHAL_CAP;
  if ((c.flags & wanted) !== wanted) throw new Impossible("the responder has no certificates or answers no challenge");

  onProgress("GET_DIGESTS, GET_CERTIFICATE");
  const chain = await askChain(c, slot, await askDigests(c, slot));
  const trust = verifyChain({
    certificates: chain.certificates,
    rootHash: chain.rootHash,
    hash: c.suite!.hash,
    anchors: options.anchors,
    at: new Date(),
  });
  draft.chain = trust;
  reasons.push(...trust.reasons);
  if (!trust.trusted) return;
  const key: LeafKey = {
    verifier: chosen.baseAsym === ECDSA_P256 ? p256 : p384,
    publicKey: trust.leafPublicKey ?? new Uint8Array(0),
  };
  if (key.publicKey.length !== key.verifier.publicKeyLength) {
    throw new Untrusted(`leaf certificate: has no ${nameOf(ASYMS, chosen.baseAsym)} key`);
  }

  onProgress("CHALLENGE");
  const measures = (c.flags & MEAS_CAP) !== 0 && chosen.measurementSpecification !== 0;
  const summary = await challenge(c, slot, chain.digest, key, measures ? ALL_SUMMARY : NO_SUMMARY);
  draft.challenged = true;
  if (!measures || (c.flags & MEAS_CAP) !== MEAS_CAP_SIG) {
    if (options.reference !== undefined) throw new Untrusted("the responder signs no measurements");
    return;
  }

  onProgress("GET_MEASUREMENTS");
  const measured = await askMeasurements(c, slot, key);
  draft.measurementsSigned = true;
  draft.measurements = compare(measured, chosen, options.reference, reasons);
  if (!Buffer.from(measured.recordDigest).equals(summary!)) {
    throw new Untrusted("measurements: not those that CHALLENGE_AUTH summarised");
  }
}

function algorithmNames(chosen: Algorithms): AttestationResult["algorithms"] {
  return {
    baseHash: nameOf(HASHES, chosen.baseHash),
    baseAsym: nameOf(ASYMS, chosen.baseAsym),
    measurementHash: chosen.measurementHash === 0 ? undefined : nameOf(MEASUREMENT_HASHES, chosen.measurementHash),
  };
}

function compare(
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
