/** The engines of a requester, by the bits of the algorithms they are. */
import type { Aead, HashAlgorithm, KeyAgreement, Random, Verifier } from "../../hal/crypto.js";
import { aes128Gcm, aes256Gcm, chacha20Poly1305 } from "../../hal/node/crypto.js";
import { p256, p384, secp256r1, secp384r1, secp521r1, sha256, sha384, sha512 } from "../../hal/portable/crypto.js";
import * as algorithm from "../../src/algorithms.js";

type ByBit<T> = Readonly<Record<number, T>>;

export const HASHES: ByBit<HashAlgorithm> = {
  [algorithm.SHA_256]: sha256,
  [algorithm.SHA_384]: sha384,
  [algorithm.SHA_512]: sha512,
};
export const VERIFIERS: ByBit<Verifier> = { [algorithm.ECDSA_P256]: p256, [algorithm.ECDSA_P384]: p384 };
/** Made when needed: some keep tables. */
export const KEY_AGREEMENTS: ByBit<(random: Random) => KeyAgreement> = {
  [algorithm.SECP256R1]: secp256r1,
  [algorithm.SECP384R1]: secp384r1,
  [algorithm.SECP521R1]: secp521r1,
};
export const AEADS: ByBit<Aead> = {
  [algorithm.AES_128_GCM]: aes128Gcm,
  [algorithm.AES_256_GCM]: aes256Gcm,
  [algorithm.CHACHA20_POLY1305]: chacha20Poly1305,
};
