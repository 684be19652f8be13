/**
 * CHALLENGE (0x83) and CHALLENGE_AUTH (0x03), DSP0274 1.3 §10.8
 *
 * | offset | request field              | size | versions |
 * | 2      | SlotID                     | 1    |
 * | 3      | MeasurementSummaryHashType | 1    |
 * | 4      | Nonce                      | 32   |
 * | 36     | RequesterContext           | 8    | 1.3 |
 *
 * | offset | response field             | size | versions |
 * | 2      | SlotID b3–0, BasicMutAuthReq b7 | 1 |
 * | 3      | SlotMask                   | 1    |
 * | 4      | CertChainHash              | H    |
 * |        | Nonce                      | 32   |
 * |        | MeasurementSummaryHash     | 0, H | if asked for |
 * |        | OpaqueDataLength, OpaqueData | 2 + n |
 * |        | RequesterContext           | 8    | 1.3 |
 * |        | Signature                  | S    |
 */

import { CHAL_CAP } from "../capabilities.js";
import { CHALLENGE, type Exchange, NEGOTIATED, OUTSIDE_SESSION } from "../exchange.js";
import { CHALLENGE_USE, PUBLIC_KEY_SLOT, PUBLIC_KEY_SLOT_4 } from "../key-pairs.js";
import { measurementSummary, NO_SUMMARY, requireSummary } from "../measurement-block.js";
import { NO_OPAQUE } from "../opaque.js";
import { CHALLENGE_AUTH_CONTEXT, sign } from "../signing.js";
import { requireSlot } from "../slot-keys.js";
import type { Suite } from "../suite.js";
import { V1_0, V1_3, type Version } from "../versions.js";
import type { Reader, Writer } from "../wire.js";

export const NONCE_LENGTH = 32;
export const CONTEXT_LENGTH = 8;
const BASIC_MUT_AUTH_REQ = 0x80;
const SLOT = 0x0f;

export interface Challenge {
  readonly slot: number;
  /** `NO_SUMMARY`, `TCB_SUMMARY` or `ALL_SUMMARY`. */
  readonly summaryType: number;
  readonly nonce: Uint8Array;
  /** From 1.3 on. */
  readonly context: Uint8Array | undefined;
}

export interface ChallengeAuth {
  /** The request's slot; 0x0F for a public key known beforehand. */
  readonly slot: number;
  /** 1.1 and 1.2: the responder wants basic mutual authentication. */
  readonly basicMutAuth: boolean;
  readonly slotMask: number;
  readonly chainHash: Uint8Array;
  readonly nonce: Uint8Array;
  readonly summary: Uint8Array | undefined;
  readonly opaque: Uint8Array;
  /** From 1.3 on. */
  readonly context: Uint8Array | undefined;
}

export function readChallenge(r: Reader, version: Version): Challenge {
  return {
    slot: r.u8(),
    summaryType: r.u8(),
    nonce: r.bytes(NONCE_LENGTH),
    context: version >= V1_3 ? r.bytes(CONTEXT_LENGTH) : undefined,
  };
}

export function writeChallenge(w: Writer, m: Challenge, version: Version): void {
  w.u8(m.slot);
  w.u8(m.summaryType);
  w.bytes(m.nonce);
  if (version >= V1_3) w.bytes(m.context!);
}

/** Leaves the signature, the rest of the message, unread: what was consumed is what it covers. */
export function readChallengeAuth(r: Reader, asked: Challenge, version: Version, suite: Suite): ChallengeAuth {
  const param1 = r.u8();
  return {
    slot: param1 & SLOT,
    basicMutAuth: (param1 & BASIC_MUT_AUTH_REQ) !== 0,
    slotMask: r.u8(),
    chainHash: r.bytes(suite.hash.outputLen),
    nonce: r.bytes(NONCE_LENGTH),
    summary: asked.summaryType !== NO_SUMMARY ? r.bytes(suite.hash.outputLen) : undefined,
    opaque: r.bytes(r.u16()),
    context: version >= V1_3 ? r.bytes(CONTEXT_LENGTH) : undefined,
  };
}

/** Writes all but the signature. */
export function writeChallengeAuth(w: Writer, m: ChallengeAuth, version: Version): void {
  w.u8(m.slot | (m.basicMutAuth ? BASIC_MUT_AUTH_REQ : 0));
  w.u8(m.slotMask);
  w.bytes(m.chainHash);
  w.bytes(m.nonce);
  if (m.summary !== undefined) w.bytes(m.summary);
  w.u16(m.opaque.length);
  w.bytes(m.opaque);
  if (version >= V1_3) w.bytes(m.context!);
}

export const challenge: Exchange = Object.freeze({
  request: CHALLENGE,
  since: V1_0,
  after: NEGOTIATED,
  channels: OUTSIDE_SESSION,
  capability: CHAL_CAP,
  peerCapability: 0,
  endsM1: false,
  respond(c, request, response) {
    const { version } = c;
    const asked = readChallenge(request, version);
    const { chains, hash, identity, signatureLength } = c.negotiated!;
    const { slot, summaryType } = asked;
    requireSlot(c, slot, CHALLENGE_USE);
    requireSummary(c, summaryType);
    const fixed = 4 + hash.outputLen + NONCE_LENGTH + 2 + (version >= V1_3 ? CONTEXT_LENGTH : 0) + signatureLength;
    const summary = measurementSummary(c, summaryType);
    c.requireRoom(fixed + (summary?.length ?? 0));

    const nonce = new Uint8Array(NONCE_LENGTH);
    c.options.random(nonce);
    const flow = c.options.mutualAuthentication?.basicFlow(c);
    writeChallengeAuth(
      response,
      {
        slot: slot === PUBLIC_KEY_SLOT ? PUBLIC_KEY_SLOT_4 : slot,
        basicMutAuth: flow !== undefined,
        slotMask: chains.slotMask,
        chainHash: chains.digest(slot),
        nonce,
        summary,
        opaque: NO_OPAQUE,
        context: asked.context,
      },
      version,
    );

    // M1 is spent whether or not the signature comes about.
    const m1 = c.transcript.takeM1();
    m1.update(request.consumed());
    m1.update(response.written());
    const signing = { version, hash, context: CHALLENGE_AUTH_CONTEXT };
    sign(identity, slot, signing, m1, response.view(signatureLength));
    // Where the requester is to prove itself in turn, both have to be done.
    c.flow = flow;
    c.authenticated = flow === undefined;
  },
} satisfies Exchange);
