/** Names of files in a folder of keys, as DMTF's tools have them; and the keys that requesters had made, beside those. */
import { createPrivateKey, type KeyObject, type X509Certificate } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const SLOT_COUNT = 8;
const STORED_KEY = /^stored_responder_[\da-f]+\.key\.p8$/;

/** Whose files of a folder. */
export type Role = "responder" | "requester";

/** DMTF's file names leave the 0 away. */
export function slotSuffix(slot: number): string {
  return slot === 0 ? "" : String(slot);
}

/** Where the chain of a slot lies. */
export const chainFile = (folder: string, role: Role, slot: number): string =>
  join(folder, `bundle_${role}.certchain${slotSuffix(slot)}.der`);

/** Where a key lies that was made in the field; `name` in hexadecimal. */
export const storedKeyFile = (folder: string, name: string): string => join(folder, `stored_responder_${name}.key.p8`);

/** All such files. */
export const storedKeyFiles = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => STORED_KEY.test(name))
    .map((name) => join(folder, name));

/**
 * The key to `leaf`, and its file; undefined if there is none. Slots may share a key (DMTF's slot 1 has slot 0's), so that
 * all are tried, the one of `slot` first.
 */
export function findKey(
  folder: string,
  role: Role,
  slot: number,
  leaf: X509Certificate,
): { readonly file: string; readonly key: KeyObject } | undefined {
  const slots = new Set([slot, ...Array(SLOT_COUNT).keys()]);
  const provisioned = [...slots].flatMap((each) => {
    const pem = join(folder, `end_${role}${slotSuffix(each)}.key`);
    return [[`${pem}.p8`, pem].find(existsSync) ?? []].flat();
  });
  for (const file of [...provisioned, ...(role === "responder" ? storedKeyFiles(folder) : [])]) {
    const data = readFileSync(file);
    const key = createPrivateKey(file.endsWith(".p8") ? { key: data, format: "der", type: "pkcs8" } : data);
    if (leaf.checkPrivateKey(key)) return { file, key };
  }
  return undefined;
}
