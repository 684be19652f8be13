/**
 * GET_CSR (0xED) and CSR (0x6D), DSP0274 1.3 §10.25
 *
 * | offset | request field       | size | offset | response field | size | versions |
 * | 2      | KeyPairID           | 1    | 2      | reserved       | 2    | 1.3; before reserved, as the next |
 * | 3      | CertModel b2–0, CSRTrackingTag b5–3, Overwrite b7 | 1 | | | | |
 * | 4      | RequesterInfoLength | 2    | 4      | CSRLength      | 2    |
 * | 6      | OpaqueDataLength    | 2    | 6      | reserved       | 2    |
 * | 8      | RequesterInfo       | n    | 8      | CSR            | n    |
 * |        | OpaqueData          | n    |        |                |      |
 */
import type { CertificateSlots, PendingRequests } from "../../hal/certificate-slots.js";
import type { HashAlgorithm } from "../../hal/crypto.js";
import type { Identity } from "../../hal/identity.js";
import { ALIAS_CERT_CAP, CERT_INSTALL_RESET_CAP, CSR_CAP } from "../capabilities.js";
import { leafOf } from "../chain.js";
import type { Connection } from "../connection.js";
import { equal } from "../equal.js";
import {
  BUSY,
  INVALID_REQUEST,
  RESET_REQUIRED,
  SpdmError,
  UNEXPECTED_REQUEST,
  UNSPECIFIED,
  UNSUPPORTED_REQUEST,
} from "../errors.js";
import { type Exchange, GET_CSR, IN_SESSION, NEGOTIATED, OUTSIDE_SESSION } from "../exchange.js";
import { requireCertificateSlots } from "../installable-chain.js";
import { ALIAS_CERT, DEVICE_CERT } from "../key-pairs.js";
import { checkOpaque, readOpaqueOf } from "../opaque.js";
import { deviceOf, type RequesterInfo, readRequesterInfo, requestInfo } from "../pkcs10.js";
import { digestOf } from "../requester-chain.js";
import { V1_2, V1_3, type Version } from "../versions.js";
import type { Reader, Writer } from "../wire.js";
import { publicKeyInfo, signedInfo } from "../x509-writer.js";

const HEADER_LENGTH = 8;
const MODEL = 0x07;
const TAG_SHIFT = 3;
const TAG_MAX = 7;
const OVERWRITE = 0x80;
const TAGS: readonly number[] = Object.freeze([1, 2, 3, 4, 5, 6, 7]);
const CSR_LENGTH_MAX = 0xffff;
/** Of RequesterInfo, so that a request has room for the rest. */
const REQUESTER_INFO_MAX = 0x8000;

export interface GetCsr {
  /** From 1.3 on, as the next three. 0 in connections that name no key pairs, as CertModel. */
  readonly keyPairId: number;
  readonly model: number;
  /** 1 to 7 asks for the request that an earlier GET_CSR was told this tag of; 0 for a new one. */
  readonly trackingTag: number;
  /** Requests that wait are forgotten. */
  readonly overwrite: boolean;
  /** CertificationRequestInfo in DER, or empty. */
  readonly requesterInfo: Uint8Array;
  readonly opaque: Uint8Array;
}

/** What Param2 says. */
export type CsrAttributes = Pick<GetCsr, "model" | "trackingTag" | "overwrite">;

export const readAttributes = (bits: number): CsrAttributes => ({
  model: bits & MODEL,
  trackingTag: (bits >>> TAG_SHIFT) & TAG_MAX,
  overwrite: (bits & OVERWRITE) !== 0,
});

export const writeAttributes = ({ model, trackingTag, overwrite }: CsrAttributes): number =>
  model | (trackingTag << TAG_SHIFT) | (overwrite ? OVERWRITE : 0);

export function readGetCsr(r: Reader, version: Version): GetCsr {
  const param1 = r.u8();
  const param2 = r.u8();
  const requesterInfoLength = r.u16();
  const opaqueLength = r.u16();
  const is13 = version >= V1_3;
  return {
    keyPairId: is13 ? param1 : 0,
    ...readAttributes(is13 ? param2 : 0),
    requesterInfo: r.bytes(requesterInfoLength),
    opaque: readOpaqueOf(r, opaqueLength),
  };
}

export function writeGetCsr(w: Writer, m: GetCsr, version: Version): void {
  w.u8(version >= V1_3 ? m.keyPairId : 0);
  w.u8(version >= V1_3 ? writeAttributes(m) : 0);
  w.u16(m.requesterInfo.length);
  w.u16(m.opaque.length);
  w.bytes(m.requesterInfo);
  w.bytes(m.opaque);
}

/** The certification request, in DER. */
export function readCsr(r: Reader): Uint8Array {
  r.skip(2);
  const length = r.u16();
  r.skip(2);
  return r.bytes(length);
}

export function writeCsr(w: Writer, csr: Uint8Array): void {
  w.zeros(2);
  w.u16(csr.length);
  w.zeros(2);
  w.bytes(csr);
}

export interface CsrOptions {
  /** SHA-256, SHA-384 or SHA-512: what requests are signed over. */
  readonly hash: HashAlgorithm;
  /** On devices that need a reset before they can sign a request. */
  readonly pending?: PendingRequests;
}

/** The exchange that makes certification requests of the slots that the board's identities have. */
export function csr({ hash, pending }: CsrOptions): Exchange {
  /** Tags whose requests were made: kept, in case that one got lost, until their places are needed. */
  const made = new Set<number>();
  return {
    request: GET_CSR,
    since: V1_2,
    after: NEGOTIATED,
    channels: OUTSIDE_SESSION | IN_SESSION,
    capability: CSR_CAP | (pending === undefined ? 0 : CERT_INSTALL_RESET_CAP),
    peerCapability: 0,
    endsM1: false,
    requires: requireCertificateSlots,
    respond(c, request, response) {
      const asked = readGetCsr(request, c.version);
      const { identity } = c.negotiated!;
      const slots = identity.certificateSlots;
      if (slots === undefined) throw new SpdmError(UNSUPPORTED_REQUEST, GET_CSR);
      const wait = () => {
        if (pending !== undefined) awaitReset(pending, made, asked, request.consumed(), c.version);
      };
      const encoded = certificationRequestOf(c, identity, slots, asked, hash, wait);
      if (encoded.length > CSR_LENGTH_MAX) throw new SpdmError(UNSPECIFIED);
      c.requireRoom(HEADER_LENGTH + encoded.length);
      writeCsr(response, encoded);
      made.add(asked.trackingTag);
    },
  };
}

/**
 * What `asked` is for, in DER; throws SpdmError or WireError where there can be none.
 * @param wait Called before it is made, when all is checked: throws SpdmError if it has to wait.
 */
export function certificationRequestOf(
  c: Connection,
  identity: Identity,
  slots: CertificateSlots,
  asked: GetCsr,
  hash: HashAlgorithm,
  wait: () => void = () => {},
): Uint8Array {
  const subject = subjectOf(c, slots, asked);
  wait();
  return makeCsr(slots, identity, subject, hash);
}

/** What a request is about. */
interface Subject {
  readonly keyPairId: number;
  /** CertModel. */
  readonly model: number;
  /** SubjectPublicKeyInfo of the key pair. */
  readonly keyInfo: Uint8Array;
  readonly wished: RequesterInfo | undefined;
}

/** Checks all of the request, and finds out what it is about. */
function subjectOf(c: Connection, slots: CertificateSlots, asked: GetCsr): Subject {
  const { requesterInfo } = asked;
  const { keyPairId, model } = keyOf(c, slots, asked);
  if (requesterInfo.length > REQUESTER_INFO_MAX) throw new SpdmError(INVALID_REQUEST);
  const wished = requesterInfo.length === 0 ? undefined : readRequesterInfo(requesterInfo);
  const publicKey = new Uint8Array(slots.publicKeyLength);
  slots.publicKey(keyPairId, publicKey);
  const keyInfo = publicKeyInfo(slots.algorithm, publicKey);
  if (keyInfo === undefined) throw new SpdmError(UNSUPPORTED_REQUEST, GET_CSR);
  // A request that names another key than the one it is signed with proves nothing.
  if (wished !== undefined && !equal(wished.publicKeyInfo, keyInfo)) throw new SpdmError(INVALID_REQUEST);
  return { keyPairId, model, keyInfo, wished };
}

/** Checks the fields, and finds out which key is meant, and for which kind of certificate. */
function keyOf(c: Connection, slots: CertificateSlots, asked: GetCsr): { keyPairId: number; model: number } {
  const { multiKey, opaqueData } = c.negotiated!;
  const { opaque, trackingTag } = asked;
  if (opaque.length !== 0) {
    if (!opaqueData) throw new SpdmError(INVALID_REQUEST);
    checkOpaque(opaque, c.version);
  }
  const canWait = (c.flags & CERT_INSTALL_RESET_CAP) !== 0;
  if (trackingTag !== 0 && (asked.overwrite || !canWait)) throw new SpdmError(INVALID_REQUEST);
  let { keyPairId, model } = asked;
  if (!multiKey) {
    if (keyPairId !== 0 || model !== 0) throw new SpdmError(INVALID_REQUEST);
    [keyPairId] = slots.keyPairs;
    model = (c.flags & ALIAS_CERT_CAP) === 0 ? DEVICE_CERT : ALIAS_CERT;
  }
  if (!slots.keyPairs.includes(keyPairId) || !slots.models.includes(model)) throw new SpdmError(INVALID_REQUEST);
  return { keyPairId, model };
}

/**
 * Returns if the reset that `asked` waits for came; else throws what the requester has to be told: ResetRequired with a
 * tag for later, which before 1.3 is always the same one and not told.
 */
function awaitReset(
  pending: PendingRequests,
  made: Set<number>,
  asked: GetCsr,
  message: Uint8Array,
  version: Version,
): void {
  const stored = message.slice();
  stored[3] &= MODEL;
  if (version < V1_3) {
    const before = pending.find(1);
    const same = before !== undefined && equal(before, stored);
    if (same && pending.isReady(1)) return;
    if (!same && !pending.store(1, stored)) throw new SpdmError(UNSPECIFIED);
    throw new SpdmError(RESET_REQUIRED);
  }
  const { trackingTag } = asked;
  if (trackingTag !== 0) {
    const before = pending.find(trackingTag);
    if (before === undefined) throw new SpdmError(UNEXPECTED_REQUEST);
    if (!equal(before, stored)) throw new SpdmError(INVALID_REQUEST);
    if (!pending.isReady(trackingTag)) throw new SpdmError(BUSY);
    return;
  }
  if (asked.overwrite) for (const tag of TAGS) pending.remove(tag);
  const tag = TAGS.find((each) => pending.find(each) === undefined) ?? TAGS.find((each) => made.has(each));
  if (tag === undefined) throw new SpdmError(BUSY);
  made.delete(tag);
  pending.remove(tag);
  if (!pending.store(tag, stored)) throw new SpdmError(BUSY);
  throw new SpdmError(RESET_REQUIRED, tag);
}

function makeCsr(
  slots: CertificateSlots,
  identity: Identity,
  { keyPairId, model, keyInfo, wished }: Subject,
  hash: HashAlgorithm,
): Uint8Array {
  const slot = slotOf(identity, slots, keyPairId);
  const leaf = slot === undefined ? undefined : leafOf(identity, slot);
  const info = requestInfo(deviceOf(leaf, model), keyInfo, wished);
  const signature = new Uint8Array(slots.signatureLength);
  slots.sign(keyPairId, digestOf(hash, info), signature, { hash, context: "" });
  return signedInfo(info, hash.outputLen, signature);
}

/** The slot whose certificate says what the device is: one of the key, or the first, since a new key has none. */
function slotOf({ slotMask }: Identity, slots: CertificateSlots, keyPairId: number): number | undefined {
  let first: number | undefined;
  for (let slot = 0; slot < 8; slot++) {
    if ((slotMask & (1 << slot)) === 0) continue;
    if (slots.keyPairOf(slot) === keyPairId) return slot;
    first ??= slot;
  }
  return first;
}
