/** The engines of a requester, by the bits of the algorithms they are. */
import type { Aead, HashAlgorithm, KeyAgreement, Random, Verifier } from "../../hal/crypto.js";
import { aes128Gcm, aes256Gcm, chacha20Poly1305 } from "../../hal/node/crypto.js";
import { ffdhe2048, ffdhe3072, ffdhe4096 } from "../../hal/node/ffdhe.js";
import * as rsa from "../../hal/node/rsa.js";
import {
  p256,
  p384,
  p521,
  secp256r1,
  secp384r1,
  secp521r1,
  sha256,
  sha384,
  sha512,
} from "../../hal/portable/crypto.js";
import { ed448 } from "../../hal/portable/ed448.js";
import { ed25519 } from "../../hal/portable/ed25519.js";
import { sha3_256, sha3_384, sha3_512 } from "../../hal/portable/sha3.js";
import * as algorithm from "../../src/algorithms.js";

type ByBit<T> = Readonly<Record<number, T>>;

export const HASHES: ByBit<HashAlgorithm> = {
  [algorithm.SHA_256]: sha256,
  [algorithm.SHA_384]: sha384,
  [algorithm.SHA_512]: sha512,
  [algorithm.SHA3_256]: sha3_256,
  [algorithm.SHA3_384]: sha3_384,
  [algorithm.SHA3_512]: sha3_512,
};
export const VERIFIERS: ByBit<Verifier> = {
  [algorithm.ECDSA_P256]: p256,
  [algorithm.ECDSA_P384]: p384,
  [algorithm.ECDSA_P521]: p521,
  [algorithm.ED25519]: ed25519,
  [algorithm.ED448]: ed448,
  [algorithm.RSASSA_2048]: rsa.rsassa2048,
  [algorithm.RSASSA_3072]: rsa.rsassa3072,
  [algorithm.RSASSA_4096]: rsa.rsassa4096,
  [algorithm.RSAPSS_2048]: rsa.rsapss2048,
  [algorithm.RSAPSS_3072]: rsa.rsapss3072,
  [algorithm.RSAPSS_4096]: rsa.rsapss4096,
};
/** Made when needed: some keep tables. */
export const KEY_AGREEMENTS: ByBit<(random: Random) => KeyAgreement> = {
  [algorithm.SECP256R1]: secp256r1,
  [algorithm.SECP384R1]: secp384r1,
  [algorithm.SECP521R1]: secp521r1,
  [algorithm.FFDHE_2048]: ffdhe2048,
  [algorithm.FFDHE_3072]: ffdhe3072,
  [algorithm.FFDHE_4096]: ffdhe4096,
};
export const AEADS: ByBit<Aead> = {
  [algorithm.AES_128_GCM]: aes128Gcm,
  [algorithm.AES_256_GCM]: aes256Gcm,
  [algorithm.CHACHA20_POLY1305]: chacha20Poly1305,
};
