/** A responder's encapsulated requests, answered: its own exchanges with the roles turned around. */

import type { Hash } from "../../hal/crypto.js";
import { LARGE_RESP_CAP } from "../../src/capabilities.js";
import * as errors from "../../src/errors.js";
import {
  CHALLENGE,
  ERROR,
  GET_CERTIFICATE,
  GET_DIGESTS,
  GET_ENDPOINT_INFO,
  KEY_UPDATE,
  responseTo,
  SEND_EVENT,
} from "../../src/exchange.js";
import { NO_SUMMARY } from "../../src/measurement-block.js";
import { readGetCertificate, writeCertificate } from "../../src/messages/certificate.js";
import { NONCE_LENGTH, readChallenge, writeChallengeAuth } from "../../src/messages/challenge.js";
import { readGetDigests, writeDigests } from "../../src/messages/digests.js";
import {
  DEVICE_CLASS,
  deviceClassesLength,
  readGetEndpointInfo,
  writeDeviceClasses,
  writeEndpointInfo,
} from "../../src/messages/endpoint-info.js";
import { writeError } from "../../src/messages/error.js";
import { readKeyUpdate, UPDATE_KEY, VERIFY_NEW_KEY, writeKeyUpdate } from "../../src/messages/key-update.js";
import { readSendEvent, writeEventAck } from "../../src/messages/send-event.js";
import { NO_OPAQUE } from "../../src/opaque.js";
import { ESTABLISHED, HANDSHAKE, type Session } from "../../src/session.js";
import { REQUESTER_CHALLENGE_AUTH_CONTEXT, REQUESTER_ENDPOINT_INFO_CONTEXT, sign } from "../../src/signing.js";
import { V1_2 } from "../../src/versions.js";
import { Reader, WireError, Writer } from "../../src/wire.js";
import type { Conversation } from "./conversation.js";
import type { Prover } from "./prover.js";

const { INVALID_REQUEST, SpdmError, UNSPECIFIED, UNSUPPORTED_REQUEST, VERSION_MISMATCH } = errors;
/** Of DELIVER_ENCAPSULATED_RESPONSE and CERTIFICATE, which come around a portion. */
const headersLength = (large: boolean): number => 4 + (large ? 16 : 8);
/** A responder that tells of more in one conversation is not believed to have more to say. */
const EVENT_COUNT_MAX = 10_000;

/** Answers the requests of one run. */
export class Answers {
  /** KEY_UPDATE operations that were answered. */
  readonly keyUpdates: number[] = [];
  /** Whether we said what we are, and signed that. */
  endpointInfo: { readonly signed: boolean } | undefined;
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

  /** Writes the response to `message`, which is ERROR where there is no other; returns whether there is. */
  answer(message: Uint8Array, w: Writer): boolean {
    const start = w.offset;
    try {
      const r = new Reader(message);
      if (r.u8() !== this.#c.version) throw new SpdmError(VERSION_MISMATCH);
      const code = r.u8();
      w.u8(this.#c.version);
      w.u8(responseTo(code));
      this.#dispatch(code, r, w, start);
      return true;
    } catch (error) {
      if (!(error instanceof SpdmError || error instanceof WireError)) throw error;
      w.offset = start;
      w.u8(this.#c.version);
      w.u8(ERROR);
      writeError(w, error instanceof SpdmError ? error : new SpdmError(INVALID_REQUEST));
      return false;
    }
  }

  #dispatch(code: number, r: Reader, w: Writer, start: number): void {
    const prover = this.#prover;
    const session = this.#session;
    if (code === GET_DIGESTS && prover !== undefined) this.#digests(prover, r, w, start);
    else if (code === GET_CERTIFICATE && prover !== undefined) this.#certificate(prover, r, w, start);
    else if (code === CHALLENGE && prover !== undefined && session === undefined) this.#challenge(prover, r, w, start);
    else if (code === GET_ENDPOINT_INFO && session?.phase !== HANDSHAKE) this.#endpointInfo(r, w, start);
    else if (code === KEY_UPDATE && session?.phase === ESTABLISHED) this.#keyUpdate(session, r, w);
    else if (code === SEND_EVENT && session?.phase === ESTABLISHED) this.#events(r, w);
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
    if ((large && (this.#c.ownFlags & LARGE_RESP_CAP) === 0) || !chains.has(slot)) throw new SpdmError(INVALID_REQUEST);
    const total = chains.length(slot);
    if (!slotSizeRequested && offset >= total) throw new SpdmError(INVALID_REQUEST);
    const room = this.#c.requestRoom - headersLength(large);
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

  /** What comes again, since our acknowledgement was lost, counts once. */
  #events(r: Reader, w: Writer): void {
    const { events } = this.#c;
    if (events === undefined) throw new SpdmError(UNSUPPORTED_REQUEST, SEND_EVENT);
    const last = events.at(-1)?.instanceId ?? -1;
    for (const event of readSendEvent(r)) {
      // Views of a record, which is not ours to keep.
      const { vendorId } = event.group;
      const group = { ...event.group, vendorId: vendorId.slice() };
      if (event.instanceId > last) events.push({ ...event, group, detail: event.detail.slice() });
    }
    if (events.length > EVENT_COUNT_MAX) throw new SpdmError(UNSPECIFIED);
    writeEventAck(w);
  }

  #endpointInfo(r: Reader, w: Writer, start: number): void {
    const { ownClasses, random, suite, transcript, version } = this.#c;
    const { subCode, slot, nonce: asked } = readGetEndpointInfo(r);
    const prover = this.#prover;
    const signs = asked !== undefined;
    if (ownClasses === undefined || (signs && prover === undefined))
      throw new SpdmError(UNSUPPORTED_REQUEST, GET_ENDPOINT_INFO);
    if (subCode !== DEVICE_CLASS || (signs && !prover!.chains.has(slot))) throw new SpdmError(INVALID_REQUEST);
    const info = new Writer(new Uint8Array(deviceClassesLength(ownClasses)));
    writeDeviceClasses(info, ownClasses);
    writeEndpointInfo(w, { slot, nonce: signs ? random(NONCE_LENGTH) : undefined, info: info.message });
    this.endpointInfo = { signed: signs };
    if (!signs) return;
    const il1 = transcript.fork();
    il1.update(r.consumed());
    il1.update(w.message.subarray(start, w.offset));
    const signing = { version, hash: suite!.hash, context: REQUESTER_ENDPOINT_INFO_CONTEXT };
    sign(prover!.identity, slot, signing, il1, w.view(prover!.signatureLength));
    prover!.proofs.push("ENDPOINT_INFO");
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
