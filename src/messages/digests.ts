/**
 * GET_DIGESTS (0x81) and DIGESTS (0x01), DSP0274 1.3 §10.6
 *
 * | offset | DIGESTS field         | size  | versions |
 * | 2      | SupportedSlotMask     | 1     | 1.3; before reserved |
 * | 3      | ProvisionedSlotMask   | 1     |
 * | 4      | Digest, ascending slot| H * n |
 * |        | KeyPairID             | n     | 1.3, multi-key connections only, as the next two |
 * |        | CertificateInfo       | n     |
 * |        | KeyUsageMask          | 2 * n |
 */
import { CERT_CAP } from "../capabilities.js";
import type { Connection } from "../connection.js";
import { RESET_REQUIRED, SpdmError } from "../errors.js";
import { type Exchange, GET_DIGESTS, IN_SESSION, NEGOTIATED, OUTSIDE_SESSION } from "../exchange.js";
import type { Suite } from "../suite.js";
import { V1_0, V1_2, V1_3, type Version } from "../versions.js";
import type { Reader, Writer } from "../wire.js";

const HEADER_LENGTH = 4;
const SLOTS = 8;

export interface KeyInfo {
  readonly keyPairId: number;
  readonly certificateInfo: number;
  readonly keyUsageMask: number;
}

export interface Digests {
  readonly supportedSlotMask: number;
  readonly slotMask: number;
  /** One for each bit of `slotMask`, ascending. */
  readonly digests: readonly Uint8Array[];
  /** Likewise; multi-key connections only. */
  readonly keys?: readonly KeyInfo[] | undefined;
}

function bitCount(mask: number): number {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) count++;
  return count;
}

export function readGetDigests(r: Reader): void {
  r.skip(2);
}

export function writeGetDigests(w: Writer): void {
  w.zeros(2);
}

export function readDigests(r: Reader, version: Version, suite: Suite, multiKey: boolean): Digests {
  const supported = r.u8();
  const slotMask = r.u8();
  const count = bitCount(slotMask);
  const digests: Uint8Array[] = [];
  for (let i = 0; i < count; i++) digests.push(r.bytes(suite.hash.outputLen));
  let keys: KeyInfo[] | undefined;
  if (version >= V1_3 && multiKey) {
    const ids = r.bytes(count);
    const infos = r.bytes(count);
    keys = [];
    for (let i = 0; i < count; i++) {
      keys.push({ keyPairId: ids[i], certificateInfo: infos[i], keyUsageMask: r.u16() });
    }
  }
  return { supportedSlotMask: version >= V1_3 ? supported : 0, slotMask, digests, keys };
}

function writeSlots(w: Writer, m: Digests, version: Version): void {
  w.u8(version >= V1_3 ? m.supportedSlotMask : 0);
  w.u8(m.slotMask);
  for (const digest of m.digests) w.bytes(digest);
}

export function writeDigests(w: Writer, m: Digests, version: Version): void {
  writeSlots(w, m, version);
  if (version >= V1_3 && m.keys !== undefined) {
    for (const { keyPairId } of m.keys) w.u8(keyPairId);
    for (const { certificateInfo } of m.keys) w.u8(certificateInfo);
    for (const { keyUsageMask } of m.keys) w.u16(keyUsageMask);
  }
}

function respondSlots(c: Connection, w: Writer): void {
  const { chains, hash, identity } = c.negotiated!;
  const { slotMask } = chains;
  const digests: Uint8Array[] = [];
  for (let slot = 0; slot < SLOTS; slot++) if (chains.has(slot)) digests.push(chains.digest(slot));
  c.requireRoom(HEADER_LENGTH + digests.length * hash.outputLen);
  const supportedSlotMask = slotMask | (identity.certificateSlots?.supportedMask ?? 0);
  writeSlots(w, { supportedSlotMask, slotMask, digests }, c.version);
}

export const digests: Exchange = Object.freeze({
  request: GET_DIGESTS,
  since: V1_0,
  after: NEGOTIATED,
  channels: OUTSIDE_SESSION | IN_SESSION,
  capability: CERT_CAP,
  peerCapability: 0,
  endsM1: false,
  respond(c, request, response, session) {
    readGetDigests(request);
    const { identity, multiKey } = c.negotiated!;
    const pending = identity.certificateSlots?.pendingMask ?? 0;
    if (pending !== 0 && c.version >= V1_2) throw new SpdmError(RESET_REQUIRED);
    if (multiKey) c.options.multiKey!.respondDigests(c, response, session);
    else respondSlots(c, response);

    if (session !== undefined) return;
    // Each GET_DIGESTS begins part B of M1 anew.
    c.transcript.resetM1();
    c.transcript.addM1(request.consumed(), response.written());
  },
} satisfies Exchange);
