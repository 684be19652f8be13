/**
 * `spdm certs`: makes the development PKI and what a board is provisioned with. The folder has DMTF's layout (ecp256,
 * ecp384, their file names), so it serves DMTF's tools too. cli/identity.ts reads it.
 */
import { randomBytes, randomUUID, webcrypto } from "node:crypto";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { CURVES, cryptoOf, type Hierarchy, type Leaf, makeHierarchy, type Validity } from "../certs/hierarchy.js";
import { type Credential, type RequesterChain, writeIdentityImage } from "../certs/identity-writer.js";
import type { MlDsa } from "../certs/ml-dsa.js";
import { sha256 } from "../hal/portable/crypto.js";
import type { HintedKey } from "../hal/portable/psk.js";
import { PSK_FILE } from "./identity.js";
import { slotSuffix } from "./key-folder.js";

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
  /** Chains with keys of these too; the image has none of them. */
  readonly mlDsas?: readonly MlDsa[];
  /** Default: from yesterday, for clocks that lag, to ten years from now. */
  readonly validity?: Validity;
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
  const now = Date.now();
  const validity = options.validity ?? {
    notBefore: new Date(now - DAY_MS),
    notAfter: new Date(now + YEARS * 365.25 * DAY_MS),
  };
  const uuid = randomUUID();
  const serialNumber = uuid.slice(0, 8).toUpperCase();
  const deviceInfo = `MODDABLE:SPDM-DEVELOPMENT:${serialNumber}`;
  const requesterInfo = `MODDABLE:SPDM-DEVELOPMENT-REQUESTER:${serialNumber}`;
  const outputs: OutputFile[] = [];
  const credentials: Credential[] = [];
  const requesterAnchors: Uint8Array[] = [];
  const requesterChains: RequesterChain[] = [];
  for (const curve of CURVES) {
    const hierarchy = await makeHierarchy(curve, { slots: SLOTS, deviceInfo, requesterInfo, validity });
    outputs.push(...(await chainFiles(hierarchy)));
    for (const leaf of hierarchy.leaves) {
      const chain = chainTo(leaf, hierarchy);
      credentials.push({ slot: leaf.slot, algorithm: curve.algorithm, chain, key: await scalar(leaf.privateKey) });
    }
    requesterAnchors.push(der(hierarchy.root));
    requesterChains.push({ algorithm: curve.algorithm, chain: chainTo(hierarchy.requester, hierarchy) });
  }
  for (const mlDsa of options.mlDsas ?? []) {
    outputs.push(
      ...(await chainFiles(await makeHierarchy(mlDsa, { slots: SLOTS, deviceInfo, requesterInfo, validity }))),
    );
  }
  const psk = { hint: Buffer.from(PSK_HINT), key: randomBytes(PSK_LENGTH) };
  const image = writeIdentityImage(
    {
      uuid: Buffer.from(uuid.replaceAll("-", ""), "hex"),
      credentials,
      psks: [psk],
      requesterAnchors,
      requesterChains,
    },
    sha256,
  );
  const flash = new Uint8Array(FLASH_LENGTH).fill(0xff); // as erased
  flash.set(image);
  outputs.push(
    { name: PSK_FILE, data: pskJson(psk), secret: true },
    { name: "identity.bin", data: image, secret: true },
    { name: "flash.bin", data: flash, secret: true },
  );
  writeOutputs(options.out, outputs, options.force ?? false);
  return { uuid, deviceInfo, files: outputs.map(({ name }) => name) };
}

function der(certificate: Hierarchy["root"]): Uint8Array {
  return new Uint8Array(certificate.rawData);
}

function chainTo(leaf: Leaf, { root, intermediate }: Hierarchy): Uint8Array {
  return Buffer.concat([root, intermediate, leaf.certificate].map(der));
}

async function chainFiles(hierarchy: Hierarchy): Promise<OutputFile[]> {
  const { root, intermediate, leaves, requester } = hierarchy;
  const { folder } = hierarchy.kind;
  const responders = leaves.map((leaf) => leafFiles(hierarchy, leaf, "responder", slotSuffix(leaf.slot)));
  return [
    { name: `${folder}/ca.cert`, data: `${root.toString("pem")}\n`, secret: false },
    { name: `${folder}/ca.cert.der`, data: der(root), secret: false },
    { name: `${folder}/inter.cert.der`, data: der(intermediate), secret: false },
    ...(await Promise.all(responders)).flat(),
    ...(await leafFiles(hierarchy, requester, "requester", "")),
  ];
}

async function leafFiles(hierarchy: Hierarchy, leaf: Leaf, role: string, suffix: string): Promise<OutputFile[]> {
  const { kind } = hierarchy;
  const { folder } = kind;
  const pkcs8 = new Uint8Array(await cryptoOf(kind).subtle.exportKey("pkcs8", leaf.privateKey));
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
