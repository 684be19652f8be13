/** Byte strings as people read them: a space between bytes. No regular expressions, which trimmed XS does not have. */

import { fromHex } from "./bytes.js";

/** Bytes of hexadecimal digits; spaces are ignored. */
export function bytes(digits: string): Uint8Array {
  return fromHex(digits.split(" ").join(""));
}

/** Lower-case digits, a space between bytes; of the first `length` bytes. */
export function hex(data: Uint8Array, length = data.length): string {
  return Array.from(data.subarray(0, length), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}
