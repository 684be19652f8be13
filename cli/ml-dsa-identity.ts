/** What a device is provisioned with under ML-DSA, read from folders in DMTF's layout: mldsa44, mldsa65, mldsa87. */
import { randomFillSync } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Credential, PqcRequester } from "../certs/identity-writer.js";
import { ML_DSAS, type MlDsa, readMlDsaKey } from "../certs/ml-dsa.js";
import type { Identity } from "../hal/identity.js";
import { portableIdentity, type Slot } from "../hal/portable/identity.js";
import { mlDsa44Signer, mlDsa65Signer, mlDsa87Signer } from "../hal/portable/ml-dsa.js";
import { ML_DSA_44, ML_DSA_65, ML_DSA_87 } from "../src/algorithms.js";
import { readCertificate, splitChain } from "./chain.js";
import { type Role, SLOT_COUNT, slotSuffix } from "./key-folder.js";
import { pqcKeyOf } from "./pqc-certificate.js";

const SIGNERS: Readonly<Record<number, typeof mlDsa65Signer>> = {
  [ML_DSA_44]: mlDsa44Signer,
  [ML_DSA_65]: mlDsa65Signer,
  [ML_DSA_87]: mlDsa87Signer,
};

/** The identity under one of PqcAsymAlgo; without a slot if there is none. */
export function mlDsaIdentity(credentials: readonly Credential[], wanted: number): Identity {
  const own = credentials.filter(({ algorithm }) => algorithm === wanted);
  const slots = own.map(({ slot, chain, key }): [number, Slot] => [
    slot,
    { chain, signer: SIGNERS[wanted](key, randomFillSync) },
  ]);
  return portableIdentity(new Map(slots));
}

const folderOf = (path: string, { folder }: MlDsa): string => (basename(path) === folder ? path : join(path, folder));

/** The chains and seeds in the folders below `path`, or in `path` if it is one of them. Throws an Error with the file. */
export function mlDsaCredentials(path: string, role: Role): Credential[] {
  return ML_DSAS.flatMap((mlDsa) => {
    const folder = folderOf(path, mlDsa);
    const credentials: Credential[] = [];
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      const file = join(folder, `bundle_${role}.certchain${slotSuffix(slot)}.der`);
      if (!existsSync(file)) continue;
      const chain = new Uint8Array(readFileSync(file));
      credentials.push({ slot, algorithm: mlDsa.pqcAlgorithm, chain, key: seedOf(mlDsa, folder, role, slot, chain) });
    }
    return credentials;
  });
}

/** What the same folders have of requesters: those without a root have nothing. */
export function mlDsaRequesters(path: string): PqcRequester[] {
  return ML_DSAS.flatMap((mlDsa) => {
    const [anchor, chain] = ["ca.cert.der", "bundle_requester.certchain.der"].map((name) => {
      const file = join(folderOf(path, mlDsa), name);
      return existsSync(file) ? new Uint8Array(readFileSync(file)) : undefined;
    });
    return anchor === undefined ? [] : [{ algorithm: mlDsa.pqcAlgorithm, anchor, chain }];
  });
}

/** Slots may share slot 0's key, as those of ECDSA do. */
function seedOf(mlDsa: MlDsa, folder: string, role: Role, slot: number, chain: Uint8Array): Uint8Array {
  const leaf = pqcKeyOf(readCertificate(splitChain(chain).at(-1)!));
  for (const name of new Set([`end_${role}${slotSuffix(slot)}`, `end_${role}`])) {
    const pkcs8 = readPkcs8(join(folder, `${name}.key`));
    if (pkcs8 === undefined) continue;
    const { seed, publicKey } = readMlDsaKey(mlDsa, pkcs8);
    if (leaf !== undefined && Buffer.from(publicKey).equals(leaf.publicKey)) return seed;
  }
  throw new Error(`${folder}: no end_${role} key fits the leaf of slot ${slot}`);
}

/** PKCS#8 in `file`.p8 as DER, or in `file` as PEM, which Node before 24 does not read for us. */
function readPkcs8(file: string): Uint8Array | undefined {
  if (existsSync(`${file}.p8`)) return readFileSync(`${file}.p8`);
  if (!existsSync(file)) return undefined;
  const [, base64] = /-----BEGIN PRIVATE KEY-----([^-]+)-----END/.exec(readFileSync(file, "latin1")) ?? [];
  if (base64 === undefined) throw new Error(`${file}: no PKCS#8 private key`);
  return Buffer.from(base64, "base64");
}
