/** Certificates in the field, from the requester's side: GET_CSR, and SET_CERTIFICATE with a look at what came of it. */
import { createHash } from "node:crypto";
import { CSR_CAP, SET_CERT_CAP } from "../../src/capabilities.js";
import { equal } from "../../src/equal.js";
import { DATA_TOO_LARGE, RESET_REQUIRED, SpdmError } from "../../src/errors.js";
import { GET_CSR, SET_CERTIFICATE } from "../../src/exchange.js";
import { DEVICE_CERT } from "../../src/key-pairs.js";
import { NO_SUMMARY } from "../../src/measurement-block.js";
import type { Algorithms } from "../../src/messages/algorithms.js";
import { readCsr, writeGetCsr } from "../../src/messages/csr.js";
import type { Digests } from "../../src/messages/digests.js";
import {
  readSetCertificateResponse,
  type SetCertificate,
  writeSetCertificate,
} from "../../src/messages/set-certificate.js";
import { V1_2, V1_3, V1_4, type Version } from "../../src/versions.js";
import { Reader } from "../../src/wire.js";
import { publicKeyInfo } from "../../src/x509-writer.js";
import { splitChain } from "../chain.js";
import type { Link } from "../link.js";
import type { NegotiatedAlgorithms, ProgressListener, SessionResult } from "../report.js";
import { verifyChain } from "../trust.js";
import { negotiateAlgorithms } from "./algorithms.js";
import { leafKey } from "./attest.js";
import { askAllDigests, askChain, holdsChain, isAlias, keyOf, placeOf } from "./certificate.js";
import { deviceInfoIn, nameText, readRequest } from "./certification-request.js";
import type { LeafKey } from "./challenge.js";
import { agreeVersion, exchangeCapabilities } from "./connect.js";
import { Conversation, decode, type RandomBytes, requireEnd } from "./conversation.js";
import { VERIFIERS } from "./engines.js";
import { endSession } from "./in-session.js";
import { ASYMS, errorName, HASHES, nameOf, versionName } from "./names.js";
import type { Offer } from "./offer.js";
import { proverOf } from "./prover.js";
import { openSession } from "./session.js";
import { Impossible, Untrusted } from "./verdict.js";

const NO_BYTES = new Uint8Array(0);
const HEADER_LENGTH = 4;

export interface CertificateOptions extends Offer {
  /** Of GET_CSR the slot whose key it is to be, of SET_CERTIFICATE the one that changes. */
  readonly slot: number;
  /** KeyPairID, where the responder has several and tells; by default the slot's. */
  readonly keyPairId?: number | undefined;
  /** Trust anchors in DER; needed for sessions that KEY_EXCHANGE opens. */
  readonly anchors: readonly Uint8Array[];
  /** Told of each step as it begins. */
  readonly onProgress: ProgressListener;
  readonly random?: RandomBytes;
}

/** What all of them come to. */
export interface Reached {
  readonly slot: number;
  /** As in "1.2". */
  readonly version: string;
  readonly algorithms: Pick<NegotiatedAlgorithms, "baseHash" | "baseAsym">;
  /** The session that it went through, if it did. */
  readonly session: SessionResult | undefined;
}

export interface CsrResult extends Reached {
  /** PKCS #10, DER; signed by the key that it names. */
  readonly request: Uint8Array;
  /** Safe to print. */
  readonly subject: string;
  readonly deviceInfo: string | undefined;
  /** Why the key is believed to be the device's; undefined if nothing says so. */
  readonly vouchedBy: string | undefined;
}

export interface InstallResult extends Reached {
  readonly erased: boolean;
  /** It counts from the device's next reset on; else GET_DIGESTS shows it. */
  readonly needsReset: boolean;
}

/** What a responder has to have. */
export interface Wanted {
  readonly name: string;
  readonly since: Version;
  has(c: Conversation): boolean;
}

const flag = (name: string, bit: number): Wanted => ({ name, since: V1_2, has: (c) => (c.flags & bit) !== 0 });

/** Connects, and opens a session if the offer has one; `run` says what happens then. */
export async function connected<T>(
  link: Link,
  options: CertificateOptions,
  wanted: Wanted,
  run: (c: Conversation, reached: Reached, known: Known) => Promise<T>,
): Promise<T> {
  const c = new Conversation(link, options.random);
  try {
    options.onProgress("GET_VERSION, GET_CAPABILITIES, NEGOTIATE_ALGORITHMS");
    await agreeVersion(c, options);
    await exchangeCapabilities(c, options);
    const chosen = await negotiateAlgorithms(c, { ...options, multiKey: options.keyPairId !== undefined });
    if (c.version < wanted.since) throw new Impossible(`SPDM ${versionName(c.version)} has no ${wanted.name}`);
    if (!wanted.has(c)) throw new Impossible(`the responder takes no ${wanted.name}`);
    const known = await askKnown(c, chosen, options);
    const session = options.session && (await openFor(c, chosen, options, known));
    const names = { baseHash: nameOf(HASHES, chosen.baseHash), baseAsym: nameOf(ASYMS, chosen.baseAsym) };
    const reached = { slot: options.slot, version: versionName(c.version), algorithms: names, session };
    const result = await run(c, reached, known);
    if (session !== undefined) {
      options.onProgress("END_SESSION");
      await endSession(c);
    }
    return result;
  } finally {
    c.close();
  }
}

/** What the slots showed beforehand. */
export interface Known {
  readonly baseAsym: number;
  readonly digests: Digests;
  /** Of the slot, or, if it is empty, of the first that is not; undefined if that leads to no anchor. */
  readonly trusted: { readonly slot: number; readonly chainDigest: Uint8Array; readonly key: LeafKey } | undefined;
}

async function askKnown(c: Conversation, chosen: Algorithms, options: CertificateOptions): Promise<Known> {
  const { slot: wanted, anchors, onProgress } = options;
  onProgress("GET_DIGESTS, GET_CERTIFICATE");
  const digests = await askAllDigests(c);
  const { baseAsym } = chosen;
  const slot = [wanted, 0, 1, 2, 3, 4, 5, 6, 7].find((each) => holdsChain(digests, each));
  if (slot === undefined || anchors.length === 0) return { baseAsym, digests, trusted: undefined };
  const { digest: chainDigest, certificates, rootHash } = await askChain(c, slot, digests);
  const alias = isAlias(c, digests, slot);
  const trust = verifyChain({ certificates, rootHash, hash: c.suite!.hash, anchors, at: new Date(), alias });
  // A chain that is not trusted may be the very one that is to be replaced.
  const trusted = trust.trusted ? { slot, chainDigest, key: leafKey(trust, chosen) } : undefined;
  return { baseAsym, digests, trusted };
}

async function openFor(
  c: Conversation,
  chosen: Algorithms,
  options: CertificateOptions,
  { trusted }: Known,
): Promise<SessionResult> {
  const { session: offer, slot, onProgress } = options;
  const byPsk = offer!.psk !== undefined;
  if (trusted === undefined && !byPsk)
    throw new Untrusted("no chain leads to a trust anchor: no key to open a session by");
  const prover = proverOf(c, chosen, options);
  const nobody = { slot, chainDigest: NO_BYTES, key: { verifier: VERIFIERS[chosen.baseAsym], publicKey: NO_BYTES } };
  onProgress(byPsk ? "PSK_EXCHANGE, PSK_FINISH" : "KEY_EXCHANGE, FINISH");
  return (await openSession(c, offer!, chosen, { ...(trusted ?? nobody), prover }, NO_SUMMARY)).result;
}

/** KeyPairID and CertModel to name, which are 0 where the responder has no choice. */
export function keyPairOf(c: Conversation, { digests }: Known, { slot, keyPairId }: CertificateOptions) {
  if (!c.multiKey) {
    if (keyPairId !== undefined) throw new Impossible("the responder tells no key pairs apart");
    return { keyPairId: 0, model: 0 };
  }
  const own = keyOf(digests, slot);
  const named = keyPairId ?? own?.keyPairId;
  if (named === undefined) throw new Impossible(`slot ${slot} is empty: say whose key it is to be`);
  return { keyPairId: named, model: (own?.certificateInfo ?? 0) & 7 || DEVICE_CERT };
}

/** GET_CSR. Throws Untrusted for what is no request that its key signed, and for another key than the slot's. */
export async function requestCsr(link: Link, options: CertificateOptions): Promise<CsrResult> {
  return connected(link, options, flag("GET_CSR", CSR_CAP), async (c, reached, known) => {
    options.onProgress("GET_CSR");
    const asked = { trackingTag: 0, overwrite: false, requesterInfo: NO_BYTES, opaque: NO_BYTES };
    const fields = { ...asked, ...keyPairOf(c, known, options) };
    const answer = await c.tryToAsk(GET_CSR, (w) => writeGetCsr(w, fields, c.version), true);
    if (answer instanceof SpdmError) {
      if (answer.code !== RESET_REQUIRED)
        throw new Impossible(`the responder refused GET_CSR: ${errorName(answer.code)}`);
      throw new Impossible("the responder needs a reset before it signs a request");
    }
    const request = decode("CSR", () => readCsr(answer.response));
    requireEnd("CSR", answer.response);
    const own = keyOf(known.digests, options.slot)?.keyPairId ?? 0;
    return { ...reached, ...checkRequest(request, known, reached, fields.keyPairId === own), request };
  });
}

/** Throws Untrusted for what is no request that its key, of `baseAsym`, signed. `ofSlot`: whether it is the slot's own. */
export function checkRequest(
  request: Uint8Array,
  { baseAsym, trusted }: Pick<Known, "baseAsym" | "trusted">,
  { slot, session }: Pick<Reached, "slot" | "session">,
  ofSlot: boolean,
): Pick<CsrResult, "subject" | "deviceInfo" | "vouchedBy"> {
  const verifier = VERIFIERS[baseAsym];
  const { info, subject, key, bits, signature } = decode("CSR", () => readRequest(request, verifier.signatureLength));
  const publicKey = key.subarray(-verifier.publicKeyLength);
  const isKey = (other: Uint8Array) => equal(publicKeyInfo(baseAsym, other) ?? NO_BYTES, key);
  if (!isKey(publicKey)) throw new Untrusted(`CSR: names no ${nameOf(ASYMS, baseAsym)} key`);
  const digest = createHash(`sha${bits}`).update(info).digest();
  if (!verifier.verify(publicKey, digest, signature)) throw new Untrusted("CSR: not signed by the key that it names");
  let vouchedBy =
    session && `${session.openedBy === "PSK_EXCHANGE" ? "a pre-shared key's" : "a trusted key's"} session`;
  if (ofSlot && trusted !== undefined && trusted.slot === slot) {
    if (!isKey(trusted.key.publicKey)) throw new Untrusted(`CSR: of another key than slot ${slot}'s certificate`);
    vouchedBy = `slot ${slot}'s certificate`;
  }
  return { subject: nameText(subject), deviceInfo: deviceInfoIn(request), vouchedBy };
}

/**
 * SET_CERTIFICATE of `certificates`, DER, root first, or, if there are none, with Erase. Throws Untrusted if the slot does
 * not show it afterwards.
 */
export async function installChain(
  link: Link,
  certificates: Uint8Array | undefined,
  options: CertificateOptions,
): Promise<InstallResult> {
  return connected(link, options, flag("SET_CERTIFICATE", SET_CERT_CAP), async (c, reached, known) => {
    const { slot, onProgress } = options;
    const erased = certificates === undefined;
    if (erased && c.version < V1_3) throw new Impossible(`SPDM ${versionName(c.version)} has no way to erase a slot`);
    const chain = erased ? NO_BYTES : spdmChain(c, certificates);
    const { keyPairId, model } = keyPairOf(c, known, options);
    onProgress("SET_CERTIFICATE");
    const needsReset = await setCertificate(c, { slot, erase: erased, keyPairId, model: erased ? 0 : model, chain });
    if (needsReset) return { ...reached, erased, needsReset };

    onProgress("GET_DIGESTS");
    const digests = await askAllDigests(c);
    const shown = holdsChain(digests, slot) ? digests.digests[placeOf(digests, slot)] : undefined;
    const fits = erased ? shown === undefined : shown !== undefined && equal(shown, digestOf(c, chain));
    if (!fits) throw new Untrusted(`DIGESTS: slot ${slot} is not what it was set to`);
    return { ...reached, erased, needsReset };
  });
}

/** Whether a reset has to follow. */
async function setCertificate(c: Conversation, m: SetCertificate): Promise<boolean> {
  const answer = await c.tryToAsk(SET_CERTIFICATE, (w) => writeSetCertificate(w, m, c.version), true);
  if (answer instanceof SpdmError) {
    const { code, extended } = answer;
    if (code === RESET_REQUIRED) return true;
    const most =
      code === DATA_TOO_LARGE && extended.length === 4 ? `: at most ${new Reader(extended).u32()} bytes` : "";
    throw new Impossible(`the responder refused SET_CERTIFICATE: ${errorName(code)}${most}`);
  }
  const slot = decode("SET_CERTIFICATE_RSP", () => readSetCertificateResponse(answer.response));
  requireEnd("SET_CERTIFICATE_RSP", answer.response);
  if (slot !== m.slot) throw new Untrusted(`SET_CERTIFICATE_RSP: is of slot ${slot}`);
  return false;
}

/** Length, RootHash and certificates. */
export function spdmChain(c: Conversation, certificates: Uint8Array): Uint8Array {
  const rootHash = digestOf(c, splitChain(certificates)[0].raw);
  const length = Buffer.alloc(4);
  const total = length.length + rootHash.length + certificates.length;
  const most = Math.min(c.requestRoom - HEADER_LENGTH, c.version < V1_4 ? 0xffff : c.requestRoom);
  if (total > most) throw new Impossible(`the chain has ${total} bytes, the responder takes ${most}`);
  length.writeUInt32LE(total);
  return Buffer.concat([length, rootHash, certificates]);
}

export function digestOf(c: Conversation, data: Uint8Array): Uint8Array {
  const { hash } = c.suite!;
  const digest = new Uint8Array(hash.outputLen);
  const running = hash.create();
  running.update(data);
  running.digestInto(digest);
  return digest;
}
