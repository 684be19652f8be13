/**
 * The engines in JavaScript, over @noble/curves and @noble/hashes: for hosts, tests, and boards that have nothing
 * better. Keys are JavaScript values here, which nothing wipes with certainty. There is no AEAD: noble keeps that in
 * another package. Hosts have hal/node's, and a board that runs sessions brings a native engine.
 */
import { type ECDSA, ecdsa, type WeierstrassPoint, weierstrass } from "@noble/curves/abstract/weierstrass.js";
import { p256 as nistP256, p384 as nistP384, p521 as nistP521 } from "@noble/curves/nist.js";
import { sha256, sha384, sha512 } from "@noble/hashes/sha2.js";
import type { EphemeralKey, KeyAgreement, Random, SigningTerms, Verifier } from "../crypto.js";
import { checkLength } from "./check-length.js";

export { sha256, sha384, sha512 };

/** Marks an uncompressed point (SEC 1 §2.3.3), which SPDM's X then Y leaves out. */
const UNCOMPRESSED = 0x04;
/** Digests are hashed by the caller; SPDM takes any s. */
const SIGNATURE = Object.freeze({ prehash: false, lowS: false });

/** A host's choice: noble's own, 6, takes 40 ms to make the table of P-384, this 10 ms for the same speed after it. */
const BASE_WINDOW = 4;

/** A private key. */
export interface Signer {
  /** Bytes of a signature; of ECDSA r then s, big-endian. */
  readonly signatureLength: number;
  /** Whether it signs content that it hashes itself, and not a digest. False if absent. */
  readonly takesContent?: boolean;
  /** Writes the public key, as a `Verifier` takes it. */
  publicKey(out: Uint8Array): void;
  /** Signs `digest` (already hashed), or content, into `signature`. Without `terms` as in certificates. */
  sign(digest: Uint8Array, signature: Uint8Array, terms?: SigningTerms): void;
}

interface Nist {
  readonly curve: ECDSA;
  readonly coordinateLength: number;
  /** What RFC 6979 derives nonces with. */
  readonly hash: typeof sha256 | typeof sha384 | typeof sha512;
}

/**
 * The curve with noble's countermeasures (blinded multiplications and inversions) fed from `random`: noble itself
 * looks for Web Crypto when it is loaded and goes without blinding where there is none, as on XS.
 *
 * `baseWindow`: how many bits of a scalar the table of base-point multiples, made at first use, takes at once. For
 * microcontrollers 1: no table at all.
 */
function blinded({ curve, hash }: Nist, random: Random, baseWindow: number): ECDSA {
  const randomBytes = (length = 32) => {
    const bytes = new Uint8Array(length);
    random(bytes);
    return bytes;
  };
  randomBytes(1); // noble would take an exception for "no random source here"
  const point = weierstrass(curve.Point.CURVE(), { randomBytes });
  point.BASE.precompute(baseWindow);
  return ecdsa(point, hash, { randomBytes });
}

function encode(publicKey: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(1 + publicKey.length);
  bytes[0] = UNCOMPRESSED;
  bytes.set(publicKey, 1);
  return bytes;
}

function verifier({ curve, coordinateLength }: Nist): Verifier {
  const length = 2 * coordinateLength;
  return Object.freeze({
    signatureLength: length,
    publicKeyLength: length,
    verify(publicKey: Uint8Array, digest: Uint8Array, signature: Uint8Array): boolean {
      if (publicKey.length !== length || signature.length !== length) return false;
      return curve.verify(signature, digest, encode(publicKey), SIGNATURE);
    },
  });
}

function decode(curve: ECDSA, publicKey: Uint8Array): WeierstrassPoint<bigint> | undefined {
  try {
    return curve.Point.fromBytes(encode(publicKey));
  } catch {
    return undefined;
  }
}

function ephemeralKey(curve: ECDSA, secretKey: Uint8Array, coordinateLength: number): EphemeralKey {
  return {
    agree(peerPublicKey, sharedSecret) {
      checkLength(sharedSecret, coordinateLength);
      const peer = peerPublicKey.length === 2 * coordinateLength ? decode(curve, peerPublicKey) : undefined;
      if (peer === undefined) return false;
      const shared = peer.multiply(curve.Point.Fn.fromBytes(secretKey)).toBytes(false);
      sharedSecret.set(shared.subarray(1, 1 + coordinateLength));
      shared.fill(0);
      return true;
    },
    destroy() {
      secretKey.fill(0); // no valid scalar: agree throws from now on
    },
  };
}

type KeyAgreementMaker = (random: Random, baseWindow?: number) => KeyAgreement;

function keyAgreement(nist: Nist): KeyAgreementMaker {
  const { coordinateLength } = nist;
  return (random, baseWindow = BASE_WINDOW) => {
    const curve = blinded(nist, random, baseWindow);
    return Object.freeze({
      publicKeyLength: 2 * coordinateLength,
      sharedSecretLength: coordinateLength,
      generate(publicKey: Uint8Array): EphemeralKey {
        checkLength(publicKey, 2 * coordinateLength);
        const secretKey = curve.utils.randomSecretKey();
        publicKey.set(curve.getPublicKey(secretKey, false).subarray(1));
        return ephemeralKey(curve, secretKey, coordinateLength);
      },
    });
  };
}

type SignerMaker = (scalar: Uint8Array, random: Random, baseWindow?: number) => Signer;

function signer(nist: Nist): SignerMaker {
  const { coordinateLength } = nist;
  return (scalar, random, baseWindow = BASE_WINDOW) => {
    const curve = blinded(nist, random, baseWindow);
    if (!curve.utils.isValidSecretKey(scalar)) throw new RangeError("not a private key");
    return Object.freeze({
      signatureLength: 2 * coordinateLength,
      publicKey(out: Uint8Array): void {
        checkLength(out, 2 * coordinateLength);
        out.set(curve.getPublicKey(scalar, false).subarray(1));
      },
      sign(digest: Uint8Array, signature: Uint8Array): void {
        checkLength(signature, 2 * coordinateLength);
        // Hedged (RFC 6979 §3.6): neither a bad generator nor a fault alone gives the key away.
        const extraEntropy = new Uint8Array(coordinateLength);
        random(extraEntropy);
        signature.set(curve.sign(digest, scalar, { ...SIGNATURE, extraEntropy }));
      },
    });
  };
}

// Marked pure, so that a bundle leaves out the curves that a board does not import.
const P256: Nist = /* @__PURE__ */ Object.freeze({ curve: nistP256, coordinateLength: 32, hash: sha256 });
const P384: Nist = /* @__PURE__ */ Object.freeze({ curve: nistP384, coordinateLength: 48, hash: sha384 });
const P521: Nist = /* @__PURE__ */ Object.freeze({ curve: nistP521, coordinateLength: 66, hash: sha512 });

export const p256 = /* @__PURE__ */ verifier(P256);
export const p384 = /* @__PURE__ */ verifier(P384);
export const p521 = /* @__PURE__ */ verifier(P521);
export const secp256r1 = /* @__PURE__ */ keyAgreement(P256);
export const secp384r1 = /* @__PURE__ */ keyAgreement(P384);
export const secp521r1 = /* @__PURE__ */ keyAgreement(P521);
/** Keys from private scalars, big-endian, 32, 48 and 66 bytes; `scalar` is kept, not copied. */
export const p256Signer = /* @__PURE__ */ signer(P256);
export const p384Signer = /* @__PURE__ */ signer(P384);
export const p521Signer = /* @__PURE__ */ signer(P521);
