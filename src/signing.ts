import type { Hash, HashAlgorithm } from "../hal/crypto.js";
import { V1_2, type Version } from "./versions.js";

// What is signed, and so the context of the signature (DSP0274 1.2 §15).
export const CHALLENGE_AUTH_CONTEXT = "responder-challenge_auth signing";
export const MEASUREMENTS_CONTEXT = "responder-measurements signing";
export const KEY_EXCHANGE_RSP_CONTEXT = "responder-key_exchange_rsp signing";
export const REQUESTER_CHALLENGE_AUTH_CONTEXT = "requester-challenge_auth signing";
export const FINISH_CONTEXT = "requester-finish signing";

const PREFIX_LENGTH = 64;
const COMBINED_LENGTH = 100;

/** "dmtf-spdm-v1.N.*" four times, then the context, zeros before it, in 36 bytes. */
function combinedPrefix(version: Version, context: string): Uint8Array {
  const prefix = new Uint8Array(COMBINED_LENGTH);
  const name = `dmtf-spdm-v1.${version & 0x0f}.*`;
  for (let i = 0; i < PREFIX_LENGTH; i++) prefix[i] = name.charCodeAt(i & 15);
  const start = COMBINED_LENGTH - context.length;
  for (let i = 0; i < context.length; i++) prefix[start + i] = context.charCodeAt(i);
  return prefix;
}

/**
 * The digest that a signature over a transcript is made of: to 1.1 the transcript's own, from 1.2 on that of the
 * combined prefix and the transcript's.
 * @param transcript Spent by the call.
 */
export function signedDigest(version: Version, hash: HashAlgorithm, context: string, transcript: Hash): Uint8Array {
  const digest = new Uint8Array(hash.outputLen);
  transcript.digestInto(digest);
  transcript.destroy();
  if (version >= V1_2) {
    const outer = hash.create();
    outer.update(combinedPrefix(version, context));
    outer.update(digest);
    outer.digestInto(digest);
    outer.destroy();
  }
  return digest;
}
