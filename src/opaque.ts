/**
 * Opaque data of the key exchanges: what DSP0277 1.3 negotiates there (§7), in the general format that DSP0274 1.2 names
 * OpaqueDataFmt1, and before that in the one of DSP0277 1.0.
 *
 * | offset | field          | size | versions |
 * | 0      | SpecID         | 4    | to 1.1: 0x444D5446 |
 * | 4      | OpaqueVersion  | 1    | to 1.1: 1 |
 * | 5      | TotalElements  | 1    | from 1.2 at offset 0 |
 * | 6      | reserved       | 2, 3 | |
 * |        | elements       |      | |
 *
 * An element: ID (1: registry, 0 DMTF), VendorLen (1), VendorID, OpaqueElementDataLen (2), data, zeros to a multiple of 4.
 * DMTF's data: SMDataVersion (1: 1), SMDataID (1), and by the latter
 *   0 VersionSelection: version (2)    1 SupportedVersions: count (1), versions (2 each)    2 AeadLimit: exponent (1)
 */
import { V1_2, type Version } from "./versions.js";
import { Reader, WireError, type Writer } from "./wire.js";

const SPEC_ID = 0x444d5446;
const OPAQUE_VERSION = 1;
const REGISTRY_ID_MAX = 11;
const DMTF = 0;
/** DSP0274 1.2 §10.4: longer opaque data are never sent. */
const OPAQUE_LENGTH_MAX = 1024;

const SM_DATA_VERSION = 1;
const VERSION_SELECTION = 0;
const SUPPORTED_VERSIONS = 1;
const AEAD_LIMIT = 2;
const AEAD_LIMIT_EXPONENT_MAX = 64;

/** DSP0277 versions as they stand in opaque data: major b15–12, minor b11–8. */
export const SECURED_1_3 = 0x1300;
/** All that this code speaks, descending. */
export const SECURED_VERSIONS: readonly number[] = /* @__PURE__ */ Object.freeze([SECURED_1_3, 0x1200, 0x1100, 0x1000]);

/** What one side says of secured messages. */
export interface SecuredMessageData {
  /** SupportedVersions of a requester, or the one of a responder's VersionSelection. */
  readonly versions: readonly number[];
  /** Records under one key are at most 2 to this; DSP0277 1.3. */
  readonly aeadLimitExponent: number | undefined;
}

/** OpaqueData that say nothing. */
export const NO_OPAQUE = new Uint8Array(0);

/** OpaqueData with its length before it (2 bytes). */
export const readOpaque = (r: Reader): Uint8Array => readOpaqueOf(r, r.u16());

/** OpaqueData whose length was read. */
export function readOpaqueOf(r: Reader, length: number): Uint8Array {
  if (length > OPAQUE_LENGTH_MAX) throw new WireError("opaque data: too long");
  return r.bytes(length);
}

export function writeOpaque(w: Writer, opaque: Uint8Array): void {
  w.u16(opaque.length);
  w.bytes(opaque);
}

const padding = (length: number): number => -length & 3;

/** Hands the data of each element of DMTF's to `take`; throws WireError if the whole is not well formed. */
function walk(opaque: Uint8Array, version: Version, take: (data: Reader) => void): void {
  const r = new Reader(opaque);
  if (opaque.length > OPAQUE_LENGTH_MAX || padding(opaque.length) !== 0) throw new WireError("opaque data: length");
  if (version < V1_2 && (r.u32() !== SPEC_ID || r.u8() !== OPAQUE_VERSION)) throw new WireError("opaque data: format");
  const count = r.u8();
  r.skip(version < V1_2 ? 2 : 3);
  if (count === 0) throw new WireError("opaque data: no element");
  for (let i = 0; i < count; i++) {
    const start = r.offset;
    const id = r.u8();
    const vendorLength = r.u8();
    r.skip(vendorLength);
    const data = r.bytes(r.u16());
    if (id > REGISTRY_ID_MAX) throw new WireError("opaque data: registry");
    for (const byte of r.bytes(padding(r.offset - start))) if (byte !== 0) throw new WireError("opaque data: padding");
    if (id === DMTF && vendorLength === 0) take(new Reader(data));
  }
  if (r.remaining !== 0) throw new WireError("opaque data: longer than its elements");
}

/** Throws WireError unless the data, of whatever meaning, are well formed. */
export const checkOpaque = (opaque: Uint8Array, version: Version): void => walk(opaque, version, () => {});

/** `kind`: which list of versions is expected. */
function read(opaque: Uint8Array, version: Version, kind: number): SecuredMessageData {
  let versions: number[] | undefined;
  let aeadLimitExponent: number | undefined;
  walk(opaque, version, (data) => {
    const dataVersion = data.u8();
    const dataId = data.u8();
    if (dataVersion !== SM_DATA_VERSION) return;
    if (dataId === kind) {
      if (versions !== undefined) throw new WireError("opaque data: versions twice");
      versions = [];
      for (let count = kind === SUPPORTED_VERSIONS ? data.u8() : 1; count > 0; count--) versions.push(data.u16());
    } else if (dataId === AEAD_LIMIT) {
      aeadLimitExponent = data.u8();
      if (aeadLimitExponent > AEAD_LIMIT_EXPONENT_MAX) throw new WireError("opaque data: AEAD limit");
    } else return;
    if (data.remaining !== 0) throw new WireError("opaque data: longer than its data");
  });
  if (versions === undefined) throw new WireError("opaque data: no versions");
  return { versions, aeadLimitExponent };
}

export const readSupportedVersions = (opaque: Uint8Array, version: Version): SecuredMessageData =>
  read(opaque, version, SUPPORTED_VERSIONS);
export const readVersionSelection = (opaque: Uint8Array, version: Version): SecuredMessageData =>
  read(opaque, version, VERSION_SELECTION);

const elementLength = (dataLength: number): number => 4 + dataLength + padding(dataLength);
const versionDataLength = (versions: readonly number[], kind: number): number =>
  2 + (kind === SUPPORTED_VERSIONS ? 1 : 0) + 2 * versions.length;

function length({ versions, aeadLimitExponent }: SecuredMessageData, version: Version, kind: number): number {
  const limit = aeadLimitExponent === undefined ? 0 : elementLength(3);
  return (version < V1_2 ? 8 : 4) + elementLength(versionDataLength(versions, kind)) + limit;
}

function writeElement(w: Writer, dataId: number, dataLength: number, writeData: () => void): void {
  w.u8(DMTF);
  w.u8(0);
  w.u16(dataLength);
  w.u8(SM_DATA_VERSION);
  w.u8(dataId);
  writeData();
  w.zeros(padding(dataLength));
}

function write(w: Writer, m: SecuredMessageData, version: Version, kind: number): void {
  const { versions, aeadLimitExponent } = m;
  if (version < V1_2) {
    w.u32(SPEC_ID);
    w.u8(OPAQUE_VERSION);
  }
  w.u8(aeadLimitExponent === undefined ? 1 : 2);
  w.zeros(version < V1_2 ? 2 : 3);
  writeElement(w, kind, versionDataLength(versions, kind), () => {
    if (kind === SUPPORTED_VERSIONS) w.u8(versions.length);
    for (const entry of versions) w.u16(entry);
  });
  if (aeadLimitExponent !== undefined) writeElement(w, AEAD_LIMIT, 3, () => w.u8(aeadLimitExponent));
}

export const supportedVersionsLength = (m: SecuredMessageData, version: Version): number =>
  length(m, version, SUPPORTED_VERSIONS);
export const versionSelectionLength = (m: SecuredMessageData, version: Version): number =>
  length(m, version, VERSION_SELECTION);
export const writeSupportedVersions = (w: Writer, m: SecuredMessageData, version: Version): void =>
  write(w, m, version, SUPPORTED_VERSIONS);
export const writeVersionSelection = (w: Writer, m: SecuredMessageData, version: Version): void =>
  write(w, m, version, VERSION_SELECTION);
