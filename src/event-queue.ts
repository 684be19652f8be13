import { EVENT_LOST } from "./event-groups.js";
import { Writer } from "./wire.js";

/** Something that happened, of DMTF's event types (src/event-groups.ts). */
export interface DeviceEvent {
  /** EventTypeId. */
  readonly type: number;
  /** EventDetail; kept, so not to be changed. */
  readonly detail: Uint8Array;
}

export interface QueuedEvent extends DeviceEvent {
  /** EventInstanceId: of its session, counted without a gap. */
  readonly instanceId: number;
}

/** Events that wait to be fetched. */
const CAPACITY = 8;

/**
 * What one session is to be told. What comes when it is full is lost, and so is all behind it until that was said by
 * EventLost: those lost are the ones behind the last that was acknowledged.
 */
export class EventQueue {
  #types = 0;
  #events: QueuedEvent[] = [];
  /** Of the next event. The first has 1, so that 0 can say "none was acknowledged". */
  #nextId = 1;
  #lastAcknowledged = 0;
  /** Of the last event that was lost, 0 for none. */
  #lastLost = 0;

  /** Subscribes to the types whose bits are set, and to no others. What waits, be it of others, is lost. */
  subscribe(types: number): void {
    if (this.#events.length > 0) this.#lastLost = this.#nextId - 1;
    if (types === 0) this.#lastLost = 0;
    this.#events = [];
    this.#types = types;
  }

  post({ type, detail }: DeviceEvent): void {
    if ((this.#types & (1 << type)) === 0) return;
    if (this.#lastLost !== 0 || this.#events.length === CAPACITY) this.#lastLost = this.#nextId++;
    else this.#push(type, detail);
  }

  /** What is to be sent now, the oldest first; kept until it is acknowledged. */
  due(): readonly QueuedEvent[] {
    if (this.#events.length === 0 && this.#lastLost !== 0) this.#reportLost();
    return this.#events;
  }

  /** The first `count` events that wait have arrived. */
  acknowledge(count: number): void {
    if (count === 0) return;
    this.#lastAcknowledged = this.#events[count - 1].instanceId;
    this.#events = this.#events.slice(count);
  }

  #reportLost(): void {
    const w = new Writer(new Uint8Array(8));
    w.u32(this.#lastAcknowledged);
    w.u32(this.#lastLost);
    this.#lastLost = 0;
    if ((this.#types & (1 << EVENT_LOST)) !== 0) this.#push(EVENT_LOST, w.message);
  }

  #push(type: number, detail: Uint8Array): void {
    this.#events.push({ type, detail, instanceId: this.#nextId++ });
  }
}
