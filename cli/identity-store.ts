/** Changes one slot of an identity where it lies: the file, or the file of the folder, is replaced as a whole or not at all. */
import { createHash, createPrivateKey, type X509Certificate } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { BOARD_KINDS } from "../certs/hierarchy.js";
import { type Credential, writeIdentityImage } from "../certs/identity-writer.js";
import { sha256 } from "../hal/portable/crypto.js";
import { splitChain } from "./chain.js";
import { folderOf, loadIdentity, type Place } from "./identity.js";
import { chainFile, findKey, SLOT_COUNT, storedKeyFile, storedKeyFiles } from "./key-folder.js";

const OWNER_ONLY = 0o600;
const NAME_LENGTH = 32;

/**
 * Stores `credential` in the identity image or folder at `path`; undefined empties the slot. In an image the key of a slot
 * that is emptied goes with it, unless another slot has it too. In a folder only keys that were stored here go, when no
 * chain needs them any more, and no model is kept: DMTF's layout has no place for it. Throws an Error with nothing changed.
 */
export function storeCredential(path: string, { slot, algorithm }: Place, credential: Credential | undefined): void {
  if (statSync(path).isDirectory()) {
    storeInFolder(path, { slot, algorithm }, credential);
    return;
  }
  const device = loadIdentity(path);
  const others = device.credentials.filter((each) => each.slot !== slot || each.algorithm !== algorithm);
  const credentials = credential === undefined ? others : [...others, credential];
  replaceFile(path, writeIdentityImage({ ...device, credentials }, sha256), OWNER_ONLY);
}

/** The key is there before its chain, and others before theirs go, so that every chain has its own at any time. */
function storeInFolder(path: string, { slot, algorithm }: Place, credential: Credential | undefined): void {
  const folder = BOARD_KINDS.filter(({ algorithms }) => algorithms.includes(algorithm))
    .map((kind) => folderOf(path, kind))
    .find(existsSync)!;
  const file = chainFile(folder, "responder", slot);
  if (credential === undefined) rmSync(file, { force: true });
  else {
    const leaf = splitChain(credential.chain).at(-1)!;
    if (findKey(folder, "responder", slot, leaf) === undefined) storeKey(folder, leaf, credential.key);
    replaceFile(file, credential.chain, 0o644);
  }
  removeUnusedKeys(folder);
}

/** As PKCS #8, under a name that is the key's own. */
function storeKey(folder: string, { publicKey }: X509Certificate, scalar: Uint8Array): void {
  const d = Buffer.from(scalar).toString("base64url");
  const key = createPrivateKey({ key: { ...publicKey.export({ format: "jwk" }), d }, format: "jwk" });
  const name = createHash("sha256")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest("hex");
  const file = storedKeyFile(folder, name.slice(0, NAME_LENGTH));
  replaceFile(file, key.export({ type: "pkcs8", format: "der" }), OWNER_ONLY);
}

function removeUnusedKeys(folder: string): void {
  const stored = storedKeyFiles(folder);
  if (stored.length === 0) return;
  const used = [...Array(SLOT_COUNT).keys()].map((slot) => {
    const file = chainFile(folder, "responder", slot);
    return existsSync(file) ? findKey(folder, "responder", slot, splitChain(readFileSync(file)).at(-1)!)?.file : "";
  });
  for (const file of stored) if (!used.includes(file)) rmSync(file);
}

/** Writes beside the file and renames: whoever looks, and whenever the machine stops, it is the old one or the new one. */
function replaceFile(file: string, data: Uint8Array, mode: number): void {
  const beside = `${file}.new`;
  rmSync(beside, { force: true });
  try {
    const descriptor = openSync(beside, "wx", mode);
    try {
      for (let at = 0; at < data.length; ) at += writeSync(descriptor, data, at);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(beside, file);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
}
