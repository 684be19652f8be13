/** Names of files in a folder of keys, as DMTF's tools have them. */

export const SLOT_COUNT = 8;

/** Whose files of a folder. */
export type Role = "responder" | "requester";

/** DMTF's file names leave the 0 away. */
export function slotSuffix(slot: number): string {
  return slot === 0 ? "" : String(slot);
}
