/**
 * Bounded access to little-endian wire bytes. Bounds are checked by subtraction, so no offset or length that a peer
 * chooses can wrap. Views handed out alias the message and live as long as its buffer is left alone.
 */

/** The bytes do not have the shape they claim: too short, or a field out of its range. */
export class WireError extends Error {
  static {
    // Not in a constructor: on XS, primordials that are frozen refuse the assignment.
    WireError.prototype.name = "WireError";
  }
}

/** Reads fields in order. */
export class Reader {
  readonly message: Uint8Array;
  offset = 0;

  constructor(message: Uint8Array) {
    this.message = message;
  }

  /** Bytes not read yet. */
  get remaining(): number {
    return this.message.length - this.offset;
  }

  /** Moves over `length` bytes and returns where they begin. */
  skip(length: number): number {
    const start = this.offset;
    if (length > this.message.length - start) throw new WireError("message ends early");
    this.offset = start + length;
    return start;
  }

  u8(): number {
    return this.message[this.skip(1)];
  }

  u16(): number {
    const at = this.skip(2);
    return this.message[at] | (this.message[at + 1] << 8);
  }

  u24(): number {
    const at = this.skip(3);
    return this.message[at] | (this.message[at + 1] << 8) | (this.message[at + 2] << 16);
  }

  /** 0 to 2^32 - 1. */
  u32(): number {
    const at = this.skip(4);
    const { message } = this;
    return (message[at] | (message[at + 1] << 8) | (message[at + 2] << 16) | (message[at + 3] << 24)) >>> 0;
  }

  /** A view of the next `length` bytes. */
  bytes(length: number): Uint8Array {
    const start = this.skip(length);
    return this.message.subarray(start, start + length);
  }

  /** A view of all that was read: the message without what trails it. */
  consumed(): Uint8Array {
    return this.message.subarray(0, this.offset);
  }
}

/** Writes fields in order into a buffer it is given. Too small a buffer is our own mistake: a RangeError. */
export class Writer {
  readonly message: Uint8Array;
  offset = 0;

  constructor(message: Uint8Array) {
    this.message = message;
  }

  /** Bytes still free. */
  get remaining(): number {
    return this.message.length - this.offset;
  }

  /** Moves over `length` bytes, left as they are, and returns where they begin. */
  skip(length: number): number {
    const start = this.offset;
    if (length > this.message.length - start) throw new RangeError("buffer too small");
    this.offset = start + length;
    return start;
  }

  u8(value: number): void {
    this.message[this.skip(1)] = value;
  }

  u16(value: number): void {
    const at = this.skip(2);
    this.message[at] = value;
    this.message[at + 1] = value >>> 8;
  }

  u24(value: number): void {
    const at = this.skip(3);
    this.message[at] = value;
    this.message[at + 1] = value >>> 8;
    this.message[at + 2] = value >>> 16;
  }

  u32(value: number): void {
    const at = this.skip(4);
    const { message } = this;
    message[at] = value;
    message[at + 1] = value >>> 8;
    message[at + 2] = value >>> 16;
    message[at + 3] = value >>> 24;
  }

  bytes(data: Uint8Array): void {
    this.message.set(data, this.skip(data.length));
  }

  zeros(length: number): void {
    const start = this.skip(length);
    this.message.fill(0, start, start + length);
  }

  /** A view of the next `length` bytes, for the caller to fill; it may hold old bytes until then. */
  view(length: number): Uint8Array {
    const start = this.skip(length);
    return this.message.subarray(start, start + length);
  }

  /** A view of all that was written. */
  written(): Uint8Array {
    return this.message.subarray(0, this.offset);
  }
}
