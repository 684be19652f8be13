/**
 * ML-DSA (FIPS 204) over @noble/post-quantum, in a file of its own: a board that does not import it links nothing of it.
 * Public keys are as in FIPS 204 §7.2. As with all of noble, secrets are JavaScript values that nothing wipes with
 * certainty, and no time is constant.
 */
import { ml_dsa44, ml_dsa65, ml_dsa87 } from "@noble/post-quantum/ml-dsa.js";
import type { Random, SigningTerms } from "../crypto.js";
import { checkLength } from "./check-length.js";
import { contentVerifier, withContext } from "./content-verifier.js";
import type { Signer } from "./crypto.js";

/** Bytes of ξ, the seed that a key pair is made of, and the private key's short form (RFC 9881 §6). */
export const ML_DSA_SEED_LENGTH = 32;
/** Bytes of rnd (FIPS 204 §5.2). */
const RANDOM_LENGTH = 32;

type SignerMaker = (seed: Uint8Array, random: Random) => Signer;

/** The key pair is made at once and kept whole, 2.5 to 5 KB: to make it takes as long as a signature. */
function signer(engine: typeof ml_dsa65): SignerMaker {
  return (seed, random) => {
    const { secretKey, publicKey } = engine.keygen(seed);
    const signatureLength = engine.lengths.signature!;
    return Object.freeze({
      signatureLength,
      takesContent: true,
      publicKey(out: Uint8Array): void {
        checkLength(out, publicKey.length);
        out.set(publicKey);
      },
      sign(content: Uint8Array, signature: Uint8Array, terms?: SigningTerms): void {
        checkLength(signature, signatureLength);
        // Hedged (FIPS 204 §3.4): a bad generator does not give the key away, nor does a fault alone.
        const extraEntropy = new Uint8Array(RANDOM_LENGTH);
        random(extraEntropy);
        signature.set(engine.sign(content, secretKey, { ...withContext(terms), extraEntropy }));
      },
    });
  };
}

export const mlDsa44 = /* @__PURE__ */ contentVerifier(ml_dsa44);
export const mlDsa65 = /* @__PURE__ */ contentVerifier(ml_dsa65);
export const mlDsa87 = /* @__PURE__ */ contentVerifier(ml_dsa87);
/** Keys from seeds of `ML_DSA_SEED_LENGTH`, which are not kept. */
export const mlDsa44Signer = /* @__PURE__ */ signer(ml_dsa44);
export const mlDsa65Signer = /* @__PURE__ */ signer(ml_dsa65);
export const mlDsa87Signer = /* @__PURE__ */ signer(ml_dsa87);
