/**
 * RESPOND_IF_READY (0xFF), answered like the request it asks after, and what ERROR ResponseNotReady says in its
 * ExtendedErrorData; DSP0274 1.3 §10.10, §10.9 "ResponseNotReady extended error data"
 *
 * | offset | field of RESPOND_IF_READY | size | offset | field of ResponseNotReady | size |
 * | 2      | original request code     | 1    | 4      | RDTExponent               | 1    |
 * | 3      | Token                     | 1    | 5      | RequestCode               | 1    |
 * |        |                           |      | 6      | Token                     | 1    |
 * |        |                           |      | 7      | RDTM                      | 1    |
 */
import type { Reader, Writer } from "../wire.js";

/** Largest RDTExponent: 2^31 µs are 36 minutes, and a requester shifts by it. */
export const MAX_RDT_EXPONENT = 31;
/** Smallest RDTM: the response is kept for so many RDT at least. */
export const MIN_RDTM = 2;

export interface RespondIfReady {
  readonly request: number;
  readonly token: number;
}

export interface ResponseNotReady extends RespondIfReady {
  /** The response takes about 2 to this, in µs. */
  readonly rdtExponent: number;
  /** For how many times that it can be asked for. */
  readonly rdtm: number;
}

export function readRespondIfReady(r: Reader): RespondIfReady {
  return { request: r.u8(), token: r.u8() };
}

export function writeRespondIfReady(w: Writer, m: RespondIfReady): void {
  w.u8(m.request);
  w.u8(m.token);
}

export function readResponseNotReady(r: Reader): ResponseNotReady {
  return { rdtExponent: r.u8(), request: r.u8(), token: r.u8(), rdtm: r.u8() };
}

export function writeResponseNotReady(w: Writer, m: ResponseNotReady): void {
  w.u8(m.rdtExponent);
  w.u8(m.request);
  w.u8(m.token);
  w.u8(m.rdtm);
}
