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
  /**
   * The identities of P-384 and P-256, as far as there are keys, with slots that change; undefined if none does: where aliases
   * are issued the keys that certificates could be requested for are gone then.
   */
  identities(table: Provisioned): readonly IdentityOf[] | undefined;
  exchanges(configuration: Configuration, table: Provisioned): readonly Exchange[];
}

const issuesAliases = ({ credentials }: Provisioned): boolean => credentials.some(({ model }) => model === ALIAS_CERT);

const changeable = (table: Provisioned): readonly IdentityOf[] =>
  changeableIdentities(
    table,
    [
      [ECDSA_P384, 96],
      [ECDSA_P256, 64],
    ],
    { capacity: SLOT_CAPACITY, keyPair },
  );

/** SET_CERT_CAP would promise too much where nobody can prove to be somebody. */
const canBeAsked = ({ trustedEnvironment = false }: Configuration, { psks, policy }: Provisioned): boolean =>
  trustedEnvironment || (policy.certificates && (psks.length > 0 || policy.requested !== 0));

export const certificates: Certificates = Object.freeze({
  identities: (table: Provisioned) => (issuesAliases(table) ? undefined : changeable(table)),
  exchanges(configuration: Configuration, table: Provisioned) {
    const { credentials, spareKeys } = table;
    const hasKeys = credentials.length + spareKeys.length > 0;
    if (!hasKeys || issuesAliases(table) || !canBeAsked(configuration, table)) return [];
    const { trustedEnvironment = false } = configuration;
    const policy = { trustedEnvironment, slotsInSessions: SLOTS_IN_SESSIONS, provenRequesters: true };
    return [csr({ hash: sha384 }), setCertificate({ ...pathEngines, policy })];
  },
});
