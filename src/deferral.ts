/**
 * Answers that take longer than a requester waits (DSP0274 1.3 §10.10), as a layer that boards hand in: it keeps a request
 * and has ERROR ResponseNotReady said instead, serves the request when the board is idle, and hands the response out at
 * RESPOND_IF_READY. What is served sees none of that, and so no transcript has it.
 *
 * One request is deferred at a time. It belongs to its channel: no session, or one. Any other request in that channel drops
 * it: one that was not served yet never came, of one that was the response is lost. GET_VERSION drops it, and so does a
 * session that ends. In another channel a request that would have to be deferred is Busy, until nobody was promised
 * anything any more.
 */
import type { Clock } from "../hal/clock.js";
import type { Serve } from "./chunks.js";
import type { Connection } from "./connection.js";
import { BUSY, INVALID_REQUEST, RESPONSE_NOT_READY, SpdmError, UNEXPECTED_REQUEST } from "./errors.js";
import {
  CHUNK_GET,
  CHUNK_SEND,
  DELIVER_ENCAPSULATED_RESPONSE,
  END_SESSION,
  type Exchange,
  GET_CAPABILITIES,
  GET_ENCAPSULATED_REQUEST,
  GET_VERSION,
  HEARTBEAT,
  IN_HANDSHAKE,
  IN_SESSION,
  KEY_UPDATE,
  NEGOTIATE_ALGORITHMS,
  OUTSIDE_SESSION,
  RESPOND_IF_READY,
} from "./exchange.js";
import { MAX_RDT_EXPONENT, readRespondIfReady, writeResponseNotReady } from "./messages/respond-if-ready.js";
import { HANDSHAKE, type Session } from "./session.js";
import { V1_0 } from "./versions.js";
import { type Reader, Writer } from "./wire.js";

/**
 * Never deferred: the first three must not be (DSP0274 1.3 §10.3 to §10.5). The others are about the very record that they
 * come in, or carry requests that have their own time.
 */
const PROMPT: readonly number[] = Object.freeze([
  GET_VERSION,
  GET_CAPABILITIES,
  NEGOTIATE_ALGORITHMS,
  HEARTBEAT,
  KEY_UPDATE,
  END_SESSION,
  GET_ENCAPSULATED_REQUEST,
  DELIVER_ENCAPSULATED_RESPONSE,
  CHUNK_SEND,
  CHUNK_GET,
]);
/** RDTM: a requester may come so many times RDT late. */
const RDTM = 4;
/** Longest RDT, in whole milliseconds. */
const MAX_MS = Math.floor(2 ** MAX_RDT_EXPONENT / 1000);

export interface DeferralOptions {
  readonly clock: Clock;
  /**
   * Milliseconds, of which there are whole ones only, that the board needs for a request of this code as things are now;
   * 0: it is answered at once.
   */
  delayMs(requestCode: number): number;
  /**
   * Bytes of the largest message that is kept: MaxSPDMmsgSize, which without chunks is DataTransferSize. This layer allocates
   * it twice, once.
   */
  readonly maxSpdmMsgSize: number;
}

/** What a responder needs for answers that take long; one for each responder. */
export class Deferral {
  readonly maxSpdmMsgSize: number;
  /** RESPOND_IF_READY. */
  readonly exchanges: readonly Exchange[];
  readonly #options: DeferralOptions;
  readonly #request: Uint8Array;
  readonly #response: Uint8Array;
  /** Where the deferred request came, if there is one. */
  #owner: Connection | Session | undefined;
  #session: Session | undefined;
  #serve: Serve | undefined;
  #code = 0;
  #token = 0;
  #requestLength = 0;
  /** 0 until the request is served. */
  #responseLength = 0;
  #serving = false;
  /** Whether the session ends behind the response. */
  #ends = false;
  /** By the board's clock: when the response should be there, and when its requester was last told to wait. */
  #due = 0;
  #toldAt = 0;
  /** How long after that the response is kept for it at least. */
  #keptMs = 0;

  constructor(options: DeferralOptions) {
    const { maxSpdmMsgSize } = options;
    this.maxSpdmMsgSize = maxSpdmMsgSize;
    this.#options = options;
    this.#request = new Uint8Array(maxSpdmMsgSize);
    this.#response = new Uint8Array(maxSpdmMsgSize);
    this.exchanges = [
      {
        request: RESPOND_IF_READY,
        since: V1_0,
        // Whose request was deferred has come far enough.
        after: undefined,
        channels: OUTSIDE_SESSION | IN_HANDSHAKE | IN_SESSION,
        capability: 0,
        peerCapability: 0,
        carries: true,
        endsM1: false,
        requires({ chunks, dataTransferSize }) {
          if (maxSpdmMsgSize < (chunks?.maxSpdmMsgSize ?? dataTransferSize)) {
            throw new Error("MaxSPDMmsgSize is more than can be deferred");
          }
          return 0;
        },
        respond: (c, r, w, session) => this.#respondIfReady(c, r, w, session),
      },
    ];
  }

  /**
   * Called for each request that may come, before it is served by `serve`: throws the SpdmError that defers it, which keeps a
   * copy, or that refuses it.
   */
  admit(c: Connection, request: Uint8Array, session: Session | undefined, serve: Serve): void {
    const code = request[1];
    if (this.#serving || code === RESPOND_IF_READY) return;
    const owner = session ?? c;
    owner.deferred?.end();
    if (session?.ending) throw new SpdmError(UNEXPECTED_REQUEST);
    if (PROMPT.includes(code)) return;
    const delayMs = Math.min(this.#options.delayMs(code), MAX_MS);
    if (delayMs <= 0) return;
    const now = this.#options.clock();
    if (this.#owner !== undefined) {
      if (this.promised) throw new SpdmError(BUSY);
      this.end();
    }
    this.#request.set(request);
    this.#requestLength = request.length;
    this.#owner = owner;
    this.#session = session;
    this.#serve = serve;
    owner.deferred = this;
    this.#code = code;
    this.#token = (this.#token + 1) & 0xff;
    this.#due = (now + delayMs) | 0;
    this.#keptMs = (RDTM * 2 ** exponentOf(delayMs)) / 1000;
    throw this.#notReady(delayMs, now);
  }

  /** Whether the requester of what is deferred was told that it may still ask for the response. */
  get promised(): boolean {
    return (this.#options.clock() - this.#toldAt) >>> 0 <= this.#keptMs;
  }

  /** Serves the deferred request, if there is one that was not. Returns whether there was. Never throws. */
  work(): boolean {
    const session = this.#session;
    if (this.#owner === undefined || this.#responseLength !== 0) return false;
    const request = this.#request.subarray(0, this.#requestLength);
    this.#serving = true;
    this.#responseLength = this.#serve!(request, this.#response, session, request.length);
    this.#serving = false;
    if (session === undefined) return true;
    // What ends it still has to be told in it.
    this.#ends = session.ending;
    session.ending = false;
    return true;
  }

  /**
   * Drops the deferred request, and wipes it and its response. In a handshake two sides that may not agree on TH cannot go on:
   * if it was served, its session ends.
   */
  end(): void {
    const session = this.#session;
    if (session !== undefined && this.#responseLength !== 0 && (this.#ends || session.phase === HANDSHAKE)) {
      session.ending = true;
    }
    this.#forget();
  }

  #forget(): void {
    if (this.#owner !== undefined) this.#owner.deferred = undefined;
    this.#owner = undefined;
    this.#session = undefined;
    this.#serve = undefined;
    this.#request.fill(0, 0, this.#requestLength);
    // A handler that threw may have written more than there is of its ERROR.
    if (this.#responseLength !== 0) this.#response.fill(0);
    this.#responseLength = 0;
    this.#ends = false;
  }

  #notReady(leftMs: number, now: number): SpdmError {
    this.#toldAt = now;
    const w = new Writer(new Uint8Array(4));
    writeResponseNotReady(w, {
      rdtExponent: exponentOf(leftMs),
      request: this.#code,
      token: this.#token,
      rdtm: RDTM,
    });
    return new SpdmError(RESPONSE_NOT_READY, 0, w.message);
  }

  #respondIfReady(c: Connection, request: Reader, response: Writer, session: Session | undefined): void {
    const asked = readRespondIfReady(request);
    // libspdm's answer to one that comes in another channel (its #3669).
    if ((session ?? c).deferred === undefined) throw new SpdmError(UNEXPECTED_REQUEST);
    if (asked.request !== this.#code || asked.token !== this.#token) throw new SpdmError(INVALID_REQUEST);
    if (this.#responseLength === 0) {
      const now = this.#options.clock();
      const leftMs = (this.#due - now) | 0;
      if (leftMs > 0) throw this.#notReady(leftMs, now);
      // The board was never idle.
      this.work();
    }
    c.requireRoom(this.#responseLength);
    response.offset = 0;
    response.bytes(this.#response.subarray(0, this.#responseLength));
    if (session !== undefined && this.#ends) session.ending = true;
    this.#forget();
  }
}

/** The smallest RDTExponent that is no less than the truth. */
function exponentOf(leftMs: number): number {
  let exponent = 0;
  for (let us = 1; us < leftMs * 1000 && exponent < MAX_RDT_EXPONENT; us *= 2) exponent++;
  return exponent;
}
