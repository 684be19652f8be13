/**
 * Certification requests (PKCS #10, RFC 2986) of ECDSA keys on P-256 and P-384.
 *
 * CertificationRequest: CertificationRequestInfo { version 0, subject, subjectPKInfo, attributes [0] }, signatureAlgorithm,
 * signature. Of the attributes one is ours, extensionRequest (RFC 2985 §5.4.2): what the certificate should say of the
 * device, as the one that it has now does.
 */
import { Der, INTEGER, OBJECT_IDENTIFIER, SEQUENCE, SET } from "./der.js";
import { element } from "./der-writer.js";
import { ALIAS_CERT } from "./key-pairs.js";
import { latin1 } from "./latin1.js";
import { WireError } from "./wire.js";
import * as x509 from "./x509.js";
import { AUTHORITY, extension, FOR_CERTIFICATES, FOR_SIGNATURES, NO_AUTHORITY } from "./x509-writer.js";

const ATTRIBUTES = 0xa0;
/** 1.2.840.113549.1.9.14 */
const EXTENSION_REQUEST = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0e";
/** 1.3.6.1.4.1.412.274.6: DSP0274's extension, which has the hardware identity. */
const SPDM_EXTENSION = "\x2b\x06\x01\x04\x01\x83\x1c\x82\x12\x06";

const ZERO = new Uint8Array(1);

/** A CertificationRequestInfo that a requester wishes for; byte strings are views of it, elements with their headers. */
export interface RequesterInfo {
  readonly subject: Uint8Array;
  readonly publicKeyInfo: Uint8Array;
  readonly attributes: readonly Uint8Array[];
}

/**
 * Reads RequesterInfo. Throws WireError for what is no CertificationRequestInfo, and if it asks for extensions: what a
 * device is to be called is not up to its requester.
 */
export function readRequesterInfo(info: Uint8Array): RequesterInfo {
  const fields = new Der(info).openLast(SEQUENCE);
  if (fields.characters(INTEGER) !== "\0") throw new WireError("version of a certification request");
  const subject = fields.element(SEQUENCE);
  checkName(new Der(subject).open(SEQUENCE));
  const publicKeyInfo = fields.element(SEQUENCE);
  const list = fields.openLast(ATTRIBUTES);
  const attributes: Uint8Array[] = [];
  while (list.remaining !== 0) {
    const attribute = list.element(SEQUENCE);
    checkAttribute(new Der(attribute).open(SEQUENCE));
    attributes.push(attribute);
  }
  return { subject, publicKeyInfo, attributes };
}

/** RDNSequence: sets of types with their values. */
function checkName(names: Der): void {
  while (names.remaining !== 0) {
    const set = names.open(SET);
    do {
      const pair = set.open(SEQUENCE);
      pair.characters(OBJECT_IDENTIFIER);
      pair.any();
      pair.close();
    } while (set.remaining !== 0);
  }
}

function checkAttribute(attribute: Der): void {
  if (attribute.characters(OBJECT_IDENTIFIER) === EXTENSION_REQUEST) throw new WireError("extensions asked for");
  const values = attribute.openLast(SET);
  do values.any();
  while (values.remaining !== 0);
}

/** What a certification request says of a device. */
export interface Device {
  /** Name, an element. */
  readonly subject: Uint8Array;
  /** Extensions, elements. */
  readonly extensions: readonly Uint8Array[];
}

/**
 * What to ask for: what `leaf`, if the key has a certificate already, says of the device; and what DSP0274 wants of the
 * certificate `model`, be it the device's own or, in the alias model, the authority that signs its aliases.
 */
export function deviceOf(leaf: Uint8Array | undefined, model: number): Device {
  const alias = model === ALIAS_CERT;
  const device = leaf === undefined ? undefined : readDevice(leaf, alias);
  const extensions = [
    extension(x509.BASIC_CONSTRAINTS, true, alias ? AUTHORITY : NO_AUTHORITY),
    extension(x509.KEY_USAGE, true, alias ? FOR_CERTIFICATES : FOR_SIGNATURES),
    ...(device?.extensions ?? []),
  ];
  return { subject: device?.subject ?? element(SEQUENCE), extensions };
}

/** Who the device is according to a certificate: what its authority says of itself, or of time, is left out. */
function readDevice(certificate: Uint8Array, alias: boolean): Device | undefined {
  try {
    const tbs = new Der(certificate).open(SEQUENCE).open(SEQUENCE);
    for (const tag of [x509.VERSION, INTEGER, SEQUENCE, SEQUENCE, SEQUENCE]) tbs.element(tag);
    const subject = tbs.element(SEQUENCE);
    tbs.element(SEQUENCE); // the key
    const list = tbs.open(x509.EXTENSIONS).open(SEQUENCE);
    const extensions: Uint8Array[] = [];
    while (list.remaining !== 0) {
      const each = list.element(SEQUENCE);
      if (isKept(new Der(each).open(SEQUENCE).characters(OBJECT_IDENTIFIER), alias)) extensions.push(each);
    }
    return { subject, extensions };
  } catch (error) {
    // Provisioned certificates may be of any kind.
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

function isKept(type: string, alias: boolean): boolean {
  if (type === x509.EXTENDED_KEY_USAGE) return !alias;
  return type === x509.SUBJECT_ALT_NAME || type === SPDM_EXTENSION;
}

/** CertificationRequestInfo. What the requester wishes of subject and attributes goes before what we would say. */
export function requestInfo(device: Device, publicKey: Uint8Array, wished: RequesterInfo | undefined): Uint8Array {
  const type = element(OBJECT_IDENTIFIER, latin1(EXTENSION_REQUEST));
  const own = element(SEQUENCE, type, element(SET, element(SEQUENCE, ...device.extensions)));
  const attributes = [own, ...(wished?.attributes ?? [])].sort(compare);
  const named = wished !== undefined && wished.subject[1] !== 0;
  const subject = named ? wished.subject : device.subject;
  return element(SEQUENCE, element(INTEGER, ZERO), subject, publicKey, element(ATTRIBUTES, ...attributes));
}

/** The order in which DER has the elements of a SET OF (X.690 §11.6). */
function compare(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length && i < b.length; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}
