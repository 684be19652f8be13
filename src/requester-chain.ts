/**
 * Whether a requester's certificate chain leads to a trust anchor: RFC 5280 §6.1 for the path, DSP0274 ("Certificates
 * and certificate chains") for what a leaf must be. No revocation: SPDM has no way to carry it.
 */
import type { HashAlgorithm, Verifier } from "../hal/crypto.js";
import { Der, SEQUENCE } from "./der.js";
import { equal } from "./equal.js";
import { WireError } from "./wire.js";
import { type Certificate, DIGITAL_SIGNATURE, KEY_CERT_SIGN, readCertificate } from "./x509.js";

/** More than any requester needs, and little work to refuse. */
export const CERTIFICATE_COUNT_MAX = 10;

/** What certificates are verified with. */
export interface PathEngines {
  /** Engines by bit of BaseAsymAlgo, for the keys of authorities. */
  readonly verifiers: readonly { readonly algorithm: number; readonly engine: Verifier }[];
  /** SHA-256, SHA-384, SHA-512, as far as certificates may be signed with them. */
  readonly hashes: readonly HashAlgorithm[];
  /** Seconds since 1970-01-01T00:00Z. Without a calendar nothing has expired, and dates must only be in order. */
  readonly calendar?: (() => number) | undefined;
}

/** What a board trusts of requesters. */
export interface RequesterTrust extends PathEngines {
  /**
   * DER certificates that are trusted as they are: a chain begins with one of them, or with a certificate that one of
   * them signed. They have to be of the profile that certificates here have, or lead nowhere.
   */
  readonly anchors: readonly Uint8Array[];
  /** Takes the place of `verifyRequesterChain` where there is one that knows more than its profile. */
  readonly verifyChain?: typeof verifyRequesterChain;
  /** Of keys that `verifyRequesterChain` does not know: engines by ReqPqcAsymAlg bit, and what verifies such chains. */
  readonly pqc?: Pick<PathEngines, "verifiers"> & { readonly verifyChain: typeof verifyRequesterChain };
  /** Bytes of the longest chain that is taken; 4,096 if absent. */
  readonly chainLengthMax?: number;
}

/**
 * The leaf's public key, X then Y, big-endian, a copy, if `chain` leads to an anchor and the key is on the curve of
 * `algorithm`, a bit of ReqBaseAsymAlg; else undefined. Throws for nothing that the chain holds.
 *
 * @param chain Length (4), RootHash (H), then certificates in DER, the root, which may be left out, first
 *   (DSP0274 1.3 §10.7.1).
 * @param baseHash The negotiated hash, which made RootHash.
 */
export function verifyRequesterChain(
  chain: Uint8Array,
  baseHash: HashAlgorithm,
  algorithm: number,
  trust: RequesterTrust,
): Uint8Array | undefined {
  try {
    const path = readPath(chain, baseHash, trust.anchors);
    const leaf = path[path.length - 1];
    if (leaf.algorithm !== algorithm || !isPath(path, isRequester, trust.calendar?.())) return undefined;
    // From the anchor down: a signature is verified only if a trusted key stands behind the one before it, so that a
    // stranger's chain costs one verification, however long it is.
    for (let i = 1; i < path.length; i++) if (!isSigned(path[i], path[i - 1], trust)) return undefined;
    return leaf.publicKey.slice();
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

/** The anchor that RootHash names, then the certificates below it. Throws WireError. */
function readPath(chain: Uint8Array, baseHash: HashAlgorithm, anchors: readonly Uint8Array[]): Certificate[] {
  const der = new Der(chain);
  if (der.u32() !== chain.length) throw new WireError("chain's Length");
  const rootHash = der.bytes(baseHash.outputLen);
  if (der.remaining === 0) throw new WireError("chain without certificates");
  const anchor = anchors.find((certificate) => equal(digestOf(baseHash, certificate), rootHash));
  if (anchor === undefined) throw new WireError("no trust anchor");

  const path = [readCertificate(anchor)];
  for (let count = 0; der.remaining !== 0; count++) {
    if (count === CERTIFICATE_COUNT_MAX) throw new WireError("too many certificates");
    const certificate = der.element(SEQUENCE);
    if (count > 0 || !equal(certificate, anchor)) path.push(readCertificate(certificate));
  }
  return path;
}

/** Whether each of `path` is valid `now`, each but the last may have issued the next, and the last is as `isLeaf` wants. */
export function isPath(
  path: readonly Certificate[],
  isLeaf: (leaf: Certificate) => boolean,
  now: number | undefined,
): boolean {
  let allowed = path.length; // authorities that may still follow
  for (let i = 0; i < path.length; i++) {
    const { issuer, subject, notBefore, notAfter, permissions } = path[i];
    // A calendar that has no time, NaN, is before and after nothing.
    if (now !== undefined && !(notBefore <= now && now <= notAfter)) return false;
    if (i > 0 && !equal(issuer, path[i - 1].subject)) return false;
    if (i === path.length - 1) return isLeaf(path[i]);

    // RFC 5280 §4.2.1.3 wants keyUsage in every authority; an anchor, which is trusted by itself, may do without.
    const usage = permissions.keyUsage ?? (i === 0 ? KEY_CERT_SIGN : 0);
    if (!permissions.ca || (usage & KEY_CERT_SIGN) === 0) return false;
    // An authority that renewed its own key does not count (RFC 5280 §6.1.4 (l)).
    if (!equal(issuer, subject) && allowed-- === 0) return false;
    allowed = Math.min(allowed, permissions.pathLength);
  }
  return false;
}

/**
 * DSP0274 wants digitalSignature in a leaf's keyUsage. An SPDM purpose limits the leaf to it, no SPDM purpose does not
 * limit it.
 */
function isRequester({ permissions: { ca, keyUsage = 0, requesterAuth, responderAuth } }: Certificate): boolean {
  return !ca && (keyUsage & DIGITAL_SIGNATURE) !== 0 && (requesterAuth || !responderAuth);
}

/** Whether `issuer`'s key signed the certificate; false where there is no engine for it. */
export function isSigned(certificate: Certificate, issuer: Certificate, trust: PathEngines): boolean {
  const engine = trust.verifiers.find(({ algorithm }) => algorithm === issuer.algorithm)?.engine;
  const hash = trust.hashes.find(({ outputLen }) => outputLen === certificate.digestLength);
  if (engine === undefined || hash === undefined) return false;

  const { r, s } = certificate;
  const length = engine.signatureLength / 2;
  if (r.length > length || s.length > length) return false;
  const signature = new Uint8Array(2 * length);
  signature.set(r, length - r.length);
  signature.set(s, 2 * length - s.length);
  return engine.verify(issuer.publicKey, digestOf(hash, certificate.signed), signature);
}

export function digestOf(hash: HashAlgorithm, data: Uint8Array): Uint8Array {
  const digest = new Uint8Array(hash.outputLen);
  const running = hash.create();
  running.update(data);
  running.digestInto(digest);
  running.destroy();
  return digest;
}
