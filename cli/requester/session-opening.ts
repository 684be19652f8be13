/** What KEY_EXCHANGE and PSK_EXCHANGE have in common, and FINISH and PSK_FINISH. */
import type { Aead, Hash, HashAlgorithm } from "../../hal/crypto.js";
import { ENCRYPT_CAP, HBEAT_CAP } from "../../src/capabilities.js";
import { equal } from "../../src/equal.js";
import type { HandshakeSecret } from "../../src/key-schedule.js";
import {
  readVersionSelection,
  SECURED_1_3,
  SECURED_VERSIONS,
  supportedVersionsLength,
  writeSupportedVersions,
} from "../../src/opaque.js";
import { RECORD_LIMIT_EXPONENT_MAX } from "../../src/record.js";
import { REQUESTER, Session } from "../../src/session.js";
import { hashSoFar } from "../../src/session-opening.js";
import { type Reader, Writer } from "../../src/wire.js";
import { type Conversation, decode } from "./conversation.js";
import { Untrusted } from "./verdict.js";

const SUPPORTED = { versions: SECURED_VERSIONS, aeadLimitExponent: RECORD_LIMIT_EXPONENT_MAX };

/** OpaqueData of KEY_EXCHANGE and PSK_EXCHANGE. */
export function supportedVersions(c: Conversation): Uint8Array {
  const w = new Writer(new Uint8Array(supportedVersionsLength(SUPPORTED, c.version)));
  writeSupportedVersions(w, SUPPORTED, c.version);
  return w.written();
}

/** ReqSessionID. */
export function newSessionId(c: Conversation): number {
  const [low, high] = c.random(2);
  return low | (high << 8);
}

/** What the responses to both say of a session. */
interface Answer {
  readonly heartbeatPeriod: number;
  /** RspSessionID. */
  readonly sessionId: number;
  readonly opaque: Uint8Array;
}

export interface Opening {
  /** Of the response. */
  readonly name: string;
  readonly answer: Answer;
  /** ReqSessionID. */
  readonly requesterId: number;
  readonly usesPsk: boolean;
  readonly inTheClear: boolean;
  readonly aead: Aead;
  readonly secret: HandshakeSecret;
  /** TH1. */
  readonly th: Hash;
}

export interface Opened {
  readonly session: Session;
  /** DSP0277's version, as in opaque data. */
  readonly securedVersion: number;
  /** MeasurementSummaryHash, if it was asked for. */
  readonly summary: Uint8Array | undefined;
}

/** Makes the session and its handshake's keys, and the conversation's session of it; throws Untrusted. */
export function startSession(c: Conversation, opening: Opening): Omit<Opened, "summary"> {
  const { name, answer, requesterId, usesPsk, inTheClear, aead, secret, th } = opening;
  const { securedVersion, recordLimit } = readTerms(c, name, answer.opaque);
  if (answer.heartbeatPeriod !== 0 && !c.both(HBEAT_CAP)) throw new Untrusted(`${name}: HeartbeatPeriod unasked for`);
  const session = new Session({
    id: ((answer.sessionId << 16) | requesterId) >>> 0,
    role: REQUESTER,
    usesPsk,
    inTheClear,
    protection: { aead, encrypts: c.both(ENCRYPT_CAP), recordLimit },
    random: (out) => out.set(c.random(out.length)),
    secret,
    th,
  });
  session.heartbeatPeriod = answer.heartbeatPeriod;
  session.startHandshake(hashSoFar(c.suite!.hash, th));
  c.session = session;
  return { session, securedVersion };
}

/** Which of the versions that we offered was selected, and what limits its keys. */
function readTerms(c: Conversation, name: string, opaque: Uint8Array) {
  const { versions, aeadLimitExponent: theirs = RECORD_LIMIT_EXPONENT_MAX } = decode(name, () =>
    readVersionSelection(opaque, c.version),
  );
  // Minor versions count, updates do not.
  const securedVersion = versions[0] & 0xff00;
  if (!SECURED_VERSIONS.includes(securedVersion)) {
    throw new Untrusted(`${name}: secured message version 0x${versions[0].toString(16)} was not offered`);
  }
  const exponent =
    securedVersion >= SECURED_1_3 ? Math.min(RECORD_LIMIT_EXPONENT_MAX, theirs) : RECORD_LIMIT_EXPONENT_MAX;
  return { securedVersion, recordLimit: 2 ** exponent };
}

/** Appends RequesterVerifyData over all that TH has, and has TH have it. */
export function writeProof(w: Writer, session: Session, hash: HashAlgorithm): void {
  const proof = session.ownVerifyData(hashSoFar(hash, session.th));
  w.bytes(proof);
  session.th.update(proof);
}

/** Reads ResponderVerifyData, which has to fit all that TH has, and has TH have it; throws Untrusted. */
export function takeProof(name: string, response: Reader, session: Session, hash: HashAlgorithm): void {
  const proof = decode(name, () => response.bytes(hash.outputLen));
  if (!equal(proof, session.peerVerifyData(hashSoFar(hash, session.th)))) {
    throw new Untrusted(`${name}: ResponderVerifyData is wrong`);
  }
  session.th.update(proof);
}

/** Behind the last message of the handshake: the keys of the application. */
export function establish(session: Session, hash: HashAlgorithm): void {
  session.finishHandshake(hashSoFar(hash, session.th));
  session.establish();
}
