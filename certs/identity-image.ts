/**
 * The identity image a board is provisioned with, at offset 0 of its storage. All numbers little-endian.
 *
 * | offset | field             | bytes | value                                                        |
 * |--------|-------------------|-------|--------------------------------------------------------------|
 * | 0      | magic             | 8     | "SPDM-ID" and a zero byte                                    |
 * | 8      | length            | 4     | of the whole image, digest included                          |
 * | 12     | format version    | 2     | 1                                                            |
 * | 14     | entry count       | 2     | 1 to 16                                                      |
 * | 16     | UUID              | 16    | answers MCTP's Get Endpoint UUID                             |
 * | 32     | entries           | 24 n  | see below                                                    |
 * |        | chains, keys      |       | DER certificates, root first; private scalars, big-endian    |
 * | end-32 | digest            | 32    | SHA-256 of all before                                        |
 *
 * An entry: slot 1 | zero 3 | algorithm 4 (BaseAsymAlgo bit) | chainOffset 4 | chainLength 4 | keyOffset 4 |
 * keyLength 4.
 *
 * The digest finds a worn or half-written flash; it protects from nobody who can write there.
 */
import type { HashAlgorithm } from "../hal/crypto.js";
import type { Storage } from "../hal/storage.js";
import { ECDSA_P256, ECDSA_P384 } from "../src/algorithms.js";
import { Reader, WireError, Writer } from "../src/wire.js";

const MAGIC = Object.freeze([0x53, 0x50, 0x44, 0x4d, 0x2d, 0x49, 0x44, 0x00]);
const FORMAT_VERSION = 1;
const HEADER_LENGTH = 32;
const ENTRY_LENGTH = 24;
const DIGEST_LENGTH = 32;
export const UUID_LENGTH = 16;
const SLOT_COUNT = 8;
/** Every slot under both algorithms. */
const ENTRY_COUNT_MAX = 16;
/** CERTIFICATE counts in 16 bits up to SPDM 1.3, and puts 4 bytes and the root's hash (64 at most) in front. */
const CHAIN_LENGTH_MAX = 0xffff - 4 - 64;

/** Where one slot's certificates and key lie in the image: offsets and lengths in bytes. */
export interface IdentityEntry {
  readonly slot: number;
  /** BaseAsymAlgo bit: 0x10 P-256, 0x80 P-384. */
  readonly algorithm: number;
  readonly chainOffset: number;
  readonly chainLength: number;
  readonly keyOffset: number;
  readonly keyLength: number;
}

export interface IdentityTable {
  /** Bytes of the whole image. */
  readonly length: number;
  /** 16 bytes. */
  readonly uuid: Uint8Array;
  readonly entries: readonly IdentityEntry[];
}

/** What one slot is provisioned with, in memory. */
export interface Credential {
  readonly slot: number;
  /** BaseAsymAlgo bit: 0x10 P-256, 0x80 P-384. */
  readonly algorithm: number;
  /** DER certificates one behind the other, root first, leaf last. */
  readonly chain: Uint8Array;
  /** The leaf's private scalar, big-endian: 32 bytes for P-256, 48 for P-384. */
  readonly key: Uint8Array;
}

/** Bytes of a private scalar; 0 for an algorithm the image does not hold. */
function scalarLength(algorithm: number): number {
  return algorithm === ECDSA_P256 ? 32 : algorithm === ECDSA_P384 ? 48 : 0;
}

/**
 * Reads where everything lies. Touches neither chains nor keys, so that a board whose keys live in C keeps them there.
 * Throws a WireError if there is no image of this format, or one that contradicts itself.
 */
export function readIdentityTable(storage: Storage): IdentityTable {
  if (storage.length < HEADER_LENGTH) throw new WireError("no identity image");
  const header = new Uint8Array(HEADER_LENGTH);
  storage.read(0, header);
  const r = new Reader(header);
  for (const byte of MAGIC) if (r.u8() !== byte) throw new WireError("no identity image");
  const length = r.u32();
  if (r.u16() !== FORMAT_VERSION) throw new WireError("identity image of another format version");
  const entryCount = r.u16();
  if (entryCount === 0 || entryCount > ENTRY_COUNT_MAX) throw new WireError("identity image: entry count");
  const tableEnd = HEADER_LENGTH + entryCount * ENTRY_LENGTH;
  if (length > storage.length || length < tableEnd + DIGEST_LENGTH) throw new WireError("identity image: length");
  const table = new Uint8Array(entryCount * ENTRY_LENGTH);
  storage.read(HEADER_LENGTH, table);
  return {
    length,
    uuid: r.bytes(UUID_LENGTH),
    entries: readEntries(new Reader(table), tableEnd, length - DIGEST_LENGTH),
  };
}

function readEntries(r: Reader, start: number, end: number): IdentityEntry[] {
  const entries: IdentityEntry[] = [];
  while (r.remaining !== 0) {
    const entry = readEntry(r, start, end);
    if (entries.some((e) => e.slot === entry.slot && e.algorithm === entry.algorithm))
      throw new WireError("identity image: slot given twice");
    entries.push(entry);
  }
  return entries;
}

function readEntry(r: Reader, start: number, end: number): IdentityEntry {
  const slot = r.u8();
  if (r.u24() !== 0 || slot >= SLOT_COUNT) throw new WireError("identity image: slot");
  const entry = {
    slot,
    algorithm: r.u32(),
    chainOffset: r.u32(),
    chainLength: r.u32(),
    keyOffset: r.u32(),
    keyLength: r.u32(),
  };
  if (entry.keyLength === 0 || entry.keyLength !== scalarLength(entry.algorithm))
    throw new WireError("identity image: algorithm or key length");
  if (entry.chainLength === 0 || entry.chainLength > CHAIN_LENGTH_MAX)
    throw new WireError("identity image: chain length");
  if (
    !within(entry.chainOffset, entry.chainLength, start, end) ||
    !within(entry.keyOffset, entry.keyLength, start, end)
  )
    throw new WireError("identity image: offset");
  return entry;
}

/** By subtraction, since offset + length may exceed what a number on the wire holds. */
function within(offset: number, length: number, start: number, end: number): boolean {
  return offset >= start && offset <= end && length <= end - offset;
}

/**
 * Whether the digest at the image's end fits. Reads all of the image, keys included, through one buffer that is wiped;
 * a board whose keys stay in C checks there instead.
 */
export function identityDigestFits(storage: Storage, table: IdentityTable, sha256: HashAlgorithm): boolean {
  const hash = sha256.create();
  const buffer = new Uint8Array(256);
  const end = table.length - DIGEST_LENGTH;
  for (let offset = 0; offset < end; offset += buffer.length) {
    const part = buffer.subarray(0, Math.min(buffer.length, end - offset));
    storage.read(offset, part);
    hash.update(part);
  }
  buffer.fill(0);
  const digest = new Uint8Array(DIGEST_LENGTH);
  hash.digestInto(digest);
  const stored = new Uint8Array(DIGEST_LENGTH);
  storage.read(end, stored);
  return digest.every((byte, i) => byte === stored[i]);
}

/** Makes the image; `uuid` is 16 bytes. Throws a RangeError for what the image cannot hold. */
export function writeIdentityImage(
  uuid: Uint8Array,
  credentials: readonly Credential[],
  sha256: HashAlgorithm,
): Uint8Array {
  checkCredentials(uuid, credentials);
  const tableEnd = HEADER_LENGTH + credentials.length * ENTRY_LENGTH;
  const length = credentials.reduce((sum, c) => sum + c.chain.length + c.key.length, tableEnd) + DIGEST_LENGTH;
  const w = new Writer(new Uint8Array(length));
  for (const byte of MAGIC) w.u8(byte);
  w.u32(length);
  w.u16(FORMAT_VERSION);
  w.u16(credentials.length);
  w.bytes(uuid);
  let offset = tableEnd;
  for (const { slot, algorithm, chain, key } of credentials) {
    w.u8(slot);
    w.zeros(3);
    w.u32(algorithm);
    w.u32(offset);
    w.u32(chain.length);
    w.u32(offset + chain.length);
    w.u32(key.length);
    offset += chain.length + key.length;
  }
  for (const { chain, key } of credentials) {
    w.bytes(chain);
    w.bytes(key);
  }
  const hash = sha256.create();
  hash.update(w.written());
  hash.digestInto(w.view(DIGEST_LENGTH));
  return w.written();
}

function checkCredentials(uuid: Uint8Array, credentials: readonly Credential[]): void {
  if (uuid.length !== UUID_LENGTH) throw new RangeError("the UUID has 16 bytes");
  if (credentials.length === 0 || credentials.length > ENTRY_COUNT_MAX) throw new RangeError("1 to 16 credentials");
  const seen = new Set<string>();
  for (const { slot, algorithm, chain, key } of credentials) {
    if (slot < 0 || slot >= SLOT_COUNT) throw new RangeError(`slot ${slot}`);
    if (key.length === 0 || key.length !== scalarLength(algorithm)) throw new RangeError(`slot ${slot}: key length`);
    if (chain.length === 0 || chain.length > CHAIN_LENGTH_MAX) throw new RangeError(`slot ${slot}: chain length`);
    const name = `${slot}/${algorithm}`;
    if (seen.has(name)) throw new RangeError(`slot ${slot} given twice`);
    seen.add(name);
  }
}
