/** Ed25519 (RFC 8032 §5.1), which has no context. */
import { ed25519 as curve } from "@noble/curves/ed25519.js";
import type { Signer } from "./crypto.js";
import { edSigner, edVerifier } from "./eddsa.js";

const noContext = () => ({});

export const ed25519 = /* @__PURE__ */ edVerifier(curve, noContext);
/** A key from its seed, 32 bytes. */
export const ed25519Signer = (seed: Uint8Array): Signer => edSigner(curve, noContext, seed);
