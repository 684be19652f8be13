/**
 * On XS, for the tests of sessions, what test/support/session-engines.ts and hal/portable/crypto.ts are on Node: engines in
 * C, since hashes in JavaScript would take minutes there. Signatures stay noble's, whose keys cost no slots.
 */
import * as psa from "../../hal/psa/psa.js";

export { p256, p256Signer, p384, p384Signer } from "../../hal/portable/crypto.js";
export const { aes128Gcm, aes256Gcm, chacha20Poly1305, sha256, sha384, sha512 } = psa;
export const secp256r1 = () => psa.secp256r1;
export const secp384r1 = () => psa.secp384r1;
