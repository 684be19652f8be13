/** Engines and keys of every firmware that has PSA. */
import type { CredentialEntry } from "../certs/identity-image.js";
import type { KeyPair } from "../hal/chip/certificate-slots.js";
import type { Signer } from "../hal/chip/identity.js";
import { identityKey } from "../hal/chip/identity-keys.js";
import { openKey, p256, p384, sha256, sha384, sha512 } from "../hal/psa/psa.js";
import { ECDSA_P256, ECDSA_P384 } from "../src/algorithms.js";
import { ALIAS_CERT } from "../src/key-pairs.js";
import type { PathEngines } from "../src/requester-chain.js";
import type { Engines } from "./firmware.js";

const NO_SIGNER: Signer = Object.freeze({
  sign() {
    throw new Error("a device's authority signs no messages");
  },
});

export const psaEngines: Engines = Object.freeze({ sha256, sha384, sha512, signer });

/** What certificates are verified with. */
export const pathEngines: PathEngines = Object.freeze({
  verifiers: [
    { algorithm: ECDSA_P384, engine: p384 },
    { algorithm: ECDSA_P256, engine: p256 },
  ],
  hashes: [sha256, sha384, sha512],
});

function signer(entry: CredentialEntry): Signer {
  // Its key issues the slot's alias (psa-aliases.ts), and signs nothing else.
  return entry.model === ALIAS_CERT ? NO_SIGNER : keyPair(entry);
}

/** The key of an entry of the identity image. */
export function keyPair({ index }: Pick<CredentialEntry, "index">): KeyPair {
  const key = openKey(identityKey(index));
  if (key === undefined) throw new Error(`no private key in entry ${index}`);
  return key;
}
