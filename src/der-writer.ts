/** Writes DER (X.690 §10), from the inside out: an element is made of elements. */

import { INTEGER } from "./der.js";

const ZERO = new Uint8Array(1);

/** An element with `parts`, one behind the other, as its contents; up to 65,535 bytes of them. */
export function element(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  if (length > 0xffff) throw new RangeError("DER element too long");
  const extra = length < 0x80 ? 0 : length < 0x100 ? 1 : 2;
  const der = new Uint8Array(2 + extra + length);
  der[0] = tag;
  der[1] = extra === 0 ? length : 0x80 | extra;
  if (extra === 2) der[2] = length >>> 8;
  if (extra !== 0) der[1 + extra] = length;
  let offset = 2 + extra;
  for (const part of parts) {
    der.set(part, offset);
    offset += part.length;
  }
  return der;
}

/** An INTEGER from an unsigned number, big-endian, which may have leading zeros. */
export function unsignedInteger(number: Uint8Array, tag = INTEGER): Uint8Array {
  let start = 0;
  while (start < number.length - 1 && number[start] === 0) start++;
  const significant = number.subarray(start);
  return significant[0] < 0x80 ? element(tag, significant) : element(tag, ZERO, significant);
}
