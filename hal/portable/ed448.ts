/** Ed448 (RFC 8032 §5.2), whose context is SPDM's (DSP0274 1.2 §15); in certificates it is empty. */
import { ed448 as curve } from "@noble/curves/ed448.js";
import type { SigningTerms } from "../crypto.js";
import type { Signer } from "./crypto.js";
import { edSigner, edVerifier } from "./eddsa.js";

const contextOf = (terms: SigningTerms | undefined) =>
  terms === undefined ? {} : { context: Uint8Array.from(terms.context, (character) => character.charCodeAt(0)) };

export const ed448 = /* @__PURE__ */ edVerifier(curve, contextOf);
/** A key from its seed, 57 bytes. */
export const ed448Signer = (seed: Uint8Array): Signer => edSigner(curve, contextOf, seed);
