/** The bus owner's side of MCTP: asks one endpoint, over a bus, and waits for its answers. */

import { setTimeout as sleep } from "node:timers/promises";
import type { Binding } from "../src/mctp/binding.js";
import {
  CONTROL_TYPE,
  GET_ENDPOINT_ID,
  GET_ENDPOINT_UUID,
  GET_MESSAGE_TYPE_SUPPORT,
  GET_VERSION_SUPPORT,
  INSTANCE_MASK,
  REQUEST,
  RESPONSE_HEADER_LENGTH,
  SET_EID,
  SET_ENDPOINT_ID,
  SUCCESS,
  UUID_LENGTH,
} from "../src/mctp/control.js";
import { Counters } from "../src/mctp/counters.js";
import { Fragmentation } from "../src/mctp/fragmentation.js";
import { DESTINATION, FLAGS, isPacket, NULL_EID, SOURCE, TAG_MASK, TO } from "../src/mctp/packet.js";
import { Reassembly } from "../src/mctp/reassembly.js";
import type { Bus } from "./bus.js";
import { TimeoutError } from "./link.js";

/** Nothing can be sent: the other side acknowledged none of several attempts, or the way there is gone. */
export class LinkError extends Error {
  override readonly name = "LinkError";
}

/** The endpoint refused a control command, or answered it with something else. */
export class ControlError extends Error {
  override readonly name = "ControlError";
}

export class RequesterCounters extends Counters {
  /** Frames that the other side did not acknowledge. */
  refusedFrames = 0;
  /** Requests that nobody answered in time. */
  timeouts = 0;
}

export interface MctpRequesterOptions {
  readonly bus: Bus;
  readonly binding: Binding;
  /** The endpoint's physical address: 7 bits on SMBus, 0 on a serial line. */
  readonly peer: number;
  /** What errors call it; by default its address. */
  readonly peerName?: string;
  /** Our own endpoint ID; 8 by default. */
  readonly eid?: number;
  /** The endpoint's ID; 0 by default, until `setEndpointId`: packets then go to whoever is at the physical address. */
  readonly peerEid?: number;
  /** Payload of every packet we send but the last, in bytes; 64 by default. */
  readonly transmissionUnit?: number;
  /** The longest answer taken, in bytes without its type; 64 KiB by default. */
  readonly messageLength?: number;
  /** How long each of the three attempts at a control command may take; 500 by default. */
  readonly controlTimeoutMs?: number;
}

interface Waiter {
  readonly type: number;
  /** The endpoint ID we asked; 0 if whoever is there may answer. */
  readonly eid: number;
  /** With the answer, what makes one impossible, or undefined when time is up. */
  settle(answer: Uint8Array | Error | undefined): void;
}

const OWN_EID = 8;
const TAG_COUNT = 8;
const MESSAGE_LENGTH = 0x10000;
const SEND_ATTEMPT_COUNT = 5;
const SEND_RETRY_MS = 5;
/** The board answers in a millisecond or two; an emulated one on a busy host in tens. */
const CONTROL_TIMEOUT_MS = 500;
const CONTROL_ATTEMPT_COUNT = 3;

export class MctpRequester {
  readonly counters = new RequesterCounters();
  readonly #bus: Bus;
  readonly #binding: Binding;
  readonly #peer: number;
  readonly #peerName: string;
  readonly #eid: number;
  readonly #transmissionUnit: number | undefined;
  readonly #controlTimeoutMs: number;
  readonly #reassembly: Reassembly;
  readonly #waiters = new Map<number, Waiter>();
  #peerEid: number;
  #tag = 0;
  #instance = 0;

  constructor(options: MctpRequesterOptions) {
    this.#bus = options.bus;
    this.#binding = options.binding;
    this.#peer = options.peer;
    this.#peerName = options.peerName ?? `0x${options.peer.toString(16)}`;
    this.#eid = options.eid ?? OWN_EID;
    this.#peerEid = options.peerEid ?? NULL_EID;
    this.#transmissionUnit = options.transmissionUnit;
    this.#controlTimeoutMs = options.controlTimeoutMs ?? CONTROL_TIMEOUT_MS;
    this.#reassembly = new Reassembly({
      messageLength: options.messageLength ?? MESSAGE_LENGTH,
      assemblyCount: TAG_COUNT,
      counters: this.counters,
    });
    this.#bus.onFrame = (frame) => this.#receive(frame);
    this.#bus.onFailure = (error) => {
      for (const waiter of this.#waiters.values()) waiter.settle(error);
    };
  }

  /** The endpoint's ID as far as we know, 0 if it has none. */
  get peerEid(): number {
    return this.#peerEid;
  }

  /** How often anything went wrong on the link so far. Unchanged over an exchange: the link did not disturb it. */
  get disturbances(): number {
    const { messages, ...troubles } = this.counters;
    return Object.values(troubles).reduce((sum, count) => sum + count, 0);
  }

  /**
   * Sends `message`, without its type byte, and resolves to the answer, likewise, which is the caller's to keep.
   * `timeoutMs` runs from when the request is out. Rejects with a TimeoutError or a LinkError.
   */
  async request(type: number, message: Uint8Array, timeoutMs: number, eid = this.#peerEid): Promise<Uint8Array> {
    const tag = this.#freeTag();
    const answer = new Promise<Uint8Array | Error | undefined>((settle) => {
      this.#waiters.set(tag, { type, eid, settle });
    });
    const waiter = this.#waiters.get(tag);
    let timer: NodeJS.Timeout | undefined;
    try {
      await this.#send(type, message, eid, tag);
      timer = setTimeout(() => waiter?.settle(undefined), timeoutMs);
      const received = await answer;
      if (received instanceof Error) throw received;
      if (received !== undefined) return received;
      this.counters.timeouts++;
      throw new TimeoutError(`no answer from ${this.#peerName} within ${timeoutMs} ms`);
    } finally {
      clearTimeout(timer);
      // Once answered, the tag may already be another request's.
      if (this.#waiters.get(tag) === waiter) this.#waiters.delete(tag);
    }
  }

  /** Assigns an endpoint ID. Resolves to the one that the endpoint has now, and sends to it from then on. */
  async setEndpointId(eid: number): Promise<number> {
    const [, assigned] = await this.#control(SET_ENDPOINT_ID, [SET_EID, eid], 3, NULL_EID);
    this.#peerEid = assigned;
    return assigned;
  }

  /** The endpoint's ID as it says, 0 if it has none. */
  async endpointId(): Promise<number> {
    const [eid] = await this.#control(GET_ENDPOINT_ID, [], 3, NULL_EID);
    return eid;
  }

  async uuid(): Promise<Uint8Array> {
    return (await this.#control(GET_ENDPOINT_UUID, [], UUID_LENGTH)).slice(0, UUID_LENGTH);
  }

  /** Version entries of a message type, 0xFF for the base specification: 0xF1F0F200 is 1.0.2. */
  async versionSupport(type: number): Promise<number[]> {
    const data = await this.#control(GET_VERSION_SUPPORT, [type], 1);
    const entries = counted(data, 4);
    const view = new DataView(entries.buffer, entries.byteOffset, entries.length);
    return Array.from({ length: data[0] }, (_, i) => view.getUint32(4 * i));
  }

  /** The message types that the endpoint has, besides control. */
  async messageTypes(): Promise<number[]> {
    return [...counted(await this.#control(GET_MESSAGE_TYPE_SUPPORT, [], 1), 1)];
  }

  close(): Promise<void> {
    this.#bus.onFrame = undefined;
    this.#bus.onFailure = undefined;
    return this.#bus.close();
  }

  /** Tags go round, so that a late answer does not pass for the next one. */
  #freeTag(): number {
    for (let i = 0; i < TAG_COUNT; i++) {
      this.#tag = (this.#tag + 1) % TAG_COUNT;
      if (!this.#waiters.has(this.#tag)) return this.#tag;
    }
    throw new Error(`${TAG_COUNT} requests are already under way`);
  }

  async #send(type: number, message: Uint8Array, eid: number, tag: number): Promise<void> {
    const fragmentation = new Fragmentation({ binding: this.#binding, transmissionUnit: this.#transmissionUnit });
    const frame = new Uint8Array(fragmentation.frameLength);
    fragmentation.address(eid, this.#eid, tag | TO, this.#peer);
    fragmentation.begin(Uint8Array.of(type, ...message), 1 + message.length);
    for (let length = fragmentation.next(frame); length !== 0; length = fragmentation.next(frame)) {
      await this.#sendFrame(frame.slice(0, length));
    }
  }

  async #sendFrame(frame: Uint8Array): Promise<void> {
    for (let attempt = 0; attempt < SEND_ATTEMPT_COUNT; attempt++) {
      if (attempt > 0) await sleep(SEND_RETRY_MS << attempt);
      if (await this.#bus.send(frame)) return;
      this.counters.refusedFrames++;
    }
    throw new LinkError(`${this.#peerName} acknowledged none of ${SEND_ATTEMPT_COUNT} attempts`);
  }

  #receive(frame: Uint8Array): void {
    const { counters } = this;
    const length = this.#binding.open(frame, frame.length);
    const at = this.#binding.headerLength;
    const destination = frame[at + DESTINATION];
    if (length === 0) counters.brokenFrames++;
    else if (!isPacket(frame, at)) counters.brokenPackets++;
    else if (destination !== NULL_EID && destination !== this.#eid) counters.foreignPackets++;
    else {
      const peer = this.#binding.peer(frame);
      const waiter = this.#waiter(frame, at, peer);
      if (waiter === undefined) counters.strays++;
      else if (this.#reassembly.accept(frame, at, length, peer, performance.now())) {
        if (this.#reassembly.type !== waiter.type) counters.strays++;
        else {
          this.#waiters.delete(frame[at + FLAGS] & TAG_MASK);
          waiter.settle(this.#reassembly.message.slice());
        }
      }
    }
  }

  /** Who waits for this packet, by its tag and where it comes from. */
  #waiter(frame: Uint8Array, at: number, peer: number): Waiter | undefined {
    const flags = frame[at + FLAGS];
    if ((flags & TO) !== 0 || peer !== this.#peer) return undefined;
    const waiter = this.#waiters.get(flags & TAG_MASK);
    return waiter?.eid === NULL_EID || waiter?.eid === frame[at + SOURCE] ? waiter : undefined;
  }

  /** Sends a control request, again if need be: all are idempotent. Resolves to the data after a good completion code. */
  async #control(command: number, data: number[], dataLength: number, eid = this.#peerEid): Promise<Uint8Array> {
    const name = `control command 0x${command.toString(16).padStart(2, "0")}`;
    for (let attempt = 1; ; attempt++) {
      this.#instance = (this.#instance + 1) & INSTANCE_MASK;
      const instance = this.#instance;
      const request = Uint8Array.of(REQUEST | instance, command, ...data);
      try {
        const response = await this.request(CONTROL_TYPE, request, this.#controlTimeoutMs, eid);
        if (response.length < RESPONSE_HEADER_LENGTH || response[0] !== instance || response[1] !== command)
          throw new ControlError(`${name} was answered with something else`);
        if (response[2] !== SUCCESS) throw new ControlError(`${name} failed with completion code ${response[2]}`);
        if (response.length < RESPONSE_HEADER_LENGTH + dataLength) throw new ControlError(`${name}: answer too short`);
        return response.subarray(RESPONSE_HEADER_LENGTH);
      } catch (error) {
        if (!(error instanceof TimeoutError) || attempt === CONTROL_ATTEMPT_COUNT) throw error;
      }
    }
  }
}

/** The elements after a count byte. */
function counted(data: Uint8Array, elementLength: number): Uint8Array {
  const end = 1 + data[0] * elementLength;
  if (end > data.length) throw new ControlError("answer holds fewer elements than it counts");
  return data.subarray(1, end);
}
