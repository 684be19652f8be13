/** The keys of the responder in this process: what it is known by, and what GET_KEY_PAIR_INFO shows. */
import { randomFillSync } from "node:crypto";
import { MemoryKeyPairs, P256_INFO, P384_INFO, type ProvisionedKey } from "../boards/key-pairs.js";
import type { Credential, DeviceIdentity } from "../certs/identity-writer.js";
import { p256Signer, p384Signer, type Signer, sha384 } from "../hal/portable/crypto.js";
import * as algorithm from "../src/algorithms.js";
import { ALIAS_CERT_CAP, MULTI_KEY_CAP_NEG } from "../src/capabilities.js";
import { Der, SEQUENCE } from "../src/der.js";
import type { Exchange } from "../src/exchange.js";
import { KEY_P256, KEY_P384 } from "../src/key-pairs.js";
import { certificate } from "../src/messages/certificate.js";
import { csr } from "../src/messages/csr.js";
import { digests } from "../src/messages/digests.js";
import { keyPairInfo } from "../src/messages/key-pair-info.js";
import { type SetCertificatePolicy, setCertificate } from "../src/messages/set-certificate.js";
import { setKeyPairInfo } from "../src/messages/set-key-pair-info.js";
import { multiKeyConnections } from "../src/multi-key.js";
import type { Options } from "../src/responder.js";
import { keyAlgorithm } from "../src/slot-keys.js";
import { isAlias } from "./alias.js";
import { readCertificate, splitChain } from "./chain.js";
import { changeableIdentityOf, identityOf, type Place, publicKeyIdentityOf } from "./identity.js";
import { pathEngines } from "./requester-trust.js";

/** As many as may be generated. */
const SPARE_COUNT = 2;
/** In order of preference, as far as there are keys. */
export const HOST_ASYMS: readonly number[] = [
  ...[algorithm.ECDSA_P384, algorithm.ECDSA_P256, algorithm.ECDSA_P521, algorithm.ED25519, algorithm.ED448],
  ...[algorithm.RSAPSS_4096, algorithm.RSAPSS_3072, algorithm.RSAPSS_2048],
  ...[algorithm.RSASSA_4096, algorithm.RSASSA_3072, algorithm.RSASSA_2048],
];
/** What those with certificates are asked of them. */
export const KEY_EXCHANGES: readonly Exchange[] = [digests, certificate, keyPairInfo, setKeyPairInfo];

const random = (out: Uint8Array): void => {
  randomFillSync(out);
};

/** How certificates are requested and set. */
export interface HostCertificates {
  readonly policy: SetCertificatePolicy;
  /** Makes a change last, before it counts; undefined empties the slot. */
  readonly save: (place: Place, credential: Credential | undefined) => void;
}

export interface HostKeyOptions {
  /** Certificates are requested and set, but keys have no pairs then; without it they stay. */
  readonly certificates?: HostCertificates | undefined;

  /** Known by a provisioned public key, without certificates. */
  readonly publicKey?: boolean | undefined;
  /** Whether keys may be changed outside of sessions too. */
  readonly trustedEnvironment?: boolean | undefined;
}

/** What of a responder's options is about its keys. */
export function hostKeys(
  { credentials, pqcCredentials = [] }: Pick<DeviceIdentity, "credentials" | "pqcCredentials">,
  { publicKey = false, trustedEnvironment = false, certificates }: HostKeyOptions,
  onFault: (error: unknown) => void,
): Pick<Options, "baseAsym" | "exchanges" | "keyPairs" | "multiKey"> {
  if (publicKey) {
    const baseAsym = HOST_ASYMS.flatMap((algorithm) => {
      const identity = publicKeyIdentityOf(credentials, algorithm);
      return identity === undefined ? [] : [{ algorithm, identity }];
    });
    return { baseAsym, exchanges: [] };
  }
  const aliases = credentials.some(isAlias);
  if (certificates !== undefined) {
    // Nobody could sign a request for the device's key: it is gone when its alias is issued.
    if (aliases) throw new Error("an identity that issues aliases takes no certificates");
    return changeableKeys(credentials, certificates, onFault);
  }
  const identities = HOST_ASYMS.map((algorithm) => ({ algorithm, identity: identityOf(credentials, algorithm) }));
  const baseAsym = identities.filter(({ identity }) => identity.slotMask !== 0);
  const keyPairs = new MemoryKeyPairs({
    algorithms: [
      { asym: KEY_P384, publicKeyInfo: P384_INFO, generate: () => newSigner(p384Signer, 48) },
      { asym: KEY_P256, publicKeyInfo: P256_INFO, generate: () => newSigner(p256Signer, 32) },
    ],
    provisioned: provisionedKeys(credentials, pqcCredentials),
    spareCount: SPARE_COUNT,
    policy: { trustedEnvironment, provenRequesters: false, needsReset: false },
    holdsChain: (asym, slot) =>
      credentials.some((credential) => keyAlgorithm(credential.algorithm) === asym && credential.slot === slot),
  });
  return {
    baseAsym,
    exchanges: aliases ? KEY_EXCHANGES.map(ofAliases) : KEY_EXCHANGES,
    keyPairs,
    multiKey: multiKeyConnections(MULTI_KEY_CAP_NEG),
  };
}

/** GET_CERTIFICATE is what says that chains are aliases'. */
const ofAliases = (exchange: Exchange): Exchange =>
  exchange === certificate ? { ...certificate, capability: certificate.capability | ALIAS_CERT_CAP } : exchange;

/** What chains of the device can be of. */
const CHANGEABLE: readonly number[] = [algorithm.ECDSA_P384, algorithm.ECDSA_P256];

function changeableKeys(
  credentials: readonly Credential[],
  { policy, save }: HostCertificates,
  onFault: (error: unknown) => void,
): Pick<Options, "baseAsym" | "exchanges"> {
  const held = CHANGEABLE.filter((one) => credentials.some((credential) => credential.algorithm === one));
  const baseAsym = held.map((one) => ({
    algorithm: one,
    identity: changeableIdentityOf(credentials, one, save, onFault),
  }));
  return { baseAsym, exchanges: [digests, certificate, ...certificateExchanges(policy)] };
}

export const certificateExchanges = (policy: SetCertificatePolicy): Exchange[] => [
  csr({ hash: sha384 }),
  setCertificate({ ...pathEngines(CHANGEABLE), policy }),
];

/** One for each key; slots may share one. */
function provisionedKeys(credentials: readonly Credential[], pqcCredentials: readonly Credential[]): ProvisionedKey[] {
  const found = new Map<string, ProvisionedKey>();
  const add = ({ slot, key, chain }: Credential, asym: number, pqcAsym: number) => {
    const name = `${asym} ${pqcAsym} ${Buffer.from(key).toString("hex")}`;
    const { slotMask = 0 } = found.get(name) ?? {};
    found.set(name, { asym, pqcAsym, slotMask: slotMask | (1 << slot), publicKeyInfo: publicKeyInfo(chain) });
  };
  for (const credential of credentials) add(credential, keyAlgorithm(credential.algorithm), 0);
  for (const credential of pqcCredentials) add(credential, 0, credential.algorithm);
  return [...found.values()];
}

/** The AlgorithmIdentifier of the leaf's key. */
function publicKeyInfo(chain: Uint8Array): Uint8Array {
  const { publicKey } = readCertificate(splitChain(chain).at(-1)!).fields;
  const spki = new Der(new Uint8Array(publicKey.rawData));
  return spki.open(SEQUENCE).element(SEQUENCE).slice();
}

/** Both curves' orders begin with so many ones that a random scalar is as good as never out of range. */
function newSigner(make: typeof p384Signer, length: number): Signer {
  const scalar = new Uint8Array(length);
  random(scalar);
  return make(scalar, random);
}
