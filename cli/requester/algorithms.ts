import type { Verifier } from "../../hal/crypto.js";
import {
  AEAD,
  DHE,
  DMTF_MEASUREMENT,
  DMTF_MEL,
  KEM,
  KEY_SCHEDULE,
  MULTI_KEY_CONN,
  OPAQUE_DATA_FORMAT_1,
  REQ_BASE_ASYM,
  REQ_PQC_ASYM,
  SPDM_KEY_SCHEDULE,
} from "../../src/algorithms.js";
import {
  KEY_EX_CAP,
  MULTI_KEY_CAP,
  MULTI_KEY_CAP_NEG,
  MULTI_KEY_CAP_ONLY,
  MUT_AUTH_CAP,
} from "../../src/capabilities.js";
import { INVALID_REQUEST, SpdmError } from "../../src/errors.js";
import { NEGOTIATE_ALGORITHMS } from "../../src/exchange.js";
import {
  type Algorithms,
  type AlgorithmTable,
  baseAsymIn,
  type NegotiateAlgorithms,
  readAlgorithms,
  writeNegotiateAlgorithms,
} from "../../src/messages/algorithms.js";
import { V1_2, V1_3, V1_4 } from "../../src/versions.js";
import { noIdentity } from "./connect.js";
import { type Conversation, decode } from "./conversation.js";
import * as engines from "./engines.js";
import { ASYMS, errorName, HASHES, nameOf, namesOf, PQC_ASYMS, versionName } from "./names.js";
import type { Offer, OwnIdentity } from "./offer.js";
import { PQC_VERIFIERS } from "./pqc-engines.js";
import { requireSupported } from "./supported-algorithms.js";
import { Impossible, Untrusted } from "./verdict.js";

const NO_EXT = new Uint8Array(0);
const REQUEST_LENGTH = 32;
/** Names that fit in a message. */
const NAMED_MAX = 4;
const TABLE_LENGTH = 4;
const TABLES: Readonly<Record<number, string>> = {
  [DHE]: "DHE group",
  [AEAD]: "AEAD",
  [REQ_BASE_ASYM]: "algorithm for the requester's signatures",
  [KEY_SCHEDULE]: "key schedule",
  [REQ_PQC_ASYM]: "algorithm for the requester's signatures",
  [KEM]: "KEM",
};

/** Of each pair one is selected, and never both. */
const EITHER = [
  [DHE, KEM, "both a DHE group and a KEM"],
  [REQ_BASE_ASYM, REQ_PQC_ASYM, "two algorithms for the requester's signatures"],
] as const;

/** NEGOTIATE_ALGORITHMS; what the responder chose of the offer. */
export async function negotiateAlgorithms(c: Conversation, whole: Offer): Promise<Algorithms> {
  const { baseAsym, pqcAsym = 0 } = whole;
  const offer = {
    ...whole,
    baseAsym: baseAsymIn(c.version, baseAsym),
    pqcAsym: c.version >= V1_4 ? pqcAsym : 0,
  };
  if ((offer.baseAsym | offer.pqcAsym) === 0) {
    const wanted = baseAsym !== 0 ? nameOf(ASYMS, baseAsym) : nameOf(PQC_ASYMS, pqcAsym);
    throw new Impossible(`SPDM ${versionName(c.version)} has no ${wanted}`);
  }
  // Nothing to choose where the responder can do no other.
  const multiKey = c.version >= V1_3 ? c.flags & MULTI_KEY_CAP : 0;
  c.multiKey = multiKey === MULTI_KEY_CAP_ONLY || (multiKey === MULTI_KEY_CAP_NEG && offer.multiKey === true);
  const tables = tablesOf(c, offer);
  const offered = {
    length: REQUEST_LENGTH + tables.length * TABLE_LENGTH,
    measurementSpecification: DMTF_MEASUREMENT,
    otherParams: c.version >= V1_2 ? OPAQUE_DATA_FORMAT_1 | (c.multiKey ? MULTI_KEY_CONN : 0) : 0,
    baseAsym: offer.baseAsym,
    baseHash: offer.baseHash,
    melSpecification: c.version >= V1_3 && offer.reports?.log ? DMTF_MEL : 0,
    pqcAsym: offer.pqcAsym,
    extAsym: NO_EXT,
    extHash: NO_EXT,
    tables,
  };
  const answer = await c.tryToAsk(NEGOTIATE_ALGORITHMS, (w) => writeNegotiateAlgorithms(w, offered, c.version));
  if (answer instanceof SpdmError) throw refusal(c, answer, offered);
  const { request, response } = answer;
  const chosen = decode("ALGORITHMS", () => readAlgorithms(response, c.version));
  check(chosen, offered, response.offset);
  if (c.supported !== undefined) requireSupported(chosen, c.supported);
  c.transcript.addVca(request);
  c.transcript.addVca(response.consumed());
  const hash = engines.HASHES[chosen.baseHash];
  c.transcript.settle(hash);
  c.suite = { hash, signatureLength: verifierOf(chosen).signatureLength };
  // What DSP0277 has to say is said in opaque data.
  if (offer.session !== undefined && c.version >= V1_2 && chosen.otherParams === 0) {
    throw new Impossible("the responder takes no opaque data, without which there are no secured messages");
  }
  return chosen;
}

/** What to make of a responder that takes nothing of the offer: it does not say why, but its CAPABILITIES may. */
function refusal(
  c: Conversation,
  { code }: SpdmError,
  { baseAsym, pqcAsym, baseHash }: NegotiateAlgorithms,
): Impossible {
  const refused = `the responder refused NEGOTIATE_ALGORITHMS: ${errorName(code)}`;
  if (code !== INVALID_REQUEST) return new Impossible(refused);
  const keys = someOf([...namesOf(ASYMS, baseAsym), ...namesOf(PQC_ASYMS, pqcAsym)], "algorithms");
  const hashes = someOf(namesOf(HASHES, baseHash), "hashes");
  return noIdentity(c) ?? new Impossible(`${refused}; it may have no key for any of ${keys}, or none of ${hashes}`);
}

/** A few by name, many by their number. */
const someOf = (names: readonly string[], kind: string): string =>
  names.length > NAMED_MAX ? `the ${names.length} ${kind} offered` : names.join(", ");

/** What verifies the responder's signatures. */
export const verifierOf = ({ baseAsym, pqcAsym }: Algorithms): Verifier =>
  pqcAsym === 0 ? engines.VERIFIERS[baseAsym] : PQC_VERIFIERS[pqcAsym];

/** The name of the algorithm of the responder's signatures. */
export const asymName = ({ baseAsym, pqcAsym }: Algorithms): string =>
  pqcAsym === 0 ? nameOf(ASYMS, baseAsym) : nameOf(PQC_ASYMS, pqcAsym);

/** The bit that ALGORITHMS selects of a table, 0 for none. */
export const selected = (chosen: Algorithms, type: number): number =>
  chosen.tables.find((table) => table.type === type)?.supported ?? 0;

const bitsOf = (identities: readonly OwnIdentity[]): number =>
  identities.reduce((bits, { algorithm }) => bits | algorithm, 0);

/** What sessions and mutual authentication need, if both sides have them. */
function tablesOf(c: Conversation, { session, identities = [], pqcIdentities = [] }: Offer): AlgorithmTable[] {
  const tables: AlgorithmTable[] = [];
  const offer = (type: number, supported: number) => tables.push({ type, supported, ext: NO_EXT });
  const exchangesKeys = session !== undefined && c.both(KEY_EX_CAP);
  const kem = exchangesKeys && c.version >= V1_4 ? (session.kem ?? 0) : 0;
  if (exchangesKeys && session.dhe === 0 && kem === 0)
    throw new Impossible(`SPDM ${versionName(c.version)} has no KEMs`);
  if (exchangesKeys && session.dhe !== 0) offer(DHE, session.dhe);
  if (session !== undefined) offer(AEAD, session.aead);
  const proves = c.both(MUT_AUTH_CAP);
  const own = proves ? baseAsymIn(c.version, bitsOf(identities)) : 0;
  const ownPqc = proves && c.version >= V1_4 ? bitsOf(pqcIdentities) : 0;
  if (own !== 0) offer(REQ_BASE_ASYM, own);
  if (session !== undefined) offer(KEY_SCHEDULE, SPDM_KEY_SCHEDULE);
  if (ownPqc !== 0) offer(REQ_PQC_ASYM, ownPqc);
  if (kem !== 0) offer(KEM, kem);
  return tables;
}

const isOneOf = (bit: number, mask: number): boolean => bit !== 0 && (bit & (bit - 1)) === 0 && (bit & ~mask) === 0;

/** A selection must be exactly one of what was offered, or the responder could choose what nobody asked for. */
function check(chosen: Algorithms, offer: NegotiateAlgorithms, length: number): void {
  if (chosen.length !== length) throw new Untrusted("ALGORITHMS: Length is wrong");
  if (!isOneOf(chosen.baseHash, offer.baseHash)) {
    throw new Untrusted(`ALGORITHMS: ${nameOf(HASHES, chosen.baseHash)} was not offered`);
  }
  // One of these, and never both: a second algorithm would leave open whose signature counts.
  const { baseAsym, pqcAsym } = chosen;
  if (baseAsym !== 0 && pqcAsym !== 0) throw new Untrusted("ALGORITHMS: selects two algorithms for signatures");
  if (!(pqcAsym === 0 ? isOneOf(baseAsym, offer.baseAsym) : isOneOf(pqcAsym, offer.pqcAsym))) {
    throw new Untrusted(`ALGORITHMS: ${asymName(chosen)} was not offered`);
  }
  // In ALGORITHMS, MULTI_KEY_CONN is about the requester's keys, of which we have no more than one.
  const offered =
    (chosen.measurementSpecification & ~DMTF_MEASUREMENT) === 0 &&
    (chosen.otherParams & ~OPAQUE_DATA_FORMAT_1) === 0 &&
    (chosen.melSpecification & ~offer.melSpecification) === 0 &&
    chosen.extAsym.length + chosen.extHash.length === 0 &&
    chosen.tables.every(({ type, supported, ext }) => {
      const table = offer.tables.find((each) => each.type === type);
      return table !== undefined && ext.length === 0 && (supported === 0 || isOneOf(supported, table.supported));
    });
  if (!offered) throw new Untrusted("ALGORITHMS: selects what was not offered");
  const agreed = (type: number) => selected(chosen, type) !== 0;
  for (const [one, other, both] of EITHER) {
    if (agreed(one) && agreed(other)) throw new Untrusted(`ALGORITHMS: selects ${both}`);
  }
  for (const { type } of offer.tables) {
    const replaced = EITHER.some(([one, other]) => (type === one && agreed(other)) || (type === other && agreed(one)));
    if (!agreed(type) && !replaced) throw new Impossible(`the responder has no ${TABLES[type]} of those offered`);
  }
}
