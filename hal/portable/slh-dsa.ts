/**
 * SLH-DSA (FIPS 205) over @noble/post-quantum: verification only. Signatures of 7,856 to 49,856 bytes that take seconds
 * to make are for certificates, not for devices that answer.
 */
import * as slhDsa from "@noble/post-quantum/slh-dsa.js";
import { contentVerifier } from "./content-verifier.js";

export const slhDsaSha2128s = /* @__PURE__ */ contentVerifier(slhDsa.slh_dsa_sha2_128s);
export const slhDsaShake128s = /* @__PURE__ */ contentVerifier(slhDsa.slh_dsa_shake_128s);
export const slhDsaSha2128f = /* @__PURE__ */ contentVerifier(slhDsa.slh_dsa_sha2_128f);
export const slhDsaShake128f = /* @__PURE__ */ contentVerifier(slhDsa.slh_dsa_shake_128f);
export const slhDsaSha2192s = /* @__PURE__ */ contentVerifier(slhDsa.slh_dsa_sha2_192s);
export const slhDsaShake192s = /* @__PURE__ */ contentVerifier(slhDsa.slh_dsa_shake_192s);
export const slhDsaSha2192f = /* @__PURE__ */ contentVerifier(slhDsa.slh_dsa_sha2_192f);
export const slhDsaShake192f = /* @__PURE__ */ contentVerifier(slhDsa.slh_dsa_shake_192f);
export const slhDsaSha2256s = /* @__PURE__ */ contentVerifier(slhDsa.slh_dsa_sha2_256s);
export const slhDsaShake256s = /* @__PURE__ */ contentVerifier(slhDsa.slh_dsa_shake_256s);
export const slhDsaSha2256f = /* @__PURE__ */ contentVerifier(slhDsa.slh_dsa_sha2_256f);
export const slhDsaShake256f = /* @__PURE__ */ contentVerifier(slhDsa.slh_dsa_shake_256f);
