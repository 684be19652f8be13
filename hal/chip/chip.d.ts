/** The chip's drivers as JavaScript reaches them. Buffers that are too short throw a RangeError. */

/** `kind` of the functions below: I2C carries whole frames, a serial line bytes. */
type PortKind = 0 | 1;

/**
 * Opens a port: the 7-bit `address`, pins and clock in Hz of I2C; transmit pin, receive pin and baud of a serial line. Where
 * the chip has fixed pins they are not looked at. `onReadable(count)` is called from the main loop while frames or bytes
 * wait. If it returns true, `onIdle` is called once when none waits any more. Throws if the chip has no such port.
 */
export function portOpen(
  kind: PortKind,
  onReadable: (count: number) => boolean,
  onIdle: () => void,
  address: number,
  data: number,
  clock: number,
  rate: number,
): void;
/**
 * Copies the oldest frame, address byte included (a longer one than fits is lost), or as many bytes as fit, and returns how
 * many; undefined if none waits.
 */
export function portRead(kind: PortKind, into: Uint8Array): number | undefined;
/** Sends the first `length` bytes of `data`, of a frame the first of which is the address; false if that was refused. */
export function portWrite(kind: PortKind, data: Uint8Array, length: number): boolean;
export function portClose(kind: PortKind): void;
/** CRC-8 with polynomial 0x07 of `bytes` from `start` to before `end`, going on from `seed`. */
export function pec(bytes: Uint8Array, start: number, end: number, seed: number): number;
/** Copies `length` bytes; the ranges may overlap. */
export function copy(to: Uint8Array, toOffset: number, from: Uint8Array, fromOffset: number, length: number): void;
/** Fills `out` from the hardware's generator; throws if that is stuck. */
export function random(out: Uint8Array): void;
/** Since reset, as a 32-bit integer that wraps. */
export function milliseconds(): number;
/** SHA-256, -384 or -512 by the length of `out`, in one go, by the chip's engine where it has one. */
export function digest(data: Uint8Array, out: Uint8Array): void;
/** SHA-384 of the firmware's image, taken before JavaScript ran. */
export function codeDigest(out: Uint8Array): void;
/** Bytes of the identity image in flash; 0 if there is none or it is damaged. */
export function identityLength(): number;
/** Fills `into` from the identity image at `offset`; throws a RangeError outside of it. */
export function identityRead(offset: number, into: Uint8Array): void;
/** Bit 0: the chip tells its state, which is bit 1: it starts signed images only; and bit 2: its debug port is open. */
export function chipState(): number;
/** Around cryptography in JavaScript: what is between them is accounted as such. They may nest. */
export function cryptoEnter(): void;
export function cryptoLeave(): void;
/** One line on the console. */
export function print(text: string): void;
