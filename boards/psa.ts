/** Engines and keys of every firmware that has PSA. */
import type { CredentialEntry } from "../certs/identity-image.js";
import type { Signer } from "../hal/chip/identity.js";
import { identityKey } from "../hal/chip/identity-keys.js";
import { openKey, sha256, sha384, sha512 } from "../hal/psa/psa.js";
import { ALIAS_CERT } from "../src/key-pairs.js";
import type { Engines } from "./firmware.js";

const NO_SIGNER: Signer = Object.freeze({
  sign() {
    throw new Error("a device's authority signs no messages");
  },
});

export const psaEngines: Engines = Object.freeze({ sha256, sha384, sha512, signer });

function signer({ index, slot, model }: CredentialEntry): Signer {
  // Its key issues the slot's alias (psa-aliases.ts), and signs nothing else.
  if (model === ALIAS_CERT) return NO_SIGNER;
  const key = openKey(identityKey(index));
  if (key === undefined) throw new Error(`no private key for slot ${slot}`);
  return key;
}
