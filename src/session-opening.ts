/** What KEY_EXCHANGE and PSK_EXCHANGE share: terms of secured messages, a place in the table, TH1. */
import type { Hash, HashAlgorithm } from "../hal/crypto.js";
import { ENCRYPT_CAP, HBEAT_CAP, MAC_CAP } from "./capabilities.js";
import type { Connection, ResponderOptions } from "./connection.js";
import { INVALID_REQUEST, SpdmError } from "./errors.js";
import type { Events } from "./events.js";
import type { HandshakeSecret } from "./key-schedule.js";
import {
  NO_OPAQUE,
  readSupportedVersions,
  SECURED_1_3,
  SECURED_VERSIONS,
  versionSelectionLength,
  writeVersionSelection,
} from "./opaque.js";
import { RECORD_LIMIT_EXPONENT_MAX } from "./record.js";
import { RESPONDER, Session } from "./session.js";
import { V1_2, V1_3 } from "./versions.js";
import { Writer } from "./wire.js";

/** What opaque data settled. */
export interface Terms {
  /** OpaqueData of the response. */
  readonly opaque: Uint8Array;
  /** Records under one key. */
  readonly recordLimit: number;
}

/** Flags of whatever opens sessions; throws an Error if the board does not bring what that takes. */
export function sessionFlags({ sessions }: ResponderOptions): number {
  if (sessions === undefined) throw new Error("no engines for sessions");
  const { aead, heartbeatPeriod = 0, clock, encrypts = true } = sessions;
  if (aead.length === 0) throw new Error("no AEAD for sessions");
  if (heartbeatPeriod !== 0 && clock === undefined) throw new Error("no clock for heartbeats");
  return MAC_CAP | (encrypts ? ENCRYPT_CAP : 0);
}

/** Throws SpdmError if sessions cannot be had in this connection: DSP0277 has no records without MAC. */
export function requireSessions(c: Connection): void {
  const { aead, opaqueData } = c.negotiated!;
  if (aead === undefined || !c.both(MAC_CAP)) throw new SpdmError(INVALID_REQUEST);
  // What DSP0277 has to say is said in opaque data.
  if (c.version >= V1_2 && !opaqueData) throw new SpdmError(INVALID_REQUEST);
}

/** Chooses the highest version of secured messages that both know; throws SpdmError or WireError if there is none. */
export function negotiateTerms(c: Connection, opaque: Uint8Array): Terms {
  const own = c.options.sessions!.aeadLimitExponent ?? RECORD_LIMIT_EXPONENT_MAX;
  // A requester that says nothing of versions speaks the first, which knows no limit.
  if (opaque.length === 0) return { opaque: NO_OPAQUE, recordLimit: 2 ** own };
  const { versions, aeadLimitExponent: theirs = RECORD_LIMIT_EXPONENT_MAX } = readSupportedVersions(opaque, c.version);
  // Minor versions count, updates do not.
  const selected = SECURED_VERSIONS.find((known) => versions.some((entry) => (entry & 0xff00) === known));
  if (selected === undefined) throw new SpdmError(INVALID_REQUEST);
  const limited = selected >= SECURED_1_3;
  const answer = { versions: [selected], aeadLimitExponent: limited ? own : undefined };
  const w = new Writer(new Uint8Array(versionSelectionLength(answer, c.version)));
  writeVersionSelection(w, answer, c.version);
  return { opaque: w.written(), recordLimit: 2 ** (limited ? Math.min(own, theirs) : own) };
}

// SessionPolicy
/** From 1.3 on: the session is subscribed to all events. */
export const EVENT_ALL = 1 << 1;

/** The events that a session of this SessionPolicy is subscribed to, if it is; throws SpdmError if that cannot be. */
export function eventsOf(c: Connection, sessionPolicy: number): Events | undefined {
  if (c.version < V1_3 || (sessionPolicy & EVENT_ALL) === 0) return undefined;
  const { events } = c.options;
  if (events === undefined) throw new SpdmError(INVALID_REQUEST);
  events.require(c);
  return events;
}

export interface Opening {
  readonly terms: Terms;
  /** ReqSessionID. */
  readonly requesterId: number;
  readonly usesPsk: boolean;
  readonly inTheClear: boolean;
  /** The session's from now on. */
  readonly secret: HandshakeSecret;
}

/** A new session in the table, its TH as far as it is before the request; on any error behind it the caller ends it. */
export function openSession(c: Connection, opening: Opening): Session {
  const { terms, requesterId, secret, usesPsk, inTheClear } = opening;
  const { random } = c.options;
  let id: number;
  let th: Hash;
  try {
    id = ((newResponderId(c) << 16) | requesterId) >>> 0;
    th = (usesPsk ? undefined : c.transcript.vcaAndDigests)?.clone() ?? c.transcript.fork();
  } catch (error) {
    secret.destroy();
    throw error;
  }
  const session = new Session({
    id,
    role: RESPONDER,
    usesPsk,
    inTheClear,
    protection: { aead: c.negotiated!.aead!, encrypts: c.both(ENCRYPT_CAP), recordLimit: terms.recordLimit },
    random,
    secret,
    th,
  });
  const { heartbeatPeriod = 0 } = c.options.sessions!;
  if (c.both(HBEAT_CAP)) session.heartbeatPeriod = heartbeatPeriod;
  session.heardAt = c.now();
  c.sessions.add(session);
  return session;
}

function newResponderId(c: Connection): number {
  const seed = new Uint8Array(2);
  c.options.random(seed);
  return c.sessions.newId(seed[0] | (seed[1] << 8));
}

/** The hash of a transcript as far as it is; the transcript goes on. */
export function hashSoFar(hash: HashAlgorithm, transcript: Hash): Uint8Array {
  const copy = transcript.clone();
  const digest = new Uint8Array(hash.outputLen);
  copy.digestInto(digest);
  copy.destroy();
  return digest;
}
