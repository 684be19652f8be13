/** What a device is provisioned with, read from where `spdm certs`, DMTF's tools or a board's flash have it. */
import { createHash, createPrivateKey, type KeyObject, randomFillSync } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { CURVES } from "../certs/hierarchy.js";
import {
  DEFAULT_POLICY,
  identityDigestFits,
  readIdentityTable,
  type SessionPolicy,
  type Span,
  UUID_LENGTH,
} from "../certs/identity-image.js";
import type { Credential, DeviceIdentity } from "../certs/identity-writer.js";
import type { Identity } from "../hal/identity.js";
import { changeableIdentity } from "../hal/portable/certificate-slots.js";
import { p256Signer, p384Signer, type Signer, sha256 } from "../hal/portable/crypto.js";
import { portableIdentity, type Slot } from "../hal/portable/identity.js";
import type { HintedKey } from "../hal/portable/psk.js";
import type { Storage } from "../hal/storage.js";
import { ECDSA_P256 } from "../src/algorithms.js";
import { WireError } from "../src/wire.js";
import { splitChain } from "./chain.js";

const SLOT_COUNT = 8;
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

/** Whose slot it is. */
export type Place = Pick<Credential, "slot" | "algorithm">;

/** Whose files of a folder. */
type Role = "responder" | "requester";

/**
 * Reads an identity image, or a folder in DMTF's layout (one that holds ecp256 and ecp384, or one of these two); its
 * ca.cert.der are the requester anchors, its bundle_requester.certchain.der the requester chains. `policy` takes the place
 * of what is provisioned, which for folders is the default. Throws an Error with the file at fault.
 */
export function loadIdentity(path: string, policy: Partial<SessionPolicy> = {}): LoadedIdentity {
  const device = statSync(path).isDirectory() ? identityFromFolder(path) : identityFromImage(path);
  return { ...device, policy: { ...device.policy, ...policy } };
}

/** The identity under one asymmetric algorithm; without a slot if there is none. */
export function identityOf(credentials: readonly Credential[], wanted: number): Identity {
  const make = wanted === ECDSA_P256 ? p256Signer : p384Signer;
  const own = credentials.filter((credential) => credential.algorithm === wanted);
  return portableIdentity(
    new Map(own.map(({ slot, chain, key }): [number, Slot] => [slot, { chain, signer: make(key, randomFillSync) }])),
  );
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
  const make = wanted === ECDSA_P256 ? p256Signer : p384Signer;
  const keys = new Map<Signer, Uint8Array>();
  const slots = new Map<number, Slot>();
  for (const { slot, algorithm, chain, key } of credentials) {
    if (algorithm !== wanted) continue;
    const signer = make(key, randomFillSync);
    keys.set(signer, key);
    slots.set(slot, { chain, signer });
  }
  return changeableIdentity(slots, {
    algorithm: wanted,
    capacity: SLOT_CAPACITY,
    save(slot, content) {
      const place = { slot, algorithm: wanted };
      try {
        save(place, content && { ...place, chain: content.chain, key: keys.get(content.signer)! });
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
    credentials: table.credentials.map(({ slot, algorithm, chain, key }) => ({
      slot,
      algorithm,
      chain: bytes(chain),
      key: bytes(key),
    })),
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
 * Reads what a requester proves itself with, out of a folder in DMTF's layout. Throws an Error if there is nothing of it.
 */
export const loadRequester = (path: string): Credential[] => credentialsBelow(path, "requester");

function identityFromFolder(path: string): LoadedIdentity {
  const credentials = credentialsBelow(path, "responder");
  const each = (name: string) =>
    foldersOf(path)
      .map(({ algorithm, folder }) => ({ algorithm, file: join(folder, name) }))
      .filter(({ file }) => existsSync(file))
      .map(({ algorithm, file }) => ({ algorithm, chain: new Uint8Array(readFileSync(file)) }));
  return {
    uuid: derivedUuid(credentials[0].chain),
    credentials,
    psks: existsSync(join(path, PSK_FILE)) ? loadPsks(join(path, PSK_FILE)) : [],
    requesterAnchors: each("ca.cert.der").map(({ chain }) => chain),
    requesterChains: each("bundle_requester.certchain.der"),
    policy: DEFAULT_POLICY,
  };
}

/** The folder that holds one of each algorithm, or is one of these. */
export const foldersOf = (path: string) =>
  CURVES.map(({ algorithm, folder }) => ({
    algorithm,
    folder: basename(path) === folder ? path : join(path, folder),
  }));

function credentialsBelow(path: string, role: Role): Credential[] {
  const credentials = foldersOf(path).flatMap(({ algorithm, folder }) => credentialsIn(folder, algorithm, role));
  if (credentials.length === 0)
    throw new Error(`${path}: no ecp256 or ecp384 folder with bundle_${role}.certchain.der`);
  return credentials;
}

function credentialsIn(folder: string, algorithm: number, role: Role): Credential[] {
  const credentials: Credential[] = [];
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    const file = join(folder, `bundle_${role}.certchain${slotSuffix(slot)}.der`);
    if (!existsSync(file)) continue;
    const chain = new Uint8Array(readFileSync(file));
    const key = Buffer.from(leafKey(folder, role, slot, chain).export({ format: "jwk" }).d!, "base64url");
    credentials.push({ slot, algorithm, chain, key });
  }
  return credentials;
}

/** DMTF's file names leave the 0 away. */
export function slotSuffix(slot: number): string {
  return slot === 0 ? "" : String(slot);
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
function leafKey(folder: string, role: Role, slot: number, chain: Uint8Array): KeyObject {
  const leaf = splitChain(chain).at(-1)!;
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
