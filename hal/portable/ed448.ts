/** Ed448 (RFC 8032 §5.2), which has a context. */
import { ed448 as curve } from "@noble/curves/ed448.js";
import { withContext } from "./content-verifier.js";
import type { Signer } from "./crypto.js";
import { edSigner, edVerifier } from "./eddsa.js";

export const ed448 = /* @__PURE__ */ edVerifier(curve, withContext);
/** A key from its seed, 57 bytes. */
export const ed448Signer = (seed: Uint8Array): Signer => edSigner(curve, withContext, seed);
