/**
 * The development PKI of one algorithm: root, intermediate, one leaf per slot and one for a requester, in the profile of
 * the recorded conversations' certificates. The CA keys live only while this runs: no file of theirs can leak, and new leaves come
 * with a new root.
 */
import { webcrypto } from "node:crypto";
import { Constructed, ObjectIdentifier, Sequence, Utf8String } from "asn1js";
import { ECDSA_P256, ECDSA_P384 } from "../src/algorithms.js";
import { type MlDsa, mlDsaCrypto } from "./ml-dsa.js";
import {
  DEVICE_INFO,
  HARDWARE_IDENTITY,
  REQUESTER_AUTH,
  RESPONDER_AUTH,
  SPDM_EXTENSION,
  SUBJECT_ALT_NAME,
} from "./oids.js";
import * as x509 from "./x509.js";

export interface Curve {
  /** As in "P-256". */
  readonly name: "P-256" | "P-384";
  readonly hash: "SHA-256" | "SHA-384";
  /** BaseAsymAlgo bit. */
  readonly algorithm: number;
  /** The folder's name in DMTF's key folders. */
  readonly folder: string;
}

/** What a hierarchy's keys are of. */
export type KeyKind = Curve | MlDsa;

/** What makes, exports and signs with such keys. */
export const cryptoOf = (kind: KeyKind): webcrypto.Crypto => ("hash" in kind ? webcrypto : mlDsaCrypto);

export const CURVES: readonly Curve[] = Object.freeze([
  Object.freeze({ name: "P-256", hash: "SHA-256", algorithm: ECDSA_P256, folder: "ecp256" } as const),
  Object.freeze({ name: "P-384", hash: "SHA-384", algorithm: ECDSA_P384, folder: "ecp384" } as const),
]);

export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

export interface Leaf {
  readonly certificate: x509.X509Certificate;
  readonly privateKey: webcrypto.CryptoKey;
}

export interface SlotLeaf extends Leaf {
  readonly slot: number;
}

export interface Hierarchy {
  readonly kind: KeyKind;
  readonly root: x509.X509Certificate;
  readonly intermediate: x509.X509Certificate;
  readonly leaves: readonly SlotLeaf[];
  /** For mutual authentication. */
  readonly requester: Leaf;
}

export interface HierarchyOptions {
  readonly slots: readonly number[];
  /** "manufacturer:product:serial number" of the device. */
  readonly deviceInfo: string;
  /** The same of the requester. */
  readonly requesterInfo: string;
  readonly validity: Validity;
}

/** Makes new keys and certificates. */
export async function makeHierarchy(kind: KeyKind, options: HierarchyOptions): Promise<Hierarchy> {
  const { slots, deviceInfo, requesterInfo, validity } = options;
  const root = await makeAuthority(kind, `moddable-spdm development root ${kind.name}`, validity);
  const intermediate = await makeAuthority(kind, `moddable-spdm development intermediate ${kind.name}`, validity, root);
  const makeLeaf = async (subject: string, extensions: x509.Extension[]): Promise<Leaf> => {
    const keys = await makeKeys(kind);
    const certificate = await issue(kind, subject, keys, validity, extensions, intermediate);
    return { certificate, privateKey: keys.privateKey };
  };
  const leaves: SlotLeaf[] = [];
  for (const slot of slots) {
    const subject = `moddable-spdm device ${kind.name} slot ${slot}`;
    leaves.push({ slot, ...(await makeLeaf(subject, leafExtensions(RESPONDER_AUTH, deviceInfo))) });
  }
  const requester = await makeLeaf(
    `moddable-spdm requester ${kind.name}`,
    leafExtensions(REQUESTER_AUTH, requesterInfo),
  );
  return { kind, root: root.certificate, intermediate: intermediate.certificate, leaves, requester };
}

interface Authority {
  readonly certificate: x509.X509Certificate;
  readonly keys: webcrypto.CryptoKeyPair;
}

async function makeAuthority(
  kind: KeyKind,
  subject: string,
  validity: Validity,
  issuer?: Authority,
): Promise<Authority> {
  const keys = await makeKeys(kind);
  const extensions = [
    new x509.BasicConstraintsExtension(true, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
  ];
  return { certificate: await issue(kind, subject, keys, validity, extensions, issuer), keys };
}

function makeKeys(kind: KeyKind): Promise<webcrypto.CryptoKeyPair> {
  const algorithm = "hash" in kind ? { name: "ECDSA", namedCurve: kind.name } : { name: kind.name };
  return cryptoOf(kind).subtle.generateKey(algorithm, true, ["sign", "verify"]) as Promise<webcrypto.CryptoKeyPair>;
}

/** Without an issuer the certificate signs itself. */
async function issue(
  kind: KeyKind,
  subject: string,
  keys: webcrypto.CryptoKeyPair,
  { notBefore, notAfter }: Validity,
  extensions: x509.Extension[],
  issuer?: Authority,
): Promise<x509.X509Certificate> {
  const crypto = cryptoOf(kind);
  const identifiers: x509.Extension[] = [
    await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, crypto),
  ];
  if (issuer !== undefined)
    identifiers.push(await x509.AuthorityKeyIdentifierExtension.create(issuer.keys.publicKey, false, crypto));
  return x509.X509CertificateGenerator.create(
    {
      subject: `CN=${subject}`,
      issuer: issuer?.certificate.subject ?? `CN=${subject}`,
      notBefore,
      notAfter,
      publicKey: keys.publicKey,
      signingKey: issuer?.keys.privateKey ?? keys.privateKey,
      signingAlgorithm: "hash" in kind ? { name: "ECDSA", hash: kind.hash } : { name: kind.name },
      extensions: [...extensions, ...identifiers],
    },
    crypto,
  );
}

function leafExtensions(purpose: string, deviceInfo: string): x509.Extension[] {
  return [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension([purpose]),
    new x509.Extension(SUBJECT_ALT_NAME, false, otherNames(DEVICE_INFO, deviceInfo)),
    new x509.Extension(SPDM_EXTENSION, false, identifierList(HARDWARE_IDENTITY)),
  ];
}

/** GeneralNames with one otherName (RFC 5280 §4.2.1.6), which @peculiar/x509 leaves to its users. */
export function otherNames(type: string, value: string): ArrayBuffer {
  const tag = { tagClass: 3, tagNumber: 0 };
  const explicit = new Constructed({ idBlock: tag, value: [new Utf8String({ value })] });
  const name = new Constructed({ idBlock: tag, value: [new ObjectIdentifier({ value: type }), explicit] });
  return new Sequence({ value: [name] }).toBER();
}

/** The SPDM extension's value: a sequence of sequences, each with an identifier. */
function identifierList(identifier: string): ArrayBuffer {
  const entry = new Sequence({ value: [new ObjectIdentifier({ value: identifier })] });
  return new Sequence({ value: [entry] }).toBER();
}
