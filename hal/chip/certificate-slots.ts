/**
 * Certificate slots in flash that change in the field. A change writes the identity image anew (replace.c) and counts at once.
 * Its key pairs are the distinct keys of the image, in or out of slots, in an order that stays.
 */
import {
  type CredentialEntry,
  ENTRY_LENGTH,
  type IdentityTable,
  IMAGE_LENGTH_MAX,
  type KeyEntry,
  readIdentityTable,
} from "../../certs/identity-image.js";
import type { CertificateSlots } from "../certificate-slots.js";
import type { Identity } from "../identity.js";
import { identityLength, print } from "./chip.js";
import { FlashIdentity, type Signer } from "./identity.js";
import { replaceChain, sameKey } from "./slots.js";
import { identityStorage } from "./storage.js";

const SLOT_MASK = 0xff;
/** Device and generic certificates. */
const MODELS: readonly number[] = Object.freeze([1, 3]);
/** Entry and key, where a slot gets one of its own. */
const NEW_ENTRY_LENGTH = ENTRY_LENGTH + 48;

/** A key pair whose private key stays with it. */
export interface KeyPair extends Signer {
  /** Writes the public key, X then Y, big-endian, as long as a signature. */
  publicKey(into: Uint8Array): void;
}

export interface FlashSlotsOptions {
  /** Bytes of certificates that a slot takes, while the image has room for them. */
  readonly capacity: number;
  /** Asked once for each key pair, with an entry that has it. */
  keyPair(entry: KeyEntry): KeyPair;
}

type Table = Pick<IdentityTable, "credentials" | "spareKeys" | "psks" | "requesterChains">;

export interface IdentityOf {
  readonly algorithm: number;
  readonly identity: Identity;
}

/**
 * The identities of an image, one for each of `algorithms`, with the bytes of its signatures, that it has keys for. A change moves what lies in the
 * image: `table`'s entries stay the same objects, and say where to then.
 */
export function changeableIdentities(
  table: Table,
  algorithms: readonly (readonly [algorithm: number, signatureLength: number])[],
  options: FlashSlotsOptions,
): IdentityOf[] {
  const slots = algorithms.map(([algorithm, length]) => new FlashSlots(algorithm, length, options, follow));
  for (const each of slots) each.read(table);
  return slots
    .filter(({ keyPairs }) => keyPairs.length > 0)
    .map((each) => ({
      algorithm: each.algorithm,
      identity: Object.assign(each.identity, { certificateSlots: each }),
    }));

  function follow(): void {
    const now = readIdentityTable(identityStorage);
    for (const [i, psk] of now.psks.entries()) Object.assign(table.psks[i], psk);
    for (const [i, { chain }] of now.requesterChains.entries()) Object.assign(table.requesterChains[i].chain, chain);
    for (const each of slots) each.read(now);
  }
}

class FlashSlots implements CertificateSlots {
  readonly algorithm: number;
  readonly publicKeyLength: number;
  readonly signatureLength: number;
  readonly keyPairs: number[] = [];
  readonly supportedMask = SLOT_MASK;
  readonly pendingMask = 0;
  readonly models = MODELS;
  readonly identity: FlashIdentity;
  readonly #options: FlashSlotsOptions;
  readonly #changed: () => void;
  /** By KeyPairID - 1, as the next. */
  readonly #pairs: KeyPair[] = [];
  /** Places of their first entries. */
  #firsts: number[] = [];
  /** KeyPairIDs by slot. */
  readonly #ids: number[] = new Array(8).fill(0);

  constructor(algorithm: number, signatureLength: number, options: FlashSlotsOptions, changed: () => void) {
    this.algorithm = algorithm;
    this.publicKeyLength = signatureLength;
    this.signatureLength = signatureLength;
    this.#options = options;
    this.#changed = changed;
    this.identity = new FlashIdentity([], algorithm, signatureLength, () => this.#pairs[0]);
  }

  /** Takes what is in the image: at first, and after each change. */
  read({ credentials, spareKeys }: Table): void {
    const all: readonly (CredentialEntry | KeyEntry)[] = [...credentials, ...spareKeys];
    const own = all.filter(({ algorithm }) => algorithm === this.algorithm);
    this.#firsts = [];
    for (const entry of own.sort((a, b) => a.index - b.index)) {
      const id = this.#idOf(entry);
      if ("chain" in entry) this.#ids[entry.slot] = id;
    }
    this.identity.fill(credentials, this.algorithm, ({ slot }) => this.#pairs[this.#ids[slot] - 1]);
  }

  #idOf(entry: KeyEntry): number {
    const known = this.#firsts.findIndex((first) => sameKey(first, entry.index));
    if (known >= 0) return known + 1;
    const id = this.#firsts.push(entry.index);
    if (id > this.#pairs.length) {
      this.#pairs.push(this.#options.keyPair(entry));
      this.keyPairs.push(id);
    }
    return id;
  }

  capacity(slot: number): number {
    const room = IMAGE_LENGTH_MAX - identityLength() + this.identity.chainLength(slot) - NEW_ENTRY_LENGTH;
    return Math.max(0, Math.min(this.#options.capacity, room));
  }

  keyPairOf(slot: number): number {
    return this.#ids[slot];
  }

  publicKey(keyPairId: number, into: Uint8Array): void {
    this.#pairs[keyPairId - 1].publicKey(into);
  }

  sign(keyPairId: number, digest: Uint8Array, signature: Uint8Array): void {
    this.#pairs[keyPairId - 1].sign(digest, signature);
  }

  install(slot: number, chain: Uint8Array, keyPairId: number, model: number): boolean {
    return this.#change(slot, model, this.#firsts[keyPairId - 1], chain);
  }

  erase(slot: number): boolean {
    return this.#change(slot, 0, 0, new Uint8Array(0));
  }

  #change(slot: number, model: number, keyIndex: number, chain: Uint8Array): boolean {
    const done = replaceChain(slot, this.algorithm, model, keyIndex, chain);
    if (done) this.#changed();
    else print(`slot ${slot}: could not be written`);
    return done;
  }
}
