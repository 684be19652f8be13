/**
 * `spdm certs`: makes the development PKI and what a board is provisioned with. The folder has DMTF's layout (ecp256,
 * ecp384, their file names), so it serves DMTF's tools too, and loadIdentity reads theirs.
 */
import { createHash, createPrivateKey, type KeyObject, randomUUID, webcrypto } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { sha256 } from "@noble/hashes/sha2.js";
import { CURVES, type Curve, type Hierarchy, type Leaf, makeHierarchy, type Validity } from "../certs/hierarchy.js";
import {
  type Credential,
  identityDigestFits,
  readIdentityTable,
  UUID_LENGTH,
  writeIdentityImage,
} from "../certs/identity-image.js";
import type { Storage } from "../hal/storage.js";
import { splitChain } from "./chain.js";

/** The SPI flash of the emulated board, which its drive file must match exactly. */
const FLASH_LENGTH = 4 << 20;
const SLOTS = Object.freeze([0, 1]);
const SLOT_COUNT = 8;
const DAY_MS = 24 * 60 * 60 * 1000;
const YEARS = 10;

export interface CertificatesOptions {
  /** Folder, made if missing. */
  readonly out: string;
  /** Replaces what is there. */
  readonly force?: boolean;
  /** Default: from yesterday, for clocks that lag, to ten years from now. */
  readonly validity?: Validity;
}

export interface MadeCertificates {
  /** As in 123e4567-e89b-…. */
  readonly uuid: string;
  /** "manufacturer:product:serial number" of both leaves. */
  readonly deviceInfo: string;
  /** Paths below `out`, in the order written. */
  readonly files: readonly string[];
}

/** What a device is: its UUID (16 bytes) and its slots. */
export interface DeviceIdentity {
  readonly uuid: Uint8Array;
  readonly credentials: readonly Credential[];
}

interface OutputFile {
  readonly name: string;
  readonly data: string | Uint8Array;
  readonly secret: boolean;
}

/** Throws, with nothing written, if one of the files exists and `force` is not given. */
export async function makeCertificates(options: CertificatesOptions): Promise<MadeCertificates> {
  const now = Date.now();
  const validity = options.validity ?? {
    notBefore: new Date(now - DAY_MS),
    notAfter: new Date(now + YEARS * 365.25 * DAY_MS),
  };
  const uuid = randomUUID();
  const deviceInfo = `MODDABLE:SPDM-DEVELOPMENT:${uuid.slice(0, 8).toUpperCase()}`;
  const outputs: OutputFile[] = [];
  const credentials: Credential[] = [];
  for (const curve of CURVES) {
    const hierarchy = await makeHierarchy(curve, SLOTS, deviceInfo, validity);
    outputs.push(...authorityFiles(hierarchy));
    for (const leaf of hierarchy.leaves) {
      const chain = Buffer.concat([hierarchy.root, hierarchy.intermediate, leaf.certificate].map(der));
      outputs.push(...(await leafFiles(curve, leaf, chain)));
      credentials.push({ slot: leaf.slot, algorithm: curve.algorithm, chain, key: await scalar(leaf.privateKey) });
    }
  }
  const image = writeIdentityImage(Buffer.from(uuid.replaceAll("-", ""), "hex"), credentials, sha256);
  const flash = new Uint8Array(FLASH_LENGTH).fill(0xff); // as erased
  flash.set(image);
  outputs.push({ name: "identity.bin", data: image, secret: true }, { name: "flash.bin", data: flash, secret: true });
  writeOutputs(options.out, outputs, options.force ?? false);
  return { uuid, deviceInfo, files: outputs.map(({ name }) => name) };
}

function der(certificate: Hierarchy["root"]): Uint8Array {
  return new Uint8Array(certificate.rawData);
}

function authorityFiles({ curve, root, intermediate }: Hierarchy): OutputFile[] {
  return [
    { name: `${curve.folder}/ca.cert`, data: `${root.toString("pem")}\n`, secret: false },
    { name: `${curve.folder}/ca.cert.der`, data: der(root), secret: false },
    { name: `${curve.folder}/inter.cert.der`, data: der(intermediate), secret: false },
  ];
}

async function leafFiles(curve: Curve, leaf: Leaf, chain: Uint8Array): Promise<OutputFile[]> {
  const pkcs8 = new Uint8Array(await webcrypto.subtle.exportKey("pkcs8", leaf.privateKey));
  const number = slotSuffix(leaf.slot);
  return [
    { name: `${curve.folder}/end_responder${number}.cert.der`, data: der(leaf.certificate), secret: false },
    { name: `${curve.folder}/bundle_responder.certchain${number}.der`, data: chain, secret: false },
    { name: `${curve.folder}/end_responder${number}.key.p8`, data: pkcs8, secret: true },
  ];
}

/** DMTF's file names leave the 0 away. */
function slotSuffix(slot: number): string {
  return slot === 0 ? "" : String(slot);
}

async function scalar(key: webcrypto.CryptoKey): Promise<Uint8Array> {
  const { d } = await webcrypto.subtle.exportKey("jwk", key);
  return Buffer.from(d!, "base64url");
}

function writeOutputs(out: string, outputs: readonly OutputFile[], force: boolean): void {
  const paths = outputs.map(({ name }) => join(out, name));
  const existing = paths.filter((path) => existsSync(path));
  if (existing.length !== 0 && !force)
    throw new Error(`${existing[0]} exists: use --force to replace this device's keys and certificates by new ones`);
  for (const [i, { data, secret }] of outputs.entries()) {
    const path = paths[i];
    mkdirSync(dirname(path), { recursive: true });
    // A file that is written over keeps its old mode, so it is removed first; wx follows no link laid in between.
    rmSync(path, { force: true });
    writeFileSync(path, data, { mode: secret ? 0o600 : 0o644, flag: "wx" });
  }
}

/**
 * Reads what `spdm serve` is to be: an identity image, or a folder in DMTF's layout (one that holds ecp256 and ecp384,
 * or one of these two). Throws with the file at fault.
 */
export function loadIdentity(path: string): DeviceIdentity {
  return statSync(path).isDirectory() ? identityFromDirectory(path) : identityFromImage(path);
}

function identityFromImage(path: string): DeviceIdentity {
  const image = readFileSync(path);
  const storage = memory(image);
  const table = readIdentityTable(storage);
  if (!identityDigestFits(storage, table, sha256)) throw new Error(`${path}: the image's digest does not fit`);
  const part = (offset: number, length: number) => Uint8Array.from(image.subarray(offset, offset + length));
  const credentials = table.entries.map((e) => ({
    slot: e.slot,
    algorithm: e.algorithm,
    chain: part(e.chainOffset, e.chainLength),
    key: part(e.keyOffset, e.keyLength),
  }));
  return { uuid: table.uuid, credentials };
}

/** `bytes` as a storage that is only read. */
function memory(bytes: Uint8Array): Storage {
  return {
    length: bytes.length,
    read(offset, into) {
      if (offset < 0 || into.length > bytes.length - offset) throw new RangeError(`offset ${offset}`);
      into.set(bytes.subarray(offset, offset + into.length));
    },
    write() {
      throw new Error("read only");
    },
  };
}

function identityFromDirectory(path: string): DeviceIdentity {
  const credentials: Credential[] = [];
  for (const curve of CURVES) {
    const folder = basename(path) === curve.folder ? path : join(path, curve.folder);
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      const file = join(folder, `bundle_responder.certchain${slotSuffix(slot)}.der`);
      if (!existsSync(file)) continue;
      const chain = new Uint8Array(readFileSync(file));
      const key = Buffer.from(leafKey(folder, slot, chain).export({ format: "jwk" }).d!, "base64url");
      credentials.push({ slot, algorithm: curve.algorithm, chain, key });
    }
  }
  if (credentials.length === 0)
    throw new Error(`${path}: no ecp256 or ecp384 folder with bundle_responder.certchain.der`);
  return { uuid: derivedUuid(credentials[0].chain), credentials };
}

/** Slots may share slot 0's key (DMTF's slot 1 does), so the key that fits the leaf is taken. */
function leafKey(folder: string, slot: number, chain: Uint8Array): KeyObject {
  const leaf = splitChain(chain).at(-1)!;
  for (const name of new Set([`end_responder${slotSuffix(slot)}`, "end_responder"])) {
    const pkcs8 = join(folder, `${name}.key.p8`);
    const pem = join(folder, `${name}.key`);
    const key = existsSync(pkcs8)
      ? createPrivateKey({ key: readFileSync(pkcs8), format: "der", type: "pkcs8" })
      : existsSync(pem)
        ? createPrivateKey(readFileSync(pem))
        : undefined;
    if (key !== undefined && leaf.checkPrivateKey(key)) return key;
  }
  throw new Error(`${folder}: no end_responder key fits the leaf of slot ${slot}`);
}

/** Folders name no UUID, and a device's must not change: version 8 (RFC 9562 §5.8), from its first chain. */
function derivedUuid(chain: Uint8Array): Uint8Array {
  const uuid = new Uint8Array(createHash("sha256").update(chain).digest().subarray(0, UUID_LENGTH));
  uuid[6] = (uuid[6] & 0x0f) | 0x80;
  uuid[8] = (uuid[8] & 0x3f) | 0x80;
  return uuid;
}
