import type { AttestOptions } from "../../../cli/requester/attest.js";
import { readAnchors } from "../../../cli/target.js";
import { ECDSA_P384, SHA_384 } from "../../../src/algorithms.js";
import { V1_3 } from "../../../src/versions.js";
import { ROOTS } from "./identity.js";

/** How a board that is provisioned as tests do it is attested: in 1.3 at P-384 and SHA-384, but for `changes`. */
export function attestOptions(changes: Partial<AttestOptions>): AttestOptions {
  return {
    version: V1_3,
    baseHash: SHA_384,
    baseAsym: ECDSA_P384,
    slot: 0,
    anchors: readAnchors(ROOTS),
    reference: undefined,
    onProgress: () => undefined,
    ...changes,
  };
}
