import type { HashAlgorithm } from "../../hal/crypto.js";
import { CERT_CAP, CHAL_CAP, MEAS_CAP, MEAS_CAP_SIG, PUB_KEY_ID_CAP } from "../../src/capabilities.js";
import { equal } from "../../src/equal.js";

import { CHALLENGE_USE, KEY_EX_USE, MEASUREMENT_USE, PUBLIC_KEY_SLOT } from "../../src/key-pairs.js";

import { ALL_SUMMARY, type MeasurementBlock, NO_SUMMARY } from "../../src/measurement-block.js";

import type { Algorithms } from "../../src/messages/algorithms.js";
import { type Link, TimeoutError } from "../link.js";
import type { ProvisionedKey } from "../public-key.js";
import type { AttestationResult, Messages, ProgressListener } from "../report.js";
import { type ChainTrust, verifyChain } from "../trust.js";
import { asymName, negotiateAlgorithms, verifierOf } from "./algorithms.js";
import { askChain, askDigests, isAlias, requireUse, type SlotChain } from "./certificate.js";
import { challenge, type LeafKey } from "./challenge.js";
import { agreeVersion, exchangeCapabilities } from "./connect.js";
import { Conversation, type RandomBytes, type Sent } from "./conversation.js";
import { fetchRequests } from "./encapsulated.js";
import { askDeviceClass, tellDeviceClass } from "./endpoint-info.js";
import { VERIFIERS } from "./engines.js";
import { watchEvents } from "./events.js";
import { endSession } from "./in-session.js";
import { askLog, coverLog } from "./measurement-log.js";
import { askMeasurements, type Measured } from "./measurements.js";
import { ASYMS, HASHES, MEASUREMENT_HASHES, nameOf, requestName, versionName } from "./names.js";
import type { Offer } from "./offer.js";
import { type Prover, proverOf } from "./prover.js";
import { compare, type Reference } from "./reference.js";
import { exerciseSession, openSession, type Parties } from "./session.js";
import { algorithmsOf } from "./supported-algorithms.js";
import { compareTcb } from "./tcb.js";
import { Impossible, Untrusted } from "./verdict.js";

/** Attempts on a link that showed a disturbance; each begins with GET_VERSION, which clears both sides' transcripts. */
const ATTEMPT_COUNT = 4;

export interface AttestOptions extends Offer {
  readonly slot: number;
  /** The key that the responder is known by, instead of a slot's chain and `anchors`. */
  readonly publicKey?: ProvisionedKey | undefined;
  /** Trust anchors in DER. */
  readonly anchors: readonly Uint8Array[];
  /** Without it measurements are reported, not judged. */
  readonly reference: Reference | undefined;
  /** Told of each step as it begins. */
  readonly onProgress: ProgressListener;
  /** Nonces; from the system's generator unless a measurement has to repeat itself. */
  readonly random?: RandomBytes;
  /** DataTransferSize to show, in bytes from 42 on. */
  readonly dataTransferSize?: number | undefined;
}

/** What was found out before reports are asked for. */
interface Known {
  readonly slot: number;
  readonly key: LeafKey;
  readonly chosen: Algorithms;
  /** Signed measurements. */
  readonly blocks: readonly MeasurementBlock[];
  /** What we prove ourselves with, if we do. */
  readonly prover: Prover | undefined;
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
  const c = new Conversation(link, options.random, options.dataTransferSize);
  try {
    await converse(c, options, draft, reasons);
  } catch (error) {
    if (!(error instanceof Untrusted)) throw error;
    reasons.push(error.message);
  } finally {
    c.close();
  }
  draft.messages = messagesOf(c.sent);
  draft.reasons = reasons;
  draft.verdict = reasons.length === 0 ? "trusted" : "untrusted";
  draft.durationMs = performance.now() - began;
  return draft;
}

async function converse(c: Conversation, options: AttestOptions, draft: Draft, reasons: string[]): Promise<void> {
  const { onProgress, reference } = options;
  const chosen = await agree(c, options, draft);
  const identified = await identify(c, chosen, options, draft, reasons);
  if (identified === undefined) return;
  const { slot, chainDigest, key } = identified;

  onProgress("CHALLENGE");
  const prover = proverOf(c, chosen, options);
  const measures = (c.flags & MEAS_CAP) !== 0 && chosen.measurementSpecification !== 0;
  const summaryType = measures ? ALL_SUMMARY : NO_SUMMARY;
  const challenged = await challenge(c, slot, chainDigest, key, summaryType);
  draft.challenged = true;
  const summaries = new Map([["CHALLENGE_AUTH", challenged.summary]]);
  if (prover !== undefined) draft.requester = prover;
  if (challenged.basicMutAuth) await fetchRequests(c, prover);

  if (options.session !== undefined) {
    const parties = { slot, chainDigest, key, prover };
    const { psk } = options.session;
    onProgress(psk === undefined ? "KEY_EXCHANGE, FINISH" : "PSK_EXCHANGE, PSK_FINISH");
    const { session, summary, result } = await openSession(c, options.session, chosen, parties, summaryType);
    summaries.set(`${result.openedBy}_RSP`, summary);
    draft.session = result;
    draft.session = { ...result, keyUpdates: await exerciseSession(c, session, options.session, onProgress) };
  }

  let measured: Measured | undefined;
  if (measures && (c.flags & MEAS_CAP) === MEAS_CAP_SIG) {
    onProgress("GET_MEASUREMENTS");
    measured = await askMeasurements(c, slot, key);
    draft.measurementsSigned = true;
    draft.measurements = compare(measured, chosen, reference, reasons);
    for (const [name, summary] of summaries) {
      if (!equal(measured.recordDigest, summary!))
        throw new Untrusted(`measurements: not those that ${name} summarised`);
    }
  } else if (reference !== undefined) throw new Untrusted("the responder signs no measurements");
  const reported = measured && { ...measured, results: draft.measurements, judged: reference !== undefined };
  draft.tcb = compareTcb(draft.chain?.tcbs ?? [], reported, chosen, reasons);

  await askReports(c, options, { slot, key, chosen, blocks: measured?.blocks ?? [], prover }, draft, reasons);
  if (options.session !== undefined) {
    onProgress("END_SESSION");
    await endSession(c);
  }
}

/** Which key the responder has to prove itself with, and how that is named. */
type Identified = Pick<Parties, "slot" | "chainDigest" | "key">;

/** The key we know, or that of a slot whose chain leads to an anchor; undefined if it does not. */
async function identify(
  c: Conversation,
  chosen: Algorithms,
  options: AttestOptions,
  draft: Draft,
  reasons: string[],
): Promise<Identified | undefined> {
  const { onProgress, slot, publicKey: known, session } = options;
  if (known !== undefined) {
    const verifier = VERIFIERS[known.algorithm];
    if (known.algorithm !== chosen.baseAsym) throw new Impossible("the key is of another algorithm");
    draft.publicKey = { algorithm: nameOf(ASYMS, known.algorithm), encoded: known.encoded };
    const chainDigest = digestOf(c.suite!.hash, known.encoded);
    return { slot: PUBLIC_KEY_SLOT, chainDigest, key: { verifier, publicKey: known.publicKey } };
  }
  onProgress("GET_DIGESTS, GET_CERTIFICATE");
  const digests = await askDigests(c, slot);
  requireUse(digests, slot, CHALLENGE_USE, "CHALLENGE");
  if (session !== undefined && session.psk === undefined) requireUse(digests, slot, KEY_EX_USE, "KEY_EXCHANGE");
  if ((c.flags & MEAS_CAP) === MEAS_CAP_SIG) requireUse(digests, slot, MEASUREMENT_USE, "MEASUREMENTS");
  const chain = await askChain(c, slot, digests);
  const key = trustedKey(c, chain, chosen, isAlias(c, digests, slot), options, draft, reasons);
  return key === undefined ? undefined : { slot, chainDigest: chain.digest, key };
}

function digestOf(hash: HashAlgorithm, data: Uint8Array): Uint8Array {
  const digest = new Uint8Array(hash.outputLen);
  const running = hash.create();
  running.update(data);
  running.digestInto(digest);
  return digest;
}

/** What else the responder is asked to tell of itself. */
async function askReports(
  c: Conversation,
  { reports = {}, ownClasses, onProgress }: AttestOptions,
  { slot, key, chosen, blocks, prover }: Known,
  draft: Draft,
  reasons: string[],
): Promise<void> {
  if (reports.log) {
    onProgress("GET_MEASUREMENT_EXTENSION_LOG");
    draft.log = coverLog(await askLog(c, chosen), blocks, chosen, reasons);
  }
  if (reports.deviceClass) {
    onProgress("GET_ENDPOINT_INFO");
    draft.deviceClass = await askDeviceClass(c, slot, key);
  }
  if (ownClasses !== undefined) {
    onProgress("GET_ENCAPSULATED_REQUEST");
    draft.ownInfo = await tellDeviceClass(c, prover);
  }
  if (reports.eventSeconds !== undefined) {
    onProgress("SUBSCRIBE_EVENT_TYPES");
    draft.events = await watchEvents(c, reports.eventSeconds);
  }
}

/** The first three exchanges; what the responder chose. */
async function agree(c: Conversation, options: AttestOptions, draft: Draft): Promise<Algorithms> {
  options.onProgress("GET_VERSION, GET_CAPABILITIES, NEGOTIATE_ALGORITHMS");
  await agreeVersion(c, options);
  draft.version = versionName(c.version);
  await exchangeCapabilities(c, options);
  draft.capabilities = c.flags;
  if (c.supported !== undefined) draft.supportedAlgorithms = algorithmsOf(c.supported);
  const chosen = await negotiateAlgorithms(c, options);
  draft.algorithms = algorithmNames(chosen);
  const wanted = (options.publicKey === undefined ? CERT_CAP : PUB_KEY_ID_CAP) | CHAL_CAP;
  if ((c.flags & wanted) !== wanted) {
    const what = options.publicKey === undefined ? "has no certificates" : "is not known by a public key";
    throw new Impossible(`the responder ${what} or answers no challenge`);
  }
  return chosen;
}

/** The leaf's key, if the chain leads to an anchor. */
function trustedKey(
  c: Conversation,
  { certificates, rootHash }: SlotChain,
  chosen: Algorithms,
  alias: boolean,
  { anchors }: AttestOptions,
  draft: Draft,
  reasons: string[],
): LeafKey | undefined {
  const trust = verifyChain({ certificates, rootHash, hash: c.suite!.hash, anchors, at: new Date(), alias });
  draft.chain = trust;
  reasons.push(...trust.reasons);
  return trust.trusted ? leafKey(trust, chosen) : undefined;
}

/** The key of a leaf that is trusted; throws Untrusted if it is of another algorithm than was negotiated. */
export function leafKey(trust: ChainTrust, chosen: Algorithms): LeafKey {
  const key = { verifier: verifierOf(chosen), publicKey: trust.leafPublicKey ?? new Uint8Array(0) };
  const isPqc = chosen.pqcAsym !== 0;
  const fits = isPqc ? trust.leafPqcAsym === chosen.pqcAsym : trust.leafPqcAsym === undefined;
  if (fits && key.publicKey.length === key.verifier.publicKeyLength) return key;
  throw new Untrusted(`leaf certificate: has no ${asymName(chosen)} key`);
}

/** What was sent, by where it went: in the clear, or in records. */
function messagesOf(sent: readonly Sent[]): Messages {
  const names = (secured: boolean) =>
    sent.filter((each) => each.secured === secured).map(({ code }) => requestName(code));
  return { inTheClear: names(false), inTheSession: names(true) };
}

function algorithmNames(chosen: Algorithms): AttestationResult["algorithms"] {
  return {
    baseHash: nameOf(HASHES, chosen.baseHash),
    baseAsym: asymName(chosen),
    measurementHash: chosen.measurementHash === 0 ? undefined : nameOf(MEASUREMENT_HASHES, chosen.measurementHash),
  };
}
