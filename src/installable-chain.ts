/**
 * Whether a certificate chain may be installed in a slot: a path of its own (RFC 5280 §6.1), root first, whose root signed
 * itself, and whose last certificate is what its model wants (DSP0274 1.3, "Certificates and certificate chains"). Nobody
 * is asked to trust the root: who the device is to be believed by is for those who install chains to decide.
 */
import type { HashAlgorithm } from "../hal/crypto.js";
import { CERT_CAP } from "./capabilities.js";
import type { ResponderOptions } from "./connection.js";
import { Der, SEQUENCE } from "./der.js";
import { equal } from "./equal.js";
import { ALIAS_CERT, GENERIC_CERT } from "./key-pairs.js";
import { CERTIFICATE_COUNT_MAX, digestOf, isPath, isSigned, type PathEngines } from "./requester-chain.js";
import { V1_3, V1_4, type Version } from "./versions.js";
import { Reader, WireError } from "./wire.js";
import { type Certificate, DIGITAL_SIGNATURE, readCertificate } from "./x509.js";

/** CertChain of SET_CERTIFICATE; byte strings are views of it. */
export interface GivenChain {
  readonly rootHash: Uint8Array;
  /** DER, one behind the other. */
  readonly certificates: Uint8Array;
}

/** Reads Length, RootHash and as many certificates as Length has room for; what follows is not looked at. Throws WireError. */
export function readGivenChain(chain: Uint8Array, baseHash: HashAlgorithm, version: Version): GivenChain {
  const r = new Reader(chain);
  const short = r.u16();
  const reserved = r.u16();
  const length = version >= V1_4 ? short + reserved * 0x10000 : short;
  if (length > chain.length || length <= r.offset + baseHash.outputLen) throw new WireError("chain's Length");
  const rootHash = r.bytes(baseHash.outputLen);
  return { rootHash, certificates: r.bytes(length - r.offset) };
}

/** As `Exchange.requires`, for what changes certificates. */
export function requireCertificateSlots({ baseAsym }: ResponderOptions, flags: number): number {
  if ((flags & CERT_CAP) === 0) throw new Error("no certificates to request or to set");
  if (baseAsym.every(({ identity }) => identity.certificateSlots === undefined)) {
    throw new Error("no certificate slots to change");
  }
  return 0;
}

/** The last certificate, if the chain may be installed; else undefined. Throws for nothing that the chain holds. */
export function installableLeaf(
  { rootHash, certificates }: GivenChain,
  baseHash: HashAlgorithm,
  model: number,
  version: Version,
  engines: PathEngines,
): Certificate | undefined {
  try {
    const der = new Der(certificates);
    const path: Certificate[] = [];
    while (der.remaining !== 0) {
      if (path.length === CERTIFICATE_COUNT_MAX) return undefined;
      const each = der.element(SEQUENCE);
      if (path.length === 0 && !equal(digestOf(baseHash, each), rootHash)) return undefined;
      path.push(readCertificate(each));
    }
    const [root] = path;
    const fits = (leaf: Certificate) => fitsModel(leaf, model, version);
    if (!equal(root.issuer, root.subject) || !isPath(path, fits, engines.calendar?.())) return undefined;
    for (let i = 0; i < path.length; i++) if (!isSigned(path[i], path[i === 0 ? 0 : i - 1], engines)) return undefined;
    return path[path.length - 1];
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

/** basicConstraints must be there from 1.3 on; generic certificates may leave keyUsage out. */
function fitsModel({ permissions, subject }: Certificate, model: number, version: Version): boolean {
  const { ca, constrained, keyUsage, requesterAuth, responderAuth } = permissions;
  if (!constrained && (version >= V1_3 || model === ALIAS_CERT)) return false;
  // For requesters only: no responder's.
  if (requesterAuth && !responderAuth) return false;
  if (model === ALIAS_CERT) return ca && subject.length !== 0;
  if (model === GENERIC_CERT) return !ca && (keyUsage === undefined || (keyUsage & DIGITAL_SIGNATURE) !== 0);
  return !ca && subject.length !== 0 && ((keyUsage ?? 0) & DIGITAL_SIGNATURE) !== 0;
}
