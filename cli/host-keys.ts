/** The keys of the responder in this process: what it is known by, and what requesters see of that and may change. */
import { randomFillSync } from "node:crypto";
import type { Credential, DeviceIdentity } from "../certs/identity-writer.js";
import type { Identity } from "../hal/identity.js";
import { changeableIdentity, type SlotKeys } from "../hal/portable/certificate-slots.js";
import { type Signer, sha384 } from "../hal/portable/crypto.js";
import type { Slot } from "../hal/portable/identity.js";
import {
  type KeyAlgorithm,
  MemoryKeyPairs,
  P256_INFO,
  P384_INFO,
  type ProvisionedKey,
} from "../hal/portable/key-pairs.js";
import * as algorithm from "../src/algorithms.js";
import { ALIAS_CERT_CAP, MULTI_KEY_CAP_NEG } from "../src/capabilities.js";
import { Der, INTEGER, SEQUENCE } from "../src/der.js";
import type { Exchange } from "../src/exchange.js";
import { certificate } from "../src/messages/certificate.js";
import { csr } from "../src/messages/csr.js";
import { digests } from "../src/messages/digests.js";
import { keyPairInfo } from "../src/messages/key-pair-info.js";
import { type SetCertificatePolicy, setCertificate } from "../src/messages/set-certificate.js";
import { setKeyPairInfo } from "../src/messages/set-key-pair-info.js";
import { multiKeyConnections } from "../src/multi-key.js";
import type { Options } from "../src/responder.js";
import { keyAlgorithm } from "../src/slot-keys.js";
import { VERSION } from "../src/x509.js";
import { isAlias } from "./alias.js";
import { splitChain } from "./chain.js";
import { identityOf, type Place, publicKeyIdentityOf, signerOf } from "./identity.js";
import { pathEngines } from "./requester-trust.js";

/** As many as may be generated. */
const SPARE_COUNT = 2;
/** Bytes of certificates that a slot takes: eight of them fit into an image. */
const SLOT_CAPACITY = 0x1e00;
/** In order of preference, as far as there are keys. */
export const HOST_ASYMS: readonly number[] = [
  ...[algorithm.ECDSA_P384, algorithm.ECDSA_P256, algorithm.ECDSA_P521, algorithm.ED25519, algorithm.ED448],
  ...[algorithm.RSAPSS_4096, algorithm.RSAPSS_3072, algorithm.RSAPSS_2048],
  ...[algorithm.RSASSA_4096, algorithm.RSASSA_3072, algorithm.RSASSA_2048],
];

/** Of which keys can be generated, and chains be set. */
const CHANGEABLE = [
  { algorithm: algorithm.ECDSA_P384, publicKeyInfo: P384_INFO, scalarLength: 48 },
  { algorithm: algorithm.ECDSA_P256, publicKeyInfo: P256_INFO, scalarLength: 32 },
] as const;

/** Whose changes of keys and certificates are taken, by the names that the command line has for it. */
export const KEY_CHANGES = Object.freeze({
  none: undefined,
  proven: Object.freeze({ trustedEnvironment: false, slotsInSessions: 0xfe, provenRequesters: true }),
  sessions: Object.freeze({ trustedEnvironment: false, slotsInSessions: 0xfe, provenRequesters: false }),
  trusted: Object.freeze({ trustedEnvironment: true, slotsInSessions: 0xff, provenRequesters: false }),
});

/** Makes a change of a slot last, before it counts; undefined empties it. What it throws undoes the change. */
export type SaveCredential = (place: Place, credential: Credential | undefined) => void;

export interface HostKeyOptions {
  /** By default none. */
  readonly changes?: keyof typeof KEY_CHANGES | undefined;
  /** By default changes are kept in memory only. */
  readonly save?: SaveCredential | undefined;
  /** Known by a provisioned public key, without certificates. */
  readonly publicKey?: boolean | undefined;
}

/** What those with certificates are asked of them. */
const SHOWN: readonly Exchange[] = [digests, certificate, keyPairInfo];

/** What changes them. */
const changing = (policy: SetCertificatePolicy): Exchange[] => [
  setKeyPairInfo,
  csr({ hash: sha384 }),
  setCertificate({ ...pathEngines(CHANGEABLE.map((one) => one.algorithm)), policy }),
];

/** All that there ever is. */
export const keyExchanges = (): Exchange[] => [...SHOWN, ...changing(KEY_CHANGES.proven)];

/** What of a responder's options is about its keys, but for the identities under ML-DSA. */
export function hostKeys(
  { credentials, pqcCredentials = [] }: Pick<DeviceIdentity, "credentials" | "pqcCredentials">,
  { publicKey = false, changes, save = () => {} }: HostKeyOptions,
  onFault: (error: unknown) => void,
): Pick<Options, "baseAsym" | "exchanges" | "keyPairs" | "multiKey"> {
  if (publicKey) {
    const baseAsym = HOST_ASYMS.flatMap((algorithm) => {
      const identity = publicKeyIdentityOf(credentials, algorithm);
      return identity === undefined ? [] : [{ algorithm, identity }];
    });
    return { baseAsym, exchanges: [] };
  }
  const policy = changePolicy(credentials, changes);
  const aliases = credentials.some(isAlias);
  const under = (wanted: number) => credentials.filter((credential) => credential.algorithm === wanted);
  const held = HOST_ASYMS.filter((one) => under(one).length > 0);
  const changeable = CHANGEABLE.filter((one) => policy !== undefined && held.includes(one.algorithm));
  const secrets = new Secrets();
  const keyPairs: MemoryKeyPairs = new MemoryKeyPairs({
    algorithms: changeable.map((one) => generated(one, secrets)),
    provisioned: [
      ...provisionedKeys(credentials, (credential) => ({
        asym: keyAlgorithm(credential.algorithm),
        ...(changeable.some((one) => one.algorithm === credential.algorithm)
          ? { signer: secrets.signer(credential) }
          : {}),
      })),
      ...provisionedKeys(pqcCredentials, ({ algorithm }) => ({ asym: 0, pqcAsym: algorithm })),
    ],
    spareCount: SPARE_COUNT,
    policy: { ...(policy ?? KEY_CHANGES.proven), needsReset: false },
    holdsChain: (asym, slot) =>
      baseAsym.some((one) => keyAlgorithm(one.algorithm) === asym && (one.identity.slotMask & (1 << slot)) !== 0),
  });
  const baseAsym: Options["baseAsym"] = held.map((one) => ({
    algorithm: one,
    identity: changeable.some((each) => each.algorithm === one)
      ? changeableIdentityOf(under(one), one, keyPairs.slotKeys(keyAlgorithm(one)), secrets, { save, onFault })
      : identityOf(credentials, one),
  }));
  const shown = aliases ? SHOWN.map(ofAliases) : SHOWN;
  const exchanges = policy === undefined || changeable.length === 0 ? shown : [...shown, ...changing(policy)];
  return { baseAsym, exchanges, keyPairs, multiKey: multiKeyConnections(MULTI_KEY_CAP_NEG) };
}

/** GET_CERTIFICATE is what says that chains are aliases'. */
const ofAliases = (exchange: Exchange): Exchange =>
  exchange === certificate ? { ...certificate, capability: certificate.capability | ALIAS_CERT_CAP } : exchange;

/** Throws an Error if an identity that issues aliases shall take changes: the key that requests would be for is gone then. */
export function changePolicy(
  credentials: readonly Credential[],
  changes: HostKeyOptions["changes"] = "none",
): SetCertificatePolicy | undefined {
  const policy = KEY_CHANGES[changes];
  if (policy !== undefined && credentials.some(isAlias)) {
    throw new Error("an identity that issues aliases takes no certificates");
  }
  return policy;
}

/** Private keys of signers, which go into the identity with the chains that they are set with. */
class Secrets {
  readonly #keys = new Map<Signer, Uint8Array>();

  /** One for each key. */
  signer({ algorithm, key }: Pick<Credential, "algorithm" | "key">): Signer {
    for (const [signer, other] of this.#keys) if (Buffer.compare(key, other) === 0) return signer;
    const signer = signerOf(algorithm, key);
    this.#keys.set(signer, key);
    return signer;
  }

  key(signer: Signer): Uint8Array {
    return this.#keys.get(signer)!;
  }

  forget(signer: Signer): void {
    this.#keys.get(signer)?.fill(0);
    this.#keys.delete(signer);
  }
}

function generated(
  { algorithm, publicKeyInfo, scalarLength }: (typeof CHANGEABLE)[number],
  secrets: Secrets,
): KeyAlgorithm {
  return {
    asym: keyAlgorithm(algorithm),
    publicKeyInfo,
    // Both curves' orders begin with so many ones that a random scalar is as good as never out of range.
    generate: () => secrets.signer({ algorithm, key: randomFillSync(new Uint8Array(scalarLength)) }),
    forget: (signer) => secrets.forget(signer),
  };
}

/** The identity under one algorithm, with slots that can be changed. What `save` throws is told to `onFault`. */
function changeableIdentityOf(
  credentials: readonly Credential[],
  algorithm: number,
  keys: SlotKeys,
  secrets: Secrets,
  { save, onFault }: { save: SaveCredential; onFault: (error: unknown) => void },
): Identity {
  const slots = credentials.map((credential): [number, Slot] => {
    const { slot, chain, model } = credential;
    return [slot, { chain, ...(model === undefined ? {} : { model }), signer: secrets.signer(credential) }];
  });
  return changeableIdentity(new Map(slots), {
    algorithm,
    keys,
    capacity: SLOT_CAPACITY,
    save(slot, content) {
      const place = { slot, algorithm };
      try {
        if (content === undefined) return save(place, undefined);
        const { signer, ...rest } = content;
        save(place, { ...place, ...rest, key: secrets.key(signer) });
      } catch (error) {
        onFault(error);
        throw error;
      }
    },
  });
}

/** One for each key; slots may share one. KeyPairIDs do not depend on the order in which chains were set. */
function provisionedKeys(
  credentials: readonly Credential[],
  about: (credential: Credential) => Pick<ProvisionedKey, "asym" | "pqcAsym" | "signer">,
): ProvisionedKey[] {
  const found = new Map<string, ProvisionedKey>();
  for (const credential of [...credentials].sort((a, b) => a.algorithm - b.algorithm || a.slot - b.slot)) {
    const { slot, key, chain } = credential;
    const its = about(credential);
    const name = `${its.asym} ${its.pqcAsym} ${Buffer.from(key).toString("hex")}`;
    const slotMask = (found.get(name)?.slotMask ?? 0) | (1 << slot);
    found.set(name, { ...its, slotMask, publicKeyInfo: publicKeyInfoOf(chain) });
  }
  return [...found.values()];
}

/** The AlgorithmIdentifier of the leaf's key. */
function publicKeyInfoOf(chain: Uint8Array): Uint8Array {
  const tbs = new Der(new Uint8Array(splitChain(chain).at(-1)!.raw)).open(SEQUENCE).open(SEQUENCE);
  // Before the key: serial number, signature, issuer, validity, subject.
  for (const tag of [VERSION, INTEGER, SEQUENCE, SEQUENCE, SEQUENCE, SEQUENCE]) tbs.element(tag);
  return tbs.open(SEQUENCE).element(SEQUENCE).slice();
}
