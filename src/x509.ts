/**
 * Certificates (RFC 5280 §4) as far as a path of ECDSA keys needs them: version 3, keys on P-256 or P-384, signed with
 * ecdsa-with-SHA256, -384 or -512. What is outside that profile, or is no DER, is a WireError.
 *
 * Identifiers are compared as the bytes that DER makes of them, a character each. By `switch`, not as keys of a table:
 * XS remembers every string that was ever used as a key.
 */
import { ECDSA_P256, ECDSA_P384 } from "./algorithms.js";
import {
  BIT_STRING,
  Der,
  GENERALIZED_TIME,
  INTEGER,
  OBJECT_IDENTIFIER,
  OCTET_STRING,
  SEQUENCE,
  UTC_TIME,
} from "./der.js";
import { WireError } from "./wire.js";

// Tags in TBSCertificate
export const VERSION = 0xa0;
export const EXTENSIONS = 0xa3;

/** Version's contents: INTEGER 2, which means 3. */
export const VERSION_3 = "\x02\x01\x02";

// AlgorithmIdentifiers' contents: 1.2.840.10045.4.3.n without parameters (RFC 5758 §3.2);
export const ECDSA_WITH_SHA256 = "\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02";
export const ECDSA_WITH_SHA384 = "\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03";
export const ECDSA_WITH_SHA512 = "\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x04";
// and id-ecPublicKey, 1.2.840.10045.2.1, with a named curve, 1.2.840.10045.3.1.7 or 1.3.132.0.34 (RFC 5480 §2.1.1).
export const EC_P256 = "\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";
export const EC_P384 = "\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22";
/** Before X and Y (SEC 1 §2.3.3). */
export const UNCOMPRESSED = 0x04;

// Extensions, 2.5.29.n (RFC 5280 §4.2.1)
export const KEY_USAGE = "\x55\x1d\x0f";
export const SUBJECT_ALT_NAME = "\x55\x1d\x11";
export const BASIC_CONSTRAINTS = "\x55\x1d\x13";
export const EXTENDED_KEY_USAGE = "\x55\x1d\x25";
// Extended key usages, 1.3.6.1.4.1.412.274.n (DSP0274, "Extended Key Usage authentication OIDs")
export const RESPONDER_AUTH = "\x2b\x06\x01\x04\x01\x83\x1c\x82\x12\x03";
const REQUESTER_AUTH = "\x2b\x06\x01\x04\x01\x83\x1c\x82\x12\x04";

/** More than certificates have; each is compared with those before it. */
const EXTENSION_COUNT_MAX = 16;
/** `pathLength` of an authority without pathLenConstraint; also what it can be at most: no path is that long. */
const NO_PATH_LIMIT = 0xff;
/** UTCTime's years are 1950 to 2049 (RFC 5280 §4.1.2.5.1). */
const UTC_PIVOT = 50;
const LETTER_Z = 0x5a;

// Bits of keyUsage
export const DIGITAL_SIGNATURE = 0x80;
export const KEY_CERT_SIGN = 0x04;

/** What extensions allow. */
export interface Permissions {
  /** basicConstraints: an authority, and how many others may stand between it and the leaf. */
  ca: boolean;
  /** Whether basicConstraints is there at all. */
  constrained: boolean;
  pathLength: number;
  /** keyUsage without decipherOnly; undefined without that extension. */
  keyUsage: number | undefined;
  /** SPDM purposes in extKeyUsage. */
  requesterAuth: boolean;
  responderAuth: boolean;
}

/** A certificate; its byte strings are views of it. */
export interface Certificate {
  /** tbsCertificate with its header. */
  readonly signed: Uint8Array;
  /** Bytes of the SHA-2 digest under the signature. */
  readonly digestLength: number;
  /** The signature, big-endian, without leading zeros. */
  readonly r: Uint8Array;
  readonly s: Uint8Array;
  /** The Names' contents, in DER; issuer is never empty. */
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  /** Seconds since 1970-01-01T00:00Z, in order; both belong to the validity. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** The key's curve, as bit of BaseAsymAlgo. */
  readonly algorithm: number;
  /** X then Y, big-endian; whether that is a point of the curve is the engine's to find out. */
  readonly publicKey: Uint8Array;
  readonly permissions: Readonly<Permissions>;
}

/** Reads one certificate, of which nothing is left over. Throws WireError. */
export function readCertificate(der: Uint8Array): Certificate {
  const certificate = new Der(der).openLast(SEQUENCE);
  const signed = certificate.element(SEQUENCE);
  const signatureAlgorithm = certificate.characters(SEQUENCE);
  const signature = certificate.wholeBits().openLast(SEQUENCE);
  certificate.close();
  const r = readPositive(signature);
  const s = readPositive(signature);
  signature.close();

  const tbs = new Der(signed).open(SEQUENCE);
  if (tbs.characters(VERSION) !== VERSION_3) throw new WireError("certificate's version");
  tbs.element(INTEGER); // serialNumber: tells certificates apart for revocation, which SPDM cannot carry
  if (tbs.characters(SEQUENCE) !== signatureAlgorithm) throw new WireError("two signature algorithms");
  const issuer = tbs.contents(SEQUENCE);
  if (issuer.length === 0) throw new WireError("issuer without name");
  const validity = tbs.open(SEQUENCE);
  const notBefore = readTime(validity);
  const notAfter = readTime(validity);
  validity.close();
  if (notBefore > notAfter) throw new WireError("validity ends before it begins");
  const subject = tbs.contents(SEQUENCE);
  const subjectPublicKeyInfo = tbs.open(SEQUENCE);
  const algorithm = curve(subjectPublicKeyInfo.characters(SEQUENCE));
  const publicKey = readPoint(subjectPublicKeyInfo.wholeBits(), algorithm === ECDSA_P256 ? 64 : 96);
  subjectPublicKeyInfo.close();
  // No unique identifiers before the extensions: they are obsolete (RFC 5280 §4.1.2.8).
  const permissions = readExtensions(tbs.openLast(EXTENSIONS).openLast(SEQUENCE));
  const digestLength = signedDigestLength(signatureAlgorithm);
  return { signed, digestLength, r, s, issuer, subject, notBefore, notAfter, algorithm, publicKey, permissions };
}

/** `r` or `s`: never 0. */
function readPositive(der: Der): Uint8Array {
  const value = der.unsigned();
  if (value[0] === 0) throw new WireError("signature with a zero");
  return value;
}

function signedDigestLength(signatureAlgorithm: string): number {
  switch (signatureAlgorithm) {
    case ECDSA_WITH_SHA256:
      return 32;
    case ECDSA_WITH_SHA384:
      return 48;
    case ECDSA_WITH_SHA512:
      return 64;
    default:
      throw new WireError("signature algorithm");
  }
}

function curve(keyAlgorithm: string): number {
  switch (keyAlgorithm) {
    case EC_P256:
      return ECDSA_P256;
    case EC_P384:
      return ECDSA_P384;
    default:
      throw new WireError("public key algorithm");
  }
}

function readPoint(point: Der, length: number): Uint8Array {
  if (point.u8() !== UNCOMPRESSED) throw new WireError("point not uncompressed");
  const coordinates = point.bytes(length);
  point.close();
  return coordinates;
}

/** YYMMDDHHMMSSZ or YYYYMMDDHHMMSSZ (RFC 5280 §4.1.2.5), in seconds since 1970. */
function readTime(der: Der): number {
  const utc = der.isNext(UTC_TIME);
  const text = der.contents(utc ? UTC_TIME : GENERALIZED_TIME);
  const at = utc ? 2 : 4;
  if (text.length !== at + 11 || text[at + 10] !== LETTER_Z) throw new WireError("time");
  const first = twoDigits(text, 0);
  const year = utc ? first + (first < UTC_PIVOT ? 2000 : 1900) : first * 100 + twoDigits(text, 2);
  const month = twoDigits(text, at);
  const day = twoDigits(text, at + 2);
  const hour = twoDigits(text, at + 4);
  const minute = twoDigits(text, at + 6);
  const second = twoDigits(text, at + 8);
  const monthLength = daysTo(year, month + 1) - daysTo(year, month);
  if (month < 1 || month > 12 || day < 1 || day > monthLength) throw new WireError("date");
  if (hour > 23 || minute > 59 || second > 59) throw new WireError("time of day");
  return (((daysTo(year, month) + day - 1) * 24 + hour) * 60 + minute) * 60 + second;
}

function twoDigits(text: Uint8Array, at: number): number {
  const tens = text[at] - 0x30;
  const ones = text[at + 1] - 0x30;
  if (tens < 0 || tens > 9 || ones < 0 || ones > 9) throw new WireError("no digit");
  return 10 * tens + ones;
}

/**
 * Days from 1970-01-01 to the first of a month, 13 being the next January. XS may have no Date. Years are counted from
 * March, so that the leap day is their last, and 153 days are any five months from March on.
 */
function daysTo(year: number, month: number): number {
  const y = month > 2 ? year : year - 1;
  const m = month > 2 ? month - 3 : month + 9;
  const leapDays = Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400);
  return 365 * y + leapDays + Math.floor((153 * m + 2) / 5) - 719_468;
}

function readExtensions(list: Der): Permissions {
  const permissions: Permissions = {
    ca: false,
    constrained: false,
    pathLength: NO_PATH_LIMIT,
    keyUsage: undefined,
    requesterAuth: false,
    responderAuth: false,
  };
  const seen: string[] = [];
  while (list.remaining !== 0) {
    const extension = list.open(SEQUENCE);
    const type = extension.characters(OBJECT_IDENTIFIER);
    const critical = extension.flag();
    const value = extension.openLast(OCTET_STRING);
    if (seen.includes(type)) throw new WireError("extension twice");
    if (seen.push(type) > EXTENSION_COUNT_MAX) throw new WireError("too many extensions");
    readExtension(type, critical, value, permissions);
  }
  return permissions;
}

function readExtension(type: string, critical: boolean, value: Der, permissions: Permissions): void {
  switch (type) {
    case KEY_USAGE:
      permissions.keyUsage = readKeyUsage(value);
      break;
    case BASIC_CONSTRAINTS:
      readBasicConstraints(value.open(SEQUENCE), permissions);
      break;
    case EXTENDED_KEY_USAGE:
      readPurposes(value.open(SEQUENCE), permissions);
      break;
    case SUBJECT_ALT_NAME: // more names, whose form is theirs: they allow nothing and forbid nothing
      return;
    default:
      if (critical) throw new WireError("unknown critical extension");
      return;
  }
  value.close();
}

/** The first eight of KeyUsage's nine bits. DER ends named bits with a one (X.690 §11.2.2). */
function readKeyUsage(value: Der): number {
  const bits = value.contents(BIT_STRING);
  const unused = bits[0];
  const last = bits[bits.length - 1];
  if (bits.length < 2 || bits.length > 3 || unused > 7) throw new WireError("key usage");
  if ((last & ((2 << unused) - 1)) !== 1 << unused) throw new WireError("key usage not minimal");
  return bits[1];
}

function readBasicConstraints(constraints: Der, permissions: Permissions): void {
  permissions.constrained = true;
  permissions.ca = constraints.flag();
  if (permissions.ca && constraints.isNext(INTEGER)) {
    const length = constraints.unsigned();
    if (length.length > 1) throw new WireError("pathLenConstraint");
    permissions.pathLength = length[0];
  }
  constraints.close();
}

function readPurposes(purposes: Der, permissions: Permissions): void {
  do {
    const purpose = purposes.characters(OBJECT_IDENTIFIER);
    if (purpose === REQUESTER_AUTH) permissions.requesterAuth = true;
    if (purpose === RESPONDER_AUTH) permissions.responderAuth = true;
  } while (purposes.remaining !== 0);
}
