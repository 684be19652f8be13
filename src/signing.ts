import type { Hash, HashAlgorithm, SigningTerms, Verifier } from "../hal/crypto.js";
import type { Identity } from "../hal/identity.js";
import { V1_2, type Version } from "./versions.js";

// What is signed, and so the context of the signature (DSP0274 1.2 §15).
export const CHALLENGE_AUTH_CONTEXT = "responder-challenge_auth signing";
export const MEASUREMENTS_CONTEXT = "responder-measurements signing";
export const ENDPOINT_INFO_CONTEXT = "responder-endpoint_info signing";
export const KEY_EXCHANGE_RSP_CONTEXT = "responder-key_exchange_rsp signing";
export const REQUESTER_CHALLENGE_AUTH_CONTEXT = "requester-challenge_auth signing";
export const REQUESTER_ENDPOINT_INFO_CONTEXT = "requester-endpoint_info signing";
export const FINISH_CONTEXT = "requester-finish signing";

const PREFIX_LENGTH = 64;
const COMBINED_LENGTH = 100;

/** "dmtf-spdm-v1.N.*" four times, then the context, zeros before it, in 36 bytes. */
function writeCombinedPrefix(prefix: Uint8Array, version: Version, context: string): void {
  const name = `dmtf-spdm-v1.${version & 0x0f}.*`;
  for (let i = 0; i < PREFIX_LENGTH; i++) prefix[i] = name.charCodeAt(i & 15);
  const start = COMBINED_LENGTH - context.length;
  for (let i = 0; i < context.length; i++) prefix[start + i] = context.charCodeAt(i);
}

/** Of which kind a signature over a transcript is. */
export interface Signing extends SigningTerms {
  readonly version: Version;
}

/** Signs `transcript`, which is spent, with `slot`'s key. */
export function sign(
  identity: Identity,
  slot: number,
  signing: Signing,
  transcript: Hash,
  signature: Uint8Array,
): void {
  identity.sign(slot, toSign(identity, signing, transcript), signature, signing);
}

/** Whether `signature` over `transcript`, which is spent, was made with the key to `publicKey`. */
export function verify(
  verifier: Verifier,
  publicKey: Uint8Array,
  signing: Signing,
  transcript: Hash,
  signature: Uint8Array,
): boolean {
  return verifier.verify(publicKey, toSign(verifier, signing, transcript), signature, signing);
}

/**
 * What a signature over a transcript is made of: to 1.1 its digest, from 1.2 on the combined prefix and its digest, or, for
 * those that do not take content, the digest of both. Algorithms that take content came with 1.2.
 * @param transcript Spent by the call.
 */
function toSign(
  { takesContent = false }: { readonly takesContent?: boolean },
  { version, hash, context }: Signing,
  transcript: Hash,
): Uint8Array {
  const content = new Uint8Array(COMBINED_LENGTH + hash.outputLen);
  const digest = content.subarray(COMBINED_LENGTH);
  transcript.digestInto(digest);
  transcript.destroy();
  if (version < V1_2) return digest;
  writeCombinedPrefix(content, version, context);
  if (takesContent) return content;
  const outer = hash.create();
  outer.update(content);
  outer.digestInto(digest);
  outer.destroy();
  return digest;
}

/** As `toSign`, for algorithms that take digests. */
export function signedDigest(version: Version, hash: HashAlgorithm, context: string, transcript: Hash): Uint8Array {
  return toSign({}, { version, hash, context }, transcript);
}
