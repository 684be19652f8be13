/**
 * Alias certificates (DSP0274 1.3, "Certificates and certificate chains"): the leaf that a device issues itself at each
 * start, in the name of its DeviceCert, for a key that its firmware gets (TCG "DICE Attestation Architecture" 1.1).
 *
 * All that goes into it is what the same firmware finds again: the same certificate comes of it, and so the same digest of
 * the slot, if `sign` is deterministic. A device has no clock: its alias is valid as long as its DeviceCert is.
 */
import type { HashAlgorithm } from "../hal/crypto.js";
import { Der, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, SET } from "./der.js";
import { element, unsignedInteger } from "./der-writer.js";
import { latin1 } from "./latin1.js";
import { TCB_INFO, type TcbInfo, writeTcbInfo } from "./tcb-info.js";
import * as x509 from "./x509.js";
import {
  extension,
  FOR_SIGNATURES,
  NO_AUTHORITY,
  publicKeyInfo,
  signatureAlgorithm,
  signedInfo,
} from "./x509-writer.js";

const PRINTABLE_STRING = 0x13;
/** keyIdentifier in AuthorityKeyIdentifier. */
const KEY_IDENTIFIER = 0x80;
const SUBJECT_KEY_IDENTIFIER = "\x55\x1d\x0e";
const AUTHORITY_KEY_IDENTIFIER = "\x55\x1d\x23";
/** 2.5.4.5, serialNumber in names. */
const NAME_SERIAL_NUMBER = "\x55\x04\x05";
/** Bytes of keys' digests by which they are known: RFC 7093 §2, and RFC 5280 §4.1.2.2's most of serial numbers. */
const KEY_IDENTIFIER_LENGTH = 20;
const SERIAL_NUMBER_LENGTH = 16;

/** What a device issues an alias certificate with. */
export interface AliasIssuer {
  /** Certificate of the key that signs, in DER; throws WireError if it is none, or has no subject. */
  readonly deviceCert: Uint8Array;
  /** SHA-256, SHA-384 or SHA-512: what is signed over, and keys are known by. */
  readonly hash: HashAlgorithm;
  /** Signs `digest`: r then s, big-endian, the same for the same digest. */
  readonly sign: (digest: Uint8Array) => Uint8Array;
}

/** Whom it is for. */
export interface AliasSubject {
  /** BaseAsymAlgo bit: 0x10 P-256, 0x80 P-384. */
  readonly algorithm: number;
  /** X then Y, big-endian. */
  readonly publicKey: Uint8Array;
  /** Whose key it is. */
  readonly tcbInfo: TcbInfo;
}

/**
 * Issues an alias certificate, DER: no authority, for an SPDM responder's signatures, with TcbInfo and the device's other
 * names. It does not name the hardware: that is what DeviceCert does. TcbInfo is not critical, since requesters need not
 * know DICE to be shown who the device is.
 */
export function issueAlias({ deviceCert, hash, sign }: AliasIssuer, subject: AliasSubject): Uint8Array {
  const issuer = readIssuer(deviceCert);
  const keyInfo = publicKeyInfo(subject.algorithm, subject.publicKey);
  if (keyInfo === undefined) throw new RangeError("no key for an alias certificate");
  const tcbInfo = writeTcbInfo(subject.tcbInfo);
  const keyDigest = digestOf(hash, Uint8Array.of(x509.UNCOMPRESSED), subject.publicKey);
  const serialNumber = digestOf(hash, keyInfo, tcbInfo).subarray(0, SERIAL_NUMBER_LENGTH);
  // Never zero, never so that it needs another byte.
  serialNumber[0] = (serialNumber[0] & 0x7f) | 0x40;
  const extensions = [
    extension(x509.BASIC_CONSTRAINTS, true, NO_AUTHORITY),
    extension(x509.KEY_USAGE, true, FOR_SIGNATURES),
    extension(
      x509.EXTENDED_KEY_USAGE,
      false,
      element(SEQUENCE, element(OBJECT_IDENTIFIER, latin1(x509.RESPONDER_AUTH))),
    ),
    extension(SUBJECT_KEY_IDENTIFIER, false, element(OCTET_STRING, keyDigest.subarray(0, KEY_IDENTIFIER_LENGTH))),
    ...issuer.extensions,
    extension(TCB_INFO, false, tcbInfo),
  ];
  const info = element(
    SEQUENCE,
    element(x509.VERSION, latin1(x509.VERSION_3)),
    unsignedInteger(serialNumber),
    signatureAlgorithm(hash.outputLen),
    element(SEQUENCE, issuer.subject),
    issuer.validity,
    element(SEQUENCE, issuer.subject, keyName(keyDigest)),
    keyInfo,
    element(x509.EXTENSIONS, element(SEQUENCE, ...extensions)),
  );
  return signedInfo(info, hash.outputLen, sign(digestOf(hash, info)));
}

interface Issuer {
  /** The Name's contents. */
  readonly subject: Uint8Array;
  readonly validity: Uint8Array;
  /** What the alias has of its issuer: whose key signed it, and the device's other names. */
  readonly extensions: readonly Uint8Array[];
}

function readIssuer(certificate: Uint8Array): Issuer {
  const tbs = new Der(certificate).open(SEQUENCE).open(SEQUENCE);
  for (const tag of [x509.VERSION, INTEGER, SEQUENCE, SEQUENCE]) tbs.element(tag);
  const validity = tbs.element(SEQUENCE);
  const subject = tbs.contents(SEQUENCE);
  tbs.element(SEQUENCE); // the key
  const list = tbs.open(x509.EXTENSIONS).open(SEQUENCE);
  const extensions: Uint8Array[] = [];
  while (list.remaining !== 0) {
    const whole = list.element(SEQUENCE);
    const each = new Der(whole).open(SEQUENCE);
    const type = each.characters(OBJECT_IDENTIFIER);
    if (type === x509.SUBJECT_ALT_NAME) extensions.push(whole);
    if (type !== SUBJECT_KEY_IDENTIFIER) continue;
    each.flag();
    const identifier = each.open(OCTET_STRING).contents(OCTET_STRING);
    extensions.push(extension(AUTHORITY_KEY_IDENTIFIER, false, element(SEQUENCE, element(KEY_IDENTIFIER, identifier))));
  }
  return { subject, validity, extensions };
}

/** What tells the alias's name from the device's, and from those of other firmware: 16 digits of its key's digest. */
function keyName(keyDigest: Uint8Array): Uint8Array {
  let digits = "";
  for (let i = 0; i < 8; i++) digits += (0x100 + keyDigest[i]).toString(16).slice(1);
  const type = element(OBJECT_IDENTIFIER, latin1(NAME_SERIAL_NUMBER));
  return element(SET, element(SEQUENCE, type, element(PRINTABLE_STRING, latin1(digits))));
}

function digestOf(hash: HashAlgorithm, ...parts: readonly Uint8Array[]): Uint8Array {
  const running = hash.create();
  for (const part of parts) running.update(part);
  const digest = new Uint8Array(hash.outputLen);
  running.digestInto(digest);
  running.destroy();
  return digest;
}
