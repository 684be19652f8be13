/** What the tests of sessions encrypt and agree with; on XS hal/psa stands in their place (test/xs/psa-engines.ts). */
export { aes256Gcm, chacha20Poly1305 } from "../../hal/node/crypto.js";
export { secp256r1, secp384r1 } from "../../hal/portable/crypto.js";
