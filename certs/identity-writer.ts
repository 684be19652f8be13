/** Makes identity images; their format is in identity-image.ts, which boards read them with. */
import type { HashAlgorithm } from "../hal/crypto.js";
import type { HintedKey } from "../hal/portable/psk.js";
import { DEVICE_CERT } from "../src/key-pairs.js";
import { Writer } from "../src/wire.js";
import * as image from "./identity-image.js";

/** What one slot is provisioned with. */
export interface Credential {
  readonly slot: number;
  /** BaseAsymAlgo bit. Images hold 0x10, P-256, and 0x80, P-384. */
  readonly algorithm: number;
  /** CertModel of the chain, 1 to 3; default 1, DeviceCert. */
  readonly model?: number;
  /** DER certificates one behind the other, root first, leaf last. */
  readonly chain: Uint8Array;
  /** The leaf's private scalar, big-endian: 32 bytes for P-256, 48 for P-384; what other algorithms' engines take. */
  readonly key: Uint8Array;
}

/** A chain that requesters are known to have. */
export interface RequesterChain {
  /** ReqBaseAsymAlg bit: 0x10 P-256, 0x80 P-384. */
  readonly algorithm: number;
  /** DER certificates one behind the other, root first, leaf last. */
  readonly chain: Uint8Array;
}

/** What requesters under one of ReqPqcAsymAlg are believed by. */
export interface PqcRequester {
  readonly algorithm: number;
  /** Certificate, DER, that their chains may begin with. */
  readonly anchor: Uint8Array;
  /** The one they are known to have, as of `RequesterChain`. */
  readonly chain: Uint8Array | undefined;
}

/** All that a device is provisioned with. */
export interface DeviceIdentity {
  /** 16 bytes. */
  readonly uuid: Uint8Array;
  readonly credentials: readonly Credential[];
  /** Keys that no slot has a chain to. */
  readonly spareKeys?: readonly Pick<Credential, "algorithm" | "key">[];
  /** The same under PqcAsymAlgo, with ML-DSA's seeds as keys. Images hold none of them. */
  readonly pqcCredentials?: readonly Credential[];
  /** Hints and keys of 1 to 64 bytes, no hint twice. */
  readonly psks?: readonly HintedKey[];
  /** Certificates, DER, that chains of requesters may begin with. */
  readonly requesterAnchors?: readonly Uint8Array[];
  /** No algorithm twice. */
  readonly requesterChains?: readonly RequesterChain[];
  /** No algorithm twice. Images hold none of them. */
  readonly pqcRequesters?: readonly PqcRequester[];
  /** Default: DEFAULT_POLICY. */
  readonly policy?: image.SessionPolicy;
}

/** An entry with its bytes instead of their places. */
interface Part {
  readonly slot: number;
  readonly kind: number;
  readonly model?: number;
  readonly algorithm: number;
  readonly data: Uint8Array;
  readonly key: Uint8Array;
}

const NONE = new Uint8Array(0);

function partsOf(identity: DeviceIdentity): Part[] {
  const { credentials, spareKeys = [], psks = [], requesterAnchors = [], requesterChains = [], policy } = identity;
  const other = { slot: 0, algorithm: 0, data: NONE, key: NONE };
  return [
    ...credentials.map(({ chain, ...rest }) => ({ ...rest, kind: image.CREDENTIAL, data: chain })),
    ...spareKeys.map((key) => ({ ...other, kind: image.CREDENTIAL, ...key })),
    ...psks.map(({ hint, key }) => ({ ...other, kind: image.PRE_SHARED_KEY, data: hint, key })),
    ...requesterAnchors.map((data) => ({ ...other, kind: image.REQUESTER_ANCHOR, data })),
    ...(policy === undefined ? [] : [{ ...other, kind: image.POLICY, ...policyFields(policy) }]),
    ...requesterChains.map(({ algorithm, chain }) => ({
      ...other,
      kind: image.REQUESTER_CHAIN,
      algorithm,
      data: chain,
    })),
  ];
}

function policyFields(policy: image.SessionPolicy): Pick<Part, "slot" | "algorithm"> {
  return {
    slot: policy.requested + (policy.basic ? image.BASIC : 0),
    algorithm:
      (policy.inTheClear ? image.IN_THE_CLEAR : 0) |
      (policy.macOnly ? image.MAC_ONLY : 0) |
      (policy.pskWithoutContext ? image.PSK_WITHOUT_CONTEXT : 0) |
      (policy.certificates ? image.CERTIFICATES : 0),
  };
}

/** Throws a RangeError for what the image cannot hold, and for a hint that names two keys. */
export function writeIdentityImage(identity: DeviceIdentity, sha256: HashAlgorithm): Uint8Array {
  const { uuid, psks = [] } = identity;
  const parts = partsOf(identity);
  if (uuid.length !== image.UUID_LENGTH) throw new RangeError("the UUID has 16 bytes");
  if (parts.length === 0 || parts.length > image.ENTRY_COUNT_MAX) throw new RangeError("1 to 24 entries");
  if (identity.credentials.some(({ chain }) => chain.length === 0)) throw new RangeError("a slot without a chain");
  if (new Set(psks.map(({ hint }) => hint.join())).size !== psks.length) throw new RangeError("a hint names two keys");

  const tableEnd = image.HEADER_LENGTH + parts.length * image.ENTRY_LENGTH;
  let end = tableEnd;
  const place = ({ length }: Uint8Array): image.Span => {
    if (length === 0) return { offset: 0, length };
    end += length;
    return { offset: end - length, length };
  };
  const entries = parts.map((part, index) => ({
    ...{ model: 0, ...part, index },
    ...{ data: place(part.data), key: place(part.key) },
  }));
  const fault = image.faultOf(entries, tableEnd, end);
  if (fault !== undefined) throw new RangeError(fault);
  const length = end + image.DIGEST_LENGTH;
  if (length > image.IMAGE_LENGTH_MAX) throw new RangeError(`${length} bytes are more than an image may have`);

  const w = new Writer(new Uint8Array(length));
  for (const byte of image.MAGIC) w.u8(byte);
  w.u32(length);
  w.u16(image.FORMAT_VERSION);
  w.u16(entries.length);
  w.bytes(uuid);
  for (const entry of entries) writeEntry(w, entry);
  for (const { data, key } of parts) {
    w.bytes(data);
    w.bytes(key);
  }
  const hash = sha256.create();
  hash.update(w.written());
  hash.digestInto(w.view(image.DIGEST_LENGTH));
  return w.written();
}

function writeEntry(w: Writer, { slot, kind, model, algorithm, data, key }: image.Entry): void {
  w.u8(slot);
  w.u8(kind);
  // As older firmware takes it, too.
  w.u8(model === DEVICE_CERT ? 0 : model);
  w.u8(0);
  w.u32(algorithm);
  for (const { offset, length } of [data, key]) {
    w.u32(offset);
    w.u32(length);
  }
}
