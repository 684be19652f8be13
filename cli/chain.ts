/** Reading DER certificates. Node's X509Certificate and @peculiar/x509 parse; what they disagree about is refused. */
import { X509Certificate } from "node:crypto";
import { Constructed, fromBER, ObjectIdentifier, Sequence, Utf8String } from "asn1js";
import * as x509 from "../certs/x509.js";

/** One certificate in both libraries' eyes: Node's verifies signatures, the other lists extensions. */
export interface Certificate {
  readonly node: X509Certificate;
  readonly fields: x509.X509Certificate;
  /** Extensions by identifier. */
  readonly extensions: ReadonlyMap<string, x509.Extension>;
  /** Subject as text, safe to print. */
  readonly subject: string;
  readonly summary: CertificateSummary;
}

/** A certificate as text, safe to print. */
export interface CertificateSummary {
  readonly subject: string;
  readonly issuer: string;
  /** Hexadecimal. */
  readonly serialNumber: string;
  /** ISO 8601, or "invalid". */
  readonly notBefore: string;
  readonly notAfter: string;
}

/**
 * Splits certificates that lie one behind the other. Throws an Error that says which of them is no DER certificate, or
 * that there are more than `countMax`.
 */
export function splitChain(chain: Uint8Array, countMax = Number.POSITIVE_INFINITY): X509Certificate[] {
  const certificates: X509Certificate[] = [];
  for (let offset = 0; offset < chain.length; ) {
    if (certificates.length === countMax) throw new Error(`more than ${countMax} certificates`);
    const certificate = firstCertificate(chain.subarray(offset), certificates.length + 1);
    certificates.push(certificate);
    offset += certificate.raw.length;
  }
  return certificates;
}

function firstCertificate(bytes: Uint8Array, number: number): X509Certificate {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(bytes);
  } catch {
    throw new Error(`certificate ${number} is no DER certificate`);
  }
  // Node ignores what follows, takes PEM wherever it finds it, and BER: only plain DER comes back as it went in.
  const { raw } = certificate;
  if (!raw.equals(bytes.subarray(0, raw.length))) throw new Error(`certificate ${number} is no DER certificate`);
  return certificate;
}

/** Throws an Error if the certificate cannot be read, or has an extension twice (RFC 5280 §4.2 forbids it). */
export function readCertificate(node: X509Certificate): Certificate {
  const fields = new x509.X509Certificate(Uint8Array.from(node.raw));
  if (!node.raw.equals(new Uint8Array(fields.rawData))) throw new Error("no DER certificate");
  const extensions = new Map<string, x509.Extension>();
  for (const extension of fields.extensions) {
    if (extensions.has(extension.type)) throw new Error(`extension ${extension.type} appears twice`);
    extensions.set(extension.type, extension);
  }
  const subject = printable(fields.subject);
  const summary = {
    subject,
    issuer: printable(fields.issuer),
    serialNumber: fields.serialNumber,
    notBefore: isoDate(fields.notBefore),
    notAfter: isoDate(fields.notAfter),
  };
  return { node, fields, extensions, subject, summary };
}

function isoDate(date: Date): string {
  return Number.isNaN(date.getTime()) ? "invalid" : date.toISOString().replace(".000Z", "Z");
}

/** Text out of a certificate without what could steer a terminal. */
export function printable(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "\ufffd");
}

/**
 * The text of the first otherName of this type in a subjectAltName extension, which @peculiar/x509 leaves out.
 * GeneralNames is a sequence; otherName is [0] { type, [0] { value } } (RFC 5280 §4.2.1.6).
 */
export function otherName(subjectAltName: x509.Extension, type: string): string | undefined {
  const names = fromBER(subjectAltName.value).result;
  if (!(names instanceof Sequence)) throw new Error("subjectAltName is no sequence");
  for (const name of names.valueBlock.value) {
    if (!(name instanceof Constructed) || name.idBlock.tagClass !== 3 || name.idBlock.tagNumber !== 0) continue;
    const [id, explicit] = name.valueBlock.value;
    if (!(id instanceof ObjectIdentifier) || id.valueBlock.toString() !== type) continue;
    const text = explicit instanceof Constructed ? explicit.valueBlock.value[0] : undefined;
    if (!(text instanceof Utf8String)) throw new Error(`otherName ${type} is no UTF8String`);
    return printable(text.valueBlock.value);
  }
  return undefined;
}
