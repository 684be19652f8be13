/** A responder's encapsulated requests, answered: its own exchanges with the roles turned around. */

import type { Hash } from "../../hal/crypto.js";
import * as errors from "../../src/errors.js";
import { CHALLENGE, ERROR, GET_CERTIFICATE, GET_DIGESTS, KEY_UPDATE, responseTo } from "../../src/exchange.js";
import { NO_SUMMARY } from "../../src/measurement-block.js";
import { readGetCertificate, writeCertificate } from "../../src/messages/certificate.js";
import { NONCE_LENGTH, readChallenge, writeChallengeAuth } from "../../src/messages/challenge.js";
import { readGetDigests, writeDigests } from "../../src/messages/digests.js";
import { writeError } from "../../src/messages/error.js";
import { readKeyUpdate, UPDATE_KEY, VERIFY_NEW_KEY, writeKeyUpdate } from "../../src/messages/key-update.js";
import { NO_OPAQUE } from "../../src/opaque.js";
import { ESTABLISHED, type Session } from "../../src/session.js";
import { REQUESTER_CHALLENGE_AUTH_CONTEXT, sign } from "../../src/signing.js";
import { V1_2 } from "../../src/versions.js";
import { Reader, WireError, type Writer } from "../../src/wire.js";
import type { Conversation } from "./conversation.js";
import type { Prover } from "./prover.js";

const { INVALID_REQUEST, SpdmError, UNSUPPORTED_REQUEST, VERSION_MISMATCH } = errors;
/** Of DELIVER_ENCAPSULATED_RESPONSE and CERTIFICATE, which come around a portion. */
const HEADERS_LENGTH = 4 + 8;

/** Answers the requests of one run. */
export class Answers {
  /** KEY_UPDATE operations that were answered. */
  readonly keyUpdates: number[] = [];
  readonly #c: Conversation;
  readonly #prover: Prover | undefined;
  readonly #session: Session | undefined;
  /** What CHALLENGE_AUTH signs; outside of sessions only. */
  #m1: Hash | undefined;

  /** @param prover What we prove ourselves with, if we do. */
  constructor(c: Conversation, prover: Prover | undefined) {
    this.#c = c;
    this.#prover = prover;
    this.#session = c.session;
  }

  /** Writes the response to `message`, which is ERROR where there is no other. */
  answer(message: Uint8Array, w: Writer): void {
    const start = w.offset;
    try {
      const r = new Reader(message);
      if (r.u8() !== this.#c.version) throw new SpdmError(VERSION_MISMATCH);
      const code = r.u8();
      w.u8(this.#c.version);
      w.u8(responseTo(code));
      this.#dispatch(code, r, w, start);
    } catch (error) {
      if (!(error instanceof SpdmError || error instanceof WireError)) throw error;
      w.offset = start;
      w.u8(this.#c.version);
      w.u8(ERROR);
      writeError(w, error instanceof SpdmError ? error : new SpdmError(INVALID_REQUEST));
    }
  }

  #dispatch(code: number, r: Reader, w: Writer, start: number): void {
    const prover = this.#prover;
    const session = this.#session;
    if (code === GET_DIGESTS && prover !== undefined) this.#digests(prover, r, w, start);
    else if (code === GET_CERTIFICATE && prover !== undefined) this.#certificate(prover, r, w, start);
    else if (code === CHALLENGE && prover !== undefined && session === undefined) this.#challenge(prover, r, w, start);
    else if (code === KEY_UPDATE && session?.phase === ESTABLISHED) this.#keyUpdate(session, r, w);
    else throw new SpdmError(UNSUPPORTED_REQUEST, code);
  }

  #digests({ chains }: Prover, r: Reader, w: Writer, start: number): void {
    readGetDigests(r);
    const { slotMask } = chains;
    const slots = [0, 1, 2, 3, 4, 5, 6, 7].filter((slot) => chains.has(slot));
    const digests = slots.map((slot) => chains.digest(slot));
    writeDigests(w, { supportedSlotMask: slotMask, slotMask, digests }, this.#c.version);
    // Each GET_DIGESTS begins M1 anew.
    this.#m1 = this.#beginM1();
    this.#note(r, w, start);
  }

  #certificate({ chains }: Prover, r: Reader, w: Writer, start: number): void {
    const { slot, large, slotSizeRequested, offset, length } = readGetCertificate(r, this.#c.version);
    if (large || !chains.has(slot)) throw new SpdmError(INVALID_REQUEST);
    const total = chains.length(slot);
    if (!slotSizeRequested && offset >= total) throw new SpdmError(INVALID_REQUEST);
    const room = this.#c.requestRoom - HEADERS_LENGTH;
    const portion = new Uint8Array(slotSizeRequested ? 0 : Math.min(length, total - offset, room));
    if (portion.length > 0) chains.read(slot, offset, portion);
    const remainderLength = slotSizeRequested ? total : total - offset - portion.length;
    writeCertificate(w, { slot, certificateInfo: 0, large, remainderLength, portion });
    this.#note(r, w, start);
  }

  #challenge(prover: Prover, r: Reader, w: Writer, start: number): void {
    const { version, suite, random } = this.#c;
    const { chains } = prover;
    const { slot, summaryType, context } = readChallenge(r, version);
    if (!chains.has(slot) || summaryType !== NO_SUMMARY) throw new SpdmError(INVALID_REQUEST);
    const nonce = random(NONCE_LENGTH);
    const own = { slot, basicMutAuth: false, slotMask: chains.slotMask, chainHash: chains.digest(slot), nonce };
    writeChallengeAuth(w, { ...own, summary: undefined, opaque: NO_OPAQUE, context }, version);
    const m1 = this.#m1 ?? this.#beginM1();
    this.#m1 = m1;
    this.#note(r, w, start);
    const signing = { version, hash: suite!.hash, context: REQUESTER_CHALLENGE_AUTH_CONTEXT };
    this.#m1 = undefined;
    sign(prover.identity, slot, signing, m1, w.view(prover.signatureLength));
    prover.proofs.push("CHALLENGE_AUTH");
  }

  #keyUpdate(session: Session, r: Reader, w: Writer): void {
    const asked = readKeyUpdate(r);
    // UpdateAllKeys is the requester's only.
    const due = session.updating ? VERIFY_NEW_KEY : UPDATE_KEY;
    if (r.remaining !== 0 || asked.operation !== due) throw new SpdmError(INVALID_REQUEST);
    writeKeyUpdate(w, asked);
    if (due === VERIFY_NEW_KEY) session.verifyPeerKey();
    else session.updatePeerKey();
    this.keyUpdates.push(due);
  }

  /** From 1.2 on it begins with VCA. */
  #beginM1(): Hash {
    const { transcript, version } = this.#c;
    return version >= V1_2 ? transcript.fork() : transcript.fresh();
  }

  /** M1 has a request and what is written of its response. */
  #note(r: Reader, w: Writer, start: number): void {
    this.#m1?.update(r.consumed());
    this.#m1?.update(w.message.subarray(start, w.offset));
  }
}
