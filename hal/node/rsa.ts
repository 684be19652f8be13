/**
 * RSASSA (RFC 8017 §8.2, PKCS #1 v1.5) and RSAPSS (§8.1, its salt as long as the digest) of digests. Node's OpenSSL does
 * the arithmetic, but signs messages only, so that the encodings are made here.
 */
import {
  constants,
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  privateEncrypt,
  publicDecrypt,
} from "node:crypto";
import type { Random, SigningTerms, Verifier } from "../crypto.js";
import { checkLength } from "../portable/check-length.js";
import type { Signer } from "../portable/crypto.js";

const BITS = Object.freeze([2048, 3072, 4096]);
/** Of a public key's exponent; 65537 has 17 bits. */
const EXPONENT_LENGTH = 4;

interface HashName {
  readonly name: string;
  readonly outputLen: number;
  readonly blockLen: number;
  /** n of 2.16.840.1.101.3.4.2.n. */
  readonly arc: number;
}

/** SHA-2 first: without terms a digest's length says which of it. */
const HASHES: readonly HashName[] = Object.freeze([
  Object.freeze({ name: "sha256", outputLen: 32, blockLen: 64, arc: 1 }),
  Object.freeze({ name: "sha384", outputLen: 48, blockLen: 128, arc: 2 }),
  Object.freeze({ name: "sha512", outputLen: 64, blockLen: 128, arc: 3 }),
  Object.freeze({ name: "sha3-256", outputLen: 32, blockLen: 136, arc: 8 }),
  Object.freeze({ name: "sha3-384", outputLen: 48, blockLen: 104, arc: 9 }),
  Object.freeze({ name: "sha3-512", outputLen: 64, blockLen: 72, arc: 10 }),
]);

/** One of the two ways to make a digest as long as the modulus, whose first bit is 1. */
interface Encoding {
  /** Whether it takes a salt, as long as the digest; else that is empty. */
  readonly salted: boolean;
  encode(hash: HashName, digest: Uint8Array, length: number, salt: Uint8Array): Uint8Array;
  /** The salt of an encoded digest; of what is none, any bytes. */
  saltOf(hash: HashName, encoded: Uint8Array): Uint8Array;
}

function hashOf(digest: Uint8Array, terms: SigningTerms | undefined): HashName | undefined {
  return HASHES.find(
    ({ outputLen, blockLen }) =>
      outputLen === digest.length && (terms === undefined || blockLen === terms.hash.blockLen),
  );
}

/** EMSA-PKCS1-v1_5 (RFC 8017 §9.2). */
const PKCS1: Encoding = {
  salted: false,
  encode({ arc }, digest, length) {
    const h = digest.length;
    // SEQUENCE { SEQUENCE { OBJECT IDENTIFIER, NULL }, OCTET STRING }
    const oid = [0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, arc, 0x05, 0x00];
    const info = [0x30, oid.length + 2 + h, ...oid, 0x04, h];
    const encoded = new Uint8Array(length).fill(0xff);
    encoded.set([0x00, 0x01]);
    encoded.set([0x00, ...info], length - h - info.length - 1);
    encoded.set(digest, length - h);
    return encoded;
  },
  saltOf: () => new Uint8Array(0),
};

/** MGF1 (RFC 8017 §B.2.1), over `data` in place. */
function mask({ name, outputLen }: HashName, seed: Uint8Array, data: Uint8Array): void {
  for (let i = 0; i < data.length; i += outputLen) {
    const counter = new Uint8Array(4);
    new DataView(counter.buffer).setUint32(0, i / outputLen);
    const block = createHash(name).update(seed).update(counter).digest();
    for (let j = i; j < Math.min(i + outputLen, data.length); j++) data[j] ^= block[j - i];
  }
}

/** EMSA-PSS (RFC 8017 §9.1): maskedDB, H, 0xBC; DB is zeros, 0x01, salt. The modulus' first bit is left free. */
const PSS: Encoding = {
  salted: true,
  encode(hash, digest, length, salt) {
    const encoded = new Uint8Array(length);
    const dbLength = length - hash.outputLen - 1;
    const h = createHash(hash.name).update(new Uint8Array(8)).update(digest).update(salt).digest();
    encoded[dbLength - salt.length - 1] = 0x01;
    encoded.set(salt, dbLength - salt.length);
    mask(hash, h, encoded.subarray(0, dbLength));
    encoded[0] &= 0x7f;
    encoded.set(h, dbLength);
    encoded[length - 1] = 0xbc;
    return encoded;
  },
  saltOf(hash, encoded) {
    const dbLength = encoded.length - hash.outputLen - 1;
    const db = encoded.slice(0, dbLength);
    mask(hash, encoded.subarray(dbLength, -1), db);
    return db.subarray(dbLength - hash.outputLen);
  },
};

/** The key of a modulus and its exponent, if the modulus has `length` bytes and both can be those of a key. */
function readPublicKey(bytes: Uint8Array, length: number): KeyObject | undefined {
  const n = Buffer.from(bytes.subarray(0, length));
  const e = Buffer.from(bytes.subarray(length));
  const exponent = e.readUInt32BE();
  if (n[0] < 0x80 || (n[length - 1] & 1) === 0 || exponent < 3 || (exponent & 1) === 0) return undefined;
  const minimal = e.subarray(e.findIndex((byte) => byte !== 0));
  const jwk = { kty: "RSA", n: n.toString("base64url"), e: minimal.toString("base64url") };
  return createPublicKey({ key: jwk, format: "jwk" });
}

const raw = (key: KeyObject) => ({ key, padding: constants.RSA_NO_PADDING });

function verifier(encoding: Encoding, bits: number): Verifier {
  const length = bits / 8;
  return Object.freeze({
    signatureLength: length,
    publicKeyLength: length + EXPONENT_LENGTH,
    verify(publicKey: Uint8Array, digest: Uint8Array, signature: Uint8Array, terms?: SigningTerms): boolean {
      const hash = hashOf(digest, terms);
      const sizesFit = publicKey.length === length + EXPONENT_LENGTH && signature.length === length;
      if (!sizesFit || hash === undefined) return false;
      try {
        const key = readPublicKey(publicKey, length);
        if (key === undefined) return false;
        // Compared as a whole with what it must be: nothing of it is parsed, which others were deceived by.
        const encoded = Uint8Array.from(publicDecrypt(raw(key), signature)); // no Buffer: its slices are no copies
        const expected = encoding.encode(hash, digest, length, encoding.saltOf(hash, encoded));
        return Buffer.compare(encoded, expected) === 0;
      } catch {
        return false; // no number below the modulus
      }
    },
  });
}

/** A modulus of 2048, 3072 or 4096 bits, then its exponent, 4 bytes, both big-endian; undefined for other keys. */
export function rsaPublicKey(key: KeyObject): Uint8Array | undefined {
  if (key.asymmetricKeyType !== "rsa") return undefined;
  const { n, e } = key.export({ format: "jwk" });
  const [modulus, exponent] = [n!, e!].map((field) => Buffer.from(field, "base64url"));
  if (modulus[0] < 0x80 || !BITS.includes(8 * modulus.length) || exponent.length > EXPONENT_LENGTH) return undefined;
  const bytes = new Uint8Array(modulus.length + EXPONENT_LENGTH);
  bytes.set(modulus);
  bytes.set(exponent, bytes.length - exponent.length);
  return bytes;
}

function signer(encoding: Encoding): (pkcs8: Uint8Array, random: Random) => Signer {
  return (pkcs8, random) => {
    const key = createPrivateKey({ key: Buffer.from(pkcs8), format: "der", type: "pkcs8" });
    const publicKey = rsaPublicKey(createPublicKey(key));
    if (publicKey === undefined) throw new RangeError(`not an RSA key of ${BITS.join(", ")} bits`);
    const length = publicKey.length - EXPONENT_LENGTH;
    return Object.freeze({
      signatureLength: length,
      publicKey(out: Uint8Array): void {
        checkLength(out, publicKey.length);
        out.set(publicKey);
      },
      sign(digest: Uint8Array, signature: Uint8Array, terms?: SigningTerms): void {
        checkLength(signature, length);
        const hash = hashOf(digest, terms);
        if (hash === undefined) throw new RangeError(`no hash makes digests of ${digest.length} bytes`);
        const salt = new Uint8Array(encoding.salted ? digest.length : 0);
        if (encoding.salted) random(salt);
        signature.set(privateEncrypt(raw(key), encoding.encode(hash, digest, length, salt)));
      },
    });
  };
}

export const rsassa2048 = verifier(PKCS1, 2048);
export const rsassa3072 = verifier(PKCS1, 3072);
export const rsassa4096 = verifier(PKCS1, 4096);
export const rsapss2048 = verifier(PSS, 2048);
export const rsapss3072 = verifier(PSS, 3072);
export const rsapss4096 = verifier(PSS, 4096);
/** Keys from PKCS #8 in DER, of any of these lengths. `random` makes salts. */
export const rsassaSigner = signer(PKCS1);
export const rsapssSigner = signer(PSS);
