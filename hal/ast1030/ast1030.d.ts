/** The chip's drivers as JavaScript reaches them. Buffers that are too short throw a RangeError. */

/**
 * Joins bus 0 at the 7-bit `address`; `onReadable(count)` is called from the main loop while frames wait. If it returns
 * true, `onIdle` is called once when none waits any more.
 */
export function i2cOpen(address: number, onReadable: (count: number) => boolean, onIdle: () => void): void;
/** Copies the oldest frame, address byte included, and returns its length; undefined if none waits. */
export function i2cRead(frame: Uint8Array): number | undefined;
/** Sends the first `length` bytes of `frame`, the first of which is the address; false if the bus refused it. */
export function i2cWrite(frame: Uint8Array, length: number): boolean;
export function i2cClose(): void;
/** CRC-8 with polynomial 0x07 of `bytes` from `start` to before `end`, going on from `seed`. */
export function pec(bytes: Uint8Array, start: number, end: number, seed: number): number;
/** Copies `length` bytes; the ranges may overlap. */
export function copy(to: Uint8Array, toOffset: number, from: Uint8Array, fromOffset: number, length: number): void;
/** Fills `out` from the hardware's generator; throws if that is stuck. */
export function random(out: Uint8Array): void;
/** Since reset, as a 32-bit integer that wraps. */
export function milliseconds(): number;
/** The SPI flash, 4 MiB. */
export function flashRead(offset: number, into: Uint8Array): void;
/** Erases whole sectors of 4 KiB around `data` and writes them again; throws if they do not read back. */
export function flashWrite(offset: number, data: Uint8Array): void;
/** SHA-256, -384 or -512 by the length of `out`, in one go: by HACE where the chip has it, else by Mbed TLS. */
export function digest(data: Uint8Array, out: Uint8Array): void;
/** SHA-384 of the firmware's image, taken before JavaScript ran. */
export function codeDigest(out: Uint8Array): void;
/** Bytes of the identity image at the start of the flash; 0 if there is none or it is damaged. */
export function identityLength(): number;
/** Around cryptography in JavaScript: what is between them is accounted as such. They may nest. */
export function cryptoEnter(): void;
export function cryptoLeave(): void;
/** One line on the console. */
export function print(text: string): void;
