/**
 * hal/crypto.ts over Node's OpenSSL: an independent second opinion. No ECDSA: node:crypto signs and verifies messages
 * only, never digests, so tests ask it about whole messages.
 */
import { createECDH, createHash, type Hash as NodeHash, randomFillSync } from "node:crypto";
import type { Hash, HashAlgorithm, KeyAgreement, Random } from "../../hal/crypto.js";

export { aes128Gcm, aes256Gcm, chacha20Poly1305 } from "../../hal/node/crypto.js";

export const random: Random = (out) => {
  randomFillSync(out);
};

function checkLength(given: Uint8Array, least: number): void {
  if (given.length < least) throw new RangeError(`${given.length} bytes, expected ${least}`);
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
export const sha3_256 = hashAlgorithm("sha3-256", 32, 136);
export const sha3_384 = hashAlgorithm("sha3-384", 48, 104);
export const sha3_512 = hashAlgorithm("sha3-512", 64, 72);

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
export const secp521r1 = keyAgreement("secp521r1", 66);
