/**
 * GET_CERTIFICATE (0x82) and CERTIFICATE (0x02), DSP0274 1.3 §10.7
 *
 * | offset | request field | size | offset | response field       | size | versions |
 * | 2      | SlotID b3–0   | 1    | 2      | SlotID b3–0          | 1    | b7: large form, 1.4 |
 * | 3      | b0: SlotSizeRequested | 1 | 3 | CertificateInfo b2–0 | 1    | 1.3; before reserved |
 * | 4      | Offset        | 2    | 4      | PortionLength        | 2    | 0 in the large form, as the next |
 * | 6      | Length        | 2    | 6      | RemainderLength      | 2    |
 * | 8      | LargeOffset   | 4    | 8      | LargePortionLength   | 4    | large form, 1.4, as the next |
 * | 12     | LargeLength   | 4    | 12     | LargeRemainderLength | 4    |
 * |        |               |      |        | CertChain            | PortionLength |
 */
import { CERT_CAP, LARGE_RESP_CAP } from "../capabilities.js";
import { LENGTH_FIELD } from "../chain.js";
import {
  DATA_TOO_LARGE,
  INVALID_REQUEST,
  RESET_REQUIRED,
  SpdmError,
  tooLarge,
  UNSPECIFIED,
  UNSUPPORTED_REQUEST,
} from "../errors.js";
import { type Exchange, GET_CERTIFICATE, IN_SESSION, NEGOTIATED, OUTSIDE_SESSION } from "../exchange.js";
import { certificateModel } from "../slot-keys.js";
import { V1_0, V1_2, V1_3, V1_4, type Version } from "../versions.js";
import type { Reader, Writer } from "../wire.js";

const headerLength = (large: boolean): number => (large ? 16 : 8);
/** What Offset, Length and RemainderLength can say outside the large form. */
const MAX_CHAIN_LENGTH = 0xffff;
const SLOT = 0x0f;
const LARGE = 0x80;
const SLOT_SIZE_REQUESTED = 1 << 0;

export interface GetCertificate {
  readonly slot: number;
  readonly slotSizeRequested: boolean;
  readonly large: boolean;
  readonly offset: number;
  readonly length: number;
}

export interface Certificate {
  readonly slot: number;
  /** From 1.3 on, in multi-key connections. */
  readonly certificateInfo: number;
  readonly large: boolean;
  readonly remainderLength: number;
  readonly portion: Uint8Array;
}

export function readGetCertificate(r: Reader, version: Version): GetCertificate {
  const param1 = r.u8();
  const param2 = r.u8();
  const large = version >= V1_4 && (param1 & LARGE) !== 0;
  let offset = r.u16();
  let length = r.u16();
  if (large) {
    offset = r.u32();
    length = r.u32();
  }
  const slotSizeRequested = version >= V1_3 && (param2 & SLOT_SIZE_REQUESTED) !== 0;
  return { slot: param1 & SLOT, slotSizeRequested, large, offset, length };
}

export function writeGetCertificate(w: Writer, m: GetCertificate): void {
  w.u8(m.slot | (m.large ? LARGE : 0));
  w.u8(m.slotSizeRequested ? SLOT_SIZE_REQUESTED : 0);
  w.u16(m.large ? 0 : m.offset);
  w.u16(m.large ? 0 : m.length);
  if (m.large) {
    w.u32(m.offset);
    w.u32(m.length);
  }
}

export function readCertificate(r: Reader, version: Version): Certificate {
  const param1 = r.u8();
  const param2 = r.u8();
  const large = version >= V1_4 && (param1 & LARGE) !== 0;
  let portionLength = r.u16();
  let remainderLength = r.u16();
  if (large) {
    portionLength = r.u32();
    remainderLength = r.u32();
  }
  const certificateInfo = version >= V1_3 ? param2 : 0;
  return { slot: param1 & SLOT, certificateInfo, large, remainderLength, portion: r.bytes(portionLength) };
}

/** Writes all but the portion, which is as long as `portionLength` says. */
function writeCertificateHeader(w: Writer, m: Omit<Certificate, "portion">, portionLength: number): void {
  w.u8(m.slot | (m.large ? LARGE : 0));
  w.u8(m.certificateInfo);
  w.u16(m.large ? 0 : portionLength);
  w.u16(m.large ? 0 : m.remainderLength);
  if (m.large) {
    w.u32(portionLength);
    w.u32(m.remainderLength);
  }
}

export function writeCertificate(w: Writer, m: Certificate): void {
  writeCertificateHeader(w, m, m.portion.length);
  w.bytes(m.portion);
}

export const certificate: Exchange = Object.freeze({
  request: GET_CERTIFICATE,
  since: V1_0,
  after: NEGOTIATED,
  channels: OUTSIDE_SESSION | IN_SESSION,
  capability: CERT_CAP,
  peerCapability: 0,
  endsM1: false,
  respond(c, request, response, session) {
    const asked = readGetCertificate(request, c.version);
    const { chains, hash, identity, multiKey } = c.negotiated!;
    const slots = identity.certificateSlots;
    const { slot, large } = asked;
    if (large && (c.flags & LARGE_RESP_CAP) === 0) throw new SpdmError(UNSUPPORTED_REQUEST, GET_CERTIFICATE);
    if (slot >= 8 || (!chains.has(slot) && !asked.slotSizeRequested)) throw new SpdmError(INVALID_REQUEST);
    const bit = 1 << slot;
    if (c.version >= V1_2 && ((slots?.pendingMask ?? 0) & bit) !== 0) throw new SpdmError(RESET_REQUIRED);

    const chainLength = chains.has(slot) ? chains.length(slot) : 0;
    if (!large && chainLength > MAX_CHAIN_LENGTH) {
      if (c.version < V1_4) throw new SpdmError(UNSPECIFIED);
      throw tooLarge(DATA_TOO_LARGE, chainLength);
    }
    let portionLength = 0;
    let remainderLength = chainLength;
    if (asked.slotSizeRequested) {
      const supported = slots !== undefined && (slots.supportedMask & bit) !== 0;
      if (supported) remainderLength = Math.min(LENGTH_FIELD + hash.outputLen + slots.capacity(slot), MAX_CHAIN_LENGTH);
    } else {
      if (asked.offset >= chainLength) throw new SpdmError(INVALID_REQUEST);
      portionLength = Math.min(asked.length, chainLength - asked.offset, c.responseRoom - headerLength(large));
      remainderLength = chainLength - asked.offset - portionLength;
    }
    c.requireRoom(headerLength(large) + portionLength);
    const certificateInfo = multiKey && chains.has(slot) ? certificateModel(identity, slot) : 0;
    writeCertificateHeader(response, { slot, certificateInfo, large, remainderLength }, portionLength);
    if (portionLength > 0) chains.read(slot, asked.offset, response.view(portionLength));

    if (session === undefined) c.transcript.addM1(request.consumed(), response.written());
  },
} satisfies Exchange);
