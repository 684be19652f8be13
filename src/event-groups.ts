/**
 * Event groups, as SUPPORTED_EVENT_TYPES and SUBSCRIBE_EVENT_TYPES have them (DSP0274 1.3, "Event group format"), and the
 * event types of DMTF's group.
 *
 * | offset | field          | size |
 * | 0      | EventGroupId   | 2 + n | SVH, see src/vendor.ts
 * |        | EventTypeCount | 2    |
 * |        | EventGroupVer  | 2    |
 * |        | Attributes     | 4    | SUBSCRIBE_EVENT_TYPES: b0 all types of the group
 * |        | EventTypes     | 4 each | EventTypeId (2), reserved (2)
 */
import { ENCAP_CAP } from "./capabilities.js";
import type { ResponderOptions } from "./connection.js";
import { DMTF, readVendor, type Vendor, vendorLength, writeVendor } from "./vendor.js";
import { Reader, WireError, type Writer } from "./wire.js";

/** Of DMTF's group. */
export const DMTF_GROUP_VERSION = 1;

// EventTypeId
export const EVENT_LOST = 1;
export const MEASUREMENT_CHANGED = 2;
export const MEASUREMENT_PRE_UPDATE = 3;
export const CERTIFICATE_CHANGED = 4;

/** Bytes of EventDetail by EventTypeId; none has 0. */
export const DETAIL_LENGTHS: readonly number[] = Object.freeze([0, 8, 32, 32, 1]);

// Attributes
export const ALL_TYPES = 1 << 0;

const FIXED_LENGTH = 8;
const TYPE_LENGTH = 4;

export interface EventGroup extends Vendor {
  readonly version: number;
  readonly attributes: number;
  /** EventTypeId. */
  readonly types: readonly number[];
}

export const isDmtf = ({ standardId, vendorId }: Vendor): boolean => standardId === DMTF && vendorId.length === 0;

/** Splits a list of groups; throws WireError unless it is as long as they are. */
export function readEventGroups(list: Uint8Array, count: number): EventGroup[] {
  const r = new Reader(list);
  const groups: EventGroup[] = [];
  for (let i = 0; i < count; i++) {
    const vendor = readVendor(r);
    const typeCount = r.u16();
    const version = r.u16();
    const attributes = r.u32();
    const ids = new Reader(r.bytes(typeCount * TYPE_LENGTH));
    const types: number[] = [];
    while (ids.remaining > 0) {
      types.push(ids.u16());
      ids.skip(2);
    }
    groups.push({ ...vendor, version, attributes, types });
  }
  if (r.remaining !== 0) throw new WireError("event groups longer than they say");
  return groups;
}

/** Bytes that `writeEventGroups` writes. */
export function eventGroupsLength(groups: readonly EventGroup[]): number {
  let length = 0;
  for (const group of groups) length += vendorLength(group) + FIXED_LENGTH + group.types.length * TYPE_LENGTH;
  return length;
}

export function writeEventGroups(w: Writer, groups: readonly EventGroup[]): void {
  for (const group of groups) {
    writeVendor(w, group);
    w.u16(group.types.length);
    w.u16(group.version);
    w.u32(group.attributes);
    for (const type of group.types) {
      w.u16(type);
      w.u16(0);
    }
  }
}

/** As `Exchange.requires`, for what subscribes to events. */
export function requireEvents({ events, sessions }: ResponderOptions, flags: number): number {
  if (events === undefined) throw new Error("no events to tell of");
  if (sessions === undefined || (flags & ENCAP_CAP) === 0) throw new Error("no encapsulated requests for events");
  return 0;
}
