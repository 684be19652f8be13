/**
 * KEY_EXCHANGE (0xE4) and KEY_EXCHANGE_RSP (0x64), DSP0274 1.3 §10.17
 *
 * | offset | request field              | size | versions |
 * | 2      | MeasurementSummaryHashType | 1    |
 * | 3      | SlotID                     | 1    |
 * | 4      | ReqSessionID               | 2    |
 * | 6      | SessionPolicy              | 1    | 1.2, b1 all events 1.3; before reserved |
 * | 7      | reserved                   | 1    |
 * | 8      | RandomData                 | 32   |
 * | 40     | ExchangeData               | D    | a KEM's encapsulation key, 1.4 |
 * |        | OpaqueDataLength, OpaqueData | 2 + n |
 *
 * | offset | response field             | size | |
 * | 2      | HeartbeatPeriod            | 1    | seconds; 0 for none |
 * | 3      | reserved                   | 1    |
 * | 4      | RspSessionID               | 2    |
 * | 6      | MutAuthRequested           | 1    |
 * | 7      | SlotIDParam                | 1    | the requester's slot, if its chain is known already |
 * | 8      | RandomData                 | 32   |
 * | 40     | ExchangeData               | D    | a KEM's ciphertext, 1.4 |
 * |        | MeasurementSummaryHash     | 0, H | if asked for |
 * |        | OpaqueDataLength, OpaqueData | 2 + n |
 * |        | Signature                  | S    |
 * |        | ResponderVerifyData        | H    | not with HANDSHAKE_IN_THE_CLEAR |
 */
import { HANDSHAKE_IN_THE_CLEAR_CAP, KEY_EX_CAP } from "../capabilities.js";
import type { Connection, Negotiated } from "../connection.js";
import type { KeyPair } from "../ephemeral-keys.js";
import { INVALID_REQUEST, SESSION_LIMIT_EXCEEDED, SpdmError } from "../errors.js";
import { type Exchange, KEY_EXCHANGE, NEGOTIATED, OUTSIDE_SESSION } from "../exchange.js";
import { KEY_EX_USE } from "../key-pairs.js";
import { HandshakeSecret } from "../key-schedule.js";
import { measurementSummary, NO_SUMMARY, requireSummary } from "../measurement-block.js";
import { readOpaque, writeOpaque } from "../opaque.js";
import type { Session } from "../session.js";
import { eventsOf, hashSoFar, negotiateTerms, openSession, requireSessions, sessionFlags } from "../session-opening.js";
import { KEY_EXCHANGE_RSP_CONTEXT, sign } from "../signing.js";
import { requireSlot } from "../slot-keys.js";
import type { Suite } from "../suite.js";
import { V1_1, V1_2, type Version } from "../versions.js";
import type { Reader, Writer } from "../wire.js";

export const RANDOM_LENGTH = 32;
/** Of the response, up to ExchangeData. */
const FIXED_LENGTH = 40;

export interface KeyExchange {
  /** `NO_SUMMARY`, `TCB_SUMMARY` or `ALL_SUMMARY`. */
  readonly summaryType: number;
  readonly slot: number;
  readonly sessionId: number;
  /** From 1.2 on. */
  readonly sessionPolicy: number;
  readonly randomData: Uint8Array;
  /** As long as a public key of the negotiated group, or an encapsulation key of the KEM. */
  readonly exchangeData: Uint8Array;
  readonly opaque: Uint8Array;
}

export interface KeyExchangeResponse {
  readonly heartbeatPeriod: number;
  readonly sessionId: number;
  readonly mutAuthRequested: number;
  readonly slotParam: number;
  readonly randomData: Uint8Array;
  readonly exchangeData: Uint8Array;
  readonly summary: Uint8Array | undefined;
  readonly opaque: Uint8Array;
}

/** @param exchangeLength Bytes of ExchangeData. */
export function readKeyExchange(r: Reader, version: Version, exchangeLength: number): KeyExchange {
  const summaryType = r.u8();
  const slot = r.u8();
  const sessionId = r.u16();
  const policy = r.u8();
  r.skip(1);
  return {
    summaryType,
    slot,
    sessionId,
    sessionPolicy: version >= V1_2 ? policy : 0,
    randomData: r.bytes(RANDOM_LENGTH),
    exchangeData: r.bytes(exchangeLength),
    opaque: readOpaque(r),
  };
}

export function writeKeyExchange(w: Writer, m: KeyExchange, version: Version): void {
  w.u8(m.summaryType);
  w.u8(m.slot);
  w.u16(m.sessionId);
  w.u8(version >= V1_2 ? m.sessionPolicy : 0);
  w.u8(0);
  w.bytes(m.randomData);
  w.bytes(m.exchangeData);
  writeOpaque(w, m.opaque);
}

/**
 * Leaves signature and ResponderVerifyData unread: what was consumed is what the signature covers.
 * @param exchangeLength Bytes of ExchangeData; as many as in the request, but for a KEM's ciphertext.
 */
export function readKeyExchangeResponse(
  r: Reader,
  asked: KeyExchange,
  suite: Suite,
  exchangeLength = asked.exchangeData.length,
): KeyExchangeResponse {
  const heartbeatPeriod = r.u8();
  r.skip(1);
  return {
    heartbeatPeriod,
    sessionId: r.u16(),
    mutAuthRequested: r.u8(),
    slotParam: r.u8(),
    randomData: r.bytes(RANDOM_LENGTH),
    exchangeData: r.bytes(exchangeLength),
    summary: asked.summaryType !== NO_SUMMARY ? r.bytes(suite.hash.outputLen) : undefined,
    opaque: readOpaque(r),
  };
}

/** Writes all but signature and ResponderVerifyData. */
export function writeKeyExchangeResponse(w: Writer, m: KeyExchangeResponse): void {
  w.u8(m.heartbeatPeriod);
  w.u8(0);
  w.u16(m.sessionId);
  w.u8(m.mutAuthRequested);
  w.u8(m.slotParam);
  w.bytes(m.randomData);
  w.bytes(m.exchangeData);
  if (m.summary !== undefined) w.bytes(m.summary);
  writeOpaque(w, m.opaque);
}

/** Bytes of ExchangeData in the request and in the response. */
function exchangeLengths({ keyAgreement, kem }: Negotiated): readonly [request: number, response: number] {
  if (kem !== undefined) return [kem.encapsulationKeyLength, kem.ciphertextLength];
  return [keyAgreement!.publicKeyLength, keyAgreement!.publicKeyLength];
}

/** The secret shared with the requester; what it needs to come to the same goes to `exchangeData`. */
function agree(c: Connection, peer: Uint8Array, exchangeData: Uint8Array): HandshakeSecret {
  const { keyAgreement, kem, hash } = c.negotiated!;
  const sharedSecret = new Uint8Array((kem ?? keyAgreement!).sharedSecretLength);
  try {
    const agreed =
      kem !== undefined
        ? kem.encapsulate(peer, exchangeData, sharedSecret)
        : agreeByKeyPair(c.ephemeralKeys.take(keyAgreement!), peer, exchangeData, sharedSecret);
    if (!agreed) throw new SpdmError(INVALID_REQUEST);
    return HandshakeSecret.ofAgreement({ version: c.version, hash }, sharedSecret);
  } finally {
    sharedSecret.fill(0);
  }
}

/** Spends the key pair. */
function agreeByKeyPair(
  { key, publicKey }: KeyPair,
  peer: Uint8Array,
  exchangeData: Uint8Array,
  sharedSecret: Uint8Array,
): boolean {
  try {
    exchangeData.set(publicKey);
    return key.agree(peer, sharedSecret);
  } finally {
    key.destroy();
  }
}

/** Signs the response and makes the keys of the handshake, with which it is proved unless that is left to FINISH_RSP. */
function startHandshake(c: Connection, session: Session, slot: number, request: Reader, response: Writer): void {
  const { version } = c;
  const { chains, hash, identity, signatureLength } = c.negotiated!;
  const { th } = session;
  th.update(chains.digest(slot));
  th.update(request.consumed());
  th.update(response.written());
  const signature = response.view(signatureLength);
  sign(identity, slot, { version, hash, context: KEY_EXCHANGE_RSP_CONTEXT }, th.clone(), signature);
  th.update(signature);
  const th1 = hashSoFar(hash, th);
  session.startHandshake(th1);
  if (session.inTheClear) return;
  const verifyData = session.ownVerifyData(th1);
  response.bytes(verifyData);
  th.update(verifyData);
}

export const keyExchange: Exchange = Object.freeze({
  request: KEY_EXCHANGE,
  since: V1_1,
  after: NEGOTIATED,
  channels: OUTSIDE_SESSION,
  capability: KEY_EX_CAP,
  peerCapability: KEY_EX_CAP,
  endsM1: true,
  requires(options) {
    const flags = sessionFlags(options);
    const { dhe, kem = [], inTheClear } = options.sessions!;
    if (dhe.length + kem.length === 0) throw new Error("no key agreement for KEY_EXCHANGE");
    return inTheClear ? flags | HANDSHAKE_IN_THE_CLEAR_CAP : flags;
  },
  respond(c, request, response) {
    const { hash, signatureLength } = c.negotiated!;
    requireSessions(c);
    const [requestLength, responseLength] = exchangeLengths(c.negotiated!);
    const asked = readKeyExchange(request, c.version, requestLength);
    requireSlot(c, asked.slot, KEY_EX_USE);
    requireSummary(c, asked.summaryType);
    const terms = negotiateTerms(c, asked.opaque);
    const events = eventsOf(c, asked.sessionPolicy);
    const mutAuthRequested = c.options.mutualAuthentication?.requested(c) ?? 0;
    const inTheClear = c.both(HANDSHAKE_IN_THE_CLEAR_CAP);
    const summary = measurementSummary(c, asked.summaryType);
    const fixed = FIXED_LENGTH + responseLength + 2 + terms.opaque.length + signatureLength;
    c.requireRoom(fixed + (summary?.length ?? 0) + (inTheClear ? 0 : hash.outputLen));
    const abandoned = c.sessions.inTheClear;
    if (abandoned === undefined && c.sessions.full) throw new SpdmError(SESSION_LIMIT_EXCEEDED);

    const exchangeData = new Uint8Array(responseLength);
    const secret = agree(c, asked.exchangeData, exchangeData);
    // Nobody could tell whose FINISH came if two handshakes in the clear waited for theirs.
    if (abandoned !== undefined) c.sessions.end(abandoned);
    const session = openSession(c, { terms, requesterId: asked.sessionId, usesPsk: false, inTheClear, secret });
    try {
      const randomData = new Uint8Array(RANDOM_LENGTH);
      c.options.random(randomData);
      writeKeyExchangeResponse(response, {
        heartbeatPeriod: session.heartbeatPeriod,
        sessionId: session.id >>> 16,
        mutAuthRequested,
        slotParam: 0,
        randomData,
        exchangeData,
        summary,
        opaque: terms.opaque,
      });
      startHandshake(c, session, asked.slot, request, response);
      session.mutAuthRequested = mutAuthRequested;
      events?.subscribe(session);
      session.flow = c.options.mutualAuthentication?.begin(c, session, mutAuthRequested);
    } catch (error) {
      c.sessions.end(session);
      throw error;
    }
  },
} satisfies Exchange);
