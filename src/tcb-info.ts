/**
 * DiceTcbInfo, the extension by which a certificate says what runs where its key is (TCG "DICE Attestation Architecture"
 * 1.1 §6.1.1): a SEQUENCE of these, each of them optional, tagged IMPLICIT, in this order.
 *
 * | tag | field   | type        | tag | field              | type                                            |
 * | 0   | vendor  | UTF8String  | 6   | fwids              | SEQUENCE OF { hashAlg OID, digest OCTET STRING } |
 * | 1   | model   | UTF8String  | 7   | flags              | BIT STRING                                      |
 * | 2   | version | UTF8String  | 8   | vendorInfo         | not looked into, as the next                    |
 * | 3   | svn     | INTEGER     | 9   | type               |
 * | 4   | layer   | INTEGER     | 10  | flagsMask          |
 * | 5   | index   | INTEGER     | 11  | integrityRegisters |
 */
import type { HashAlgorithm } from "../hal/crypto.js";
import type { Measurement, Measurements } from "../hal/measurements.js";
import { Der, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE } from "./der.js";
import { element, unsignedInteger } from "./der-writer.js";
import { latin1 } from "./latin1.js";
import {
  DEVICE_MODE,
  FIRMWARE_CONFIGURATION,
  FIRMWARE_VERSION,
  IMMUTABLE_ROM,
  MUTABLE_FIRMWARE,
  SECURE_VERSION_NUMBER,
} from "./measurement-types.js";
import { WireError } from "./wire.js";

/** tcg-dice-TcbInfo, 2.23.133.5.4.1 */
export const TCB_INFO = "\x67\x81\x05\x05\x04\x01";

// Tags, context-specific
const PRIMITIVE = 0x80;
const CONSTRUCTED = 0xa0;
const VENDOR = 0;
const MODEL = 1;
const VERSION = 2;
const SVN = 3;
const LAYER = 4;
const INDEX = 5;
const FWIDS = 6;
const FLAGS = 7;
const FIRST_UNREAD = 8;
const LAST_UNREAD = 11;
/** Those of the fields not looked into that are not primitive. */
const INTEGRITY_REGISTERS = 11;

// OperationalFlags, by their bits' numbers
export const NOT_CONFIGURED = 1 << 0;
export const NOT_SECURE = 1 << 1;
export const RECOVERY = 1 << 2;
export const DEBUG = 1 << 3;

/** nistAlgorithms' hashAlgs, 2.16.840.1.101.3.4.2, before the last arc. */
const HASH_ALGS = "\x60\x86\x48\x01\x65\x03\x04\x02";
// The last arc
export const FWID_SHA_256 = 1;
export const FWID_SHA_384 = 2;
export const FWID_SHA_512 = 3;
export const FWID_SHA3_256 = 8;
export const FWID_SHA3_384 = 9;
export const FWID_SHA3_512 = 10;

/** More than any device has. */
const FWID_COUNT_MAX = 32;
/** Layers and indices are small; SVNs may be anything. */
const SMALL_LENGTH_MAX = 3;

/** What was measured: a digest of code, or of what configures it. */
export interface Fwid {
  /** `FWID_SHA_256` and so on. */
  readonly hash: number;
  readonly digest: Uint8Array;
}

/** Text is UTF-8. */
export interface TcbInfo {
  readonly vendor?: Uint8Array | undefined;
  readonly model?: Uint8Array | undefined;
  readonly version?: Uint8Array | undefined;
  /** Security version number, big-endian. */
  readonly svn?: Uint8Array | undefined;
  readonly layer?: number | undefined;
  readonly index?: number | undefined;
  /** At least one, or undefined. */
  readonly fwids?: readonly Fwid[] | undefined;
  /** OperationalFlags, bit n for bit n of the BIT STRING, up to 31. */
  readonly flags?: number | undefined;
}

/** Reads the extension's value, of which nothing is left over; byte strings are views of it. Throws WireError. */
export function readTcbInfo(value: Uint8Array): TcbInfo {
  const der = new Der(value).openLast(SEQUENCE);
  const text = (tag: number) => (der.isNext(PRIMITIVE | tag) ? der.contents(PRIMITIVE | tag) : undefined);
  const small = (tag: number) => (der.isNext(PRIMITIVE | tag) ? readSmall(der, PRIMITIVE | tag) : undefined);
  const info = {
    vendor: text(VENDOR),
    model: text(MODEL),
    version: text(VERSION),
    svn: der.isNext(PRIMITIVE | SVN) ? der.unsigned(PRIMITIVE | SVN) : undefined,
    layer: small(LAYER),
    index: small(INDEX),
    fwids: der.isNext(CONSTRUCTED | FWIDS) ? readFwids(der.open(CONSTRUCTED | FWIDS)) : undefined,
    flags: der.isNext(PRIMITIVE | FLAGS) ? readFlags(der.contents(PRIMITIVE | FLAGS)) : undefined,
  };
  for (let tag = FIRST_UNREAD; tag <= LAST_UNREAD; tag++) {
    const whole = (tag === INTEGRITY_REGISTERS ? CONSTRUCTED : PRIMITIVE) | tag;
    if (der.isNext(whole)) der.contents(whole);
  }
  der.close();
  return info;
}

function readSmall(der: Der, tag: number): number {
  const bytes = der.unsigned(tag);
  if (bytes.length > SMALL_LENGTH_MAX) throw new WireError("layer or index of TcbInfo");
  let number = 0;
  for (let i = 0; i < bytes.length; i++) number = (number << 8) | bytes[i];
  return number;
}

function readFwids(list: Der): Fwid[] {
  const fwids: Fwid[] = [];
  do {
    if (fwids.length === FWID_COUNT_MAX) throw new WireError("too many FWIDs");
    const fwid = list.open(SEQUENCE);
    const type = fwid.characters(OBJECT_IDENTIFIER);
    const digest = fwid.contents(OCTET_STRING);
    fwid.close();
    const hash = type.length === HASH_ALGS.length + 1 && type.startsWith(HASH_ALGS) ? type.charCodeAt(8) : 0;
    if (digest.length === 0 || digestLength(hash) !== digest.length) throw new WireError("FWID");
    fwids.push({ hash, digest });
  } while (list.remaining !== 0);
  return fwids;
}

/** Of a hash that FWIDs are read in; 0 for others. */
function digestLength(hash: number): number {
  if (hash === FWID_SHA_256 || hash === FWID_SHA3_256) return 32;
  if (hash === FWID_SHA_384 || hash === FWID_SHA3_384) return 48;
  return hash === FWID_SHA_512 || hash === FWID_SHA3_512 ? 64 : 0;
}

/** A BIT STRING of up to 32 bits; that one of a fixed width has zeros at its end is TCG's own departure from DER. */
function readFlags(bits: Uint8Array): number {
  const unused = bits[0];
  if (bits.length < 1 || bits.length > 5 || unused > 7 || (bits.length === 1 && unused !== 0)) {
    throw new WireError("flags of TcbInfo");
  }
  let flags = 0;
  for (let i = 0; i < 8 * (bits.length - 1) - unused; i++) {
    if ((bits[1 + (i >>> 3)] & (0x80 >>> (i & 7))) !== 0) flags |= 1 << i;
  }
  return flags;
}

/** The extension's value. */
export function writeTcbInfo(info: TcbInfo): Uint8Array {
  const { vendor, model, version, svn, layer, index, fwids, flags } = info;
  const fields: Uint8Array[] = [];
  const field = <T>(value: T | undefined, write: (value: T) => Uint8Array) => {
    if (value !== undefined) fields.push(write(value));
  };
  field(vendor, (text) => element(PRIMITIVE | VENDOR, text));
  field(model, (text) => element(PRIMITIVE | MODEL, text));
  field(version, (text) => element(PRIMITIVE | VERSION, text));
  field(svn, (number) => unsignedInteger(number, PRIMITIVE | SVN));
  field(layer, (number) => unsignedInteger(Uint8Array.of(number >>> 8, number), PRIMITIVE | LAYER));
  field(index, (number) => unsignedInteger(Uint8Array.of(number >>> 8, number), PRIMITIVE | INDEX));
  field(fwids, (list) => element(CONSTRUCTED | FWIDS, ...list.map(writeFwid)));
  field(flags, (set) => element(PRIMITIVE | FLAGS, namedBits(set)));
  return element(SEQUENCE, ...fields);
}

function writeFwid({ hash, digest }: Fwid): Uint8Array {
  const type = latin1(HASH_ALGS + String.fromCharCode(hash));
  return element(SEQUENCE, element(OBJECT_IDENTIFIER, type), element(OCTET_STRING, digest));
}

/** Contents of a BIT STRING of the first eight bits; DER ends named ones with a one (X.690 §11.2.2). */
function namedBits(flags: number): Uint8Array {
  let byte = 0;
  for (let i = 0; i < 8; i++) if ((flags & (1 << i)) !== 0) byte |= 0x80 >>> i;
  let unused = 0;
  while (byte !== 0 && (byte & (1 << unused)) === 0) unused++;
  return byte === 0 ? Uint8Array.of(0) : Uint8Array.of(unused, byte);
}

/** The layer that a device's own firmware is: DeviceID, layer 0, speaks for it. */
const FIRMWARE_LAYER = 1;
/** Of DeviceModeCapabilities and DeviceModeState of a device mode: debugging, invasive or not. */
const DEBUG_MODES = 3;

/**
 * What measurements say, as TcbInfo: digests of code and its configuration, version, SVN, and whether somebody debugs,
 * if the device can tell. To be asked for once, at the start: what changes later is of no concern to it.
 * @param hash What measurements are given in: SHA-256, SHA-384 or SHA-512.
 */
export function tcbInfoOf({ list }: Measurements, hash: HashAlgorithm, model: Uint8Array): TcbInfo {
  const raw = (type: number): Uint8Array | undefined => {
    const measurement = list.find(({ valueType }) => valueType === type);
    return measurement === undefined || measurement.rawLength === 0 ? undefined : rawOf(measurement);
  };
  const mode = raw(DEVICE_MODE);
  const fwids = list.filter(isFirmware).map((each) => ({ hash: sha2(hash), digest: digestOf(each, hash) }));
  return {
    model,
    version: raw(FIRMWARE_VERSION),
    svn: raw(SECURE_VERSION_NUMBER)?.reverse(), // little-endian in measurements
    layer: FIRMWARE_LAYER,
    fwids: fwids.length === 0 ? undefined : fwids,
    flags: mode === undefined || mode[8] === 0 ? undefined : (mode[12] & DEBUG_MODES) !== 0 ? DEBUG : 0,
  };
}

const isFirmware = ({ valueType, tcb }: Measurement): boolean =>
  tcb && (valueType === IMMUTABLE_ROM || valueType === MUTABLE_FIRMWARE || valueType === FIRMWARE_CONFIGURATION);

const sha2 = ({ outputLen }: HashAlgorithm): number =>
  outputLen === 32 ? FWID_SHA_256 : outputLen === 48 ? FWID_SHA_384 : FWID_SHA_512;

function rawOf(measurement: Measurement): Uint8Array {
  const value = new Uint8Array(measurement.rawLength);
  measurement.readRaw(value);
  return value;
}

function digestOf(measurement: Measurement, hash: HashAlgorithm): Uint8Array {
  const digest = new Uint8Array(hash.outputLen);
  measurement.digest(hash, digest);
  return digest;
}
