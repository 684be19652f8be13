/** What the responder in this process believes requesters by. */
import type { HashAlgorithm } from "../hal/crypto.js";
import { sha256, sha384, sha512 } from "../hal/portable/crypto.js";
import { ECDSA_P256, ECDSA_P384 } from "../src/algorithms.js";
import { type PathEngines, type RequesterTrust, verifyRequesterChain } from "../src/requester-chain.js";
import { Reader, WireError } from "../src/wire.js";
import { VERIFIERS } from "./requester/engines.js";
import { verifyChain } from "./trust.js";

/** An RSA certificate of 4096 bits has some 1,600 bytes. */
const CHAIN_LENGTH_MAX = 0x4000;

/** What chains are verified with, on hosts as on boards. */
export const pathEngines = (algorithms: readonly number[]): PathEngines => ({
  verifiers: algorithms.map((algorithm) => ({ algorithm, engine: VERIFIERS[algorithm] })),
  hashes: [sha256, sha384, sha512],
  calendar: () => Date.now() / 1000,
});

/** `algorithms` in order of preference. P-256 and P-384 are left to what boards have, the others to OpenSSL. */
export function requesterTrust(anchors: readonly Uint8Array[], algorithms: readonly number[]): RequesterTrust {
  return {
    anchors,
    ...pathEngines(algorithms),
    chainLengthMax: CHAIN_LENGTH_MAX,
    verifyChain: (chain, hash, algorithm, trust) =>
      algorithm === ECDSA_P256 || algorithm === ECDSA_P384
        ? verifyRequesterChain(chain, hash, algorithm, trust)
        : leafKeyOf(chain, hash, algorithm, anchors),
  };
}

/** As `verifyRequesterChain`. */
function leafKeyOf(
  chain: Uint8Array,
  hash: HashAlgorithm,
  algorithm: number,
  anchors: readonly Uint8Array[],
): Uint8Array | undefined {
  try {
    const r = new Reader(chain);
    if (r.u32() !== chain.length) return undefined;
    const rootHash = r.bytes(hash.outputLen);
    const certificates = r.bytes(r.remaining);
    const found = verifyChain({ certificates, rootHash, hash, anchors, at: new Date(), role: "requester" });
    const fits = found.trusted && found.leafPublicKey?.length === VERIFIERS[algorithm].publicKeyLength;
    return fits ? found.leafPublicKey : undefined;
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}
