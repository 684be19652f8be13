/** How a requester is made to prove itself: by whom it is asked, and by which encapsulated requests. */
import type { Hash } from "../hal/crypto.js";
import { CERT_CAP, CHAL_CAP, ENCAP_CAP, MUT_AUTH_CAP } from "./capabilities.js";
import { type ChainSource, Chains } from "./chain.js";
import { type Connection, type MutualAuthentication, messageRoom, type Requester } from "./connection.js";
import { EncapsulatedFlow, refused, type Step } from "./encapsulated-flow.js";
import { equal } from "./equal.js";
import { INVALID_POLICY, SpdmError, UNSPECIFIED } from "./errors.js";
import { CHALLENGE, GET_CERTIFICATE, GET_DIGESTS } from "./exchange.js";
import { NO_SUMMARY } from "./measurement-block.js";
import { readCertificate, writeGetCertificate } from "./messages/certificate.js";
import { type Challenge, NONCE_LENGTH, readChallengeAuth, writeChallenge } from "./messages/challenge.js";
import { readDigests, writeGetDigests } from "./messages/digests.js";
import { type RequesterTrust, verifyRequesterChain } from "./requester-chain.js";
import type { Session } from "./session.js";
import { REQUESTER_CHALLENGE_AUTH_CONTEXT, verify } from "./signing.js";
import { V1_1, V1_2, V1_3 } from "./versions.js";

// MutAuthRequested of KEY_EXCHANGE_RSP
export const NO_MUT_AUTH = 0;
/** The requester signs FINISH; its certificate chain is known already. */
export const MUT_AUTH_REQUESTED = 1;
/** And fetches encapsulated requests for its certificate chain. */
export const MUT_AUTH_WITH_ENCAP_REQUEST = 2;
/** Likewise, beginning with its DIGESTS unasked. */
export const MUT_AUTH_WITH_GET_DIGESTS = 4;

/** The slot whose chain requesters are asked for. */
const REQUESTER_SLOT = 0;
/** A requester's chain is kept whole until it is verified; a longer one is refused. */
const CHAIN_LENGTH_MAX = 4096;
/** Of DELIVER_ENCAPSULATED_RESPONSE and CERTIFICATE, which come around a portion of it. */
const HEADERS_LENGTH = 4 + 8;

/** What a board wants of requesters. */
export interface MutualAuthenticationPolicy {
  readonly trust: RequesterTrust;
  /** MutAuthRequested of KEY_EXCHANGE_RSP. */
  readonly requested: number;
  /** Whether CHALLENGE_AUTH asks for basic mutual authentication, which 1.3 deprecates. */
  readonly basic: boolean;
  /** No session for requesters that cannot prove themselves; else they get one without. */
  readonly mandatory: boolean;
  /** Chains that requesters are known to have, by ReqBaseAsymAlg or ReqPqcAsymAlg; `MUT_AUTH_REQUESTED` needs one. */
  readonly provisioned?: readonly ProvisionedRequester[];
}

export interface ProvisionedRequester {
  readonly algorithm: number;
  /** Whether `algorithm` is ReqPqcAsymAlg's; false if absent. */
  readonly isPqc?: boolean;
  readonly chains: ChainSource;
}

/** Mutual authentication as `policy` has it, for a responder's options. */
export function mutualAuthentication(policy: MutualAuthenticationPolicy): MutualAuthentication {
  const { trust } = policy;
  return {
    algorithms: trust.verifiers,
    pqcAlgorithms: trust.pqc?.verifiers,
    requested(c) {
      if (policy.requested === NO_MUT_AUTH) return NO_MUT_AUTH;
      if (canProve(c, policy)) return policy.requested;
      if (!policy.mandatory) return NO_MUT_AUTH;
      throw new SpdmError(c.version >= V1_3 ? INVALID_POLICY : UNSPECIFIED);
    },
    begin(c, session, requested) {
      if (requested === MUT_AUTH_REQUESTED) session.requester = c.provisioned;
      if (requested === NO_MUT_AUTH || requested === MUT_AUTH_REQUESTED) return undefined;
      const unasked = requested === MUT_AUTH_WITH_GET_DIGESTS;
      return new EncapsulatedFlow(c.version, session, certificateSteps(c, trust, session, session.th), unasked);
    },
    basicFlow(c) {
      const possible = c.both(MUT_AUTH_CAP) && c.both(ENCAP_CAP) && hasFlags(c, CERT_CAP | CHAL_CAP);
      if (!policy.basic || c.version < V1_1 || c.version >= V1_3 || !possible) return undefined;
      // From 1.2 on it begins with VCA, as L1 does.
      const m1 = c.version >= V1_2 ? c.transcript.fork() : c.transcript.fresh();
      const found: Found = { requester: undefined };
      const steps = [...certificateSteps(c, trust, found, undefined, m1), challengeStep(c, found, m1)];
      return new EncapsulatedFlow(c.version, undefined, steps);
    },
  };
}

const hasFlags = (c: Connection, flags: number): boolean => (c.peer.flags & flags) === flags;

function canProve(c: Connection, policy: MutualAuthenticationPolicy): boolean {
  if (!c.both(MUT_AUTH_CAP)) return false;
  if (policy.requested !== MUT_AUTH_REQUESTED) return c.both(ENCAP_CAP) && hasFlags(c, CERT_CAP);
  c.provisioned ??= provisionedRequester(c, policy);
  return c.provisioned !== undefined;
}

function provisionedRequester(
  c: Connection,
  { trust, provisioned }: MutualAuthenticationPolicy,
): Requester | undefined {
  const { hash, requesterAsym } = c.negotiated!;
  const wanted = requesterAsym!;
  const source = provisioned?.find(
    ({ algorithm, isPqc = false }) => algorithm === wanted.algorithm && isPqc === wanted.isPqc,
  );
  if (source === undefined) return undefined;
  const chains = new Chains(source.chains, hash);
  if (!chains.has(REQUESTER_SLOT)) return undefined;
  const chain = new Uint8Array(chains.length(REQUESTER_SLOT));
  chains.read(REQUESTER_SLOT, 0, chain);
  return authenticate(c, chain, trust);
}

/** The requester that `chain`, in SPDM's form, is of, or undefined if it is not to be trusted. */
function authenticate(c: Connection, chain: Uint8Array, trust: RequesterTrust): Requester | undefined {
  const { hash, requesterAsym } = c.negotiated!;
  const { algorithm, isPqc } = requesterAsym!;
  const { verifyChain = verifyRequesterChain } = isPqc ? trust.pqc! : trust;
  const publicKey = verifyChain(chain, hash, algorithm, trust);
  if (publicKey === undefined) return undefined;
  const running = hash.create();
  running.update(chain);
  const chainDigest = new Uint8Array(hash.outputLen);
  running.digestInto(chainDigest);
  running.destroy();
  return { slot: REQUESTER_SLOT, chainDigest, publicKey };
}

function requireAll(...conditions: readonly boolean[]): void {
  if (conditions.includes(false)) throw refused();
}

/** Where the requester is noted once its chain is verified: of a session nobody else's counts. */
type Found = Pick<Session, "requester">;

/**
 * GET_DIGESTS, then GET_CERTIFICATE until the chain is here. What is said goes into `m1`, if there is one, and in
 * multi-key connections DIGESTS into `th`, if there is one.
 */
function certificateSteps(c: Connection, trust: RequesterTrust, found: Found, th?: Hash, m1?: Hash): Step[] {
  const { multiKeyRequester } = c.negotiated!;
  const { version } = c;
  const { chainLengthMax = CHAIN_LENGTH_MAX } = trust;
  let digest = new Uint8Array(0);
  let chain: Uint8Array | undefined;
  let filled = 0;
  const digests: Step = {
    request: GET_DIGESTS,
    write(w, start) {
      writeGetDigests(w);
      m1?.update(w.message.subarray(start, w.offset));
    },
    take(r) {
      const answer = readDigests(r, version, c.negotiated!, multiKeyRequester);
      requireAll((answer.slotMask & (1 << REQUESTER_SLOT)) !== 0);
      digest = answer.digests[0].slice(); // of the lowest slot
      m1?.update(r.consumed());
      if (multiKeyRequester) th?.update(r.consumed());
      return false;
    },
  };
  const certificate: Step = {
    request: GET_CERTIFICATE,
    write(w, start) {
      const room = messageRoom(c) - HEADERS_LENGTH;
      const length = Math.min(chain === undefined ? 0xffff : chain.length - filled, room);
      writeGetCertificate(w, { slot: REQUESTER_SLOT, slotSizeRequested: false, large: false, offset: filled, length });
      m1?.update(w.message.subarray(start, w.offset));
    },
    take(r) {
      const { slot, large, portion, remainderLength } = readCertificate(r, version);
      const total = filled + portion.length + remainderLength;
      requireAll(slot === REQUESTER_SLOT, !large, portion.length > 0, total <= chainLengthMax);
      chain ??= new Uint8Array(total);
      requireAll(chain.length === total);
      chain.set(portion, filled);
      filled += portion.length;
      m1?.update(r.consumed());
      if (remainderLength > 0) return true;

      const requester = authenticate(c, chain, trust);
      requireAll(requester !== undefined && equal(requester.chainDigest, digest));
      found.requester = requester;
      return false;
    },
  };
  return [digests, certificate];
}

/** CHALLENGE of the requester whose chain has come; spends `m1`. */
function challengeStep(c: Connection, found: Found, m1: Hash): Step {
  const { version } = c;
  let asked: Challenge;
  return {
    request: CHALLENGE,
    write(w, start) {
      const nonce = new Uint8Array(NONCE_LENGTH);
      c.options.random(nonce);
      asked = { slot: REQUESTER_SLOT, summaryType: NO_SUMMARY, nonce, context: undefined };
      writeChallenge(w, asked, version);
      m1.update(w.message.subarray(start, w.offset));
    },
    take(r) {
      const { hash, requesterAsym } = c.negotiated!;
      const { engine } = requesterAsym!;
      const { publicKey, chainDigest } = found.requester!;
      const answer = readChallengeAuth(r, asked, version, { hash, signatureLength: engine.signatureLength });
      m1.update(r.consumed());
      const signing = { version, hash, context: REQUESTER_CHALLENGE_AUTH_CONTEXT };
      requireAll(
        answer.slot === REQUESTER_SLOT && (answer.slotMask & (1 << REQUESTER_SLOT)) !== 0,
        !answer.basicMutAuth,
        equal(answer.chainHash, chainDigest),
        verify(engine, publicKey, signing, m1, r.bytes(engine.signatureLength)),
      );
      c.authenticated = true;
      return false;
    },
  };
}
