/** Engines and keys of every firmware that has PSA. */
import type { CredentialEntry } from "../certs/identity-image.js";
import type { Signer } from "../hal/chip/identity.js";
import { identityKey } from "../hal/chip/identity-keys.js";
import { openKey, sha256, sha384, sha512 } from "../hal/psa/psa.js";
import type { Engines } from "./firmware.js";

export const psaEngines: Engines = Object.freeze({ sha256, sha384, sha512, signer });

function signer({ index, slot }: CredentialEntry): Signer {
  const key = openKey(identityKey(index));
  if (key === undefined) throw new Error(`no private key for slot ${slot}`);
  return key;
}
