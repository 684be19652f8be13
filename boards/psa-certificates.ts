/** Certificates that are requested and set in the field, as every firmware with PSA serves them. */
import { changeableIdentities, type IdentityOf } from "../hal/chip/certificate-slots.js";
import { sha384 } from "../hal/psa/psa.js";
import { ECDSA_P256, ECDSA_P384 } from "../src/algorithms.js";
import type { Exchange } from "../src/exchange.js";
import { ALIAS_CERT } from "../src/key-pairs.js";
import { csr } from "../src/messages/csr.js";
import { setCertificate } from "../src/messages/set-certificate.js";
import type { Configuration } from "./configuration.js";
import type { Provisioned } from "./firmware.js";
import { keyPair, pathEngines } from "./psa.js";

/** So that eight slots under both algorithms fit into an image, beside keys and what else is in it. */
const SLOT_CAPACITY = 0xf00;
/** DSP0274 1.3 §10.24: slot 0 is set in trusted environments only. */
const SLOTS_IN_SESSIONS = 0xfe;

export interface Certificates {
  /** The identities of P-384 and P-256, as far as there are keys, with slots that change; undefined where none do. */
  identities(table: Provisioned): readonly IdentityOf[] | undefined;
  exchanges(configuration: Configuration, table: Provisioned): readonly Exchange[];
}

export const certificates: Certificates = Object.freeze({
  identities: (table: Provisioned) =>
    issuesAliases(table)
      ? undefined
      : changeableIdentities(
          table,
          [
            [ECDSA_P384, 96],
            [ECDSA_P256, 64],
          ],
          { capacity: SLOT_CAPACITY, keyPair },
        ),
  exchanges: ({ trustedEnvironment = false }: Configuration, table: Provisioned) => {
    const { credentials, spareKeys, psks, policy } = table;
    // SET_CERT_CAP would promise too much where nobody can prove to be somebody.
    return !issuesAliases(table) &&
      credentials.length + spareKeys.length > 0 &&
      (trustedEnvironment || psks.length > 0 || policy.requested !== 0)
      ? [
          csr({ hash: sha384 }),
          setCertificate({
            ...pathEngines,
            policy: { trustedEnvironment, slotsInSessions: SLOTS_IN_SESSIONS, provenRequesters: true },
          }),
        ]
      : [];
  },
});

/** There is no key that requests could be signed with, once aliases are issued. */
const issuesAliases = ({ credentials }: Provisioned): boolean => credentials.some(({ model }) => model === ALIAS_CERT);
