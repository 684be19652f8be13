/** What a device is provisioned with, read from where `spdm certs`, DMTF's tools or a board's flash have it. */
import { createHash, createPrivateKey, type KeyObject, randomFillSync, type X509Certificate } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { BOARD_KINDS, type KeyKind, KINDS } from "../certs/hierarchy.js";
import {
  DEFAULT_POLICY,
  identityDigestFits,
  readIdentityTable,
  type SessionPolicy,
  type Span,
  UUID_LENGTH,
} from "../certs/identity-image.js";
import type { Credential, DeviceIdentity } from "../certs/identity-writer.js";
import type { Random } from "../hal/crypto.js";
import type { Identity } from "../hal/identity.js";
import { rsapssSigner, rsassaSigner } from "../hal/node/rsa.js";
import { changeableIdentity } from "../hal/portable/certificate-slots.js";
import { p256Signer, p384Signer, p521Signer, type Signer, sha256 } from "../hal/portable/crypto.js";
import { ed448Signer } from "../hal/portable/ed448.js";
import { ed25519Signer } from "../hal/portable/ed25519.js";
import { portableIdentity, type Slot } from "../hal/portable/identity.js";
import type { HintedKey } from "../hal/portable/psk.js";
import type { Storage } from "../hal/storage.js";
import * as algorithms from "../src/algorithms.js";
import { ALIAS_CERT, DEVICE_CERT } from "../src/key-pairs.js";
import { provisionedKey } from "../src/public-key.js";
import { WireError } from "../src/wire.js";
import { splitChain } from "./chain.js";
import { type Role, SLOT_COUNT, slotSuffix } from "./key-folder.js";
import { mlDsaCredentials, mlDsaRequesters } from "./ml-dsa-identity.js";

/** Bytes of certificates that a slot takes: eight of them fit into an image. */
const SLOT_CAPACITY = 0x1e00;
/** In a folder: pre-shared keys as [{ "hint": hexadecimal, "key": hexadecimal }, …], 1 to 64 bytes each. */
export const PSK_FILE = "psk.json";

/** Values of MutAuthRequested by the names that the command line has for them. */
export const MUTUAL: Readonly<Record<string, number>> = Object.freeze({
  none: 0,
  provisioned: 1,
  encapsulated: 2,
  digests: 4,
});

export type LoadedIdentity = Required<DeviceIdentity>;

/** Keys out of what credentials have of them. */
const SIGNERS: Readonly<Record<number, (key: Uint8Array, random: Random) => Signer>> = {
  [algorithms.ECDSA_P256]: p256Signer,
  [algorithms.ECDSA_P384]: p384Signer,
  [algorithms.ECDSA_P521]: p521Signer,
  [algorithms.ED25519]: ed25519Signer,
  [algorithms.ED448]: ed448Signer,
  [algorithms.RSASSA_2048]: rsassaSigner,
  [algorithms.RSASSA_3072]: rsassaSigner,
  [algorithms.RSASSA_4096]: rsassaSigner,
  [algorithms.RSAPSS_2048]: rsapssSigner,
  [algorithms.RSAPSS_3072]: rsapssSigner,
  [algorithms.RSAPSS_4096]: rsapssSigner,
};

/** Whose slot it is. */
export type Place = Pick<Credential, "slot" | "algorithm">;

/**
 * Reads an identity image, or a folder in DMTF's layout (one that holds ecp256 and ecp384, or one of these two, and
 * perhaps mldsa44, mldsa65 and mldsa87); its
 * ca.cert.der are the requester anchors, its bundle_requester.certchain.der the requester chains. `policy` takes the place
 * of what is provisioned, which for folders is the default. Throws an Error with the file at fault.
 * @param kinds What of a folder is read; by default what boards can have.
 */
export function loadIdentity(
  path: string,
  policy: Partial<SessionPolicy> = {},
  kinds: readonly KeyKind[] = BOARD_KINDS,
): LoadedIdentity {
  const device = statSync(path).isDirectory() ? identityFromFolder(path, kinds) : identityFromImage(path);
  return { ...device, policy: { ...device.policy, ...policy } };
}

/** The identity under one asymmetric algorithm; without a slot if there is none. */
export function identityOf(credentials: readonly Credential[], wanted: number): Identity {
  const own = credentials.filter((credential) => credential.algorithm === wanted);
  return portableIdentity(
    new Map(
      own.map(({ slot, key, ...rest }): [number, Slot] => [
        slot,
        { ...rest, signer: SIGNERS[wanted](key, randomFillSync) },
      ]),
    ),
  );
}

/** Likewise, known by slot 0's public key instead of certificates. */
export function publicKeyIdentityOf(credentials: readonly Credential[], wanted: number): Identity | undefined {
  const credential = credentials.find(({ algorithm, slot }) => algorithm === wanted && slot === 0);
  if (credential === undefined) return undefined;
  const { sign, ...identity } = identityOf([credential], wanted);
  const publicKey = splitChain(credential.chain).at(-1)!.publicKey.export({ type: "spki", format: "der" });
  return { ...identity, slotMask: 0, publicKey: provisionedKey(publicKey), sign: (_slot, ...rest) => sign(0, ...rest) };
}

/**
 * As `identityOf`, with slots that can be changed. `save` makes a change last before it counts, undefined empties the slot;
 * what it throws undoes the change, and is told to `onFault`.
 */
export function changeableIdentityOf(
  credentials: readonly Credential[],
  wanted: number,
  save: (place: Place, credential: Credential | undefined) => void,
  onFault: (error: unknown) => void,
): Identity {
  const make = SIGNERS[wanted];
  const keys = new Map<Signer, Uint8Array>();
  const slots = new Map<number, Slot>();
  for (const { slot, algorithm, key, ...rest } of credentials) {
    if (algorithm !== wanted) continue;
    const signer = make(key, randomFillSync);
    keys.set(signer, key);
    slots.set(slot, { ...rest, signer });
  }
  return changeableIdentity(slots, {
    algorithm: wanted,
    capacity: SLOT_CAPACITY,
    save(slot, content) {
      const place = { slot, algorithm: wanted };
      try {
        if (content === undefined) return save(place, undefined);
        const { signer, ...rest } = content;
        save(place, { ...place, ...rest, key: keys.get(signer)! });
      } catch (error) {
        onFault(error);
        throw error;
      }
    },
  });
}

function identityFromImage(path: string): LoadedIdentity {
  const image = readFileSync(path);
  const storage = memory(image);
  const table = readTable(storage, path);
  if (!identityDigestFits(storage, table, sha256)) throw new Error(`${path}: the image's digest does not fit`);
  const bytes = ({ offset, length }: Span) => Uint8Array.from(image.subarray(offset, offset + length));
  return {
    uuid: table.uuid,
    credentials: table.credentials.map(({ slot, model, algorithm, chain, key }) => ({
      slot,
      model,
      algorithm,
      chain: bytes(chain),
      key: bytes(key),
    })),
    spareKeys: table.spareKeys.map(({ algorithm, key }) => ({ algorithm, key: bytes(key) })),
    pqcCredentials: [],
    pqcRequesters: [],
    psks: table.psks.map(({ hint, key }) => ({ hint: bytes(hint), key: bytes(key) })),
    requesterAnchors: table.requesterAnchors.map(bytes),
    requesterChains: table.requesterChains.map(({ algorithm, chain }) => ({ algorithm, chain: bytes(chain) })),
    policy: table.policy,
  };
}

function readTable(storage: Storage, path: string) {
  try {
    return readIdentityTable(storage);
  } catch (error) {
    throw error instanceof WireError ? new Error(`${path}: ${error.message}`) : error;
  }
}

/** `bytes` as a storage that is only read. */
function memory(bytes: Uint8Array): Storage {
  return {
    length: bytes.length,
    read(offset, into) {
      if (offset < 0 || into.length > bytes.length - offset) throw new RangeError(`offset ${offset}`);
      into.set(bytes.subarray(offset, offset + into.length));
    },
  };
}

/**
 * Reads what a requester proves itself with, out of a folder in DMTF's layout; but for ML-DSA, which ml-dsa-identity.ts reads.
 * Throws an Error if there is nothing of it and it is `required`.
 */
export const loadRequester = (path: string, required = true): Credential[] =>
  credentialsBelow(path, "requester", KINDS, required);

function identityFromFolder(path: string, kinds: readonly KeyKind[]): LoadedIdentity {
  const credentials = credentialsBelow(path, "responder", kinds);
  const each = (name: string) =>
    kinds
      .map((kind) => ({ kind, file: join(folderOf(path, kind), name) }))
      .filter(({ file }) => existsSync(file))
      .map(({ kind, file }) => ({ kind, chain: new Uint8Array(readFileSync(file)) }));
  return {
    uuid: derivedUuid(credentials[0].chain),
    credentials,
    spareKeys: [],
    pqcCredentials: mlDsaCredentials(path, "responder"),
    pqcRequesters: mlDsaRequesters(path),
    psks: existsSync(join(path, PSK_FILE)) ? loadPsks(join(path, PSK_FILE)) : [],
    requesterAnchors: each("ca.cert.der").map(({ chain }) => chain),
    requesterChains: each("bundle_requester.certchain.der").flatMap(({ kind, chain }) =>
      kind.algorithms.map((algorithm) => ({ algorithm, chain })),
    ),
    policy: DEFAULT_POLICY,
  };
}

/** `path` holds a folder of each kind, or is one of these. */
export const folderOf = (path: string, { folder }: KeyKind) => (basename(path) === folder ? path : join(path, folder));

function credentialsBelow(path: string, role: Role, kinds: readonly KeyKind[], required = true): Credential[] {
  const credentials = kinds.flatMap((kind) => credentialsIn(folderOf(path, kind), kind, role));
  if (credentials.length > 0 || !required) return credentials;
  const folders = kinds.map(({ folder }) => folder).join(" or ");
  throw new Error(`${path}: no ${folders} folder with bundle_${role}.certchain.der`);
}

function credentialsIn(folder: string, { algorithms: all }: KeyKind, role: Role): Credential[] {
  const credentials: Credential[] = [];
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    const file = join(folder, `bundle_${role}.certchain${slotSuffix(slot)}.der`);
    if (!existsSync(file)) continue;
    const chain = new Uint8Array(readFileSync(file));
    const leaf = splitChain(chain).at(-1)!;
    const key = bytesOf(leafKey(folder, role, slot, leaf));
    // Folders tell of no model; but only one has chains that end with an authority.
    const model = leaf.ca ? ALIAS_CERT : DEVICE_CERT;
    credentials.push(...all.map((algorithm) => ({ slot, algorithm, model, chain, key })));
  }
  return credentials;
}

/** A private key as its engine takes it: scalar, seed or, of RSA, PKCS #8. */
function bytesOf(key: KeyObject): Uint8Array {
  if (key.asymmetricKeyType === "rsa") return key.export({ format: "der", type: "pkcs8" });
  return Buffer.from(key.export({ format: "jwk" }).d!, "base64url");
}

/** Reads pre-shared keys out of a `PSK_FILE`; throws an Error with the file. */
export function loadPsks(file: string): HintedKey[] {
  const text = readFileSync(file, "utf8");
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {}
  if (!Array.isArray(list)) throw new Error(`${file}: no JSON list of pre-shared keys`);
  const bytes = (value: unknown): Uint8Array => {
    if (typeof value !== "string" || !/^([\da-f]{2}){1,64}$/i.test(value))
      throw new Error(`${file}: hints and keys are 1 to 64 bytes in hexadecimal`);
    return Buffer.from(value, "hex");
  };
  return list.map((psk) => ({ hint: bytes(psk?.hint), key: bytes(psk?.key) }));
}

/** Slots may share a key (DMTF's slot 1 has slot 0's), so the key that fits the leaf is taken. */
function leafKey(folder: string, role: Role, slot: number, leaf: X509Certificate): KeyObject {
  const others = Array.from({ length: SLOT_COUNT }, (_, other) => other);
  for (const name of new Set([slot, ...others].map((each) => `end_${role}${slotSuffix(each)}`))) {
    const pkcs8 = join(folder, `${name}.key.p8`);
    const pem = join(folder, `${name}.key`);
    const key = existsSync(pkcs8)
      ? createPrivateKey({ key: readFileSync(pkcs8), format: "der", type: "pkcs8" })
      : existsSync(pem)
        ? createPrivateKey(readFileSync(pem))
        : undefined;
    if (key !== undefined && leaf.checkPrivateKey(key)) return key;
  }
  throw new Error(`${folder}: no end_${role} key fits the leaf of slot ${slot}`);
}

/** Folders name no UUID, and a device's must not change: version 8 (RFC 9562 §5.8), from its first chain. */
function derivedUuid(chain: Uint8Array): Uint8Array {
  const uuid = new Uint8Array(createHash("sha256").update(chain).digest().subarray(0, UUID_LENGTH));
  uuid[6] = (uuid[6] & 0x0f) | 0x80;
  uuid[8] = (uuid[8] & 0x3f) | 0x80;
  return uuid;
}
