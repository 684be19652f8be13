/** Verification by engines of noble that hash content themselves, with the key: EdDSA, ML-DSA and SLH-DSA. */
import { latin1 } from "../../src/latin1.js";
import type { SigningTerms, Verifier } from "../crypto.js";

/** What such an engine has of it. */
interface Engine {
  readonly lengths: { readonly signature?: number | undefined; readonly publicKey?: number | undefined };
  verify(signature: Uint8Array, content: Uint8Array, publicKey: Uint8Array, options: EngineOptions): boolean;
}

interface EngineOptions {
  readonly context?: Uint8Array;
}

/** The algorithm's context, if it takes one. */
export type ContextOf = (terms: SigningTerms | undefined) => EngineOptions;

/** SPDM's context is the algorithm's (DSP0274 1.2 §15); in certificates it is empty. */
export function withContext(terms: SigningTerms | undefined): { readonly context: Uint8Array } {
  return { context: latin1(terms?.context ?? "") };
}

export function contentVerifier(engine: Engine, contextOf: ContextOf = withContext): Verifier {
  const { signature: signatureLength = 0, publicKey: publicKeyLength = 0 } = engine.lengths;
  return Object.freeze({
    signatureLength,
    publicKeyLength,
    takesContent: true,
    verify(publicKey: Uint8Array, content: Uint8Array, signature: Uint8Array, terms?: SigningTerms): boolean {
      if (publicKey.length !== publicKeyLength || signature.length !== signatureLength) return false;
      return engine.verify(signature, content, publicKey, contextOf(terms));
    },
  });
}
