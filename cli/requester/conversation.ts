import { randomBytes } from "node:crypto";
import { MAX_CT_EXPONENT } from "../../src/capabilities.js";
import { ERROR, GET_VERSION, responseTo } from "../../src/exchange.js";
import { readError } from "../../src/messages/error.js";
import type { Suite } from "../../src/suite.js";
import { Transcript } from "../../src/transcript.js";
import { V1_0, type Version } from "../../src/versions.js";
import { Reader, WireError, Writer } from "../../src/wire.js";
import type { Link } from "../link.js";
import { errorName } from "./names.js";
import { Impossible, Untrusted } from "./verdict.js";

/** The requester's own DataTransferSize and MaxSPDMmsgSize: it does not chunk. */
export const DATA_TRANSFER_SIZE = 0x1200;

/** GET_VERSION to ALGORITHMS, the latter with nothing but what may be chosen: 4 + 516, 20 + 20, 32 + 36. */
const VCA_LENGTH = 628;

/** ST1: what a responder may take without cryptography (DSP0274 1.3 §8.5). */
const ST1_MS = 100;
/** However long CTExponent allows, nobody waits longer for one answer. */
const MAX_WAIT_MS = 120_000;

/** Makes `length` bytes that nobody can foretell. */
export type RandomBytes = (length: number) => Uint8Array;

/** One request as it was sent and its response, read past its header. */
export interface Exchanged {
  readonly request: Uint8Array;
  readonly response: Reader;
}

/** One connection as its requester sees it: what was agreed on, and the transcripts. */
export class Conversation {
  readonly transcript = new Transcript(VCA_LENGTH);
  version: Version = V1_0;
  /** The responder's flags. */
  flags = 0;
  suite: Suite | undefined;
  /** Whether the responder has a key of its own for each slot, and says so in DIGESTS; from 1.3 on. */
  multiKey = false;
  /** Fresh bytes for nonces and contexts. */
  readonly random: RandomBytes;
  readonly #link: Link;
  #ctExponent = 0;

  constructor(link: Link, random: RandomBytes = randomBytes) {
    this.#link = link;
    this.random = random;
  }

  /** Takes over a responder's CTExponent; throws Untrusted if no requester could shift by it (CVE-2023-32690). */
  setCtExponent(ctExponent: number): void {
    if (ctExponent > MAX_CT_EXPONENT) throw new Untrusted(`CAPABILITIES: CTExponent ${ctExponent} is out of range`);
    this.#ctExponent = ctExponent;
  }

  /**
   * Sends the request that `write` fills in behind its header and returns the response of the same kind.
   * @param crypto Whether the responder may take its cryptographic time.
   */
  async ask(code: number, write: (w: Writer) => void, crypto = false): Promise<Exchanged> {
    const w = new Writer(new Uint8Array(DATA_TRANSFER_SIZE));
    w.u8(code === GET_VERSION ? V1_0 : this.version);
    w.u8(code);
    write(w);
    const request = w.written();
    const { roundTripMs, timeScale } = this.#link;
    const ownMs = timeScale * (crypto ? 2 ** this.#ctExponent / 1000 : ST1_MS);
    const message = await this.#link.exchange(request, roundTripMs + Math.min(ownMs, MAX_WAIT_MS));
    return { request, response: this.#open(code, request[0], message) };
  }

  /** Reads the header of a response; what does not answer `code` ends the attestation. */
  #open(code: number, version: Version, message: Uint8Array): Reader {
    const response = new Reader(message);
    const name = `response to 0x${code.toString(16)}`;
    if (message.length < 4) throw new Untrusted(`${name}: too short`);
    const responseVersion = response.u8();
    const responseCode = response.u8();
    if (responseCode === ERROR) {
      const error = readError(response);
      throw new Impossible(`the responder refused request 0x${code.toString(16)}: ${errorName(error.code)}`);
    }
    if (responseCode !== responseTo(code)) throw new Untrusted(`${name}: is 0x${responseCode.toString(16)}`);
    if (responseVersion !== version) throw new Untrusted(`${name}: wrong SPDM version`);
    return response;
  }
}

/** Decodes a response; bytes that do not fit their layout are the responder's fault. */
export function decode<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof WireError) throw new Untrusted(`${name}: malformed (${error.message})`);
    throw error;
  }
}
