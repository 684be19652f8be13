/** The suite over Node's own cryptography: what the suite demands is not what we alone believe. */
import * as engines from "../support/node-crypto.js";
import { cryptoSuite } from "./suite.js";

const { sha256, sha384, sha512, secp256r1, secp384r1, aes128Gcm, aes256Gcm, chacha20Poly1305, random } = engines;
cryptoSuite({
  hashes: { sha256, sha384, sha512 },
  agreements: { secp256r1, secp384r1 },
  aeads: { aes128Gcm, aes256Gcm, chacha20Poly1305 },
  random,
});
