/**
 * `spdm certs`: makes the development PKI and what a board is provisioned with. The folder has DMTF's layout (ecp256,
 * ecp384, their file names), so it serves DMTF's tools too. cli/identity.ts reads it.
 */
import { type KeyObject, randomBytes, randomUUID } from "node:crypto";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  BOARD_KINDS,
  type Hierarchy,
  type KeyKind,
  type Leaf,
  makeHierarchy,
  type Validity,
} from "../certs/hierarchy.js";
import { type Credential, writeIdentityImage } from "../certs/identity-writer.js";
import { sha256 } from "../hal/portable/crypto.js";
import type { HintedKey } from "../hal/portable/psk.js";
import { ALIAS_CERT, DEVICE_CERT } from "../src/key-pairs.js";
import { loadIdentity, PSK_FILE } from "./identity.js";
import { slotSuffix } from "./key-folder.js";

const IMAGE_FILE = "identity.bin";

/** The SPI flash of the emulated board, which its drive file must match exactly. */
const FLASH_LENGTH = 4 << 20;
const SLOTS = Object.freeze([0, 1]);
const PSK_LENGTH = 32;
const PSK_HINT = "moddable-spdm development";
const DAY_MS = 24 * 60 * 60 * 1000;
const YEARS = 10;

export interface CertificatesOptions {
  /** Folder, made if missing. */
  readonly out: string;
  /** Replaces what is there. */
  readonly force?: boolean;
  /** Default: from yesterday, for clocks that lag, to ten years from now. */
  readonly validity?: Validity;
  /** Makes the folders of these kinds only, to stand beside a device's. Default: the device, P-256 and P-384. */
  readonly kinds?: readonly KeyKind[] | undefined;
  /** Whether the device is to issue aliases itself: its chains end with the authority that does. P-256 and P-384 only. */
  readonly alias?: boolean;
}

export interface MadeCertificates {
  /** As in 123e4567-e89b-…. */
  readonly uuid: string;
  /** "manufacturer:product:serial number" of the device's leaves. */
  readonly deviceInfo: string;
  /** Paths below `out`, in the order written. */
  readonly files: readonly string[];
}

interface OutputFile {
  readonly name: string;
  readonly data: string | Uint8Array;
  readonly secret: boolean;
}

/** Throws, with nothing written, if one of the files exists and `force` is not given. */
export async function makeCertificates(options: CertificatesOptions): Promise<MadeCertificates> {
  const { alias = false } = options;
  if (alias && options.kinds !== undefined)
    throw new Error("a device issues aliases for its own keys, P-256 and P-384");
  const now = Date.now();
  const validity = options.validity ?? {
    notBefore: new Date(now - DAY_MS),
    notAfter: new Date(now + YEARS * 365.25 * DAY_MS),
  };
  const uuid = options.kinds === undefined ? randomUUID() : (uuidIn(options.out) ?? randomUUID());
  const serialNumber = uuid.slice(0, 8).toUpperCase();
  const deviceInfo = `MODDABLE:SPDM-DEVELOPMENT:${serialNumber}`;
  const requesterInfo = `MODDABLE:SPDM-DEVELOPMENT-REQUESTER:${serialNumber}`;
  const hierarchies: Hierarchy[] = [];
  for (const kind of options.kinds ?? BOARD_KINDS)
    hierarchies.push(await makeHierarchy(kind, { slots: SLOTS, deviceInfo, requesterInfo, validity, alias }));
  const outputs = hierarchies.flatMap(hierarchyFiles);
  if (options.kinds === undefined) outputs.push(...deviceFiles(uuid, hierarchies, alias ? ALIAS_CERT : DEVICE_CERT));
  writeOutputs(options.out, outputs, options.force ?? false);
  return { uuid, deviceInfo, files: outputs.map(({ name }) => name) };
}

/** That of the device whose image is in the folder, if there is one. */
function uuidIn(folder: string): string | undefined {
  const image = join(folder, IMAGE_FILE);
  if (!existsSync(image)) return undefined;
  return Buffer.from(loadIdentity(image).uuid)
    .toString("hex")
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

function hierarchyFiles(hierarchy: Hierarchy): OutputFile[] {
  const files = authorityFiles(hierarchy);
  for (const leaf of hierarchy.leaves) files.push(...leafFiles(hierarchy, leaf, "responder", slotSuffix(leaf.slot)));
  files.push(...leafFiles(hierarchy, hierarchy.requester, "requester", ""));
  return files;
}

/** What is not of one kind of keys: the pre-shared key, the image, and the emulated board's flash with it. */
function deviceFiles(uuid: string, hierarchies: readonly Hierarchy[], model: number): OutputFile[] {
  const credentials: Credential[] = [];
  for (const hierarchy of hierarchies) {
    const [algorithm] = hierarchy.kind.algorithms;
    for (const leaf of hierarchy.leaves) {
      const chain = chainTo(leaf, hierarchy);
      credentials.push({ slot: leaf.slot, algorithm, model, chain, key: scalar(leaf.privateKey as KeyObject) });
    }
  }
  const psk = { hint: Buffer.from(PSK_HINT), key: randomBytes(PSK_LENGTH) };
  const image = writeIdentityImage(
    {
      uuid: Buffer.from(uuid.replaceAll("-", ""), "hex"),
      credentials,
      psks: [psk],
      requesterAnchors: hierarchies.map(({ root }) => der(root)),
      requesterChains: hierarchies.map((hierarchy) => ({
        algorithm: hierarchy.kind.algorithms[0],
        chain: chainTo(hierarchy.requester, hierarchy),
      })),
    },
    sha256,
  );
  const flash = new Uint8Array(FLASH_LENGTH).fill(0xff); // as erased
  flash.set(image);
  return [
    { name: PSK_FILE, data: pskJson(psk), secret: true },
    { name: IMAGE_FILE, data: image, secret: true },
    { name: "flash.bin", data: flash, secret: true },
  ];
}

function der(certificate: Hierarchy["root"]): Uint8Array {
  return new Uint8Array(certificate.rawData);
}

function chainTo(leaf: Leaf, { root, intermediate }: Hierarchy): Uint8Array {
  return Buffer.concat([root, intermediate, leaf.certificate].map(der));
}

function authorityFiles({ kind, root, intermediate }: Hierarchy): OutputFile[] {
  return [
    { name: `${kind.folder}/ca.cert`, data: `${root.toString("pem")}\n`, secret: false },
    { name: `${kind.folder}/ca.cert.der`, data: der(root), secret: false },
    { name: `${kind.folder}/inter.cert.der`, data: der(intermediate), secret: false },
  ];
}

function leafFiles(hierarchy: Hierarchy, leaf: Leaf, role: string, suffix: string): OutputFile[] {
  const pkcs8 = leaf.privateKey.export({ type: "pkcs8", format: "der" });
  const { folder } = hierarchy.kind;
  return [
    { name: `${folder}/end_${role}${suffix}.cert.der`, data: der(leaf.certificate), secret: false },
    { name: `${folder}/bundle_${role}.certchain${suffix}.der`, data: chainTo(leaf, hierarchy), secret: false },
    { name: `${folder}/end_${role}${suffix}.key.p8`, data: pkcs8, secret: true },
  ];
}

function pskJson({ hint, key }: HintedKey): string {
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
  return `${JSON.stringify([{ note: "for development only", hint: hex(hint), key: hex(key) }], null, 2)}\n`;
}

function scalar(key: KeyObject): Uint8Array {
  return Buffer.from(key.export({ format: "jwk" }).d!, "base64url");
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
