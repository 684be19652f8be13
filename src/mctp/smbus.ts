/**
 * MCTP over SMBus and I2C (DSP0237): one block write per packet, in both directions.
 *
 * | offset | field               | value                                              |
 * |--------|---------------------|----------------------------------------------------|
 * | 0      | destination address | 7-bit address << 1, bit 0 = 0 (write)              |
 * | 1      | command             | 0x0F                                               |
 * | 2      | byte count          | bytes from offset 3 up to, and without, the PEC    |
 * | 3      | source address      | 7-bit address << 1, bit 0 = 1                      |
 * | 4      | packet              | header and payload                                 |
 * | last   | PEC                 | CRC-8 over all before, the address byte included   |
 */

import type { Binding } from "./binding.js";
import { HEADER_LENGTH } from "./packet.js";

const COMMAND_CODE = 0x0f;
const MCTP_SOURCE = 0x01;
const BINDING_HEADER_LENGTH = 4;
const PEC_LENGTH = 1;
/** Of the bytes in front of the packet, those that the byte count leaves out: address, command and itself. */
const UNCOUNTED_LENGTH = 3;
/** The byte count is one byte, and counts the source address and the packet header. */
const TRANSMISSION_UNIT_LIMIT = 0xff - 1 - HEADER_LENGTH;
/** Addresses that no device has: 0000xxx, among them general call, and 1111xxx (SMBus 3.2, appendix C). */
const FIRST_ADDRESS = 0x08;
const LAST_ADDRESS = 0x77;
const FRAME_LENGTH_MIN = BINDING_HEADER_LENGTH + HEADER_LENGTH + 1 + PEC_LENGTH;

/** Polynomial 0x07, four bits at a time: 16 entries are cheaper at boot than the usual 256, and as fast within a third. */
const PEC_TABLE = Object.freeze([
  0x00, 0x07, 0x0e, 0x09, 0x1c, 0x1b, 0x12, 0x15, 0x38, 0x3f, 0x36, 0x31, 0x24, 0x23, 0x2a, 0x2d,
]);

/** The PEC of `bytes` from `start` to before `end`, going on from `seed`. */
export type Pec = (bytes: Uint8Array, start: number, end: number, seed: number) => number;

/** SMBus packet error code: CRC-8 with polynomial 0x07, seed 0. */
export function pec(bytes: Uint8Array, start: number, end: number, seed: number): number {
  let crc = seed;
  for (let i = start; i < end; i++) {
    crc ^= bytes[i];
    crc = ((crc << 4) & 0xff) ^ PEC_TABLE[crc >> 4];
    crc = ((crc << 4) & 0xff) ^ PEC_TABLE[crc >> 4];
  }
  return crc;
}

export interface SmbusOptions {
  /** Our own 7-bit address. */
  readonly address: number;
  /** Native code in place of {@link pec}. */
  readonly pec?: Pec;
}

export class SmbusBinding implements Binding {
  readonly headerLength = BINDING_HEADER_LENGTH;
  readonly transmissionUnitLimit = TRANSMISSION_UNIT_LIMIT;
  readonly #address: number;
  readonly #pec: Pec;

  constructor(options: SmbusOptions) {
    if (!(options.address >= 0 && options.address <= 0x7f)) throw new RangeError("not a 7-bit address");
    this.#address = options.address << 1;
    this.#pec = options.pec ?? pec;
  }

  frameLength(transmissionUnit: number): number {
    return BINDING_HEADER_LENGTH + HEADER_LENGTH + transmissionUnit + PEC_LENGTH;
  }

  open(frame: Uint8Array, length: number): number {
    const end = length - PEC_LENGTH;
    if (
      length < FRAME_LENGTH_MIN ||
      frame[0] !== this.#address ||
      frame[1] !== COMMAND_CODE ||
      frame[2] !== end - UNCOUNTED_LENGTH ||
      (frame[3] & MCTP_SOURCE) === 0 ||
      !this.#isPeer(frame[3] >> 1)
    )
      return 0;
    const check = this.#pec;
    return check(frame, 0, end, 0) === frame[end] ? end - BINDING_HEADER_LENGTH : 0;
  }

  peer(frame: Uint8Array): number {
    return frame[3] >> 1;
  }

  /** Whether an answer to `address` would reach somebody: and not the whole bus, or ourselves. */
  #isPeer(address: number): boolean {
    return address >= FIRST_ADDRESS && address <= LAST_ADDRESS && address << 1 !== this.#address;
  }

  seal(frame: Uint8Array, packetLength: number, peer: number): number {
    const end = BINDING_HEADER_LENGTH + packetLength;
    frame[0] = peer << 1;
    frame[1] = COMMAND_CODE;
    frame[2] = end - UNCOUNTED_LENGTH;
    frame[3] = this.#address | MCTP_SOURCE;
    const check = this.#pec;
    frame[end] = check(frame, 0, end, 0);
    return end + PEC_LENGTH;
  }
}
