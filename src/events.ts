/**
 * How a board tells requesters of what happens: in sessions that subscribed, by encapsulated SEND_EVENT requests, which
 * they fetch (DSP0274 1.3, "Event mechanism").
 */
import { ENCAP_CAP } from "./capabilities.js";
import type { Connection } from "./connection.js";
import { refused, type Step } from "./encapsulated-flow.js";
import { INVALID_REQUEST, SpdmError } from "./errors.js";
import {
  CERTIFICATE_CHANGED,
  DETAIL_LENGTHS,
  EVENT_LOST,
  MEASUREMENT_CHANGED,
  MEASUREMENT_PRE_UPDATE,
} from "./event-groups.js";
import { type DeviceEvent, EventQueue } from "./event-queue.js";
import { SEND_EVENT } from "./exchange.js";
import {
  eventsThatFit,
  LONGEST_EVENT,
  readEventAck,
  SEND_EVENT_LENGTH,
  writeSendEvent,
} from "./messages/send-event.js";
import type { Session } from "./session.js";

/** ENCAPSULATED_RESPONSE_ACK, which a request follows if it is not the first. */
const ENCAPSULATION_LENGTH = 8;

/** What a board brings for events. */
export interface Events {
  /** The EventTypeIds it has, ascending. */
  readonly types: readonly number[];
  /** Throws SpdmError if a requester could not be told of events. */
  require(c: Connection): void;
  /** Subscribes a session to `types`, and to no others; to all there are if that is undefined. */
  subscribe(session: Session, types?: readonly number[]): void;
  /** The encapsulated requests that tell a session what it does not know yet; none if there is nothing. */
  steps(c: Connection, session: Session): readonly Step[];
}

/** Events of the EventTypeIds that the board has; EventLost is always among them. */
export function deviceEvents(types: readonly number[]): Events {
  const all = [EVENT_LOST, ...types];
  return {
    types: all,
    require(c) {
      if (!c.both(ENCAP_CAP)) throw new SpdmError(INVALID_REQUEST);
      c.requireRoom(ENCAPSULATION_LENGTH + SEND_EVENT_LENGTH + LONGEST_EVENT);
    },
    subscribe(session, chosen = all) {
      session.events ??= new EventQueue();
      session.events.subscribe(chosen.reduce((bits, type) => bits | (1 << type), 0));
    },
    steps(c, { events }) {
      return events === undefined || events.due().length === 0 ? [] : [sendStep(c, events)];
    },
  };
}

/** SEND_EVENT with as many events as fit, again and again until none waits. */
function sendStep(c: Connection, events: EventQueue): Step {
  // One has room, if only in chunks: subscriptions see to it.
  const room = Math.max(c.transferSize - ENCAPSULATION_LENGTH, SEND_EVENT_LENGTH + LONGEST_EVENT);
  let count = 0;
  return {
    request: SEND_EVENT,
    write(w) {
      const sent = eventsThatFit(events.due(), room);
      count = sent.length;
      writeSendEvent(w, sent);
    },
    take(r) {
      readEventAck(r);
      if (r.remaining !== 0) throw refused();
      events.acknowledge(count);
      return events.due().length > 0;
    },
  };
}

/** A bit for each index. */
function bitmap(indices: readonly number[]): Uint8Array {
  const bits = new Uint8Array(DETAIL_LENGTHS[MEASUREMENT_CHANGED]);
  for (const index of indices) bits[index >> 3] |= 1 << (index & 7);
  return bits;
}

/** The measurements of these indices have changed. */
export const measurementChanged = (indices: readonly number[]): DeviceEvent => ({
  type: MEASUREMENT_CHANGED,
  detail: bitmap(indices),
});

/** They will change by an update that waits, at the next reset say. */
export const measurementPreUpdate = (indices: readonly number[]): DeviceEvent => ({
  type: MEASUREMENT_PRE_UPDATE,
  detail: bitmap(indices),
});

/** The chains of these slots, by bit, have changed. */
export const certificateChanged = (slotMask: number): DeviceEvent => ({
  type: CERTIFICATE_CHANGED,
  detail: Uint8Array.of(slotMask),
});
