/** Boards that are known by a public key instead of certificates. */
import type { PublicKey } from "../hal/identity.js";
import {
  CERT_CAP,
  CHAL_CAP,
  GET_KEY_PAIR_INFO_CAP,
  KEY_EX_CAP,
  MEAS_CAP,
  PUB_KEY_ID_CAP,
  SET_KEY_PAIR_INFO_CAP,
} from "./capabilities.js";

/** @param publicKeyInfo DER SubjectPublicKeyInfo; it is kept. */
export function provisionedKey(publicKeyInfo: Uint8Array): PublicKey {
  return {
    flags(flags) {
      // A board that has both would leave it to requesters what it is known by.
      if ((flags & (CERT_CAP | GET_KEY_PAIR_INFO_CAP | SET_KEY_PAIR_INFO_CAP)) !== 0) {
        throw new Error("a provisioned public key excludes certificates and key pairs");
      }
      return (flags & (CHAL_CAP | KEY_EX_CAP | MEAS_CAP)) !== 0 ? PUB_KEY_ID_CAP : 0;
    },
    digest(hash) {
      const running = hash.create();
      running.update(publicKeyInfo);
      const digest = new Uint8Array(hash.outputLen);
      running.digestInto(digest);
      running.destroy();
      return digest;
    },
  };
}
