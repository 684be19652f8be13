/**
 * The development PKI of one kind of keys: root, intermediate, one leaf per slot and one for a requester, in the profile of
 * the recorded conversations' certificates. The CA keys live only while this runs: no file of theirs can leak, and new leaves come
 * with a new root.
 */
import {
  generateKeyPairSync,
  type KeyObject,
  type KeyPairKeyObjectResult,
  randomFillSync,
  sign,
  webcrypto,
} from "node:crypto";
import { Constructed, ObjectIdentifier, Sequence, Utf8String } from "asn1js";
import {
  ECDSA_P256,
  ECDSA_P384,
  ECDSA_P521,
  ED448,
  ED25519,
  RSAPSS_2048,
  RSAPSS_3072,
  RSAPSS_4096,
  RSASSA_2048,
  RSASSA_3072,
  RSASSA_4096,
} from "../src/algorithms.js";
import { MlDsaKey, type MlDsaKeyPair } from "./ml-dsa.js";
import {
  DEVICE_INFO,
  HARDWARE_IDENTITY,
  REQUESTER_AUTH,
  RESPONDER_AUTH,
  SPDM_EXTENSION,
  SUBJECT_ALT_NAME,
} from "./oids.js";
import * as x509 from "./x509.js";

/** A kind of keys, and what authorities of that kind sign certificates with. */
export interface KeyKind {
  /** As in "P-256". */
  readonly name: string;
  /** BaseAsymAlgo bits of the algorithms that such a key is for. */
  readonly algorithms: readonly number[];
  /** The folder's name in DMTF's key folders. */
  readonly folder: string;
  /** A new pair, node:crypto's where it has them. */
  readonly generate: () => KeyPairKeyObjectResult | MlDsaKeyPair;
  /** How @peculiar/x509 knows the certificates' signatures. */
  readonly signature: SignatureAlgorithm;
}

export type PrivateKey = KeyObject | MlDsaKey;

interface SignatureAlgorithm extends webcrypto.Algorithm {
  readonly hash?: string;
  readonly namedCurve?: string;
}

const ecdsa = (namedCurve: string, hash: string, algorithm: number, folder: string): KeyKind =>
  Object.freeze({
    name: namedCurve,
    algorithms: [algorithm],
    folder,
    generate: () => generateKeyPairSync("ec", { namedCurve }),
    signature: { name: "ECDSA", namedCurve, hash },
  });

const rsa = (modulusLength: number, hash: string, algorithms: readonly number[]): KeyKind =>
  Object.freeze({
    name: `RSA-${modulusLength}`,
    algorithms,
    folder: `rsa${modulusLength}`,
    generate: () => generateKeyPairSync("rsa", { modulusLength }),
    signature: { name: "RSASSA-PKCS1-v1_5", hash },
  });

/** What identity images hold, and every device gets. */
export const BOARD_KINDS: readonly KeyKind[] = Object.freeze([
  ecdsa("P-256", "SHA-256", ECDSA_P256, "ecp256"),
  ecdsa("P-384", "SHA-384", ECDSA_P384, "ecp384"),
]);

/** What only hosts sign with. */
export const HOST_KINDS: readonly KeyKind[] = Object.freeze([
  ecdsa("P-521", "SHA-512", ECDSA_P521, "ecp521"),
  Object.freeze({
    name: "Ed25519",
    algorithms: [ED25519],
    folder: "ed25519",
    generate: () => generateKeyPairSync("ed25519"),
    signature: { name: "Ed25519" },
  }),
  Object.freeze({
    name: "Ed448",
    algorithms: [ED448],
    folder: "ed448",
    generate: () => generateKeyPairSync("ed448"),
    signature: { name: "EdDSA", namedCurve: "Ed448" },
  }),
  rsa(2048, "SHA-256", [RSASSA_2048, RSAPSS_2048]),
  rsa(3072, "SHA-384", [RSASSA_3072, RSAPSS_3072]),
  rsa(4096, "SHA-512", [RSASSA_4096, RSAPSS_4096]),
]);

export const KINDS: readonly KeyKind[] = Object.freeze([...BOARD_KINDS, ...HOST_KINDS]);

export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

export interface Leaf {
  readonly certificate: x509.X509Certificate;
  readonly privateKey: PrivateKey;
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
  /** Whether the device's certificates are authorities, which issue its aliases (CertModel AliasCert). */
  readonly alias?: boolean;
  readonly validity: Validity;
}

/** Makes new keys and certificates. */
export async function makeHierarchy(kind: KeyKind, options: HierarchyOptions): Promise<Hierarchy> {
  const { slots, deviceInfo, requesterInfo, validity, alias = false } = options;
  const root = await makeAuthority(kind, `moddable-spdm development root ${kind.name}`, validity);
  const intermediate = await makeAuthority(kind, `moddable-spdm development intermediate ${kind.name}`, validity, root);
  const makeLeaf = async (subject: string, extensions: x509.Extension[]): Promise<Leaf> => {
    const keys = makeKeys(kind);
    const certificate = await issue(kind, subject, keys, validity, extensions, intermediate);
    return { certificate, privateKey: keys.privateKey };
  };
  const leaves: SlotLeaf[] = [];
  for (const slot of slots) {
    const subject = `moddable-spdm device ${kind.name} slot ${slot}`;
    const extensions = alias ? deviceAuthorityExtensions(deviceInfo) : leafExtensions(RESPONDER_AUTH, deviceInfo);
    leaves.push({ slot, ...(await makeLeaf(subject, extensions)) });
  }
  const requester = await makeLeaf(
    `moddable-spdm requester ${kind.name}`,
    leafExtensions(REQUESTER_AUTH, requesterInfo),
  );
  return { kind, root: root.certificate, intermediate: intermediate.certificate, leaves, requester };
}

interface Authority {
  readonly certificate: x509.X509Certificate;
  readonly keys: Keys;
}

async function makeAuthority(
  kind: KeyKind,
  subject: string,
  validity: Validity,
  issuer?: Authority,
): Promise<Authority> {
  const keys = makeKeys(kind);
  const extensions = [
    new x509.BasicConstraintsExtension(true, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
  ];
  return { certificate: await issue(kind, subject, keys, validity, extensions, issuer), keys };
}

interface Keys {
  readonly publicKey: x509.PublicKey;
  readonly privateKey: PrivateKey;
}

function makeKeys({ generate }: KeyKind): Keys {
  const { publicKey, privateKey } = generate();
  return { publicKey: new x509.PublicKey(publicKey.export({ type: "spki", format: "der" })), privateKey };
}

/**
 * Web Crypto with one key, over node:crypto, as far as issuing a certificate needs it. Node's own has Ed448 under another
 * name, on trial.
 */
const cryptoOf = ({ signature: { hash } }: KeyKind, key: PrivateKey) =>
  ({
    getRandomValues: (bytes: Uint8Array) => randomFillSync(bytes),
    subtle: {
      sign: async (_algorithm: unknown, _key: unknown, data: ArrayBuffer) =>
        new Uint8Array(signed(hash, new Uint8Array(data), key)).buffer,
    },
  }) as unknown as webcrypto.Crypto;

const signed = (hash: string | undefined, data: Uint8Array, key: PrivateKey): Uint8Array =>
  key instanceof MlDsaKey ? key.sign(data) : sign(hash, data, { key, dsaEncoding: "ieee-p1363" });

/** Without an issuer the certificate signs itself. */
async function issue(
  kind: KeyKind,
  subject: string,
  keys: Keys,
  { notBefore, notAfter }: Validity,
  extensions: x509.Extension[],
  issuer?: Authority,
): Promise<x509.X509Certificate> {
  const identifiers: x509.Extension[] = [
    await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
  ];
  if (issuer !== undefined)
    identifiers.push(await x509.AuthorityKeyIdentifierExtension.create(issuer.keys.publicKey, false, webcrypto));
  return x509.X509CertificateGenerator.create(
    {
      subject: `CN=${subject}`,
      issuer: issuer?.certificate.subject ?? `CN=${subject}`,
      notBefore,
      notAfter,
      publicKey: keys.publicKey,
      signingKey: { algorithm: kind.signature } as webcrypto.CryptoKey,
      signingAlgorithm: kind.signature,
      extensions: [...extensions, ...identifiers],
    },
    cryptoOf(kind, issuer?.keys.privateKey ?? keys.privateKey),
  );
}

function leafExtensions(purpose: string, deviceInfo: string): x509.Extension[] {
  return [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension([purpose]),
    ...deviceExtensions(deviceInfo),
  ];
}

/** Of a device certificate that issues aliases, and nothing that issues in turn. */
function deviceAuthorityExtensions(deviceInfo: string): x509.Extension[] {
  return [
    new x509.BasicConstraintsExtension(true, 0, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    ...deviceExtensions(deviceInfo),
  ];
}

function deviceExtensions(deviceInfo: string): x509.Extension[] {
  return [
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
