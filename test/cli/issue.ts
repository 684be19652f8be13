/** Certificates with any one fault, for the tests of trust. */
import { webcrypto } from "node:crypto";
import { otherNames } from "../../certs/hierarchy.js";
import { DEVICE_INFO, RESPONDER_AUTH, SUBJECT_ALT_NAME } from "../../certs/oids.js";
import * as x509 from "../../certs/x509.js";

export const NOW = new Date("2026-06-01T00:00:00Z");
const DAY_MS = 24 * 60 * 60 * 1000;
export const { keyCertSign, digitalSignature, cRLSign } = x509.KeyUsageFlags;

export interface Party {
  readonly certificate: x509.X509Certificate;
  readonly keys: webcrypto.CryptoKeyPair;
}

/** What differs from a sound certificate; `false` leaves an extension out. */
export interface Shape {
  name?: string;
  issuerName?: string;
  notBefore?: Date;
  notAfter?: Date;
  ca?: boolean;
  pathLength?: number;
  constraints?: false;
  usage?: number | false;
  purposes?: string[] | false;
  deviceInfo?: ArrayBuffer | false;
  authorityKeyId?: string;
  extra?: x509.Extension[];
  keys?: webcrypto.CryptoKeyPair;
  signingKey?: webcrypto.CryptoKey;
  hash?: string;
}

export function ecKeys(namedCurve = "P-256"): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey({ name: "ECDSA", namedCurve }, true, ["sign", "verify"]);
}

export function authority(shape: Shape, issuer?: Party): Promise<Party> {
  return issue({ ca: true, usage: keyCertSign | cRLSign, ...shape }, issuer);
}

export function leaf(shape: Shape, issuer: Party): Promise<Party> {
  const deviceInfo = otherNames(DEVICE_INFO, "ACME:WIDGET:1");
  return issue({ ca: false, usage: digitalSignature, purposes: [RESPONDER_AUTH], deviceInfo, ...shape }, issuer);
}

async function issue(shape: Shape, issuer?: Party): Promise<Party> {
  const keys = shape.keys ?? (await ecKeys());
  const name = shape.name ?? "someone";
  const certificate = await x509.X509CertificateGenerator.create(
    {
      subject: `CN=${name}`,
      issuer: shape.issuerName ?? issuer?.certificate.subject ?? `CN=${name}`,
      notBefore: shape.notBefore ?? new Date(NOW.getTime() - DAY_MS),
      notAfter: shape.notAfter ?? new Date(NOW.getTime() + DAY_MS),
      publicKey: keys.publicKey,
      signingKey: shape.signingKey ?? issuer?.keys.privateKey ?? keys.privateKey,
      signingAlgorithm: { name: "ECDSA", hash: shape.hash ?? "SHA-256" },
      extensions: await extensionsOf(shape, keys, issuer),
    },
    webcrypto,
  );
  return { certificate, keys };
}

async function extensionsOf(shape: Shape, keys: webcrypto.CryptoKeyPair, issuer?: Party): Promise<x509.Extension[]> {
  const extensions: x509.Extension[] = [
    await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
  ];
  if (shape.authorityKeyId !== undefined)
    extensions.push(new x509.AuthorityKeyIdentifierExtension(shape.authorityKeyId));
  else if (issuer !== undefined)
    extensions.push(await x509.AuthorityKeyIdentifierExtension.create(issuer.keys.publicKey, false, webcrypto));
  if (shape.constraints !== false)
    extensions.push(new x509.BasicConstraintsExtension(shape.ca ?? false, shape.pathLength, true));
  if (shape.usage !== undefined && shape.usage !== false)
    extensions.push(new x509.KeyUsagesExtension(shape.usage, true));
  if (shape.purposes !== undefined && shape.purposes !== false)
    extensions.push(new x509.ExtendedKeyUsageExtension(shape.purposes));
  if (shape.deviceInfo !== undefined && shape.deviceInfo !== false)
    extensions.push(new x509.Extension(SUBJECT_ALT_NAME, false, shape.deviceInfo));
  return [...extensions, ...(shape.extra ?? [])];
}
