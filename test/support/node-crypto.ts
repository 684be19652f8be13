/**
 * hal/crypto.ts over Node's OpenSSL: an independent second opinion. No ECDSA: node:crypto signs and verifies messages
 * only, never digests, so tests ask it about whole messages.
 */
import {
  type CipherGCMTypes,
  createCipheriv,
  createDecipheriv,
  createECDH,
  createHash,
  type Hash as NodeHash,
  randomFillSync,
} from "node:crypto";
import type { Aead, Hash, HashAlgorithm, KeyAgreement, Random } from "../../hal/crypto.js";

export const random: Random = (out) => {
  randomFillSync(out);
};

function checkLength(given: Uint8Array, least: number, most = Number.POSITIVE_INFINITY): void {
  if (given.length < least || given.length > most) throw new RangeError(`${given.length} bytes, expected ${least}`);
}

function running(hash: NodeHash, outputLen: number): Hash {
  return {
    update: (data) => hash.update(data),
    digestInto(out) {
      checkLength(out, outputLen);
      out.set(hash.digest());
    },
    clone: () => running(hash.copy(), outputLen),
    destroy() {
      if (!Reflect.get(hash, "destroyed")) hash.destroy();
    },
  };
}

function hashAlgorithm(name: string, outputLen: number, blockLen: number): HashAlgorithm {
  return { outputLen, blockLen, create: () => running(createHash(name), outputLen) };
}

export const sha256 = hashAlgorithm("sha256", 32, 64);
export const sha384 = hashAlgorithm("sha384", 48, 128);
export const sha512 = hashAlgorithm("sha512", 64, 128);

function keyAgreement(curve: string, length: number): KeyAgreement {
  return {
    publicKeyLength: 2 * length,
    sharedSecretLength: length,
    generate(publicKey) {
      checkLength(publicKey, 2 * length);
      const ecdh = createECDH(curve);
      let destroyed = false;
      publicKey.set(ecdh.generateKeys().subarray(1));
      return {
        agree(peerPublicKey, sharedSecret) {
          checkLength(sharedSecret, length);
          if (destroyed) throw new Error("destroyed");
          if (peerPublicKey.length !== 2 * length) return false;
          try {
            sharedSecret.set(ecdh.computeSecret(Buffer.concat([Buffer.of(4), peerPublicKey])));
            return true;
          } catch {
            return false;
          }
        },
        destroy() {
          destroyed = true;
        },
      };
    },
  };
}

export const secp256r1 = keyAgreement("prime256v1", 32);
export const secp384r1 = keyAgreement("secp384r1", 48);

function aead(algorithm: string, keyLength: number): Aead {
  const cipher = algorithm as CipherGCMTypes; // its options are those of all three
  const options = { authTagLength: 16 };
  return {
    keyLength,
    nonceLength: 12,
    tagLength: 16,
    create(given) {
      checkLength(given, keyLength, keyLength);
      let key: Uint8Array | undefined = given.slice();
      const live = (): Uint8Array => {
        if (key === undefined) throw new Error("destroyed");
        return key;
      };
      return {
        seal(nonce, associatedData, text, tag) {
          checkLength(nonce, 12, 12);
          checkLength(tag, 16);
          const engine = createCipheriv(cipher, live(), nonce, options);
          engine.setAAD(associatedData);
          text.set(engine.update(text));
          engine.final();
          tag.set(engine.getAuthTag());
        },
        open(nonce, associatedData, text, tag) {
          checkLength(nonce, 12, 12);
          const engine = createDecipheriv(cipher, live(), nonce, options);
          if (tag.length !== 16) return false;
          engine.setAuthTag(tag);
          engine.setAAD(associatedData);
          text.set(engine.update(text));
          try {
            engine.final();
            return true;
          } catch {
            return false;
          }
        },
        destroy() {
          key = undefined;
        },
      };
    },
  };
}

export const aes128Gcm = aead("aes-128-gcm", 16);
export const aes256Gcm = aead("aes-256-gcm", 32);
export const chacha20Poly1305 = aead("chacha20-poly1305", 32);
