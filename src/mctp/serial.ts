/**
 * MCTP over a serial line (DSP0253).
 *
 * | offset | field      | value                                                                    |
 * |--------|------------|--------------------------------------------------------------------------|
 * | 0      | flag       | 0x7E                                                                     |
 * | 1      | revision   | 0x01                                                                     |
 * | 2      | byte count | bytes of the packet, before escaping; never escaped itself               |
 * | 3      | packet     | 0x7E sent as 7D 5E, 0x7D as 7D 5D                                        |
 * | then   | FCS        | u16, high byte first, over revision to packet before escaping; not escaped |
 * | last   | flag       | 0x7E                                                                     |
 */

import type { Binding } from "./binding.js";
import { HEADER_LENGTH } from "./packet.js";

const FLAG = 0x7e;
const ESCAPE = 0x7d;
/** What escaping takes off a byte, and puts back: 0x7E ↔ 0x5E, 0x7D ↔ 0x5D. */
const ESCAPE_FLIP = 0x20;
const REVISION = 0x01;
const REVISION_OFFSET = 1;
const COUNT_OFFSET = 2;
const BINDING_HEADER_LENGTH = 3;
/** FCS and closing flag. */
const TRAILER_LENGTH = 3;
const FCS_SEED = 0xffff;
const COUNT_MIN = HEADER_LENGTH + 1;
const TRANSMISSION_UNIT_LIMIT = 0xff - HEADER_LENGTH;

/** Reflected CCITT polynomial 0x8408, four bits at a time. */
const FCS_TABLE = Object.freeze([
  0x0000, 0x1081, 0x2102, 0x3183, 0x4204, 0x5285, 0x6306, 0x7387, 0x8408, 0x9489, 0xa50a, 0xb58b, 0xc60c, 0xd68d,
  0xe70e, 0xf78f,
]);

/** The frame check sequence of `bytes` from `start` to before `end`: CRC-16/MCRF4XX, without a final inversion. */
export function fcs(bytes: Uint8Array, start: number, end: number): number {
  let crc = FCS_SEED;
  for (let i = start; i < end; i++) {
    const byte = bytes[i];
    crc = (crc >> 4) ^ FCS_TABLE[(crc ^ byte) & 0x0f];
    crc = (crc >> 4) ^ FCS_TABLE[(crc ^ (byte >> 4)) & 0x0f];
  }
  return crc;
}

function isEscaped(byte: number): boolean {
  return byte === FLAG || byte === ESCAPE;
}

/** Takes the escapes out of `count` bytes of packet, in place. Returns where the escaped form ended, 0 if it is broken. */
function unescapePacket(frame: Uint8Array, length: number, count: number): number {
  const end = BINDING_HEADER_LENGTH + count;
  let from = BINDING_HEADER_LENGTH;
  for (let to = BINDING_HEADER_LENGTH; to < end; to++) {
    if (from >= length || frame[from] === FLAG) return 0;
    let byte = frame[from++];
    if (byte === ESCAPE) {
      if (from >= length) return 0;
      byte = frame[from++] ^ ESCAPE_FLIP;
      if (!isEscaped(byte)) return 0;
    }
    frame[to] = byte;
  }
  return from;
}

/** Escapes the packet in place, from its end so that no byte is overwritten unread. Returns where it ends now. */
function escapePacket(frame: Uint8Array, packetLength: number): number {
  const end = BINDING_HEADER_LENGTH + packetLength;
  let escapes = 0;
  for (let i = BINDING_HEADER_LENGTH; i < end; i++) if (isEscaped(frame[i])) escapes++;
  let to = end + escapes;
  for (let from = end - 1; to > from + 1; from--) {
    const byte = frame[from];
    if (isEscaped(byte)) {
      frame[--to] = byte ^ ESCAPE_FLIP;
      frame[--to] = ESCAPE;
    } else frame[--to] = byte;
  }
  return end + escapes;
}

export class SerialBinding implements Binding {
  readonly headerLength = BINDING_HEADER_LENGTH;
  readonly transmissionUnitLimit = TRANSMISSION_UNIT_LIMIT;

  /** Every byte of the packet may need an escape. */
  frameLength(transmissionUnit: number): number {
    return BINDING_HEADER_LENGTH + 2 * (HEADER_LENGTH + transmissionUnit) + TRAILER_LENGTH;
  }

  open(frame: Uint8Array, length: number): number {
    if (length < BINDING_HEADER_LENGTH || frame[0] !== FLAG || frame[REVISION_OFFSET] !== REVISION) return 0;
    const count = frame[COUNT_OFFSET];
    if (count < COUNT_MIN) return 0;
    const trailer = unescapePacket(frame, length, count);
    if (trailer === 0 || trailer + TRAILER_LENGTH !== length || frame[length - 1] !== FLAG) return 0;
    const check = (frame[trailer] << 8) | frame[trailer + 1];
    // Unescaping only moved bytes before `trailer`, so the FCS is still whole.
    return check === fcs(frame, REVISION_OFFSET, BINDING_HEADER_LENGTH + count) ? count : 0;
  }

  /** A serial line has two ends: there is nobody to tell apart. */
  peer(_frame: Uint8Array): number {
    return 0;
  }

  seal(frame: Uint8Array, packetLength: number, _peer: number): number {
    frame[0] = FLAG;
    frame[REVISION_OFFSET] = REVISION;
    frame[COUNT_OFFSET] = packetLength;
    const check = fcs(frame, REVISION_OFFSET, BINDING_HEADER_LENGTH + packetLength);
    const trailer = escapePacket(frame, packetLength);
    frame[trailer] = check >> 8;
    frame[trailer + 1] = check & 0xff;
    frame[trailer + 2] = FLAG;
    return trailer + TRAILER_LENGTH;
  }
}

/** What {@link SerialSplitter} waits for; HUNT is for a flag. */
const HUNT = 0;
const AT_REVISION = 1;
const AT_COUNT = 2;
const IN_PACKET = 3;
const IN_TRAILER = 4;

/**
 * Finds the frames in a stream of bytes. It must count, since FCS bytes may look like a flag; it checks no more than it
 * needs for that and leaves the rest to {@link SerialBinding.open}. Keeps one frame, nothing else.
 */
export class SerialSplitter {
  /** The frame, valid from the `push` that completed it to the next. */
  readonly frame: Uint8Array;
  /** Frames given up after their flag. What stands before the first flag is no frame, but what follows one should be. */
  brokenFrames = 0;
  readonly #countLimit: number;
  #state = HUNT;
  #length = 0;
  #left = 0;
  #escaped = false;

  constructor(transmissionUnit: number) {
    this.frame = new Uint8Array(new SerialBinding().frameLength(transmissionUnit));
    this.#countLimit = HEADER_LENGTH + transmissionUnit;
  }

  /** Takes the next byte of the stream. Returns the length of the frame that it completes, otherwise 0. */
  push(byte: number): number {
    const inTrailer = this.#state === IN_TRAILER;
    // Where no flag can stand, it begins a new frame: the rest of the old one is lost.
    if (byte === FLAG && !inTrailer && this.#state !== AT_COUNT) {
      if (this.#state === IN_PACKET) this.brokenFrames++;
      return this.#begin();
    }
    if (this.#state === HUNT) return 0;
    this.frame[this.#length++] = byte;
    if (inTrailer) return this.#trailer(byte);
    if (this.#state === AT_REVISION) this.#expect(byte === REVISION, AT_COUNT);
    else if (this.#state === AT_COUNT) this.#count(byte);
    else this.#packet(byte);
    return 0;
  }

  /** Goes on to `state`, or gives the frame up. */
  #expect(good: boolean, state: number): void {
    this.#state = good ? state : HUNT;
    if (!good) this.brokenFrames++;
  }

  #begin(): number {
    this.frame[0] = FLAG;
    this.#length = 1;
    this.#state = AT_REVISION;
    return 0;
  }

  #count(count: number): void {
    this.#left = count;
    this.#escaped = false;
    this.#expect(count >= COUNT_MIN && count <= this.#countLimit, IN_PACKET);
  }

  #packet(byte: number): void {
    if (byte === ESCAPE && !this.#escaped) {
      this.#escaped = true;
      return;
    }
    this.#escaped = false;
    this.#left--;
    if (this.#left === 0) {
      this.#left = TRAILER_LENGTH;
      this.#state = IN_TRAILER;
    }
  }

  #trailer(byte: number): number {
    this.#left--;
    if (this.#left > 0) return 0;
    const length = this.#length;
    // The closing flag may be the opening one of the next frame; frame[0] already holds it.
    this.#length = 1;
    this.#expect(byte === FLAG, AT_REVISION);
    return byte === FLAG ? length : 0;
  }
}
