/**
 * What Ed25519 and Ed448 have in common (RFC 8032), over @noble/curves. They hash content themselves, with the key, so
 * there is no digest to hand them; nonces come from key and content, so there is no random source either.
 */
import type { EdDSA } from "@noble/curves/abstract/edwards.js";
import type { SigningTerms, Verifier } from "../crypto.js";
import { checkLength } from "./check-length.js";
import { type ContextOf, contentVerifier } from "./content-verifier.js";
import type { Signer } from "./crypto.js";

export function edVerifier(curve: EdDSA, contextOf: ContextOf): Verifier {
  const { lengths } = curve;
  return contentVerifier(
    {
      lengths,
      verify(signature, content, publicKey, context) {
        try {
          // Encodings that RFC 8032 §5.1.3 refuses, which noble would take by default, verify nowhere else.
          return curve.verify(signature, content, publicKey, { zip215: false, ...context });
        } catch {
          return false;
        }
      },
    },
    contextOf,
  );
}

/** @param seed The private key of RFC 8032; kept, not copied. */
export function edSigner(curve: EdDSA, contextOf: ContextOf, seed: Uint8Array): Signer {
  if (!curve.utils.isValidSecretKey(seed)) throw new RangeError("not a private key");
  const { publicKey: publicKeyLength, signature: signatureLength } = curve.lengths as Required<EdDSA["lengths"]>;
  return Object.freeze({
    signatureLength,
    takesContent: true,
    publicKey(out: Uint8Array): void {
      checkLength(out, publicKeyLength);
      out.set(curve.getPublicKey(seed));
    },
    sign(content: Uint8Array, signature: Uint8Array, terms?: SigningTerms): void {
      checkLength(signature, signatureLength);
      signature.set(curve.sign(content, seed, contextOf(terms)));
    },
  });
}
