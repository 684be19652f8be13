import type { HashAlgorithm } from "../hal/crypto.js";
import type { Identity } from "../hal/identity.js";
import { PUBLIC_KEY_SLOT } from "./key-pairs.js";

const SLOTS = 8;
const PIECE_LENGTH = 256;
const DER_SEQUENCE = 0x30;

/** Bytes before the root hash: Length u16 and two reserved bytes, or, from 1.4 on, Length u32: the same bytes. */
export const LENGTH_FIELD = 4;

/** Where chains are read from. */
export type ChainSource = Pick<Identity, "slotMask" | "chainLength" | "readChain"> &
  Partial<Pick<Identity, "publicKey">>;

/**
 * The certificate chains of an identity in SPDM's form, under one base hash:
 * Length (4), RootHash (H), then the certificates in DER (DSP0274 1.3 §10.7.1). RootHash and the digests are made when
 * first asked for and kept, so that a chain is read and hashed once a connection, not once a message.
 */
export class Chains {
  readonly #identity: ChainSource;
  readonly #hash: HashAlgorithm;
  // Without holes: XS 13.3's collector does not survive some arrays that have them (boards/xs/platform.h).
  readonly #headers: (Uint8Array | undefined)[] = new Array(SLOTS).fill(undefined);
  readonly #digests: (Uint8Array | undefined)[] = new Array(SLOTS).fill(undefined);

  constructor(identity: ChainSource, hash: HashAlgorithm) {
    this.#identity = identity;
    this.#hash = hash;
  }

  /** Bit n set: slot n has a chain. */
  get slotMask(): number {
    return this.#identity.slotMask;
  }

  /** Whether the slot has a chain, or stands for the provisioned public key, which is there. */
  has(slot: number): boolean {
    if (slot === PUBLIC_KEY_SLOT) return this.#identity.publicKey !== undefined;
    return slot < SLOTS && (this.#identity.slotMask & (1 << slot)) !== 0;
  }

  /** Bytes of a provisioned slot's chain. */
  length(slot: number): number {
    return LENGTH_FIELD + this.#hash.outputLen + this.#identity.chainLength(slot);
  }

  /** Fills `into` from the chain at `offset`; the caller stays within `length`. */
  read(slot: number, offset: number, into: Uint8Array): void {
    const header = this.#header(slot);
    let filled = 0;
    if (offset < header.length) {
      filled = Math.min(header.length - offset, into.length);
      into.set(header.subarray(offset, offset + filled));
    }
    if (filled < into.length) {
      this.#identity.readChain(slot, offset + filled - header.length, filled === 0 ? into : into.subarray(filled));
    }
  }

  /** The digest of a provisioned slot's chain, or of the public key; kept here, not to be changed. */
  digest(slot: number): Uint8Array {
    if (slot === PUBLIC_KEY_SLOT) return this.#identity.publicKey!.digest(this.#hash);
    let digest = this.#digests[slot];
    if (digest === undefined) {
      digest = this.#hashed(slot, this.#identity.chainLength(slot), this.#header(slot));
      this.#digests[slot] = digest;
    }
    return digest;
  }

  #header(slot: number): Uint8Array {
    let header = this.#headers[slot];
    if (header === undefined) {
      header = new Uint8Array(LENGTH_FIELD + this.#hash.outputLen);
      const length = this.length(slot);
      header[0] = length;
      header[1] = length >>> 8;
      header[2] = length >>> 16;
      header.set(this.#hashed(slot, certificateLength(this.#identity, slot, 0)), LENGTH_FIELD);
      this.#headers[slot] = header;
    }
    return header;
  }

  /** The digest of `header`, if any, and the first `length` bytes of the slot's certificates. */
  #hashed(slot: number, length: number, header?: Uint8Array): Uint8Array {
    const piece = new Uint8Array(PIECE_LENGTH);
    const hash = this.#hash.create();
    if (header !== undefined) hash.update(header);
    for (let offset = 0; offset < length; offset += PIECE_LENGTH) {
      const part = length - offset < PIECE_LENGTH ? piece.subarray(0, length - offset) : piece;
      this.#identity.readChain(slot, offset, part);
      hash.update(part);
    }
    const digest = new Uint8Array(this.#hash.outputLen);
    hash.digestInto(digest);
    hash.destroy();
    return digest;
  }
}

/** The last certificate of a provisioned slot's chain. */
export function leafOf(source: ChainSource, slot: number): Uint8Array {
  const end = source.chainLength(slot);
  let offset = 0;
  let length = certificateLength(source, slot, 0);
  for (; offset + length < end; length = certificateLength(source, slot, offset)) offset += length;
  const leaf = new Uint8Array(length);
  source.readChain(slot, offset, leaf);
  return leaf;
}

/** Bytes of the certificate at `offset`, from its DER header. */
function certificateLength(source: ChainSource, slot: number, offset: number): number {
  const rest = source.chainLength(slot) - offset;
  const der = new Uint8Array(4);
  if (rest >= der.length) source.readChain(slot, offset, der);
  const length = der[1] < 0x80 ? 2 + der[1] : der[1] === 0x81 ? 3 + der[2] : 4 + ((der[2] << 8) | der[3]);
  if (der[0] !== DER_SEQUENCE || der[1] > 0x82 || length > rest) {
    throw new Error(`slot ${slot} holds something else than certificates`);
  }
  return length;
}
