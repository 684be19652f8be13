import { REQ_BASE_ASYM } from "../../src/algorithms.js";
import { CERT_CAP, CHAL_CAP, MEAS_CAP, MEAS_CAP_SIG } from "../../src/capabilities.js";
import { equal } from "../../src/equal.js";
import { ALL_SUMMARY, NO_SUMMARY } from "../../src/measurement-block.js";
import type { Algorithms } from "../../src/messages/algorithms.js";
import { type Link, TimeoutError } from "../link.js";
import type { AttestationResult, Messages, ProgressListener } from "../report.js";
import { type ChainTrust, verifyChain } from "../trust.js";
import { negotiateAlgorithms, selected } from "./algorithms.js";
import { askChain, askDigests, type SlotChain } from "./certificate.js";
import { challenge, type LeafKey } from "./challenge.js";
import { agreeVersion, exchangeCapabilities } from "./connect.js";
import { Conversation, type RandomBytes, type Sent } from "./conversation.js";
import { fetchRequests } from "./encapsulated.js";
import { VERIFIERS } from "./engines.js";
import { endSession } from "./in-session.js";
import { askMeasurements } from "./measurements.js";
import { ASYMS, HASHES, MEASUREMENT_HASHES, nameOf, requestName, versionName } from "./names.js";
import type { Offer } from "./offer.js";
import { Prover } from "./prover.js";
import { compare, type Reference } from "./reference.js";
import { exerciseSession, openSession } from "./session.js";
import { Impossible, Untrusted } from "./verdict.js";

/** Attempts on a link that showed a disturbance; each begins with GET_VERSION, which clears both sides' transcripts. */
const ATTEMPT_COUNT = 4;

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
  const c = new Conversation(link, options.random);
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
  const { onProgress, slot, reference } = options;
  const chosen = await agree(c, options, draft);
  onProgress("GET_DIGESTS, GET_CERTIFICATE");
  const chain = await askChain(c, slot, await askDigests(c, slot));
  const key = trustedKey(c, chain, chosen, options, draft, reasons);
  if (key === undefined) return;

  onProgress("CHALLENGE");
  const proving = selected(chosen, REQ_BASE_ASYM);
  const prover = proving === 0 ? undefined : new Prover(c, options.identities!, proving);
  const measures = (c.flags & MEAS_CAP) !== 0 && chosen.measurementSpecification !== 0;
  const summaryType = measures ? ALL_SUMMARY : NO_SUMMARY;
  const challenged = await challenge(c, slot, chain.digest, key, summaryType);
  draft.challenged = true;
  const summaries = new Map([["CHALLENGE_AUTH", challenged.summary]]);
  if (prover !== undefined) draft.requester = prover;
  if (challenged.basicMutAuth) await fetchRequests(c, prover);

  if (options.session !== undefined) {
    const parties = { slot, chainDigest: chain.digest, key, prover };
    const { psk } = options.session;
    onProgress(psk === undefined ? "KEY_EXCHANGE, FINISH" : "PSK_EXCHANGE, PSK_FINISH");
    const { session, summary, result } = await openSession(c, options.session, chosen, parties, summaryType);
    summaries.set(`${result.openedBy}_RSP`, summary);
    draft.session = result;
    draft.session = { ...result, keyUpdates: await exerciseSession(c, session, options.session, onProgress) };
  }

  if (measures && (c.flags & MEAS_CAP) === MEAS_CAP_SIG) {
    onProgress("GET_MEASUREMENTS");
    const measured = await askMeasurements(c, slot, key);
    draft.measurementsSigned = true;
    draft.measurements = compare(measured, chosen, reference, reasons);
    for (const [name, summary] of summaries) {
      if (!equal(measured.recordDigest, summary!))
        throw new Untrusted(`measurements: not those that ${name} summarised`);
    }
  } else if (reference !== undefined) throw new Untrusted("the responder signs no measurements");

  if (options.session !== undefined) {
    onProgress("END_SESSION");
    await endSession(c);
  }
}

/** The first three exchanges; what the responder chose. */
async function agree(c: Conversation, options: AttestOptions, draft: Draft): Promise<Algorithms> {
  options.onProgress("GET_VERSION, GET_CAPABILITIES, NEGOTIATE_ALGORITHMS");
  await agreeVersion(c, options);
  draft.version = versionName(c.version);
  await exchangeCapabilities(c, options);
  draft.capabilities = c.flags;
  const chosen = await negotiateAlgorithms(c, options);
  draft.algorithms = algorithmNames(chosen);
  const wanted = CERT_CAP | CHAL_CAP;
  if ((c.flags & wanted) !== wanted) throw new Impossible("the responder has no certificates or answers no challenge");
  return chosen;
}

/** The leaf's key, if the chain leads to an anchor. */
function trustedKey(
  c: Conversation,
  { certificates, rootHash }: SlotChain,
  { baseAsym }: Algorithms,
  { anchors }: AttestOptions,
  draft: Draft,
  reasons: string[],
): LeafKey | undefined {
  const trust = verifyChain({ certificates, rootHash, hash: c.suite!.hash, anchors, at: new Date() });
  draft.chain = trust;
  reasons.push(...trust.reasons);
  return trust.trusted ? leafKey(trust, baseAsym) : undefined;
}

/** The key of a leaf that is trusted; throws Untrusted if it is of another algorithm than was negotiated. */
export function leafKey(trust: ChainTrust, baseAsym: number): LeafKey {
  const key = { verifier: VERIFIERS[baseAsym], publicKey: trust.leafPublicKey ?? new Uint8Array(0) };
  if (key.publicKey.length === key.verifier.publicKeyLength) return key;
  throw new Untrusted(`leaf certificate: has no ${nameOf(ASYMS, baseAsym)} key`);
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
    baseAsym: nameOf(ASYMS, chosen.baseAsym),
    measurementHash: chosen.measurementHash === 0 ? undefined : nameOf(MEASUREMENT_HASHES, chosen.measurementHash),
  };
}
