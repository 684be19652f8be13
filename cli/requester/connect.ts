import type { HashAlgorithm } from "../../hal/crypto.js";
import { sha256, sha384, sha512 } from "../../hal/portable/crypto.js";
import {
  DMTF_MEASUREMENT,
  MULTI_KEY_CONN,
  OPAQUE_DATA_FORMAT_1,
  SHA_256,
  SHA_384,
  SHA_512,
} from "../../src/algorithms.js";
import { MULTI_KEY_CAP, MULTI_KEY_CAP_ONLY } from "../../src/capabilities.js";
import { GET_CAPABILITIES, GET_VERSION, NEGOTIATE_ALGORITHMS } from "../../src/exchange.js";
import { type Algorithms, readAlgorithms, writeNegotiateAlgorithms } from "../../src/messages/algorithms.js";
import { readCapabilities, writeGetCapabilities } from "../../src/messages/capabilities.js";
import { readVersion, versionOf, writeGetVersion } from "../../src/messages/version.js";
import { V1_2, V1_3, VERSIONS, type Version } from "../../src/versions.js";
import { type Conversation, DATA_TRANSFER_SIZE, decode } from "./conversation.js";
import { ASYMS, HASHES, nameOf, versionName } from "./names.js";
import { Impossible, Untrusted } from "./verdict.js";

const ENGINES: Readonly<Record<number, HashAlgorithm>> = { [SHA_256]: sha256, [SHA_384]: sha384, [SHA_512]: sha512 };
const NO_EXT = new Uint8Array(0);
const REQUEST_LENGTH = 32;

export interface Offer {
  /** The only version to speak, or undefined for the highest that both know. */
  readonly version: Version | undefined;
  /** Bits of BaseHashAlgo and BaseAsymAlgo to offer. */
  readonly baseHash: number;
  readonly baseAsym: number;
}

/** GET_VERSION; the version of the connection. */
export async function agreeVersion(c: Conversation, offer: Offer): Promise<void> {
  c.transcript.reset();
  const { request, response } = await c.ask(GET_VERSION, writeGetVersion);
  const entries = decode("VERSION", () => readVersion(response)).map(versionOf);
  const common = VERSIONS.filter((version) => entries.includes(version));
  const version = offer.version ?? common.at(-1);
  if (version === undefined || !common.includes(version)) {
    const wanted = offer.version === undefined ? "1.0 to 1.4" : versionName(offer.version);
    throw new Impossible(`no common version: responder has ${entries.map(versionName).join(", ")}, wanted ${wanted}`);
  }
  c.transcript.addVca(request);
  c.transcript.addVca(response.consumed());
  c.version = version;
}

/** GET_CAPABILITIES; the responder's flags. */
export async function exchangeCapabilities(c: Conversation): Promise<void> {
  const own = {
    param1: 0,
    ctExponent: 0,
    extFlags: 0,
    flags: 0,
    dataTransferSize: DATA_TRANSFER_SIZE,
    maxSpdmMsgSize: DATA_TRANSFER_SIZE,
  };
  const { request, response } = await c.ask(GET_CAPABILITIES, (w) => writeGetCapabilities(w, own, c.version));
  const answer = decode("CAPABILITIES", () => readCapabilities(response, c.version));
  c.transcript.addVca(request);
  c.transcript.addVca(response.consumed());
  c.setCtExponent(answer.ctExponent);
  c.flags = answer.flags;
}

/** NEGOTIATE_ALGORITHMS; what the responder chose of the offer. */
export async function negotiateAlgorithms(c: Conversation, offer: Offer): Promise<Algorithms> {
  // Nothing to choose where the responder can do no other.
  c.multiKey = c.version >= V1_3 && (c.flags & MULTI_KEY_CAP) === MULTI_KEY_CAP_ONLY;
  const offered = {
    length: REQUEST_LENGTH,
    measurementSpecification: DMTF_MEASUREMENT,
    otherParams: c.version >= V1_2 ? OPAQUE_DATA_FORMAT_1 | (c.multiKey ? MULTI_KEY_CONN : 0) : 0,
    baseAsym: offer.baseAsym,
    baseHash: offer.baseHash,
    pqcAsym: 0,
    melSpecification: 0,
    extAsym: NO_EXT,
    extHash: NO_EXT,
    tables: [],
  };
  const { request, response } = await c.ask(NEGOTIATE_ALGORITHMS, (w) =>
    writeNegotiateAlgorithms(w, offered, c.version),
  );
  const chosen = decode("ALGORITHMS", () => readAlgorithms(response, c.version));
  check(chosen, offer, response.offset);
  c.transcript.addVca(request);
  c.transcript.addVca(response.consumed());
  const hash = ENGINES[chosen.baseHash];
  c.transcript.settle(hash);
  c.suite = { hash, signatureLength: chosen.baseAsym === ASYMS["P-256"] ? 64 : 96 };
  return chosen;
}

const isOneOf = (bit: number, mask: number): boolean => bit !== 0 && (bit & (bit - 1)) === 0 && (bit & ~mask) === 0;

/** A selection must be exactly one of what was offered, or the responder could choose what nobody asked for. */
function check(chosen: Algorithms, offer: Offer, length: number): void {
  if (chosen.length !== length) throw new Untrusted("ALGORITHMS: Length is wrong");
  if (!isOneOf(chosen.baseHash, offer.baseHash)) {
    throw new Untrusted(`ALGORITHMS: ${nameOf(HASHES, chosen.baseHash)} was not offered`);
  }
  if (!isOneOf(chosen.baseAsym, offer.baseAsym)) {
    throw new Untrusted(`ALGORITHMS: ${nameOf(ASYMS, chosen.baseAsym)} was not offered`);
  }
  // In ALGORITHMS, MULTI_KEY_CONN is about the requester's keys, of which we have none.
  const offered =
    (chosen.measurementSpecification & ~DMTF_MEASUREMENT) === 0 &&
    (chosen.otherParams & ~OPAQUE_DATA_FORMAT_1) === 0 &&
    chosen.pqcAsym === 0 &&
    chosen.melSpecification === 0 &&
    chosen.extAsym.length + chosen.extHash.length + chosen.tables.length === 0;
  if (!offered) throw new Untrusted("ALGORITHMS: selects what was not offered");
}
