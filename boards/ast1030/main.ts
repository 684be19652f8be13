/** The firmware with cryptography by Mbed TLS in C, behind PSA. */
import type { CredentialEntry } from "../../certs/identity-image.js";
import type { Signer } from "../../hal/ast1030/identity.js";
import { identityKey } from "../../hal/ast1030/identity-keys.js";
import { openKey, sha256, sha384, sha512 } from "../../hal/psa/psa.js";
import { PSA } from "./configuration.js";
import { start } from "./firmware.js";
import { sessions } from "./sessions.js";

function signer({ index, slot }: CredentialEntry): Signer {
  const key = openKey(identityKey(index));
  if (key === undefined) throw new Error(`no private key for slot ${slot}`);
  return key;
}

start(PSA, { sha256, sha384, sha512, signer, sessions });
