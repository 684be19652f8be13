/**
 * Packets to messages (DSP0236). A fixed table of assemblies, each with a buffer of its own, made at the start and
 * never again: whatever arrives, memory stays the same. A message of one packet needs no assembly.
 */

import { Counters } from "./counters.js";
import {
  type Copy,
  copyBytes,
  DESTINATION,
  EOM,
  FLAGS,
  HEADER_LENGTH,
  SEQUENCE_MASK,
  SEQUENCE_SHIFT,
  SOM,
  SOURCE,
  TAG_MASK,
  TO,
} from "./packet.js";

/** How long an assembly may be silent before it is dropped. DSP0236 names no time; Linux and mctp-estack take this. */
export const EXPIRY_MS = 6000;

/** No key is negative, see `keyOf`. */
const IDLE = -1;
const TYPE_LENGTH = 1;

interface Assembly {
  key: number;
  /** Bytes so far, the type byte included. */
  length: number;
  /** Payload of the first packet, which all but the last must equal. */
  unit: number;
  /** Of the packet to come. */
  sequence: number;
  /** When the last packet came. */
  stampMs: number;
  readonly bytes: Uint8Array;
}

export interface ReassemblyOptions {
  /** The longest message taken, in bytes without its type. */
  readonly messageLength: number;
  /** Messages of several packets that may be under way at once; 2 by default. */
  readonly assemblyCount?: number | undefined;
  /** Where to count; its own by default. */
  readonly counters?: Counters;
  readonly copy?: Copy | undefined;
}

/** What tells assemblies apart: physical peer, both endpoints, tag owner and tag. */
function keyOf(bytes: Uint8Array, at: number, peer: number): number {
  const tag = bytes[at + FLAGS] & (TO | TAG_MASK);
  return (peer << 24) | (bytes[at + DESTINATION] << 16) | (bytes[at + SOURCE] << 8) | tag;
}

export class Reassembly {
  readonly counters: Counters;
  /** Type byte, with IC, of the message that the last `accept` completed. */
  type = 0;
  /** The message itself, without its type; a view of the frame or of an assembly, good until the next `accept`. */
  message: Uint8Array;
  readonly #assemblies: readonly Assembly[];
  readonly #limit: number;
  readonly #copy: Copy;

  constructor(options: ReassemblyOptions) {
    this.counters = options.counters ?? new Counters();
    this.message = new Uint8Array(0);
    this.#limit = options.messageLength + TYPE_LENGTH;
    this.#copy = options.copy ?? copyBytes;
    const assemblies: Assembly[] = [];
    for (let i = 0; i < (options.assemblyCount ?? 2); i++) {
      assemblies.push({ key: IDLE, length: 0, unit: 0, sequence: 0, stampMs: 0, bytes: new Uint8Array(this.#limit) });
    }
    this.#assemblies = assemblies;
  }

  /**
   * Takes the packet of `length` bytes at `at`, with a sound header and at least one byte of payload, that came from the
   * physical address `peer`, 0 to 0x7F, at `now`, in milliseconds of a clock that may wrap at 32 bits. True when it
   * completes a message: see `type` and `message`.
   */
  accept(bytes: Uint8Array, at: number, length: number, peer: number, now: number): boolean {
    const key = keyOf(bytes, at, peer);
    const flags = bytes[at + FLAGS];
    const assembly = this.#find(key, now);
    if ((flags & SOM) !== 0) {
      if (assembly !== undefined) this.#drop(assembly, "restarts");
      if ((flags & EOM) !== 0) return this.#complete(bytes, at + HEADER_LENGTH, at + length);
      this.#begin(key, bytes, at, length, now);
      return false;
    }
    if (assembly === undefined) {
      this.counters.orphans++;
      return false;
    }
    return this.#extend(assembly, bytes, at, length, now);
  }

  /** The assembly with this key. Those silent for too long are dropped on the way. */
  #find(key: number, now: number): Assembly | undefined {
    const assemblies = this.#assemblies;
    let found: Assembly | undefined;
    // Not for-of, here and below: on XS its iterator is garbage, for every packet.
    for (let i = 0; i < assemblies.length; i++) {
      const assembly = assemblies[i];
      if (assembly.key === IDLE) continue;
      if ((now - assembly.stampMs) >>> 0 >= EXPIRY_MS) this.#drop(assembly, "expiries");
      else if (assembly.key === key) found = assembly;
    }
    return found;
  }

  #drop(assembly: Assembly, reason: keyof Counters): void {
    assembly.key = IDLE;
    this.counters[reason]++;
  }

  #begin(key: number, bytes: Uint8Array, at: number, length: number, now: number): void {
    const unit = length - HEADER_LENGTH;
    if (unit >= this.#limit) {
      this.counters.oversize++;
      return;
    }
    const assembly = this.#place(now);
    const copy = this.#copy;
    copy(assembly.bytes, 0, bytes, at + HEADER_LENGTH, unit);
    assembly.key = key;
    assembly.length = unit;
    assembly.unit = unit;
    assembly.sequence = ((bytes[at + FLAGS] >> SEQUENCE_SHIFT) + 1) & SEQUENCE_MASK;
    assembly.stampMs = now | 0;
  }

  /**
   * An idle assembly, otherwise the one silent for longest. Refusing newcomers instead would shut out a sender whose
   * own lost packets left the table full of its earlier attempts.
   */
  #place(now: number): Assembly {
    const assemblies = this.#assemblies;
    let oldest = assemblies[0];
    for (let i = 0; i < assemblies.length; i++) {
      const assembly = assemblies[i];
      if (assembly.key === IDLE) return assembly;
      if ((now - assembly.stampMs) >>> 0 > (now - oldest.stampMs) >>> 0) oldest = assembly;
    }
    this.#drop(oldest, "evictions");
    return oldest;
  }

  #extend(assembly: Assembly, bytes: Uint8Array, at: number, length: number, now: number): boolean {
    const flags = bytes[at + FLAGS];
    const last = (flags & EOM) !== 0;
    const payloadLength = length - HEADER_LENGTH;
    const sum = assembly.length + payloadLength;
    if (((flags >> SEQUENCE_SHIFT) & SEQUENCE_MASK) !== assembly.sequence) this.#drop(assembly, "sequenceBreaks");
    else if (last ? payloadLength > assembly.unit : payloadLength !== assembly.unit)
      this.#drop(assembly, "lengthBreaks");
    else if (sum > this.#limit) this.#drop(assembly, "oversize");
    else {
      const copy = this.#copy;
      copy(assembly.bytes, assembly.length, bytes, at + HEADER_LENGTH, payloadLength);
      assembly.length = sum;
      assembly.sequence = (assembly.sequence + 1) & SEQUENCE_MASK;
      assembly.stampMs = now | 0;
      if (last) {
        assembly.key = IDLE;
        return this.#complete(assembly.bytes, 0, sum);
      }
    }
    return false;
  }

  #complete(bytes: Uint8Array, start: number, end: number): boolean {
    if (end - start > this.#limit) {
      this.counters.oversize++;
      return false;
    }
    this.counters.messages++;
    this.type = bytes[start];
    this.message = bytes.subarray(start + TYPE_LENGTH, end);
    return true;
  }
}
