/**
 * PSK_EXCHANGE (0xE6) and PSK_EXCHANGE_RSP (0x66), DSP0274 1.3 §10.19
 *
 * | offset | request field              | size | versions |
 * | 2      | MeasurementSummaryHashType | 1    |
 * | 3      | SessionPolicy              | 1    | 1.2, b1 all events 1.3; before reserved |
 * | 4      | ReqSessionID               | 2    |
 * | 6      | PSKHintLength              | 2    | P |
 * | 8      | RequesterContextLength     | 2    | R |
 * | 10     | OpaqueDataLength           | 2    | n |
 * | 12     | PSKHint                    | P    |
 * |        | RequesterContext           | R    |
 * |        | OpaqueData                 | n    |
 *
 * | offset | response field             | size | |
 * | 2      | HeartbeatPeriod            | 1    | seconds; 0 for none |
 * | 3      | reserved                   | 1    |
 * | 4      | RspSessionID               | 2    |
 * | 6      | reserved                   | 2    |
 * | 8      | ResponderContextLength     | 2    | Q |
 * | 10     | OpaqueDataLength           | 2    | n |
 * | 12     | MeasurementSummaryHash     | 0, H | if asked for |
 * |        | ResponderContext           | Q    |
 * |        | OpaqueData                 | n    |
 * |        | ResponderVerifyData        | H    |
 */
import { PSK_CAP, PSK_CAP_CONTEXT, PSK_CAP_NO_CONTEXT } from "../capabilities.js";
import type { Connection } from "../connection.js";
import { INVALID_REQUEST, SESSION_LIMIT_EXCEEDED, SpdmError } from "../errors.js";
import { type Exchange, NEGOTIATED, OUTSIDE_SESSION, PSK_EXCHANGE } from "../exchange.js";
import { HandshakeSecret } from "../key-schedule.js";
import { measurementSummary, NO_SUMMARY, requireSummary } from "../measurement-block.js";
import type { Session } from "../session.js";
import { eventsOf, hashSoFar, negotiateTerms, openSession, requireSessions, sessionFlags } from "../session-opening.js";
import type { Suite } from "../suite.js";
import { V1_1, V1_2, type Version } from "../versions.js";
import type { Reader, Writer } from "../wire.js";

/** Of the response, up to the summary. */
const FIXED_LENGTH = 12;
/** Of our own context, where there is one: as much as a nonce. */
const CONTEXT_LENGTH = 32;
const NO_CONTEXT = new Uint8Array(0);

export interface PskExchange {
  /** `NO_SUMMARY`, `TCB_SUMMARY` or `ALL_SUMMARY`. */
  readonly summaryType: number;
  /** From 1.2 on. */
  readonly sessionPolicy: number;
  readonly sessionId: number;
  readonly hint: Uint8Array;
  readonly context: Uint8Array;
  readonly opaque: Uint8Array;
}

export interface PskExchangeResponse {
  readonly heartbeatPeriod: number;
  readonly sessionId: number;
  readonly summary: Uint8Array | undefined;
  /** Empty if the responder brings none: there is no PSK_FINISH then. */
  readonly context: Uint8Array;
  readonly opaque: Uint8Array;
}

export function readPskExchange(r: Reader, version: Version): PskExchange {
  const summaryType = r.u8();
  const policy = r.u8();
  const sessionId = r.u16();
  const hintLength = r.u16();
  const contextLength = r.u16();
  const opaqueLength = r.u16();
  return {
    summaryType,
    sessionPolicy: version >= V1_2 ? policy : 0,
    sessionId,
    hint: r.bytes(hintLength),
    context: r.bytes(contextLength),
    opaque: r.bytes(opaqueLength),
  };
}

export function writePskExchange(w: Writer, m: PskExchange, version: Version): void {
  w.u8(m.summaryType);
  w.u8(version >= V1_2 ? m.sessionPolicy : 0);
  w.u16(m.sessionId);
  w.u16(m.hint.length);
  w.u16(m.context.length);
  w.u16(m.opaque.length);
  w.bytes(m.hint);
  w.bytes(m.context);
  w.bytes(m.opaque);
}

/** Leaves ResponderVerifyData unread. */
export function readPskExchangeResponse(r: Reader, asked: PskExchange, suite: Suite): PskExchangeResponse {
  const heartbeatPeriod = r.u8();
  r.skip(1);
  const sessionId = r.u16();
  r.skip(2);
  const contextLength = r.u16();
  const opaqueLength = r.u16();
  return {
    heartbeatPeriod,
    sessionId,
    summary: asked.summaryType !== NO_SUMMARY ? r.bytes(suite.hash.outputLen) : undefined,
    context: r.bytes(contextLength),
    opaque: r.bytes(opaqueLength),
  };
}

/** Writes all but ResponderVerifyData. */
export function writePskExchangeResponse(w: Writer, m: PskExchangeResponse): void {
  w.u8(m.heartbeatPeriod);
  w.u8(0);
  w.u16(m.sessionId);
  w.u16(0);
  w.u16(m.context.length);
  w.u16(m.opaque.length);
  if (m.summary !== undefined) w.bytes(m.summary);
  w.bytes(m.context);
  w.bytes(m.opaque);
}

/** Makes the keys of the handshake, and proves it; without a context of ours these are all of the handshake. */
function startHandshake(c: Connection, session: Session, isComplete: boolean, request: Reader, response: Writer): void {
  const { hash } = c.negotiated!;
  const { th } = session;
  th.update(request.consumed());
  th.update(response.written());
  const th1 = hashSoFar(hash, th);
  session.startHandshake(th1);
  const verifyData = session.ownVerifyData(th1);
  response.bytes(verifyData);
  th.update(verifyData);
  if (!isComplete) return;
  session.finishHandshake(hashSoFar(hash, th));
  session.establish();
}

/** PSK_EXCHANGE with a context of ours, fresh for each session, or without, which saves PSK_FINISH. */
function exchange(withContext: boolean): Exchange {
  return Object.freeze({
    request: PSK_EXCHANGE,
    since: V1_1,
    after: NEGOTIATED,
    channels: OUTSIDE_SESSION,
    capability: withContext ? PSK_CAP_CONTEXT : PSK_CAP_NO_CONTEXT,
    peerCapability: PSK_CAP,
    endsM1: true,
    requires(options) {
      const flags = sessionFlags(options);
      if (options.sessions!.psk === undefined) throw new Error("no keys for PSK_EXCHANGE");
      return flags;
    },
    respond(c, request, response) {
      const { version } = c;
      const { hash } = c.negotiated!;
      requireSessions(c);
      const asked = readPskExchange(request, version);
      requireSummary(c, asked.summaryType);
      const psk = c.options.sessions!.psk?.find(asked.hint);
      if (psk === undefined) throw new SpdmError(INVALID_REQUEST);
      const terms = negotiateTerms(c, asked.opaque);
      const events = eventsOf(c, asked.sessionPolicy);
      const summary = measurementSummary(c, asked.summaryType);
      const context = withContext ? new Uint8Array(CONTEXT_LENGTH) : NO_CONTEXT;
      const length = FIXED_LENGTH + (summary?.length ?? 0) + context.length + terms.opaque.length + hash.outputLen;
      c.requireRoom(length);
      if (c.sessions.full) throw new SpdmError(SESSION_LIMIT_EXCEEDED);

      if (withContext) c.options.random(context);
      const secret = HandshakeSecret.ofPsk({ version, hash }, psk);
      const session = openSession(c, { terms, requesterId: asked.sessionId, usesPsk: true, inTheClear: false, secret });
      try {
        writePskExchangeResponse(response, {
          heartbeatPeriod: session.heartbeatPeriod,
          sessionId: session.id >>> 16,
          summary,
          context,
          opaque: terms.opaque,
        });
        startHandshake(c, session, !withContext, request, response);
        events?.subscribe(session);
      } catch (error) {
        c.sessions.end(session);
        throw error;
      }
    },
  } satisfies Exchange);
}

export const pskExchange = exchange(true);
export const pskExchangeWithoutContext = exchange(false);
