/** Messages to packets, one at a time as they are pulled (DSP0236). */

import type { Binding } from "./binding.js";
import {
  BASELINE_TRANSMISSION_UNIT,
  type Copy,
  copyBytes,
  EOM,
  HEADER_LENGTH,
  SEQUENCE_MASK,
  SEQUENCE_SHIFT,
  SOM,
  writePacketHeader,
} from "./packet.js";

export interface FragmentationOptions {
  readonly binding: Binding;
  /** Payload of every packet but the last, in bytes. */
  readonly transmissionUnit?: number | undefined;
  readonly copy?: Copy | undefined;
}

export class Fragmentation {
  /** Bytes a frame handed to `next` must have room for. */
  readonly frameLength: number;
  readonly #binding: Binding;
  readonly #unit: number;
  readonly #copy: Copy;
  #message: Uint8Array;
  #length = 0;
  #offset = 0;
  #sequence = 0;
  #destination = 0;
  #source = 0;
  #tag = 0;
  #peer = 0;

  constructor(options: FragmentationOptions) {
    const { binding, transmissionUnit = BASELINE_TRANSMISSION_UNIT } = options;
    if (!(transmissionUnit >= BASELINE_TRANSMISSION_UNIT && transmissionUnit <= binding.transmissionUnitLimit))
      throw new RangeError(`transmission unit is not 64 to ${binding.transmissionUnitLimit}`);
    this.#binding = binding;
    this.#unit = transmissionUnit;
    this.#copy = options.copy ?? copyBytes;
    this.#message = new Uint8Array(0);
    this.frameLength = binding.frameLength(transmissionUnit);
  }

  /** Whether packets are still to be pulled. */
  get pending(): boolean {
    return this.#offset < this.#length;
  }

  /** Where packets go: endpoints, tag (with the TO bit) and physical address. */
  address(destination: number, source: number, tag: number, peer: number): void {
    this.#destination = destination;
    this.#source = source;
    this.#tag = tag;
    this.#peer = peer;
  }

  /**
   * Begins to send the first `length` bytes of `message`, type byte in front, in place of whatever was under way.
   * They must stay as they are until all is pulled.
   */
  begin(message: Uint8Array, length: number): void {
    this.#message = message;
    this.#length = length;
    this.#offset = 0;
    this.#sequence = 0;
  }

  /** Writes the next frame. Returns its length, 0 when all was sent. */
  next(frame: Uint8Array): number {
    const offset = this.#offset;
    const left = this.#length - offset;
    if (left <= 0) return 0;
    if (frame.length < this.frameLength) throw new RangeError(`frame has no room for ${this.frameLength} bytes`);
    let payloadLength = this.#unit;
    let flags = this.#tag | (this.#sequence << SEQUENCE_SHIFT);
    if (offset === 0) flags |= SOM;
    if (left <= payloadLength) {
      payloadLength = left;
      flags |= EOM;
    }
    const at = this.#binding.headerLength;
    writePacketHeader(frame, at, this.#destination, this.#source, flags);
    const copy = this.#copy;
    copy(frame, at + HEADER_LENGTH, this.#message, offset, payloadLength);
    this.#offset = offset + payloadLength;
    this.#sequence = (this.#sequence + 1) & SEQUENCE_MASK;
    return this.#binding.seal(frame, HEADER_LENGTH + payloadLength, this.#peer);
  }
}
