/**
 * A run of encapsulated requests, the responder's own (DSP0274 1.3 §10.16): a list of steps, each of which writes a
 * request and takes its response.
 */
import { DECRYPT_ERROR, INVALID_RESPONSE_CODE, RESPONSE_NOT_READY, SpdmError } from "./errors.js";
import { ERROR, responseTo } from "./exchange.js";
import { readError } from "./messages/error.js";
import type { Session } from "./session.js";
import type { Version } from "./versions.js";
import { Reader, type Writer } from "./wire.js";

/** One encapsulated request and its response. */
export interface Step {
  readonly request: number;
  /** Writes the request, which stands at `start`, behind its header. */
  write(w: Writer, start: number): void;
  /** Takes the response, behind its header; throws SpdmError or WireError if it is no answer. True: the step once more. */
  take(r: Reader): boolean;
}

/** What a step throws where a response is not to be believed. */
export const refused = (): SpdmError => new SpdmError(INVALID_RESPONSE_CODE);

export class EncapsulatedFlow {
  /** RequestID of the request that was sent last. */
  requestId = 0;
  readonly #version: Version;
  readonly #session: Session | undefined;
  readonly #steps: readonly Step[];
  #at: number;

  /**
   * @param session The session it belongs to, if any.
   * @param unasked The response to the first step comes without its request.
   */
  constructor(version: Version, session: Session | undefined, steps: readonly Step[], unasked = false) {
    this.#version = version;
    this.#session = session;
    this.#steps = steps;
    this.#at = unasked ? 0 : -1;
  }

  /** Whether a request waits for its response. */
  get waiting(): boolean {
    return this.#at >= 0;
  }

  /** Writes the first request, header and all. */
  begin(w: Writer): void {
    this.#at = 0;
    this.#write(w);
  }

  /**
   * Takes the response to the request that was sent last and writes the next one. Returns whether there is a next one.
   * Throws SpdmError or WireError if the response is no answer, or none to be trusted: the flow is over then.
   */
  take(message: Uint8Array, w: Writer): boolean {
    const step = this.#steps[this.#at];
    const r = new Reader(message);
    if (r.u8() !== this.#version) throw refused();
    const code = r.u8();
    if (code === ERROR) {
      this.#takeError(r);
      return false;
    }
    if (code !== responseTo(step.request)) throw refused();
    if (!step.take(r)) this.#at++;
    return this.#write(w);
  }

  /** ResponseNotReady ends the flow without a fault (DSP0274 1.3 §10.16.2), every other ERROR with one. */
  #takeError(r: Reader): void {
    const { code } = readError(r);
    if (code === DECRYPT_ERROR && this.#session !== undefined) this.#session.ending = true;
    if (code !== RESPONSE_NOT_READY) throw refused();
  }

  #write(w: Writer): boolean {
    if (this.#at === this.#steps.length) return false;
    const step = this.#steps[this.#at];
    this.requestId = (this.requestId + 1) & 0xff;
    const start = w.offset;
    w.u8(this.#version);
    w.u8(step.request);
    step.write(w, start);
    return true;
  }
}
