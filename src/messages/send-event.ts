/**
 * SEND_EVENT (0xF1) and EVENT_ACK (0x71), DSP0274 1.3: of whoever has events, which the other side subscribed to. A
 * responder's go out encapsulated.
 *
 * | offset | field of SEND_EVENT | size |
 * | 2      | reserved            | 2    |
 * | 4      | EventCount          | 4    |
 * | 8      | events              |      |
 *
 * | offset | field of an event | size |
 * | 0      | EventInstanceId   | 4    | without a gap in one message
 * | 4      | reserved          | 4    |
 * | 8      | EventGroupId      | 2 + n | SVH, see src/vendor.ts
 * |        | EventTypeId       | 2    |
 * |        | EventDetailLen    | 2    |
 * |        | EventDetail       | n    |
 *
 * EVENT_ACK: reserved (2).
 */
import { DETAIL_LENGTHS, EVENT_LOST, isDmtf } from "../event-groups.js";
import type { QueuedEvent } from "../event-queue.js";
import { DMTF, readVendor, type Vendor, writeVendor } from "../vendor.js";
import { type Reader, WireError, type Writer } from "../wire.js";

/** Without events. */
export const SEND_EVENT_LENGTH = 8;
/** An event of DMTF's, without its detail. */
const EVENT_LENGTH = 14;
export const LONGEST_EVENT = EVENT_LENGTH + Math.max(...DETAIL_LENGTHS);

const DMTF_GROUP: Vendor = Object.freeze({ standardId: DMTF, vendorId: new Uint8Array(0) });

/** An event as it was received. */
export interface ReceivedEvent extends QueuedEvent {
  readonly group: Vendor;
}

/** The first events that SEND_EVENT has room for in `room` bytes. */
export function eventsThatFit(events: readonly QueuedEvent[], room: number): readonly QueuedEvent[] {
  let left = room - SEND_EVENT_LENGTH;
  let count = 0;
  for (const { detail } of events) {
    left -= EVENT_LENGTH + detail.length;
    if (left < 0) break;
    count++;
  }
  return events.slice(0, count);
}

/** Events of DMTF's group. */
export function writeSendEvent(w: Writer, events: readonly QueuedEvent[]): void {
  w.zeros(2);
  w.u32(events.length);
  for (const { instanceId, type, detail } of events) {
    w.u32(instanceId);
    w.zeros(4);
    writeVendor(w, DMTF_GROUP);
    w.u16(type);
    w.u16(detail.length);
    w.bytes(detail);
  }
}

/** In order of their instance IDs; throws WireError for none, for a gap, and for DMTF's types of another length or none. */
export function readSendEvent(r: Reader): ReceivedEvent[] {
  r.skip(2);
  const count = r.u32();
  const events: ReceivedEvent[] = [];
  for (let i = 0; i < count; i++) {
    const instanceId = r.u32();
    r.skip(4);
    const group = readVendor(r);
    const type = r.u16();
    const detail = r.bytes(r.u16());
    const known = type >= EVENT_LOST && type < DETAIL_LENGTHS.length;
    if (isDmtf(group) && (!known || detail.length !== DETAIL_LENGTHS[type])) throw new WireError("no event of DMTF's");
    events.push({ instanceId, group, type, detail });
  }
  if (count === 0 || r.remaining !== 0) throw new WireError("SEND_EVENT without events, or longer than they are");
  events.sort((a, b) => a.instanceId - b.instanceId);
  if (events.some(({ instanceId }, i) => instanceId !== events[0].instanceId + i)) {
    throw new WireError("instance IDs of events with a gap");
  }
  return events;
}

export function readEventAck(r: Reader): void {
  r.skip(2);
}

export function writeEventAck(w: Writer): void {
  w.zeros(2);
}
