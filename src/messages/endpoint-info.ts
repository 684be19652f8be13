/**
 * GET_ENDPOINT_INFO (0x87) and ENDPOINT_INFO (0x07), DSP0274 1.3
 *
 * | offset | request field         | size |
 * | 2      | SubCode               | 1    | 1: device class identifier
 * | 3      | SlotID b3–0           | 1    | with a signature only
 * | 4      | Attributes            | 1    | b0 signature
 * | 5      | reserved              | 3    |
 * | 8      | Nonce                 | 32   | with a signature only
 *
 * | offset | response field        | size |
 * | 2      | reserved              | 1    |
 * | 3      | SlotID b3–0           | 1    | with a signature only
 * | 4      | reserved              | 4    |
 * | 8      | Nonce                 | 32   | with a signature only
 * |        | EPInfoLen             | 4    |
 * |        | EPInfo                | n    |
 * |        | Signature             | S    | if asked for; over VCA, the request and all before it
 *
 * EPInfo of a device class identifier: NumIdentifiers (1), reserved (3), then for each: IDElemLength (1: bytes behind it),
 * SVH (src/vendor.ts), NumSubIDs (1), and for each of those SubIDLen (1) and SubIdentifier.
 */
import type { DeviceClass } from "../../hal/endpoint-info.js";
import { EP_INFO_CAP_NO_SIG, EP_INFO_CAP_SIG } from "../capabilities.js";
import { INVALID_REQUEST, SpdmError, UNSUPPORTED_REQUEST } from "../errors.js";
import { type Exchange, GET_ENDPOINT_INFO, IN_SESSION, NEGOTIATED, OUTSIDE_SESSION } from "../exchange.js";
import { ENDPOINT_INFO_USE, PUBLIC_KEY_SLOT, PUBLIC_KEY_SLOT_4 } from "../key-pairs.js";
import { ENDPOINT_INFO_CONTEXT, sign } from "../signing.js";
import { requireSlot } from "../slot-keys.js";
import { readVendor, vendorLength, writeVendor } from "../vendor.js";
import { V1_3 } from "../versions.js";
import { Reader, WireError, type Writer } from "../wire.js";

export const NONCE_LENGTH = 32;
/** Of the response, but for nonce and EPInfo. */
const FIXED_LENGTH = 12;

// SubCode
export const DEVICE_CLASS = 1;

// Attributes
export const SIGNATURE_REQUESTED = 1 << 0;

export interface GetEndpointInfo {
  readonly subCode: number;
  readonly slot: number;
  /** With a signature only. */
  readonly nonce: Uint8Array | undefined;
}

export interface EndpointInfoHeader {
  readonly slot: number;
  /** With a signature only. */
  readonly nonce: Uint8Array | undefined;
}

export interface EndpointInfo extends EndpointInfoHeader {
  /** EPInfo; by SubCode. */
  readonly info: Uint8Array;
}

export function readGetEndpointInfo(r: Reader): GetEndpointInfo {
  const subCode = r.u8();
  const slot = r.u8() & 0x0f;
  const attributes = r.u8();
  r.skip(3);
  const signed = (attributes & SIGNATURE_REQUESTED) !== 0;
  return { subCode, slot: signed ? slot : 0, nonce: signed ? r.bytes(NONCE_LENGTH) : undefined };
}

export function writeGetEndpointInfo(w: Writer, m: GetEndpointInfo): void {
  w.u8(m.subCode);
  w.u8(m.slot);
  w.u8(m.nonce === undefined ? 0 : SIGNATURE_REQUESTED);
  w.zeros(3);
  if (m.nonce !== undefined) w.bytes(m.nonce);
}

/** Leaves the signature, if there is one, unread: what was consumed is what it covers. */
export function readEndpointInfo(r: Reader, signed: boolean): EndpointInfo {
  r.skip(1);
  const slot = r.u8() & 0x0f;
  r.skip(4);
  return { slot, nonce: signed ? r.bytes(NONCE_LENGTH) : undefined, info: r.bytes(r.u32()) };
}

/** Writes all up to EPInfo. */
function writeEndpointInfoHeader(w: Writer, m: EndpointInfoHeader, infoLength: number): void {
  w.u8(0);
  w.u8(m.slot);
  w.zeros(4);
  if (m.nonce !== undefined) w.bytes(m.nonce);
  w.u32(infoLength);
}

/** Writes all but the signature. */
export function writeEndpointInfo(w: Writer, m: EndpointInfo): void {
  writeEndpointInfoHeader(w, m, m.info.length);
  w.bytes(m.info);
}

function classLength(one: DeviceClass): number {
  let length = vendorLength(one) + 1;
  for (const id of one.subordinateIds) length += 1 + id.length;
  return length;
}

/** Bytes that `writeDeviceClasses` writes. */
export function deviceClassesLength(classes: readonly DeviceClass[]): number {
  let length = 4;
  for (const one of classes) length += 1 + classLength(one);
  return length;
}

export function writeDeviceClasses(w: Writer, classes: readonly DeviceClass[]): void {
  w.u8(classes.length);
  w.zeros(3);
  for (const one of classes) {
    w.u8(classLength(one));
    writeVendor(w, one);
    w.u8(one.subordinateIds.length);
    for (const id of one.subordinateIds) {
      w.u8(id.length);
      w.bytes(id);
    }
  }
}

/** Splits EPInfo; throws WireError unless each element is as long as it says. */
export function readDeviceClasses(info: Uint8Array): DeviceClass[] {
  const r = new Reader(info);
  const count = r.u8();
  r.skip(3);
  const classes: DeviceClass[] = [];
  for (let i = 0; i < count; i++) {
    const element = new Reader(r.bytes(r.u8()));
    const vendor = readVendor(element);
    const subordinateIds: Uint8Array[] = [];
    for (let left = element.u8(); left > 0; left--) subordinateIds.push(element.bytes(element.u8()));
    if (element.remaining !== 0) throw new WireError("device class identifier longer than its parts");
    classes.push({ ...vendor, subordinateIds });
  }
  if (r.remaining !== 0) throw new WireError("EPInfo longer than its identifiers");
  return classes;
}

function exchange(capability: number): Exchange {
  return Object.freeze({
    request: GET_ENDPOINT_INFO,
    since: V1_3,
    after: NEGOTIATED,
    channels: OUTSIDE_SESSION | IN_SESSION,
    capability,
    peerCapability: 0,
    endsM1: false,
    requires({ deviceClasses }) {
      if (deviceClasses === undefined) throw new Error("no device class to serve");
      return 0;
    },
    respond(c, request, response) {
      const { version } = c;
      const { hash, identity, signatureLength } = c.negotiated!;
      const { subCode, slot: named, nonce: asked } = readGetEndpointInfo(request);
      const slot = named === PUBLIC_KEY_SLOT_4 ? PUBLIC_KEY_SLOT : named;
      if (subCode !== DEVICE_CLASS) throw new SpdmError(INVALID_REQUEST);
      const signed = asked !== undefined;
      if (signed && capability !== EP_INFO_CAP_SIG) throw new SpdmError(UNSUPPORTED_REQUEST, GET_ENDPOINT_INFO);
      if (signed) requireSlot(c, slot, ENDPOINT_INFO_USE);
      const classes = c.options.deviceClasses!;
      const infoLength = deviceClassesLength(classes);
      c.requireRoom(FIXED_LENGTH + infoLength + (signed ? NONCE_LENGTH + signatureLength : 0));

      const nonce = signed ? new Uint8Array(NONCE_LENGTH) : undefined;
      if (nonce !== undefined) c.options.random(nonce);
      writeEndpointInfoHeader(response, { slot: named, nonce }, infoLength);
      writeDeviceClasses(response, classes);
      if (!signed) return;
      const il1 = c.transcript.fork();
      il1.update(request.consumed());
      il1.update(response.written());
      sign(identity, slot, { version, hash, context: ENDPOINT_INFO_CONTEXT }, il1, response.view(signatureLength));
    },
  } satisfies Exchange);
}

export const endpointInfo = exchange(EP_INFO_CAP_SIG);
/** For boards that sign nothing: all it says is anybody's claim. */
export const endpointInfoUnsigned = exchange(EP_INFO_CAP_NO_SIG);
