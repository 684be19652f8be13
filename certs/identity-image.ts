/**
 * The identity image a board is provisioned with, at offset 0 of its storage. All numbers little-endian.
 *
 * | offset | field             | bytes | value                                                        |
 * |--------|-------------------|-------|--------------------------------------------------------------|
 * | 0      | magic             | 8     | "SPDM-ID" and a zero byte                                    |
 * | 8      | length            | 4     | of the whole image, digest included; 65,536 at most          |
 * | 12     | format version    | 2     | 2                                                            |
 * | 14     | entry count       | 2     | 1 to 24                                                      |
 * | 16     | UUID              | 16    | answers MCTP's Get Endpoint UUID                             |
 * | 32     | entries           | 24 n  | see below                                                    |
 * |        | data, keys        |       | of the entries                                               |
 * | end-32 | digest            | 32    | SHA-256 of all before                                        |
 *
 * An entry: slot 1 | kind 1 | model 1 | zero 1 | algorithm 4 | dataOffset 4 | dataLength 4 | keyOffset 4 | keyLength 4. What
 * is left open here is zero; numbers are bytes.
 *
 * | kind               | slot             | algorithm        | data                          | key               |
 * |--------------------|------------------|------------------|-------------------------------|-------------------|
 * | 0 credential       | 0 to 7           | BaseAsymAlgo bit | certificates, DER, root first | scalar, 32 or 48  |
 * |   or key alone     |                  | BaseAsymAlgo bit |                               | scalar, 32 or 48  |
 * | 1 pre-shared key   |                  |                  | PSKHint, 1 to 64              | 1 to 64           |
 * | 2 requester anchor |                  |                  | certificate, DER              |                   |
 * | 3 session policy   | MutAuthRequested | options          |                               |                   |
 * | 4 requester chain  |                  | BaseAsymAlgo bit | certificates, DER, root first |                   |
 *
 * The model is a credential's CertModel (DSP0274 1.3 §10.24): 1 device, 2 alias, 3 generic certificates; 0 is 1, as firmware
 * that knows no models has it. All else has no model.
 *
 * A credential without data is a key that no slot has a chain to: what becomes of one whose chain was erased, or replaced by
 * a chain to another key. Entries may share a key. The key pairs that SPDM numbers are the distinct keys of an algorithm in
 * the order of their first entries, which stays whatever is installed (hal/chip/replace.c).
 *
 * Private scalars are big-endian. A pre-shared key should have as many bytes as the hash; DMTF's emulator has 12.
 *
 * Of kind 3 there is one entry at most, with MutAuthRequested of KEY_EXCHANGE_RSP; bit 7 has CHALLENGE_AUTH ask too. The
 * options are 1 handshakes in the clear, 2 records authenticated only, 4 PSK_EXCHANGE without a context of the
 * responder's, 8 certificates that are requested and set. Of kind 4, which MutAuthRequested 1 needs, there is one entry at most for each algorithm: the leaf's.
 *
 * The digest finds a worn or half-written flash; it protects from nobody who can write there.
 */
import type { HashAlgorithm } from "../hal/crypto.js";
import type { Storage } from "../hal/storage.js";
import { ECDSA_P256, ECDSA_P384 } from "../src/algorithms.js";
import { DEVICE_CERT } from "../src/key-pairs.js";
import { Reader, WireError } from "../src/wire.js";

export const MAGIC = Object.freeze([0x53, 0x50, 0x44, 0x4d, 0x2d, 0x49, 0x44, 0x00]);
export const FORMAT_VERSION = 2;
export const HEADER_LENGTH = 32;
export const ENTRY_LENGTH = 24;
export const DIGEST_LENGTH = 32;
export const IMAGE_LENGTH_MAX = 0x10000;
export const UUID_LENGTH = 16;
const SLOT_COUNT = 8;
const MODEL_MAX = 3;
/** Every slot under both algorithms, and eight of the others. */
export const ENTRY_COUNT_MAX = 24;
/** CERTIFICATE counts in 16 bits up to SPDM 1.3, and puts 4 bytes and the root's hash (64 at most) in front. */
const CHAIN_LENGTH_MAX = 0xffff - 4 - 64;

export const CREDENTIAL = 0;
export const PRE_SHARED_KEY = 1;
export const REQUESTER_ANCHOR = 2;
export const POLICY = 3;
export const REQUESTER_CHAIN = 4;
/** Least and most bytes of data and key, by kind. */
const LIMITS = Object.freeze([
  Object.freeze({ data: [0, CHAIN_LENGTH_MAX], key: [32, 48] }),
  Object.freeze({ data: [1, 64], key: [1, 64] }),
  Object.freeze({ data: [1, CHAIN_LENGTH_MAX], key: [0, 0] }),
  Object.freeze({ data: [0, 0], key: [0, 0] }),
  Object.freeze({ data: [1, CHAIN_LENGTH_MAX], key: [0, 0] }),
]);
const MUT_AUTH_REQUESTED: readonly number[] = Object.freeze([0, 1, 2, 4]);
export const BASIC = 0x80;
// A policy's options.
export const IN_THE_CLEAR = 1;
export const MAC_ONLY = 2;
export const PSK_WITHOUT_CONTEXT = 4;
export const CERTIFICATES = 8;
const OPTIONS = IN_THE_CLEAR | MAC_ONLY | PSK_WITHOUT_CONTEXT | CERTIFICATES;

/** Where bytes lie in the image. */
export interface Span {
  readonly offset: number;
  readonly length: number;
}

export interface Entry {
  /** Place among the image's entries, by which C finds it too. */
  readonly index: number;
  readonly slot: number;
  readonly kind: number;
  readonly model: number;
  readonly algorithm: number;
  readonly data: Span;
  readonly key: Span;
}

/** Where one slot's certificates and key lie. */
export interface CredentialEntry {
  /** Place among the image's entries. */
  readonly index: number;
  readonly slot: number;
  /** CertModel, 1 to 3. */
  readonly model: number;
  /** BaseAsymAlgo bit: 0x10 P-256, 0x80 P-384. */
  readonly algorithm: number;
  readonly chain: Span;
  readonly key: Span;
}

/** Where a key lies that no slot has a chain to. */
export type KeyEntry = Pick<CredentialEntry, "index" | "algorithm" | "key">;

/** Where a pre-shared key and its hint lie. */
export interface PskEntry {
  /** Place among the image's entries. */
  readonly index: number;
  readonly hint: Span;
  readonly key: Span;
}

/** Where a chain lies that requesters are known to have. */
export interface RequesterChainEntry {
  /** ReqBaseAsymAlg bit, which is that of BaseAsymAlgo: 0x10 P-256, 0x80 P-384. */
  readonly algorithm: number;
  readonly chain: Span;
}

/** What sessions are to be like, and whether and how requesters are asked to authenticate. */
export interface SessionPolicy {
  /**
   * MutAuthRequested of KEY_EXCHANGE_RSP: 0 not asked, 1 by a chain that the responder has, 2 by encapsulated requests,
   * 4 by these with GET_DIGESTS implied.
   */
  readonly requested: number;
  /** Whether CHALLENGE_AUTH asks for it ("basic mutual authentication"). */
  readonly basic: boolean;
  /** Handshakes without records: HANDSHAKE_IN_THE_CLEAR_CAP. */
  readonly inTheClear: boolean;
  /** Records authenticated, not encrypted: MAC_CAP without ENCRYPT_CAP. */
  readonly macOnly: boolean;
  /** PSK_EXCHANGE_RSP without a context of the responder's, so that no PSK_FINISH follows. */
  readonly pskWithoutContext: boolean;
  /** Certificates are requested and set, in sessions of requesters that proved themselves. */
  readonly certificates: boolean;
}

/** That of images without one. */
export const DEFAULT_POLICY: SessionPolicy = Object.freeze({
  requested: 0,
  basic: false,
  inTheClear: false,
  macOnly: false,
  pskWithoutContext: false,
  certificates: false,
});

export interface IdentityTable {
  /** Bytes of the whole image. */
  readonly length: number;
  /** 16 bytes. */
  readonly uuid: Uint8Array;
  readonly credentials: readonly CredentialEntry[];
  readonly spareKeys: readonly KeyEntry[];
  readonly psks: readonly PskEntry[];
  /** Certificates, DER, that chains of requesters may begin with. */
  readonly requesterAnchors: readonly Span[];
  /** One for each algorithm at most. */
  readonly requesterChains: readonly RequesterChainEntry[];
  readonly policy: SessionPolicy;
}

/**
 * Reads where everything lies. Touches neither data nor keys, so that a board whose keys live in C keeps them there.
 * Throws a WireError if there is no image of this format, or one that contradicts itself.
 */
export function readIdentityTable(storage: Storage): IdentityTable {
  if (storage.length < HEADER_LENGTH) throw new WireError("no identity image");
  const header = new Uint8Array(HEADER_LENGTH);
  storage.read(0, header);
  const r = new Reader(header);
  for (const byte of MAGIC) if (r.u8() !== byte) throw new WireError("no identity image");
  const length = r.u32();
  const version = r.u16();
  if (version !== FORMAT_VERSION) throw new WireError(`identity image of format ${version}, not ${FORMAT_VERSION}`);
  const entryCount = r.u16();
  if (entryCount === 0 || entryCount > ENTRY_COUNT_MAX) throw new WireError("identity image: entry count");
  const tableEnd = HEADER_LENGTH + entryCount * ENTRY_LENGTH;
  if (length > IMAGE_LENGTH_MAX || length > storage.length || length < tableEnd + DIGEST_LENGTH)
    throw new WireError("identity image: length");
  const table = new Uint8Array(entryCount * ENTRY_LENGTH);
  storage.read(HEADER_LENGTH, table);
  const entries = readEntries(new Reader(table));
  const fault = faultOf(entries, tableEnd, length - DIGEST_LENGTH);
  if (fault !== undefined) throw new WireError(`identity image: ${fault}`);
  return { length, uuid: r.bytes(UUID_LENGTH), ...byKind(entries) };
}

function readEntries(r: Reader): Entry[] {
  const entries: Entry[] = [];
  while (r.remaining !== 0) {
    const slot = r.u8();
    const kind = r.u8();
    const model = r.u8();
    if (r.u8() !== 0) throw new WireError("identity image: reserved bytes");
    const algorithm = r.u32();
    const data = { offset: r.u32(), length: r.u32() };
    const key = { offset: r.u32(), length: r.u32() };
    entries.push({ index: entries.length, slot, kind, model, algorithm, data, key });
  }
  return entries;
}

function byKind(entries: readonly Entry[]): Omit<IdentityTable, "length" | "uuid"> {
  const of = (kind: number) => entries.filter((entry) => entry.kind === kind);
  const [policy] = of(POLICY);
  return {
    credentials: of(CREDENTIAL)
      .filter(hasChain)
      .map(({ index, slot, model, algorithm, data, key }) => ({
        index,
        slot,
        model: model || DEVICE_CERT,
        algorithm,
        chain: data,
        key,
      })),
    spareKeys: of(CREDENTIAL).filter((entry) => !hasChain(entry)),
    psks: of(PRE_SHARED_KEY).map(({ index, data, key }) => ({ index, hint: data, key })),
    requesterAnchors: of(REQUESTER_ANCHOR).map(({ data }) => data),
    requesterChains: of(REQUESTER_CHAIN).map(({ algorithm, data }) => ({ algorithm, chain: data })),
    policy: policy === undefined ? DEFAULT_POLICY : policyOf(policy),
  };
}

function policyOf({ slot, algorithm: options }: Entry): SessionPolicy {
  return {
    requested: slot & ~BASIC,
    basic: (slot & BASIC) !== 0,
    inTheClear: (options & IN_THE_CLEAR) !== 0,
    macOnly: (options & MAC_ONLY) !== 0,
    pskWithoutContext: (options & PSK_WITHOUT_CONTEXT) !== 0,
    certificates: (options & CERTIFICATES) !== 0,
  };
}

/** What contradicts the format, if anything; data and keys lie from `start` to before `end`. */
export function faultOf(entries: readonly Entry[], start: number, end: number): string | undefined {
  for (const entry of entries) {
    const { index, kind, model, data, key } = entry;
    const limits = LIMITS[kind];
    if (limits === undefined) return `kind of entry ${index}`;
    if (!slotFits(entry)) return `slot of entry ${index}`;
    if (model < 0 || model > (hasChain(entry) ? MODEL_MAX : 0)) return `model of entry ${index}`;
    if (!algorithmFits(entry)) return `algorithm or key length of entry ${index}`;
    if (!fits(data, limits.data, start, end)) return `data of entry ${index}`;
    if (!fits(key, limits.key, start, end)) return `key of entry ${index}`;
    if (entries.some((other) => other.index < index && exclude(other, entry))) return `entry ${index} is there twice`;
  }
  return undefined;
}

/** Of a credential, whether it is more than a key. */
function hasChain({ kind, data }: Entry): boolean {
  return kind === CREDENTIAL && data.length !== 0;
}

function slotFits(entry: Entry): boolean {
  const { kind, slot } = entry;
  if (hasChain(entry)) return slot >= 0 && slot < SLOT_COUNT;
  return kind === POLICY ? MUT_AUTH_REQUESTED.includes(slot & ~BASIC) : slot === 0;
}

function algorithmFits({ kind, algorithm, key }: Entry): boolean {
  if (kind === CREDENTIAL) return key.length === scalarLength(algorithm);
  if (kind === REQUESTER_CHAIN) return scalarLength(algorithm) !== 0;
  return kind === POLICY ? (algorithm & ~OPTIONS) === 0 : algorithm === 0;
}

/** Bytes of a private scalar; 0 for an algorithm the image does not hold. */
function scalarLength(algorithm: number): number {
  return algorithm === ECDSA_P256 ? 32 : algorithm === ECDSA_P384 ? 48 : 0;
}

/** By subtraction, since offset + length may exceed what a number on the wire holds. */
function fits({ offset, length }: Span, [low, high]: readonly number[], start: number, end: number): boolean {
  if (length < low || length > high) return false;
  return length === 0 ? offset === 0 : offset >= start && offset <= end && length <= end - offset;
}

function exclude(one: Entry, other: Entry): boolean {
  if (one.kind !== other.kind) return false;
  if (one.kind === CREDENTIAL && !(hasChain(one) && hasChain(other))) return false;
  if (one.kind === CREDENTIAL || one.kind === REQUESTER_CHAIN)
    return one.slot === other.slot && one.algorithm === other.algorithm;
  return one.kind === POLICY;
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
