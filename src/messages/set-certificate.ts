/**
 * SET_CERTIFICATE (0xEE) and SET_CERTIFICATE_RSP (0x6E), DSP0274 1.3 §10.26
 *
 * | offset | request field                          | size | offset | response field | size | versions |
 * | 2      | SlotID b3–0, SetCertModel b6–4, Erase b7 | 1  | 2      | SlotID b3–0    | 1    | model, erase: 1.3 |
 * | 3      | KeyPairID                              | 1    | 3      | reserved       | 1    | 1.3; before reserved |
 * | 4      | CertChain: Length (4), RootHash (H), certificates | n | |           |      | absent with Erase |
 */
import type { CertificateSlots } from "../../hal/certificate-slots.js";
import type { Identity } from "../../hal/identity.js";
import { ALIAS_CERT_CAP, CERT_INSTALL_RESET_CAP, SET_CERT_CAP } from "../capabilities.js";
import { Chains, LENGTH_FIELD } from "../chain.js";
import type { Connection } from "../connection.js";
import { equal } from "../equal.js";
import {
  DATA_TOO_LARGE,
  INVALID_REQUEST,
  OPERATION_FAILED,
  RESET_REQUIRED,
  SpdmError,
  tooLarge,
  UNEXPECTED_REQUEST,
  UNSPECIFIED,
  UNSUPPORTED_REQUEST,
} from "../errors.js";
import { type Exchange, IN_SESSION, NEGOTIATED, OUTSIDE_SESSION, SET_CERTIFICATE } from "../exchange.js";
import { type GivenChain, installableLeaf, readGivenChain, requireCertificateSlots } from "../installable-chain.js";
import { ALIAS_CERT, DEVICE_CERT, GENERIC_CERT } from "../key-pairs.js";
import type { PathEngines } from "../requester-chain.js";
import type { Session } from "../session.js";
import { V1_2, V1_3, V1_4, type Version } from "../versions.js";
import type { Reader, Writer } from "../wire.js";

const SLOT = 0x0f;
const MODEL_SHIFT = 4;
const MODEL = 0x07;
const ERASE = 0x80;

export interface SetCertificate {
  readonly slot: number;
  /** From 1.3 on, as the next two. 0 in connections that name no key pairs, as SetCertModel. */
  readonly model: number;
  readonly erase: boolean;
  readonly keyPairId: number;
  /** Length, RootHash and certificates; empty with `erase`. */
  readonly chain: Uint8Array;
}

export function readSetCertificate(r: Reader, version: Version): SetCertificate {
  const param1 = r.u8();
  const param2 = r.u8();
  const is13 = version >= V1_3;
  return {
    slot: param1 & SLOT,
    model: is13 ? (param1 >>> MODEL_SHIFT) & MODEL : 0,
    erase: is13 && (param1 & ERASE) !== 0,
    keyPairId: is13 ? param2 : 0,
    chain: r.bytes(r.remaining),
  };
}

export function writeSetCertificate(w: Writer, m: SetCertificate, version: Version): void {
  w.u8(version >= V1_3 ? m.slot | (m.model << MODEL_SHIFT) | (m.erase ? ERASE : 0) : m.slot);
  w.u8(version >= V1_3 ? m.keyPairId : 0);
  w.bytes(m.chain);
}

/** The slot. */
export function readSetCertificateResponse(r: Reader): number {
  const slot = r.u8() & SLOT;
  r.skip(1);
  return slot;
}

export function writeSetCertificateResponse(w: Writer, slot: number): void {
  w.u8(slot);
  w.u8(0);
}

/** Who may change certificates, and where. */
export interface SetCertificatePolicy {
  /** The device is where only those reach it who provision it: every slot, in the clear too. */
  readonly trustedEnvironment: boolean;
  /** Bit n set: slot n may be changed in sessions elsewhere. DSP0274 leaves slot 0 to trusted environments. */
  readonly slotsInSessions: number;
  /** In sessions only of requesters that proved themselves, by certificate or by pre-shared key. */
  readonly provenRequesters: boolean;
}

export interface SetCertificateOptions extends PathEngines {
  readonly policy: SetCertificatePolicy;
  /** Whether what is installed counts from the next reset on: CERT_INSTALL_RESET_CAP. */
  readonly needsReset?: boolean;
}

/** The exchange that changes the slots that the board's identities have. */
export function setCertificate({ policy, needsReset = false, ...engines }: SetCertificateOptions): Exchange {
  return {
    request: SET_CERTIFICATE,
    since: V1_2,
    after: NEGOTIATED,
    channels: OUTSIDE_SESSION | IN_SESSION,
    capability: SET_CERT_CAP | (needsReset ? CERT_INSTALL_RESET_CAP : 0),
    peerCapability: 0,
    endsM1: false,
    requires: requireCertificateSlots,
    respond(c, request, response, session) {
      const asked = readSetCertificate(request, c.version);
      const { slot } = asked;
      const { identity } = c.negotiated!;
      const slots = identity.certificateSlots;
      if (slots === undefined) throw new SpdmError(UNSUPPORTED_REQUEST, SET_CERTIFICATE);
      const bit = 1 << slot;
      if (slot > 7 || (slots.supportedMask & bit) === 0) throw new SpdmError(INVALID_REQUEST);
      if (!allows(policy, bit, session)) throw new SpdmError(UNEXPECTED_REQUEST);
      checkKeyPair(c, slots, asked);

      if (asked.erase) erase(slots, asked);
      else install(c, slots, asked, engines);
      finishChange(c, identity, slots, bit);
      writeSetCertificateResponse(response, slot);
    },
  };
}

/** A slot, by its bit, has changed: others are told. Throws SpdmError if that counts from the next reset on only. */
export function finishChange(c: Connection, identity: Identity, slots: CertificateSlots, bit: number): void {
  const negotiated = c.negotiated!;
  // What was kept of a chain is of another one now.
  if (identity === negotiated.identity) {
    c.negotiated = { ...negotiated, chains: new Chains(identity, negotiated.hash) };
  }
  if ((slots.pendingMask & bit) !== 0) throw new SpdmError(RESET_REQUIRED);
  c.options.events?.certificatesChanged(c, bit);
}

/** Whether a slot, by its bit, may be changed here. */
export function allows(policy: SetCertificatePolicy, bit: number, session: Session | undefined): boolean {
  if (policy.trustedEnvironment) return true;
  if (session === undefined || (policy.slotsInSessions & bit) === 0) return false;
  return !policy.provenRequesters || session.isProven;
}

/** Throws SpdmError unless KeyPairID and model are such as the connection has. */
export function checkKeyPair(c: Connection, slots: CertificateSlots, asked: SetCertificate): void {
  const { slot, keyPairId, model, erase } = asked;
  // Slot 0 is what the device is known by: no generic certificate's.
  const fits = erase || (slots.models.includes(model) && !(slot === 0 && model === GENERIC_CERT));
  const named = c.negotiated!.multiKey ? slots.keyPairs.includes(keyPairId) && fits : keyPairId === 0 && model === 0;
  if (!named) throw new SpdmError(INVALID_REQUEST);
}

function erase(slots: CertificateSlots, { slot, model, chain }: SetCertificate): void {
  if (model !== 0 || chain.length !== 0) throw new SpdmError(INVALID_REQUEST);
  if (!slots.erase(slot)) throw new SpdmError(OPERATION_FAILED);
}

/** Throws SpdmError or WireError, with nothing changed, where the chain cannot be the slot's. */
export function install(c: Connection, slots: CertificateSlots, asked: SetCertificate, engines: PathEngines): void {
  const { version } = c;
  const { hash, multiKey } = c.negotiated!;
  const { slot } = asked;
  const given = readGivenChain(asked.chain, hash, version);
  checkCapacity(given, slots.capacity(slot), version, hash.outputLen);
  const own = (c.flags & ALIAS_CERT_CAP) === 0 ? DEVICE_CERT : ALIAS_CERT;
  const model = multiKey ? asked.model : own;
  const leaf = installableLeaf(given, hash, model, version, engines);
  if (leaf === undefined || leaf.algorithm !== slots.algorithm) throw new SpdmError(UNSPECIFIED);
  const keyPairId = keyPairTo(slots, leaf.publicKey, multiKey ? asked.keyPairId : 0);
  if (keyPairId === 0 || !slots.install(slot, given.certificates, keyPairId, model)) throw new SpdmError(UNSPECIFIED);
}

/** From 1.4 on the requester is told how long a chain may be, in SPDM's form. */
function checkCapacity({ certificates }: GivenChain, capacity: number, version: Version, hashLength: number): void {
  if (certificates.length <= capacity) return;
  if (version < V1_4) throw new SpdmError(version < V1_3 ? UNSPECIFIED : OPERATION_FAILED);
  throw tooLarge(DATA_TOO_LARGE, LENGTH_FIELD + hashLength + capacity);
}

/** KeyPairID of the key pair, `wanted` or any if that is 0, whose public key this is; else 0. */
function keyPairTo(slots: CertificateSlots, publicKey: Uint8Array, wanted: number): number {
  const own = new Uint8Array(slots.publicKeyLength);
  for (const id of slots.keyPairs) {
    if (wanted !== 0 && id !== wanted) continue;
    slots.publicKey(id, own);
    if (equal(own, publicKey)) return id;
  }
  return 0;
}
