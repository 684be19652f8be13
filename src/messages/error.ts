/**
 * ERROR (0x7F), DSP0274 1.3 §10.9
 *
 * | offset | field             | size                     |
 * | 2      | ErrorCode         | 1                        |
 * | 3      | ErrorData         | 1                        |
 * | 4      | ExtendedErrorData | 0–32, by the code        |
 */
import { SpdmError } from "../errors.js";
import type { Reader, Writer } from "../wire.js";

export function readError(r: Reader): SpdmError {
  return new SpdmError(r.u8(), r.u8(), r.bytes(r.remaining));
}

export function writeError(w: Writer, error: SpdmError): void {
  w.u8(error.code);
  w.u8(error.data);
  w.bytes(error.extended);
}
