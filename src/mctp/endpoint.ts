/**
 * An MCTP endpoint that answers: frames in, frames out. It does no I/O and has no clock, asks nothing of its own, and
 * knows no message type but control.
 *
 * Memory is taken in the constructor only: (assemblyCount + 1) × (messageLength + 1) bytes and about 2 KB of objects.
 * A packet allocates nothing, a message one view.
 */

import type { Binding } from "./binding.js";
import { CONTROL_TYPE, Control, type MessageSupport, type Vendor } from "./control.js";
import { Counters } from "./counters.js";
import { Fragmentation } from "./fragmentation.js";
import {
  BASELINE_TRANSMISSION_UNIT,
  type Copy,
  DESTINATION,
  FLAGS,
  isAssignable,
  isPacket,
  NULL_EID,
  SOURCE,
  TAG_MASK,
  TO,
} from "./packet.js";
import { Reassembly } from "./reassembly.js";

/** Answers messages of one type, which the bytes do not include. */
export interface Handler extends MessageSupport {
  /**
   * Writes the reply to `request` into `reply` and returns its length, 0 for none. Neither is kept: both are the
   * endpoint's, or the caller's of `receive`. Does not throw for what a peer can send.
   */
  respond(request: Uint8Array, reply: Uint8Array): number;
}

export interface EndpointOptions {
  readonly binding: Binding;
  /** Endpoint ID to begin with; 0, the default, until a bus owner assigns one. */
  readonly eid?: number | undefined;
  /** 16 bytes, unique to the device; kept, not copied. */
  readonly uuid: Uint8Array;
  readonly handlers: readonly Handler[];
  /** Kinds of vendor defined messages to report. */
  readonly vendors?: readonly Vendor[] | undefined;
  /** Payload of every packet we send but the last, in bytes; 64, the default, up to the binding's limit. */
  readonly transmissionUnit?: number | undefined;
  /** The longest message, in bytes without its type, that is taken or sent; at least 63. */
  readonly messageLength: number;
  /** Messages of several packets that may arrive interleaved; 2 by default. */
  readonly assemblyCount?: number | undefined;
  /** Native code for copying. */
  readonly copy?: Copy | undefined;
}

export class Endpoint {
  readonly counters: Counters;
  /** Bytes a frame handed to `transmit` must have room for. */
  readonly frameLength: number;
  readonly #binding: Binding;
  readonly #control: Control;
  readonly #handlers: readonly Handler[];
  readonly #reassembly: Reassembly;
  readonly #fragmentation: Fragmentation;
  /** Type byte and reply, and a view of the reply alone for the handlers. */
  readonly #reply: Uint8Array;
  readonly #replyBody: Uint8Array;

  constructor(options: EndpointOptions) {
    const { binding, handlers, messageLength, eid = NULL_EID } = options;
    // A control response, of whatever list of types or versions, is expected to fit one baseline packet.
    if (!(messageLength >= BASELINE_TRANSMISSION_UNIT - 1)) throw new RangeError("messageLength is below 63");
    if (eid !== NULL_EID && !isAssignable(eid)) throw new RangeError("not an endpoint ID");
    this.counters = new Counters();
    this.#binding = binding;
    this.#handlers = handlers;
    this.#control = new Control({ eid, uuid: options.uuid, types: handlers, vendors: options.vendors });
    const { transmissionUnit, assemblyCount, copy } = options;
    this.#reassembly = new Reassembly({ messageLength, assemblyCount, counters: this.counters, copy });
    this.#fragmentation = new Fragmentation({ binding, transmissionUnit, copy });
    this.frameLength = this.#fragmentation.frameLength;
    this.#reply = new Uint8Array(1 + messageLength);
    this.#replyBody = this.#reply.subarray(1);
  }

  /** 0 until assigned. */
  get eid(): number {
    return this.#control.eid;
  }

  /**
   * Takes the first `length` bytes of `frame` as one frame that came at `now`, milliseconds of a clock that may wrap at
   * 32 bits. True when a reply waits for `transmit`. Broken and unwanted frames are counted and dropped.
   */
  receive(frame: Uint8Array, length: number, now: number): boolean {
    const { counters } = this;
    const packetLength = this.#binding.open(frame, length);
    const at = this.#binding.headerLength;
    if (packetLength === 0) counters.brokenFrames++;
    else if (!isPacket(frame, at)) counters.brokenPackets++;
    else if (frame[at + DESTINATION] !== NULL_EID && frame[at + DESTINATION] !== this.eid) counters.foreignPackets++;
    else if ((frame[at + FLAGS] & TO) === 0) counters.strays++;
    else {
      const peer = this.#binding.peer(frame);
      if (this.#reassembly.accept(frame, at, packetLength, peer, now)) return this.#respond(frame, at, peer);
    }
    return false;
  }

  /** Writes the next frame of the reply. Returns its length, 0 when there is none. */
  transmit(frame: Uint8Array): number {
    return this.#fragmentation.next(frame);
  }

  /** Answers the message that the packet at `at` completed, back along the way it came. */
  #respond(frame: Uint8Array, at: number, peer: number): boolean {
    const { type, message } = this.#reassembly;
    const fragmentation = this.#fragmentation;
    const handler = this.#handler(type);
    if (handler === undefined) {
      this.counters.unsupported++;
      return false;
    }
    if (fragmentation.pending) this.counters.abandonedReplies++;
    // Until the handler is done there is nothing to send: it overwrites the reply that may still be under way.
    fragmentation.begin(this.#reply, 0);
    const length = handler.respond(message, this.#replyBody);
    if (length === 0) return false;
    this.#reply[0] = type;
    fragmentation.address(frame[at + SOURCE], this.eid, frame[at + FLAGS] & TAG_MASK, peer);
    fragmentation.begin(this.#reply, 1 + length);
    return true;
  }

  /** By type byte: with the integrity check bit set it is none of ours, since no type of ours has one. */
  #handler(type: number): { respond(request: Uint8Array, reply: Uint8Array): number } | undefined {
    if (type === CONTROL_TYPE) return this.#control;
    const handlers = this.#handlers;
    for (let i = 0; i < handlers.length; i++) if (handlers[i].type === type) return handlers[i];
    return undefined;
  }
}
