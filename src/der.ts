import { Reader, WireError } from "./wire.js";

// Tags (X.680 §8.6, X.690 §8.1.2)
export const BOOLEAN = 0x01;
export const INTEGER = 0x02;
export const BIT_STRING = 0x03;
export const OCTET_STRING = 0x04;
export const OBJECT_IDENTIFIER = 0x06;
export const UTC_TIME = 0x17;
export const GENERALIZED_TIME = 0x18;
export const SEQUENCE = 0x30;

export const SET = 0x31;
/** In a tag's first byte: its number is in the bytes that follow. */
const LONG_TAG = 0x1f;

const TRUE = 0xff;
/** Lengths up to 16 MB: more than any message here. */
const LENGTH_BYTES_MAX = 3;
/** More than any identifier that is known here; what is longer would only cost memory. */
const CHARACTERS_MAX = 64;

/** Moves over the header of the next element, which must have `tag`; returns the bytes of its contents. */
function readHeader(der: Der, tag: number): number {
  if (der.u8() !== tag) throw new WireError("another DER element expected");
  const first = der.u8();
  if (first < 0x80) return first;
  const count = first & 0x7f;
  if (count > LENGTH_BYTES_MAX) throw new WireError("DER length");
  let length = 0;
  for (let i = 0; i < count; i++) length = (length << 8) | der.u8();
  // Which also refuses no byte at all: that would be BER's indefinite form.
  if (length < 0x80 || length >>> (8 * (count - 1)) === 0) throw new WireError("DER length not minimal");
  return length;
}

/**
 * Reads DER (X.690 §10, §11), element by element, in the order of the ASN.1 type: each method moves over the next
 * element and throws WireError unless it is what the method wants and ends where its parent does, or before. Only what
 * is opened is looked into. Views alias the message.
 */
export class Der extends Reader {
  /** Whether the next element has `tag`; moves nothing. */
  isNext(tag: number): boolean {
    return this.remaining !== 0 && this.message[this.offset] === tag;
  }

  /** A view of the whole element, header included. */
  element(tag: number): Uint8Array {
    const start = this.offset;
    this.skip(readHeader(this, tag));
    return this.message.subarray(start, this.offset);
  }

  /** A view of the next element, whatever it is, but for tags of more than a byte. */
  any(): Uint8Array {
    const start = this.offset;
    const tag = this.u8();
    if ((tag & LONG_TAG) === LONG_TAG) throw new WireError("DER tag");
    this.offset = start;
    return this.element(tag);
  }

  /** A view of the element's contents. */
  contents(tag: number): Uint8Array {
    return this.bytes(readHeader(this, tag));
  }

  /** A reader of the element's contents. */
  open(tag: number): Der {
    return new Der(this.contents(tag));
  }

  /** A reader of the element's contents, if nothing follows the element. */
  openLast(tag: number): Der {
    const contents = this.open(tag);
    this.close();
    return contents;
  }

  /** Throws WireError if anything was not read. */
  close(): void {
    if (this.remaining !== 0) throw new WireError("unexpected DER element");
  }

  /** The element's contents, at most 64 bytes, a character each: to be compared with constants. */
  characters(tag: number): string {
    const contents = this.contents(tag);
    if (contents.length > CHARACTERS_MAX) throw new WireError("DER element too long");
    return String.fromCharCode(...contents);
  }

  /** BOOLEAN DEFAULT FALSE, which DER leaves out where it is false (X.690 §11.1, §11.5). */
  flag(): boolean {
    if (!this.isNext(BOOLEAN)) return false;
    const contents = this.contents(BOOLEAN);
    if (contents.length !== 1 || contents[0] !== TRUE) throw new WireError("DER BOOLEAN");
    return true;
  }

  /** A view of an INTEGER that is not negative: big-endian, its first byte 0 only if the number is. */
  unsigned(tag = INTEGER): Uint8Array {
    const contents = this.contents(tag);
    const needless = contents.length > 1 && contents[0] === 0 && contents[1] < 0x80;
    if (contents.length === 0 || contents[0] >= 0x80 || needless) throw new WireError("DER INTEGER");
    return contents[0] === 0 && contents.length > 1 ? contents.subarray(1) : contents;
  }

  /** A reader of a BIT STRING's bytes, if it consists of whole ones. */
  wholeBits(): Der {
    const bits = this.open(BIT_STRING);
    if (bits.u8() !== 0) throw new WireError("DER BIT STRING with unused bits");
    return bits;
  }
}
