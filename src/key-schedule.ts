/**
 * From a shared secret to the keys of a session (DSP0274 1.3 §12, "Key schedule"):
 *
 *   shared secret → HandshakeSecret → request and response TrafficSecret (TH1) → finished key, record key, IV
 *                        ↓
 *                   MasterSecret → request and response TrafficSecret (TH2) → record key, IV, and the next of its kind
 *
 * A master secret comes from a handshake secret only, a traffic secret from these two or its predecessor. Each owns its
 * bytes until `destroy` wipes them.
 */
import type { HashAlgorithm } from "../hal/crypto.js";
import type { Psk } from "../hal/psk.js";
import { hmac } from "./hmac.js";
import { V1_3, type Version } from "./versions.js";

/** What every step depends on. */
export interface Schedule {
  readonly version: Version;
  readonly hash: HashAlgorithm;
}

/** Labels of BinConcat as bytes. */
const label = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));
const DERIVED = label("derived");
const REQUEST_HANDSHAKE = label("req hs data");
const RESPONSE_HANDSHAKE = label("rsp hs data");
const REQUEST_DATA = label("req app data");
const RESPONSE_DATA = label("rsp app data");
const EXPORT_MASTER = label("exp master");
const FINISHED = label("finished");
const KEY = label("key");
const IV = label("iv");
const TRAFFIC_UPDATE = label("traffic upd");

/** Number of HKDF-Expand's block, of which there is one only. */
const FIRST_BLOCK = Uint8Array.of(1);
const NOTHING = new Uint8Array(0);

/** What BinConcat begins with: length (2), "spdm1.N ". */
const binConcat = (version: Version, length: number): Uint8Array =>
  Uint8Array.of(length, length >>> 8, 0x73, 0x70, 0x64, 0x6d, 0x31, 0x2e, 0x30 | (version & 0x0f), 0x20);

/** HKDF-Expand (RFC 5869 §2.3) to at most one digest, the most that SPDM asks for. */
function expand(
  { version, hash }: Schedule,
  secret: Uint8Array,
  name: Uint8Array,
  length: number,
  context: Uint8Array,
): Uint8Array {
  if (length > hash.outputLen) throw new RangeError("more than one block of HKDF-Expand");
  const block = new Uint8Array(hash.outputLen);
  hmac(hash, secret, [binConcat(version, length), name, context, FIRST_BLOCK], block);
  if (length === block.length) return block;
  const out = block.slice(0, length);
  block.fill(0);
  return out;
}

class Secret {
  /** As long as a digest; stays this object's. */
  readonly bytes: Uint8Array;
  protected readonly schedule: Schedule;

  constructor(schedule: Schedule, bytes: Uint8Array) {
    this.schedule = schedule;
    this.bytes = bytes;
  }

  protected expand(name: Uint8Array, length = this.bytes.length, context: Uint8Array = NOTHING): Uint8Array {
    return expand(this.schedule, this.bytes, name, length, context);
  }

  destroy(): void {
    this.bytes.fill(0);
  }
}

/** What one direction's keys are made of, of the handshake or of the application. */
class DirectionSecret extends Secret {
  /** HMAC of a transcript's hash under the finished key: RequesterVerifyData or ResponderVerifyData. */
  verifyData(transcriptHash: Uint8Array): Uint8Array {
    const key = this.expand(FINISHED);
    const out = new Uint8Array(key.length);
    hmac(this.schedule.hash, key, [transcriptHash], out);
    key.fill(0);
    return out;
  }

  /** EncryptionKey; the caller's to wipe, as is the IV. */
  key(length: number): Uint8Array {
    return this.expand(KEY, length);
  }

  iv(length: number): Uint8Array {
    return this.expand(IV, length);
  }

  /** The secret after KEY_UPDATE. */
  next(): DirectionSecret {
    return new DirectionSecret(this.schedule, this.expand(TRAFFIC_UPDATE));
  }
}

class ApplicationSecret extends Secret {
  requestSecret(th2: Uint8Array): DirectionSecret {
    return new DirectionSecret(this.schedule, this.expand(REQUEST_DATA, th2.length, th2));
  }

  responseSecret(th2: Uint8Array): DirectionSecret {
    return new DirectionSecret(this.schedule, this.expand(RESPONSE_DATA, th2.length, th2));
  }

  /** ExportMasterSecret; the caller's to wipe. */
  exportSecret(th2: Uint8Array): Uint8Array {
    return this.expand(EXPORT_MASTER, th2.length, th2);
  }
}

export type TrafficSecret = DirectionSecret;
export type MasterSecret = ApplicationSecret;

export class HandshakeSecret extends Secret {
  /** @param sharedSecret Of the key agreement: the X coordinate, leading zeros kept. Not kept. */
  static ofAgreement(schedule: Schedule, sharedSecret: Uint8Array): HandshakeSecret {
    const { hash } = schedule;
    const bytes = new Uint8Array(hash.outputLen);
    hmac(hash, new Uint8Array(hash.outputLen), [sharedSecret], bytes);
    return new HandshakeSecret(schedule, bytes);
  }

  /** From 1.3 on the salt of a pre-shared key is not zeros but ones, so that no two kinds of sessions share a secret. */
  static ofPsk(schedule: Schedule, psk: Psk): HandshakeSecret {
    const { version, hash } = schedule;
    const bytes = new Uint8Array(hash.outputLen);
    psk.extract(hash, new Uint8Array(hash.outputLen).fill(version >= V1_3 ? 0xff : 0), bytes);
    return new HandshakeSecret(schedule, bytes);
  }

  requestSecret(th1: Uint8Array): TrafficSecret {
    return new DirectionSecret(this.schedule, this.expand(REQUEST_HANDSHAKE, th1.length, th1));
  }

  responseSecret(th1: Uint8Array): TrafficSecret {
    return new DirectionSecret(this.schedule, this.expand(RESPONSE_HANDSHAKE, th1.length, th1));
  }

  master(): MasterSecret {
    const { hash } = this.schedule;
    const salt = this.expand(DERIVED);
    const bytes = new Uint8Array(hash.outputLen);
    hmac(hash, salt, [new Uint8Array(hash.outputLen)], bytes);
    salt.fill(0);
    return new ApplicationSecret(this.schedule, bytes);
  }
}
