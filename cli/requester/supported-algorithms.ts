/** All algorithms that a responder has, as CAPABILITIES shows them if it is asked (DSP0274 1.3 §10.4). */
import { AEAD, DHE, KEM, REQ_BASE_ASYM, REQ_PQC_ASYM } from "../../src/algorithms.js";
import type { Algorithms, NegotiateAlgorithms } from "../../src/messages/algorithms.js";
import type { SupportedAlgorithms } from "../device-report.js";
import { AEADS, ASYMS, DHES, HASHES, KEMS, namesOf, PQC_ASYMS } from "./names.js";
import { Untrusted } from "./verdict.js";

/** Length of NEGOTIATE_ALGORITHMS at the most (DSP0274 1.3 §10.5), and so of the block, which is all but its code. */
export const BLOCK_LENGTH_MAX = 128;

/**
 * Throws Untrusted if ALGORITHMS select what CAPABILITIES said that the responder does not have: one of the two is not true
 * then. What is selected of the hash for measurements has no place in the block.
 */
export function requireSupported(chosen: Algorithms, supported: NegotiateAlgorithms): void {
  const lacks = (selected: number, of: number) => (selected & ~of) !== 0;
  const lie =
    lacks(chosen.baseHash, supported.baseHash) ||
    lacks(chosen.baseAsym, supported.baseAsym) ||
    lacks(chosen.pqcAsym, supported.pqcAsym) ||
    lacks(chosen.measurementSpecification, supported.measurementSpecification) ||
    lacks(chosen.melSpecification, supported.melSpecification) ||
    lacks(chosen.otherParams, supported.otherParams) ||
    chosen.tables.some(({ type, supported: selected }) => lacks(selected, tableOf(supported, type)));
  if (lie) throw new Untrusted("ALGORITHMS: selects what CAPABILITIES does not list");
}

const tableOf = ({ tables }: NegotiateAlgorithms, type: number): number =>
  tables.find((table) => table.type === type)?.supported ?? 0;

/** They by their names. */
export function algorithmsOf(block: NegotiateAlgorithms): SupportedAlgorithms {
  const requester = [
    ...namesOf(ASYMS, tableOf(block, REQ_BASE_ASYM)),
    ...namesOf(PQC_ASYMS, tableOf(block, REQ_PQC_ASYM)),
  ];
  return {
    signatures: [...namesOf(ASYMS, block.baseAsym), ...namesOf(PQC_ASYMS, block.pqcAsym)],
    hashes: namesOf(HASHES, block.baseHash),
    groups: namesOf(DHES, tableOf(block, DHE)),
    kems: namesOf(KEMS, tableOf(block, KEM)),
    aeads: namesOf(AEADS, tableOf(block, AEAD)),
    requesterSignatures: requester,
  };
}
