/** Error codes of ERROR's Param1 (DSP0274 1.3 §10.9, "Error code and error data"). */
export const INVALID_REQUEST = 0x01;
export const BUSY = 0x03;
export const UNEXPECTED_REQUEST = 0x04;
export const UNSPECIFIED = 0x05;
export const DECRYPT_ERROR = 0x06;
export const UNSUPPORTED_REQUEST = 0x07;
export const REQUEST_IN_FLIGHT = 0x08;
export const INVALID_RESPONSE_CODE = 0x09;
export const SESSION_LIMIT_EXCEEDED = 0x0a;
export const SESSION_REQUIRED = 0x0b;
export const RESET_REQUIRED = 0x0c;
export const RESPONSE_TOO_LARGE = 0x0d;
export const REQUEST_TOO_LARGE = 0x0e;
export const LARGE_RESPONSE = 0x0f;
export const MESSAGE_LOST = 0x10;
export const INVALID_POLICY = 0x11;
export const DATA_TOO_LARGE = 0x12;
export const VERSION_MISMATCH = 0x41;
export const RESPONSE_NOT_READY = 0x42;
export const REQUEST_RESYNCH = 0x43;
export const OPERATION_FAILED = 0x44;
export const NO_PENDING_REQUESTS = 0x45;
export const REQUEST_SESSION_TERMINATED = 0x46;
export const INVALID_STATE = 0x47;
export const VENDOR_DEFINED = 0xff;

const NO_BYTES = new Uint8Array(0);

/** The peer asked for what it may not have: the responder answers ERROR with this code and data. */
export class SpdmError extends Error {
  /** Param1. */
  readonly code: number;
  /** Param2. */
  readonly data: number;
  /** ExtendedErrorData. */
  readonly extended: Uint8Array;

  static {
    SpdmError.prototype.name = "SpdmError";
  }

  constructor(code: number, data = 0, extended: Uint8Array = NO_BYTES) {
    super(`SPDM error 0x${code.toString(16)}`);
    this.code = code;
    this.data = data;
    this.extended = extended;
  }
}

/** The error of a message or chain that has `length` bytes, which it tells. */
export const tooLarge = (code: number, length: number): SpdmError =>
  new SpdmError(code, 0, Uint8Array.of(length, length >>> 8, length >>> 16, length >>> 24));
