/** Changes one slot of an identity where it lies: the file, or the file of the folder, is replaced as a whole or not at all. */
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { BOARD_KINDS } from "../certs/hierarchy.js";
import { type Credential, writeIdentityImage } from "../certs/identity-writer.js";
import { sha256 } from "../hal/portable/crypto.js";
import { folderOf, loadIdentity, type Place } from "./identity.js";
import { slotSuffix } from "./key-folder.js";

const OWNER_ONLY = 0o600;

/**
 * Stores `credential` in the identity image or folder at `path`; undefined empties the slot. In an image the key of a slot
 * that is emptied goes with it, unless another slot has it too; in a folder key files stay, and no model is kept: DMTF's layout has no place for it. Throws an Error with nothing
 * changed.
 */
export function storeCredential(path: string, { slot, algorithm }: Place, credential: Credential | undefined): void {
  if (statSync(path).isDirectory()) {
    storeInFolder(path, { slot, algorithm }, credential?.chain);
    return;
  }
  const device = loadIdentity(path);
  const others = device.credentials.filter((each) => each.slot !== slot || each.algorithm !== algorithm);
  const credentials = credential === undefined ? others : [...others, credential];
  replaceFile(path, writeIdentityImage({ ...device, credentials }, sha256), OWNER_ONLY);
}

function storeInFolder(path: string, { slot, algorithm }: Place, chain: Uint8Array | undefined): void {
  const folder = BOARD_KINDS.filter(({ algorithms }) => algorithms.includes(algorithm))
    .map((kind) => folderOf(path, kind))
    .find(existsSync)!;
  const file = join(folder, `bundle_responder.certchain${slotSuffix(slot)}.der`);
  if (chain === undefined) rmSync(file, { force: true });
  else replaceFile(file, chain, 0o644);
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
