/**
 * MCTP base packet (DSP0236): what every binding carries.
 *
 * | offset | field           | bits                                              |
 * |--------|-----------------|---------------------------------------------------|
 * | 0      | header version  | b3-0 = 1                                          |
 * | 1      | destination EID |                                                   |
 * | 2      | source EID      |                                                   |
 * | 3      | flags           | SOM b7, EOM b6, sequence b5-4, TO b3, tag b2-0    |
 * | 4      | payload         | first packet: IC b7 and message type b6-0 in front |
 */

export const HEADER_LENGTH = 4;
/** Bytes of payload per packet that every endpoint takes (DSP0236). */
export const BASELINE_TRANSMISSION_UNIT = 64;

export const DESTINATION = 1;
export const SOURCE = 2;
export const FLAGS = 3;

export const SOM = 0x80;
export const EOM = 0x40;
export const SEQUENCE_SHIFT = 4;
export const SEQUENCE_MASK = 0x03;
/** Tag owner: set by whoever asks, clear in what answers. */
export const TO = 0x08;
export const TAG_MASK = 0x07;

/** Addresses "whoever hears this at the physical address". */
export const NULL_EID = 0;
export const BROADCAST_EID = 0xff;
const FIRST_EID = 8;

const VERSION = 1;
const VERSION_MASK = 0x0f;

/** Copies `length` bytes, which never overlap. A board may put native code in its place. */
export type Copy = (to: Uint8Array, toOffset: number, from: Uint8Array, fromOffset: number, length: number) => void;

/** Byte by byte: unlike `set` over a `subarray` it allocates nothing, which on XS is later collector work. */
export function copyBytes(
  to: Uint8Array,
  toOffset: number,
  from: Uint8Array,
  fromOffset: number,
  length: number,
): void {
  for (let i = 0; i < length; i++) to[toOffset + i] = from[fromOffset + i];
}

/** 8 to 254: what a bus owner may assign (DSP0236). */
export function isAssignable(eid: number): boolean {
  return eid >= FIRST_EID && eid < BROADCAST_EID;
}

/** Whether the header at `at` is of a version we know and names a source that can exist: a reserved one cannot. */
export function isPacket(bytes: Uint8Array, at: number): boolean {
  const source = bytes[at + SOURCE];
  return (bytes[at] & VERSION_MASK) === VERSION && (source === NULL_EID || isAssignable(source));
}

export function writePacketHeader(
  bytes: Uint8Array,
  at: number,
  destination: number,
  source: number,
  flags: number,
): void {
  bytes[at] = VERSION;
  bytes[at + DESTINATION] = destination;
  bytes[at + SOURCE] = source;
  bytes[at + FLAGS] = flags;
}
