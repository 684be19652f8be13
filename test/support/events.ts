/** Messages of events, from the layouts, not by src/. */
import { concat, u16, u32 } from "./bytes.js";

/** A group of DMTF's; `changes` makes it another. */
export function eventGroup(types: readonly number[], attributes = 0, version = 1, id: readonly number[] = [0, 0]) {
  return [
    ...id,
    ...u16(types.length),
    ...u16(version),
    ...u32(attributes),
    ...types.flatMap((type) => [...u16(type), 0, 0]),
  ];
}

/** SUBSCRIBE_EVENT_TYPES; without groups it ends behind its header. */
export function subscribe(version: number, ...groups: readonly (readonly number[])[]): Uint8Array {
  const list = groups.flat();
  return Uint8Array.from([version, 0xf0, groups.length, 0, ...(groups.length === 0 ? [] : u32(list.length)), ...list]);
}

export function eventBytes(instanceId: number, type: number, detail: readonly number[]): number[] {
  return [...u32(instanceId), 0, 0, 0, 0, 0, 0, ...u16(type), ...u16(detail.length), ...detail];
}

export const sendEvent = (version: number, ...events: readonly (readonly number[])[]): Uint8Array =>
  concat(Uint8Array.from([version, 0xf1, 0, 0, ...u32(events.length)]), Uint8Array.from(events.flat()));

/** EventDetail of measurements. */
export function bitmap(...indices: readonly number[]): number[] {
  const bits = new Array<number>(32).fill(0);
  for (const index of indices) bits[index >> 3] |= 1 << (index & 7);
  return bits;
}
