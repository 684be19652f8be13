import type { Verifier } from "../../hal/crypto.js";
import { ENCAP_CAP, MUT_AUTH_CAP } from "../../src/capabilities.js";
import { CHALLENGE } from "../../src/exchange.js";
import { PUBLIC_KEY_SLOT, PUBLIC_KEY_SLOT_4 } from "../../src/key-pairs.js";
import { CONTEXT_LENGTH, NONCE_LENGTH, readChallengeAuth, writeChallenge } from "../../src/messages/challenge.js";
import { CHALLENGE_AUTH_CONTEXT, verify } from "../../src/signing.js";
import { type Conversation, decode } from "./conversation.js";
import { Untrusted } from "./verdict.js";

/** The leaf's key and the algorithm it is for. */
export interface LeafKey {
  readonly verifier: Verifier;
  readonly publicKey: Uint8Array;
}

export interface Challenged {
  /** MeasurementSummaryHash, if it was asked for. */
  readonly summary: Uint8Array | undefined;
  /** Whether the responder has encapsulated requests now, by which we prove ourselves in turn. */
  readonly basicMutAuth: boolean;
}

/**
 * CHALLENGE: proves that the responder has the key to its leaf, or, for slot 0xFF, that it was provisioned with; then
 * `chainDigest` is of that.
 */
export async function challenge(
  c: Conversation,
  slot: number,
  chainDigest: Uint8Array,
  key: LeafKey,
  summaryType: number,
): Promise<Challenged> {
  const suite = c.suite!;
  const asked = { slot, summaryType, nonce: c.random(NONCE_LENGTH), context: c.random(CONTEXT_LENGTH) };
  const { request, response } = await c.ask(CHALLENGE, (w) => writeChallenge(w, asked, c.version), true);
  const answer = decode("CHALLENGE_AUTH", () => readChallengeAuth(response, asked, c.version, suite));
  const m1 = c.transcript.takeM1();
  m1.update(request);
  m1.update(response.consumed());
  const signing = { version: c.version, hash: suite.hash, context: CHALLENGE_AUTH_CONTEXT };
  const signature = decode("CHALLENGE_AUTH", () => response.bytes(suite.signatureLength));

  const isKey = slot === PUBLIC_KEY_SLOT;
  if (answer.slot !== (isKey ? PUBLIC_KEY_SLOT_4 : slot))
    throw new Untrusted("CHALLENGE_AUTH: answers for another slot");
  if (isKey ? answer.slotMask !== 0 : (answer.slotMask & (1 << slot)) === 0) {
    throw new Untrusted(`CHALLENGE_AUTH: SlotMask ${isKey ? "has slots" : "lacks the slot"}`);
  }
  if (!Buffer.from(answer.chainHash).equals(chainDigest)) {
    throw new Untrusted(`CHALLENGE_AUTH: hash of another ${isKey ? "key" : "certificate chain"}`);
  }
  if (answer.context !== undefined && !Buffer.from(answer.context).equals(asked.context)) {
    throw new Untrusted("CHALLENGE_AUTH: RequesterContext is not ours");
  }
  if (!verify(key.verifier, key.publicKey, signing, m1, signature))
    throw new Untrusted("CHALLENGE_AUTH: signature is wrong");
  if (answer.basicMutAuth && !(c.both(MUT_AUTH_CAP) && c.both(ENCAP_CAP))) {
    throw new Untrusted("CHALLENGE_AUTH: asks for mutual authentication, which was not offered");
  }
  return answer;
}
