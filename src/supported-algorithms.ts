/** All algorithms that a board has, as CAPABILITIES shows them where both sides chunk (DSP0274 1.3 §10.4). */
import {
  AEAD,
  DHE,
  DMTF_MEASUREMENT,
  DMTF_MEL,
  KEM,
  KEY_SCHEDULE,
  OPAQUE_DATA_FORMAT_1,
  REQ_BASE_ASYM,
  REQ_PQC_ASYM,
  SPDM_KEY_SCHEDULE,
} from "./algorithms.js";
import { KEY_EX_CAP, MEAS_CAP, MEL_CAP, PSK_CAP } from "./capabilities.js";
import type { Connection } from "./connection.js";
import { type AlgorithmTable, type NegotiateAlgorithms, NO_EXT, TABLE_LENGTH } from "./messages/algorithms.js";
import { V1_4 } from "./versions.js";

/** Bytes of the block that is all of NEGOTIATE_ALGORITHMS but its first two, without tables. */
const BLOCK_LENGTH = 30;

const bitsOf = (choices: readonly { readonly algorithm: number }[] = []): number =>
  choices.reduce((bits, { algorithm }) => bits | algorithm, 0);

/** The algorithms block of CAPABILITIES: NEGOTIATE_ALGORITHMS without its first two bytes. */
export function supportedAlgorithms({ options, flags, version }: Connection): NegotiateAlgorithms {
  const { sessions, mutualAuthentication, measurements } = options;
  const tables: AlgorithmTable[] = [];
  const list = (type: number, supported: number) => {
    if (supported !== 0) tables.push({ type, supported, ext: NO_EXT });
  };
  const opens = (flags & (KEY_EX_CAP | PSK_CAP)) !== 0;
  if ((flags & KEY_EX_CAP) !== 0) list(DHE, bitsOf(sessions!.dhe));
  if (opens) list(AEAD, bitsOf(sessions!.aead));
  list(REQ_BASE_ASYM, bitsOf(mutualAuthentication?.algorithms));
  if (opens) list(KEY_SCHEDULE, SPDM_KEY_SCHEDULE);
  if (version >= V1_4) list(REQ_PQC_ASYM, bitsOf(mutualAuthentication?.pqcAlgorithms));
  if (version >= V1_4 && (flags & KEY_EX_CAP) !== 0) list(KEM, bitsOf(sessions!.kem));
  return {
    length: BLOCK_LENGTH + tables.length * TABLE_LENGTH,
    measurementSpecification: measurements !== undefined && (flags & MEAS_CAP) !== 0 ? DMTF_MEASUREMENT : 0,
    otherParams: OPAQUE_DATA_FORMAT_1,
    baseAsym: bitsOf(options.baseAsym),
    baseHash: bitsOf(options.baseHash),
    pqcAsym: bitsOf(options.pqcAsym),
    melSpecification: (flags & MEL_CAP) !== 0 ? DMTF_MEL : 0,
    extAsym: NO_EXT,
    extHash: NO_EXT,
    tables,
  };
}
