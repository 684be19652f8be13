/**
 * Whether a responder's certificate chain, or a requester's, leads to a trust anchor: RFC 5280 §6.1 for the path, DSP0274 ("Certificates
 * and certificate chains") for what a leaf must be. No revocation: SPDM has no way to carry it.
 */
import { type KeyObject, timingSafeEqual } from "node:crypto";
import * as oid from "../certs/oids.js";
import * as x509 from "../certs/x509.js";
import type { HashAlgorithm } from "../hal/crypto.js";
import { rsaPublicKey } from "../hal/node/rsa.js";
import { aliasFaults, type CertifiedTcb, tcbFaults, tcbInfoIn } from "./alias-trust.js";
import {
  type Certificate,
  type CertificateSummary,
  otherName,
  printable,
  readCertificate,
  splitChain,
} from "./chain.js";
import { pqcKeyOf, pqcSignatureFits } from "./pqc-certificate.js";

/** What CERTIFICATE can count in 16 bits; longer chains (SPDM 1.4's large form) are refused. */
const CHAIN_LENGTH_MAX = 0xffff;
/** More than any device needs, and little work to refuse. */
const CERTIFICATE_COUNT_MAX = 10;
const RSA_BITS_MIN = 2048;
const HASHES: ReadonlySet<string> = new Set(["SHA-256", "SHA-384", "SHA-512"]);
/** By OpenSSL's names. */
const CURVES: Readonly<Record<string, Curve>> = Object.freeze({
  prime256v1: "P-256",
  secp384r1: "P-384",
  secp521r1: "P-521",
});
/** Whose signatures need no hash beside them. */
const EDWARDS_CURVES: Readonly<Record<string, Curve>> = Object.freeze({ ed25519: "Ed25519", ed448: "Ed448" });
/** What this file or its libraries look at; any other critical extension forbids the certificate's use. */
const UNDERSTOOD: ReadonlySet<string> = new Set([
  oid.SUBJECT_KEY_IDENTIFIER,
  oid.KEY_USAGE,
  oid.SUBJECT_ALT_NAME,
  oid.BASIC_CONSTRAINTS,
  oid.AUTHORITY_KEY_IDENTIFIER,
  oid.EXTENDED_KEY_USAGE,
  oid.SPDM_EXTENSION,
  oid.TCB_INFO,
]);

export type Curve = "P-256" | "P-384" | "P-521" | "Ed25519" | "Ed448";

export interface ChainToVerify {
  /** DER certificates one behind the other, leaf last, as they follow the chain's header and root hash. */
  readonly certificates: Uint8Array;
  /** RootHash of the chain. */
  readonly rootHash: Uint8Array;
  /** The negotiated BaseHashAlgo. */
  readonly hash: HashAlgorithm;
  /** DER certificates that are trusted as they are. */
  readonly anchors: readonly Uint8Array[];
  /** The moment at which all certificates must be valid. */
  readonly at: Date;
  /** What the leaf must be for; by default a responder's. */
  readonly role?: Role;
  /** Whether the device says that its leaf is an alias (ALIAS_CERT_CAP, CertModel); false if absent. */
  readonly alias?: boolean;
}

/** Extended key usages of a leaf, its own first. */
const PURPOSES = Object.freeze({
  responder: [oid.RESPONDER_AUTH, oid.REQUESTER_AUTH, "requester"],
  requester: [oid.REQUESTER_AUTH, oid.RESPONDER_AUTH, "responder"],
});
type Role = keyof typeof PURPOSES;

export interface ChainTrust {
  readonly trusted: boolean;
  /** Empty if trusted; else every fault found, each naming its certificate. */
  readonly reasons: readonly string[];
  /** As far as they could be read. */
  readonly certificates: readonly CertificateSummary[];
  /** As a Verifier takes it, if the leaf has a key that SPDM can use; not to be believed unless `trusted`. */
  readonly leafPublicKey?: Uint8Array;
  /** Unless the key is RSA's. */
  readonly leafCurve?: Curve;
  /** PqcAsymAlgo bit, if the leaf has a key of one of these; `leafPublicKey` is as FIPS 204 and 205 have it then. */
  readonly leafPqcAsym?: number;
  /** DMTF's device information, "manufacturer:product:serial number", if the leaf has it. */
  readonly deviceInfo?: string;
  /** What certificates of the chain say of the TCB, in their order. */
  readonly tcbs?: readonly CertifiedTcb[];
  /** Whether the leaf says that it is for SPDM responders. DSP0274 lets one be that names no SPDM purpose at all. */
  readonly responderAuth: boolean;
}

/** A certificate of the path with the name that reasons call it by. */
interface Link extends Certificate {
  readonly label: string;
  /** Trusted by itself, not for who signed it. */
  readonly anchor: boolean;
}

/** Never throws for what the chain holds. An anchor that is no certificate is the caller's mistake, and an Error. */
export function verifyChain(chain: ChainToVerify): ChainTrust {
  const anchors = chain.anchors.map(readAnchor);
  const reasons: string[] = [];
  const certificates: Certificate[] = [];
  const summaries = () => certificates.map(({ summary }) => summary);
  try {
    if (chain.certificates.length > CHAIN_LENGTH_MAX) throw new Error(`longer than ${CHAIN_LENGTH_MAX} bytes`);
    for (const [i, node] of splitChain(chain.certificates, CERTIFICATE_COUNT_MAX).entries())
      certificates.push(readNumbered(node, i + 1));
    if (certificates.length === 0) throw new Error("empty");
  } catch (error) {
    reasons.push(`certificate chain: ${message(error)}`);
    return { trusted: false, reasons, certificates: summaries(), responderAuth: false };
  }
  const path = buildPath(certificates, anchors, reasons);
  checkRootHash(chain, path[0], reasons);
  for (const [i, link] of path.entries()) {
    const check = (what: () => string[]) => {
      for (const fault of guarded(what)) reasons.push(`${link.label}: ${fault}`);
    };
    check(() => certificateFaults(link, chain.at));
    check(() => (i === path.length - 1 ? leafFaults(link, chain.role) : authorityFaults(link, path.slice(i + 1, -1))));
    check(() => issuerFaults(link, i === 0 ? undefined : path[i - 1]));
    check(() => tcbFaults(link));
    if (i === path.length - 1) check(() => aliasFaults(link, path.slice(0, -1), chain.alias ?? false));
  }
  const leaf = certificates[certificates.length - 1];
  const tcbs = certificates.map((each) => attempt(() => tcbInfoIn(each))).filter((tcb) => tcb !== undefined);
  return { trusted: reasons.length === 0, reasons, certificates: summaries(), tcbs, ...leafProperties(leaf) };
}

function readAnchor(der: Uint8Array): Certificate {
  const nodes = splitChain(der, 1);
  if (nodes.length === 0) throw new Error("an empty trust anchor");
  return readCertificate(nodes[0]);
}

function readNumbered(node: Certificate["node"], number: number): Certificate {
  try {
    return readCertificate(node);
  } catch (error) {
    throw new Error(`certificate ${number} cannot be read: ${message(error)}`);
  }
}

/** The certificates that must hold together, anchor first. DSP0274 lets the chain leave its root out. */
function buildPath(chain: readonly Certificate[], anchors: readonly Certificate[], reasons: string[]): Link[] {
  const [first] = chain;
  const present = anchors.some((anchor) => anchor.node.raw.equals(first.node.raw));
  const links = chain.map((certificate, i) => ({
    ...certificate,
    label: `certificate ${i + 1} of ${chain.length} (${certificate.subject})`,
    anchor: present && i === 0,
  }));
  if (present) return links;
  const issuer = anchors.find((anchor) => guarded(() => signedBy(first, anchor)).length === 0);
  if (issuer !== undefined) return [{ ...issuer, label: `trust anchor (${issuer.subject})`, anchor: true }, ...links];
  reasons.push(`${links[0].label}: no trust anchor, nor issued by one`);
  return links;
}

function checkRootHash({ rootHash, hash }: ChainToVerify, root: Link, reasons: string[]): void {
  const digest = new Uint8Array(hash.outputLen);
  const running = hash.create();
  running.update(root.node.raw);
  running.digestInto(digest);
  if (rootHash.length !== digest.length || !timingSafeEqual(digest, rootHash))
    reasons.push(`certificate chain: its root hash is not that of ${root.label}`);
}

/** What holds for every certificate. */
function certificateFaults(certificate: Link, at: Date): string[] {
  const { node, fields, extensions, summary } = certificate;
  const faults: string[] = [];
  // Dates that could not be read compare false, and so are faults.
  if (!(fields.notBefore <= at)) faults.push(`not valid before ${summary.notBefore}`);
  if (!(at <= fields.notAfter)) faults.push(`expired ${summary.notAfter}`);
  for (const { type, critical } of extensions.values())
    if (critical && !UNDERSTOOD.has(type)) faults.push(`unknown critical extension ${type}`);
  // Node cannot read post-quantum keys, and these have but one form.
  if (pqcKeyOf(certificate) === undefined) faults.push(...keyFaults(node.publicKey));
  return faults;
}

function keyFaults({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): string[] {
  if (type === "ec") {
    // A key with parameters of its own (CVE-2020-0601) has no curve name.
    if (Object.hasOwn(CURVES, details?.namedCurve ?? "")) return [];
    return [`elliptic curve ${details?.namedCurve ?? "with parameters of its own"} is not accepted`];
  }
  if (Object.hasOwn(EDWARDS_CURVES, type ?? "")) return [];
  if (type !== "rsa" && type !== "rsa-pss") return [`public key of type ${type} is not accepted`];
  const bits = details?.modulusLength ?? 0;
  return bits < RSA_BITS_MIN ? [`RSA key of ${bits} bits is too short`] : [];
}

/** `below`: the authorities between this one and the leaf. */
function authorityFaults({ fields, extensions, anchor }: Link, below: readonly Link[]): string[] {
  const faults: string[] = [];
  const constraints = fields.getExtension(x509.BasicConstraintsExtension);
  if (constraints?.ca !== true) faults.push("not a certification authority (basicConstraints)");
  const counted = below.filter((link) => !selfIssued(link)).length;
  if (constraints?.pathLength !== undefined && counted > constraints.pathLength)
    faults.push(`allows ${constraints.pathLength} authorities below it, not ${counted} (pathLenConstraint)`);
  // RFC 5280 §4.2.1.3 wants keyUsage in every authority; a root that is trusted by itself may do without.
  const mayLack = anchor && !extensions.has(oid.KEY_USAGE);
  if (!mayLack && !hasUsage(fields, x509.KeyUsageFlags.keyCertSign))
    faults.push("may not sign certificates (keyUsage without keyCertSign)");
  return faults;
}

function leafFaults(leaf: Link, role: Role = "responder"): string[] {
  const { fields, extensions } = leaf;
  const faults: string[] = [];
  if (pqcKeyOf(leaf) === undefined && leafKey(leaf) === undefined) faults.push("its key is none that SPDM could use");
  if (fields.getExtension(x509.BasicConstraintsExtension)?.ca === true)
    faults.push("is a certification authority, not a leaf (basicConstraints)");
  if (!hasUsage(fields, x509.KeyUsageFlags.digitalSignature))
    faults.push("may not sign (keyUsage without digitalSignature)");
  const purposes = fields.getExtension(x509.ExtendedKeyUsageExtension)?.usages as string[] | undefined;
  // DSP0274: an SPDM purpose limits the leaf to it, no SPDM purpose does not limit it.
  const [own, other, others] = PURPOSES[role];
  if (purposes?.includes(other) === true && !purposes.includes(own))
    faults.push(`is for SPDM ${others}s only (extendedKeyUsage without ${role} authentication)`);
  const names = extensions.get(oid.SUBJECT_ALT_NAME);
  if (names !== undefined) otherName(names, oid.DEVICE_INFO); // throws if it is not what it should be
  return faults;
}

/** `issuer`: undefined for the first of the path. */
function issuerFaults(link: Link, issuer: Link | undefined): string[] {
  if (issuer !== undefined) return signedBy(link, issuer);
  // Only a root can be checked against itself; an anchor that another authority signed is trusted as it is.
  return selfIssued(link) ? signedBy(link, link) : [];
}

/** As @peculiar/x509 names it: Ed25519 by itself, Ed448 as a curve of EdDSA. */
interface SignatureAlgorithm {
  readonly name: string;
  readonly namedCurve?: string;
  readonly hash?: { readonly name: string };
}

/** Why `subject` cannot have been issued by `issuer`. */
function signedBy(subject: Certificate, issuer: Certificate): string[] {
  const faults: string[] = [];
  if (!sameName(subject.fields.issuerName, issuer.fields.subjectName))
    faults.push(`issuer is ${printable(subject.fields.issuer)}, not ${issuer.subject}`);
  const wanted = subject.fields.getExtension(x509.AuthorityKeyIdentifierExtension)?.keyId;
  const given = issuer.fields.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId;
  if (wanted !== undefined && given !== undefined && wanted !== given)
    faults.push(`authority key identifier is not that of ${issuer.subject}`);
  const pqcFits = pqcSignatureFits(subject, issuer);
  const { name, namedCurve, hash } = subject.fields.signatureAlgorithm as SignatureAlgorithm;
  const edwards = Object.values<string>(EDWARDS_CURVES).includes(namedCurve ?? name);
  if (pqcFits !== undefined) {
    if (!pqcFits) faults.push(`signature does not fit the key of ${issuer.subject}`);
  } else if (!edwards && !HASHES.has(hash?.name ?? "")) faults.push("signature algorithm is not accepted");
  else if (!subject.node.verify(issuer.node.publicKey))
    faults.push(`signature does not fit the key of ${issuer.subject}`);
  return faults;
}

function selfIssued({ fields }: Certificate): boolean {
  return sameName(fields.issuerName, fields.subjectName);
}

function sameName(a: x509.Name, b: x509.Name): boolean {
  return Buffer.from(a.toArrayBuffer()).equals(Buffer.from(b.toArrayBuffer()));
}

function hasUsage(fields: x509.X509Certificate, usage: x509.KeyUsageFlags): boolean {
  return ((fields.getExtension(x509.KeyUsagesExtension)?.usages ?? 0) & usage) !== 0;
}

function leafProperties(
  leaf: Certificate,
): Pick<ChainTrust, "leafPublicKey" | "leafCurve" | "leafPqcAsym" | "deviceInfo" | "responderAuth"> {
  const pqcKey = attempt(() => pqcKeyOf(leaf));
  const key = pqcKey === undefined ? attempt(() => leafKey(leaf)) : undefined;
  const deviceInfo = attempt(() => {
    const names = leaf.extensions.get(oid.SUBJECT_ALT_NAME);
    return names === undefined ? undefined : otherName(names, oid.DEVICE_INFO);
  });
  const purposes = attempt(
    () => leaf.fields.getExtension(x509.ExtendedKeyUsageExtension)?.usages as string[] | undefined,
  );
  return {
    ...(key === undefined ? {} : { leafPublicKey: key.publicKey }),
    ...(key?.curve === undefined ? {} : { leafCurve: key.curve }),
    ...(pqcKey === undefined ? {} : { leafPublicKey: pqcKey.publicKey, leafPqcAsym: pqcKey.algorithm }),
    ...(deviceInfo === undefined ? {} : { deviceInfo }),
    responderAuth: purposes?.includes(oid.RESPONDER_AUTH) ?? false,
  };
}

function leafKey({ node: { publicKey } }: Certificate): { publicKey: Uint8Array; curve?: Curve } | undefined {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = publicKey;
  if (type === "rsa") {
    const key = rsaPublicKey(publicKey);
    return key === undefined ? undefined : { publicKey: key };
  }
  const names = type === "ec" ? CURVES : EDWARDS_CURVES;
  const name = (type === "ec" ? details?.namedCurve : type) ?? "";
  if (!Object.hasOwn(names, name)) return undefined;
  // Of Edwards curves x is the whole key.
  const { x, y = "" } = publicKey.export({ format: "jwk" });
  const bytes = Buffer.concat([Buffer.from(x!, "base64url"), Buffer.from(y, "base64url")]);
  return { publicKey: new Uint8Array(bytes), curve: names[name] };
}

/** The libraries parse late: what they cannot read throws here and there, and is a fault like others. */
function guarded(faults: () => string[]): string[] {
  try {
    return faults();
  } catch (error) {
    return [`cannot be read: ${message(error)}`];
  }
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function message(error: unknown): string {
  return printable(error instanceof Error ? error.message : String(error));
}
