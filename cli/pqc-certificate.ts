/**
 * ML-DSA and SLH-DSA in certificates (RFC 9881, RFC 9909): their keys and signatures. Node before 24 knows neither, so
 * that noble verifies what is signed, the bytes of tbsCertificate as they came. Contexts are empty there.
 */
import { type BaseBlock, BitString, fromBER, Sequence } from "asn1js";
import type { Certificate } from "./chain.js";
import { PQC_ASYMS } from "./requester/names.js";
import { PQC_VERIFIERS } from "./requester/pqc-engines.js";

export interface PqcKey {
  /** PqcAsymAlgo bit. */
  readonly algorithm: number;
  readonly publicKey: Uint8Array;
}

/** The bit of the algorithm of this name, if it is one of these. */
function pqcBit(algorithm: object): number | undefined {
  const { name = "" } = algorithm as { readonly name?: string };
  return Object.hasOwn(PQC_ASYMS, name) ? PQC_ASYMS[name] : undefined;
}

/** A certificate's key if it is one of these; throws an Error for one that has not the form it should have. */
export function pqcKeyOf({ fields: { publicKey } }: Certificate): PqcKey | undefined {
  const algorithm = pqcBit(publicKey.algorithm);
  if (algorithm === undefined) return undefined;
  const [identifier, key] = children(fromBER(publicKey.rawData).result);
  requireNoParameters(identifier);
  const bytes = wholeBytes(key);
  if (bytes.length !== PQC_VERIFIERS[algorithm].publicKeyLength) throw new Error("public key of a wrong length");
  return { algorithm, publicKey: bytes };
}

/**
 * Whether `subject` is signed with the key of `issuer`; undefined if its signature is none of these. Throws an Error for
 * what has not the form it should have.
 */
export function pqcSignatureFits({ node, fields }: Certificate, issuer: Certificate): boolean | undefined {
  const algorithm = pqcBit(fields.signatureAlgorithm);
  if (algorithm === undefined) return undefined;
  const [tbs, outer, signature] = children(fromBER(Uint8Array.from(node.raw)).result);
  requireNoParameters(outer);
  // version, which versions 2 and 3 say, serialNumber, signature
  const [first, second, third] = children(tbs);
  const inner = first.idBlock.tagClass === 3 ? third : second;
  if (!Buffer.from(inner.valueBeforeDecodeView).equals(outer.valueBeforeDecodeView))
    throw new Error("two signature algorithms");
  const key = pqcKeyOf(issuer);
  if (key?.algorithm !== algorithm) return false;
  return PQC_VERIFIERS[algorithm].verify(key.publicKey, tbs.valueBeforeDecodeView, wholeBytes(signature));
}

function children(block: BaseBlock | undefined): BaseBlock[] {
  if (!(block instanceof Sequence)) throw new Error("no sequence");
  return block.valueBlock.value;
}

/** AlgorithmIdentifiers of these have no parameters (RFC 9881 §2, RFC 9909 §3). */
function requireNoParameters(identifier: BaseBlock): void {
  if (children(identifier).length !== 1) throw new Error("algorithm with parameters");
}

function wholeBytes(bits: BaseBlock): Uint8Array {
  if (!(bits instanceof BitString) || bits.valueBlock.unusedBits !== 0) throw new Error("no string of whole bytes");
  return Uint8Array.from(bits.valueBlock.valueHexView);
}
