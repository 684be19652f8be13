/** Verification by engines of @noble/post-quantum, which hash what they sign themselves and know contexts. */
import type { SigningTerms, Verifier } from "../crypto.js";

/** What such an engine has of it. */
interface Engine {
  readonly lengths: { readonly signature?: number; readonly publicKey?: number };
  verify(signature: Uint8Array, content: Uint8Array, publicKey: Uint8Array, options: { context: Uint8Array }): boolean;
}

/** The bytes of ASCII `text`: XS may have no TextEncoder. */
export function contextOf({ context }: Pick<SigningTerms, "context"> = { context: "" }): Uint8Array {
  const bytes = new Uint8Array(context.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = context.charCodeAt(i);
  return bytes;
}

export function contentVerifier(engine: Engine): Verifier {
  const { signature: signatureLength = 0, publicKey: publicKeyLength = 0 } = engine.lengths;
  return Object.freeze({
    signatureLength,
    publicKeyLength,
    takesContent: true,
    verify(publicKey: Uint8Array, content: Uint8Array, signature: Uint8Array, terms?: SigningTerms): boolean {
      if (publicKey.length !== publicKeyLength || signature.length !== signatureLength) return false;
      return engine.verify(signature, content, publicKey, { context: contextOf(terms) });
    },
  });
}
