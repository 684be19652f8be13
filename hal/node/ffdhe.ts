/**
 * Finite-field Diffie-Hellman in the groups of RFC 7919, over Node's OpenSSL, which knows their primes and so takes short
 * exponents (§5.2). The primes are safe: with 1 and p - 1 refused, a peer can learn of a key no more than its parity, and each
 * key is used once.
 */
import { createDiffieHellman } from "node:crypto";
import type { EphemeralKey, KeyAgreement, Random } from "../crypto.js";
import { checkLength } from "../portable/check-length.js";

const GENERATOR = 2;
/** Binary digits of e beyond those needed, which absorb what is rounded off. */
const GUARD = 64n;

/** 2^b - 2^(b-64) + (⌊2^(b-130) e⌋ + offset) 2^64 - 1 (RFC 7919, Appendix A), e being the sum of 1/k!. */
function primeOf(bits: number, offset: number): Uint8Array {
  const b = BigInt(bits);
  let term = 1n << (b - 130n + GUARD);
  let e = 0n;
  for (let k = 1n; term !== 0n; k++) {
    e += term;
    term /= k;
  }
  const prime = (1n << b) - (1n << (b - 64n)) + (((e >> GUARD) + BigInt(offset)) << 64n) - 1n;
  return Uint8Array.from(Buffer.from(prime.toString(16), "hex"));
}

/** Whether 1 < y < p - 1 (RFC 7919 §5.1); p is odd, so that p - 1 differs from it in its last byte only. */
function isPublicKey(y: Uint8Array, prime: Uint8Array): boolean {
  if (y.length !== prime.length) return false;
  const last = prime.slice();
  last[last.length - 1] -= 1;
  const one = new Uint8Array(prime.length);
  one[one.length - 1] = 1;
  return Buffer.compare(y, one) > 0 && Buffer.compare(y, last) < 0;
}

/** Into the end of `out`, zeros before it. */
function setRight(out: Uint8Array, value: Uint8Array): void {
  out.fill(0, 0, out.length - value.length);
  out.set(value, out.length - value.length);
}

function group(bits: number, offset: number): () => KeyAgreement {
  const length = bits / 8;
  return () => {
    const prime = primeOf(bits, offset);
    return Object.freeze({
      publicKeyLength: length,
      sharedSecretLength: length,
      generate(publicKey: Uint8Array): EphemeralKey {
        checkLength(publicKey, length);
        let own: ReturnType<typeof createDiffieHellman> | undefined = createDiffieHellman(prime, GENERATOR);
        setRight(publicKey.subarray(0, length), own.generateKeys());
        return {
          agree(peerPublicKey, sharedSecret) {
            checkLength(sharedSecret, length);
            if (own === undefined) throw new Error("destroyed");
            if (!isPublicKey(peerPublicKey, prime)) return false;
            const secret = own.computeSecret(peerPublicKey);
            setRight(sharedSecret.subarray(0, length), secret);
            secret.fill(0);
            return true;
          },
          destroy() {
            own = undefined; // OpenSSL wipes it when it is collected
          },
        };
      },
    });
  };
}

/** As those of hal/portable, but with OpenSSL's own random source. */
type KeyAgreementMaker = (random?: Random) => KeyAgreement;

export const ffdhe2048: KeyAgreementMaker = group(2048, 560_316);
export const ffdhe3072: KeyAgreementMaker = group(3072, 2_625_351);
export const ffdhe4096: KeyAgreementMaker = group(4096, 5_736_041);
