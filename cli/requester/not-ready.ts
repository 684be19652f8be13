/** Waiting for responders that need longer than they have (DSP0274 1.3 §10.10). */
import { setTimeout as sleep } from "node:timers/promises";
import { RESPONSE_NOT_READY } from "../../src/errors.js";
import { ERROR, GET_CAPABILITIES, GET_VERSION, NEGOTIATE_ALGORITHMS, RESPOND_IF_READY } from "../../src/exchange.js";
import {
  MAX_RDT_EXPONENT,
  MIN_RDTM,
  readResponseNotReady,
  writeRespondIfReady,
} from "../../src/messages/respond-if-ready.js";
import type { Version } from "../../src/versions.js";
import { Reader, WireError, Writer } from "../../src/wire.js";
import { Impossible, Untrusted } from "./verdict.js";

/** Those that are answered at once, or not at all. */
const PROMPT: readonly number[] = [GET_VERSION, GET_CAPABILITIES, NEGOTIATE_ALGORITHMS];
/** However often a responder says so. */
const ROUND_COUNT_MAX = 16;

const NAME = "ResponseNotReady";

function check(message: Uint8Array, code: number) {
  const r = new Reader(message);
  r.skip(4);
  try {
    const notReady = readResponseNotReady(r);
    if (notReady.request !== code) throw new Untrusted(`${NAME}: is for another request`);
    if (notReady.rdtExponent > MAX_RDT_EXPONENT) throw new Untrusted(`${NAME}: RDTExponent is out of range`);
    if (notReady.rdtm < MIN_RDTM) throw new Untrusted(`${NAME}: RDTM is out of range`);
    return notReady;
  } catch (error) {
    if (error instanceof WireError) throw new Untrusted(`${NAME}: malformed (${error.message})`);
    throw error;
  }
}

/**
 * As long as `response` to the request `code` is ERROR ResponseNotReady, waits as it says and asks again. Resolves to what is
 * none; throws Impossible if that would take more than `limitMs`.
 */
export async function whenReady(
  version: Version,
  code: number,
  response: Uint8Array,
  exchange: (message: Uint8Array) => Promise<Uint8Array>,
  limitMs: number,
): Promise<Uint8Array> {
  let latest = response;
  let waitedMs = 0;
  for (let round = 0; latest[1] === ERROR && latest[2] === RESPONSE_NOT_READY; round++) {
    if (PROMPT.includes(code)) throw new Untrusted(`${NAME}: there is nothing to wait for`);
    const { rdtExponent, token } = check(latest, code);
    // Timers drop fractions, and who asks too early is told to wait again.
    const waitMs = Math.ceil(2 ** rdtExponent / 1000);
    waitedMs += waitMs;
    if (round === ROUND_COUNT_MAX || waitedMs > limitMs) throw new Impossible("the responder is not ready in time");
    await sleep(waitMs);
    const w = new Writer(new Uint8Array(4));
    w.u8(version);
    w.u8(RESPOND_IF_READY);
    writeRespondIfReady(w, { request: code, token });
    latest = await exchange(w.message);
  }
  return latest;
}
