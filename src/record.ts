/**
 * Secured messages: DSP0277 1.3 records, as DSP0276 carries them over MCTP (message type 6)
 *
 * | offset | field             | size | |
 * | 0      | Session ID        | 4    | request's half first |
 * | 4      | Sequence Number   | 2    | low half of a 64-bit counter's low half |
 * | 6      | Length            | 2    | of all that follows |
 * | 8      | Application Data Length | 2 | encrypted; absent in records that are only authenticated, as the padding |
 * | 10     | Application Data  | n    | encrypted; begins with the MCTP message type |
 * |        | Random Data       | 0–32 | encrypted |
 * |        | MAC               | 16   | |
 *
 * Associated data are the first 8 bytes, or, where nothing is encrypted, all before the MAC. The nonce is the IV with the
 * counter, little-endian, XORed into its first 8 bytes.
 */
import type { Aead, AeadKey, Random } from "../hal/crypto.js";
import type { TrafficSecret } from "./key-schedule.js";

/** MCTP message types (DSP0239) of SPDM, and of the records of secure sessions. */
export const SPDM_TYPE = 0x05;
export const SECURED_TYPE = 0x06;

const HEADER_LENGTH = 8;
const SEQUENCE = 4;
const LENGTH = 6;
const DATA_LENGTH = 2;
const TAG_LENGTH = 16;
/** DSP0276 1.2 §6: at most 32 bytes of random data. */
const PADDING_MAX = 32;
const TWO_POW_32 = 0x100000000;
const NOTHING = /* @__PURE__ */ new Uint8Array(0);

/** Bytes that a record has more than the message in it, at the most; one is the message's MCTP type. */
export const RECORD_OVERHEAD = HEADER_LENGTH + DATA_LENGTH + 1 + PADDING_MAX + TAG_LENGTH;

/** Counters are numbers, exact up to 2 to this: beyond, one would repeat itself. */
export const RECORD_LIMIT_EXPONENT_MAX = 53;

/** Where application data begin in a record. */
export const dataOffset = (encrypts: boolean): number => HEADER_LENGTH + (encrypts ? DATA_LENGTH : 0);

/** The session a record claims to belong to, or undefined if it is too short to say. */
export function sessionIdOf(record: Uint8Array): number | undefined {
  if (record.length < HEADER_LENGTH) return undefined;
  return (record[0] | (record[1] << 8) | (record[2] << 16) | (record[3] << 24)) >>> 0;
}

/** The algorithm, and what is done with it. */
export interface Protection {
  readonly aead: Aead;
  /** Encrypted and authenticated, or only authenticated. */
  readonly encrypts: boolean;
  /** Records under one key; at most 2 to `RECORD_LIMIT_EXPONENT_MAX`. */
  readonly recordLimit: number;
}

/**
 * One direction of a session: its traffic secret, and the key, IV and counter that are made of it. Seals or opens records;
 * the counter never repeats: behind the last number it refuses.
 */
export class Direction {
  readonly #protection: Protection;
  readonly #secret: TrafficSecret;
  readonly #key: AeadKey;
  readonly #iv: Uint8Array;
  readonly #nonce: Uint8Array;
  #sequence = 0;
  #uncounted = 0;

  /** @param secret This object's from now on. */
  constructor(protection: Protection, secret: TrafficSecret) {
    const { aead } = protection;
    this.#protection = protection;
    this.#secret = secret;
    this.#nonce = new Uint8Array(aead.nonceLength);
    try {
      this.#iv = secret.iv(aead.nonceLength);
      const key = secret.key(aead.keyLength);
      try {
        this.#key = aead.create(key);
      } finally {
        key.fill(0);
      }
    } catch (error) {
      secret.destroy();
      throw error;
    }
  }

  /** Records sealed or opened so far, but for those that `discount` was told of. */
  get count(): number {
    return this.#sequence - this.#uncounted;
  }

  /** The records so far and the next one do not count. */
  discount(): void {
    this.#uncounted = this.#sequence + 1;
  }

  /** Whether there is no sequence number left. */
  get exhausted(): boolean {
    return this.#sequence >= this.#protection.recordLimit;
  }

  /** Whether `record`, which is long enough for a header, has the number that is due. */
  expects(record: Uint8Array): boolean {
    const number = record[SEQUENCE] | (record[SEQUENCE + 1] << 8);
    return !this.exhausted && number === (this.#sequence & 0xffff);
  }

  /**
   * Opens `record` in place. Returns a view of its application data, or undefined, with `record` of no more use, if it is
   * not the next one of this key.
   */
  open(record: Uint8Array): Uint8Array | undefined {
    const { encrypts } = this.#protection;
    const end = record.length - TAG_LENGTH;
    const start = dataOffset(encrypts);
    if (end < start || !this.expects(record)) return undefined;
    if ((record[LENGTH] | (record[LENGTH + 1] << 8)) !== record.length - HEADER_LENGTH) return undefined;
    const tag = record.subarray(end);
    const clear = record.subarray(0, encrypts ? HEADER_LENGTH : end);
    const text = encrypts ? record.subarray(HEADER_LENGTH, end) : NOTHING;
    if (!this.#key.open(this.#nextNonce(), clear, text, tag)) return undefined;
    this.#sequence++;
    if (!encrypts) return record.subarray(start, end);
    const length = text[0] | (text[1] << 8);
    return length <= text.length - DATA_LENGTH ? record.subarray(start, start + length) : undefined;
  }

  /**
   * Makes a record of the `length` bytes that stand at `dataOffset` in `out`, which is `RECORD_OVERHEAD` bytes longer than
   * the message in them.
   * Returns its length, or 0 if the key is exhausted.
   */
  seal(sessionId: number, out: Uint8Array, length: number, random: Random): number {
    if (this.exhausted) return 0;
    const { encrypts } = this.#protection;
    const end = dataOffset(encrypts) + length + (encrypts ? this.#pad(out, length, random) : 0);
    const total = end + TAG_LENGTH;
    for (let i = 0; i < 4; i++) out[i] = sessionId >>> (8 * i);
    out[SEQUENCE] = this.#sequence;
    out[SEQUENCE + 1] = this.#sequence >>> 8;
    out[LENGTH] = total - HEADER_LENGTH;
    out[LENGTH + 1] = (total - HEADER_LENGTH) >>> 8;
    const clear = out.subarray(0, encrypts ? HEADER_LENGTH : end);
    const text = encrypts ? out.subarray(HEADER_LENGTH, end) : NOTHING;
    const nonce = this.#nextNonce();
    // Used up whatever becomes of it.
    this.#sequence++;
    this.#key.seal(nonce, clear, text, out.subarray(end, total));
    return total;
  }

  /** RequesterVerifyData or ResponderVerifyData over a transcript's hash; handshake only. */
  verifyData(transcriptHash: Uint8Array): Uint8Array {
    return this.#secret.verifyData(transcriptHash);
  }

  /** The direction after KEY_UPDATE; this one stays as it is. */
  next(): Direction {
    return new Direction(this.#protection, this.#secret.next());
  }

  destroy(): void {
    this.#key.destroy();
    this.#iv.fill(0);
    this.#nonce.fill(0);
    this.#secret.destroy();
  }

  /** Writes Application Data Length and Random Data, and returns how long the latter is. */
  #pad(out: Uint8Array, length: number, random: Random): number {
    out[HEADER_LENGTH] = length;
    out[HEADER_LENGTH + 1] = length >>> 8;
    const start = HEADER_LENGTH + DATA_LENGTH + length;
    const padding = out.subarray(start, start + PADDING_MAX + 1);
    random(padding);
    // The byte behind the longest padding says how much of it there is; what follows overwrites it.
    return padding[PADDING_MAX] % (PADDING_MAX + 1);
  }

  #nextNonce(): Uint8Array {
    const nonce = this.#nonce;
    nonce.set(this.#iv);
    const low = this.#sequence >>> 0;
    const high = (this.#sequence / TWO_POW_32) >>> 0;
    for (let i = 0; i < 4; i++) {
      nonce[i] ^= low >>> (8 * i);
      nonce[4 + i] ^= high >>> (8 * i);
    }
    return nonce;
  }
}
