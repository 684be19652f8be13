/** What the responder in this process believes requesters by. */
import type { PqcRequester } from "../certs/identity-writer.js";
import type { HashAlgorithm, Verifier } from "../hal/crypto.js";
import { sha256, sha384, sha512 } from "../hal/portable/crypto.js";
import { ECDSA_P256, ECDSA_P384 } from "../src/algorithms.js";
import { type PathEngines, type RequesterTrust, verifyRequesterChain } from "../src/requester-chain.js";
import { Reader, WireError } from "../src/wire.js";
import { VERIFIERS } from "./requester/engines.js";
import { PQC_VERIFIERS } from "./requester/pqc-engines.js";
import { verifyChain } from "./trust.js";

/** A certificate under ML-DSA-87 has some 7,500 bytes; one of RSA's 4096 bits 1,600. */
const CHAIN_LENGTH_MAX = 0x8000;

/** What chains are verified with, on hosts as on boards. */
export const pathEngines = (algorithms: readonly number[]): PathEngines => ({
  verifiers: algorithms.map((algorithm) => ({ algorithm, engine: VERIFIERS[algorithm] })),
  hashes: [sha256, sha384, sha512],
  calendar: () => Date.now() / 1000,
});

/** `algorithms` and `pqc` in order of preference. P-256 and P-384 are left to what boards have, the others to OpenSSL. */
export function requesterTrust(
  anchors: readonly Uint8Array[],
  algorithms: readonly number[],
  pqc: readonly PqcRequester[] = [],
): RequesterTrust {
  return {
    anchors,
    ...pathEngines(algorithms),
    chainLengthMax: CHAIN_LENGTH_MAX,
    verifyChain: (chain, hash, algorithm, trust) =>
      algorithm === ECDSA_P256 || algorithm === ECDSA_P384
        ? verifyRequesterChain(chain, hash, algorithm, trust)
        : leafKeyOf(chain, hash, VERIFIERS[algorithm], anchors),
    pqc: {
      verifiers: pqc.map(({ algorithm }) => ({ algorithm, engine: PQC_VERIFIERS[algorithm] })),
      // One algorithm's root vouches for no other's requesters.
      verifyChain(chain, hash, algorithm) {
        const own = pqc.filter((each) => each.algorithm === algorithm).map(({ anchor }) => anchor);
        return leafKeyOf(chain, hash, PQC_VERIFIERS[algorithm], own, algorithm);
      },
    },
  };
}

/** As `verifyRequesterChain`; `pqcAsym` is the leaf's PqcAsymAlgo bit, if it is to have one. */
function leafKeyOf(
  chain: Uint8Array,
  hash: HashAlgorithm,
  verifier: Verifier,
  anchors: readonly Uint8Array[],
  pqcAsym?: number,
): Uint8Array | undefined {
  try {
    const r = new Reader(chain);
    if (r.u32() !== chain.length) return undefined;
    const rootHash = r.bytes(hash.outputLen);
    const certificates = r.bytes(r.remaining);
    const found = verifyChain({ certificates, rootHash, hash, anchors, at: new Date(), role: "requester" });
    const fits = found.leafPqcAsym === pqcAsym && found.leafPublicKey?.length === verifier.publicKeyLength;
    return found.trusted && fits ? found.leafPublicKey : undefined;
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}
