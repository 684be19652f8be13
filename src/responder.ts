import { CHUNK_CAP, LARGE_RESP_CAP, MIN_DATA_TRANSFER_SIZE, MUT_AUTH_CAP } from "./capabilities.js";
import type { Serve } from "./chunks.js";
import { Connection, type ResponderOptions } from "./connection.js";
import { EphemeralKeys } from "./ephemeral-keys.js";
import {
  DECRYPT_ERROR,
  INVALID_REQUEST,
  REQUEST_IN_FLIGHT,
  REQUEST_TOO_LARGE,
  RESPONSE_NOT_READY,
  SESSION_REQUIRED,
  SpdmError,
  UNEXPECTED_REQUEST,
  UNSPECIFIED,
  UNSUPPORTED_REQUEST,
  VERSION_MISMATCH,
} from "./errors.js";
import type { DeviceEvent } from "./event-queue.js";
import {
  AFTER_VERSION,
  DELIVER_ENCAPSULATED_RESPONSE,
  ERROR,
  type Exchange,
  GET_CAPABILITIES,
  GET_ENCAPSULATED_REQUEST,
  GET_MEASUREMENTS,
  GET_VERSION,
  IN_HANDSHAKE,
  IN_SESSION,
  OUTSIDE_SESSION,
  responseTo,
} from "./exchange.js";
import { writeError } from "./messages/error.js";
import { SPDM_TYPE, sessionIdOf } from "./record.js";
import { ESTABLISHED, type Session } from "./session.js";
import { SESSION_COUNT, Sessions } from "./sessions.js";
import { V1_0, V1_2 } from "./versions.js";
import { Reader, WireError, Writer } from "./wire.js";

const HEADER_LENGTH = 4;
/** How long the next message of a handshake may take; places in the table are few. */
const HANDSHAKE_LIMIT_MS = 60_000;

export interface Options extends ResponderOptions {
  /** What this responder serves; what is not listed is not linked. */
  readonly exchanges: readonly Exchange[];
  /**
   * Told of errors that no peer should be able to cause; the peer gets Unspecified. The request's code is 0 where the
   * error was outside of requests' handlers; the session ends then.
   */
  readonly onFault?: (error: unknown, requestCode: number) => void;
  /** Told of each SPDM message and its answer, in the clear, and of the session they are of. It keeps no view of them. */
  readonly onAnswer?: (request: Uint8Array, response: Uint8Array, sessionId: number | undefined) => void;
}

/** Answers one requester's messages. Does no I/O, and never throws for what a peer sends. */
export class Responder {
  readonly #connection: Connection;
  readonly #exchanges: readonly Exchange[];
  readonly #onFault: Options["onFault"];
  readonly #onAnswer: Options["onAnswer"];

  /** Throws an Error if CAPABILITIES would promise what the options do not bring. */
  constructor(options: Options) {
    const { chunks, deferral } = options;
    this.#exchanges = options.exchanges.concat(chunks?.exchanges ?? [], deferral?.exchanges ?? []);
    const flags = capabilityFlags(options, this.#exchanges);
    const sessions = new Sessions(options.sessions?.count ?? SESSION_COUNT);
    const extFlags = this.#exchanges.reduce((all, { extCapability = 0 }) => all | extCapability, 0);
    this.#connection = new Connection(options, flags, sessions, new EphemeralKeys(), extFlags);
    this.#onFault = options.onFault;
    this.#onAnswer = options.onAnswer;
  }

  /**
   * Answers `request`, an SPDM message without its transport's type byte, in `response`, at least `dataTransferSize`
   * bytes, which must not overlap it. Returns the bytes to send, at least 4.
   */
  respond(request: Uint8Array, response: Uint8Array): number {
    this.#expire();
    const length = this.#answer(request, response, undefined);
    this.#connection.sessions.endIf((session) => session.ending);
    return length;
  }

  /**
   * Answers `record`, a secured message without its transport's type byte, in `response`, at least `dataTransferSize` and
   * `RECORD_OVERHEAD` bytes, which must not overlap it. `record` is opened in place, and wiped. Returns the bytes to send;
   * 0 where silence is the answer: to records of no session, and to application messages that want none.
   */
  respondSecured(record: Uint8Array, response: Uint8Array): number {
    this.#expire();
    const { sessions } = this.#connection;
    const id = sessionIdOf(record);
    const session = id === undefined ? undefined : sessions.find(id);
    if (session === undefined || !session.carriesRecords) return 0;
    try {
      return this.#answerRecord(session, record, response);
    } catch (error) {
      // Whatever it was, what the two sides know of the session's keys may differ now.
      session.ending = true;
      response.fill(0);
      this.#onFault?.(error, 0);
      return 0;
    } finally {
      record.fill(0);
      sessions.endIf((each) => each.ending);
    }
  }

  /** Tells the sessions that subscribed to its type of `event`, as soon as they fetch their encapsulated requests. */
  notify(event: DeviceEvent): void {
    this.#connection.sessions.forEach((session) => {
      session.events?.post(event);
    });
  }

  #answerRecord(session: Session, record: Uint8Array, response: Uint8Array): number {
    const start = session.dataOffset;
    const body = response.subarray(start + 1);
    const data = session.open(record);
    let length = 0;
    if (data === undefined) {
      session.ending = true;
      response[start] = SPDM_TYPE;
      length = this.#refuse(new SpdmError(DECRYPT_ERROR), 0, new Writer(body), session);
    } else if (data.length > 0) {
      session.heardAt = this.#connection.now();
      response[start] = data[0];
      length = this.#answerIn(session, data[0], data.subarray(1), body);
    }
    const sealed = length === 0 ? 0 : session.seal(response, 1 + length);
    // Without a number for the next record there can be none.
    if (length !== 0 && sealed === 0) session.ending = true;
    // FINISH_RSP that is asked for later is still under the keys of the handshake.
    if (session.deferred === undefined) session.establish();
    return sealed;
  }

  /**
   * For when nothing waits: ends sessions whose heartbeat has stopped, serves a request that was deferred, and makes a key
   * pair ahead for the next KEY_EXCHANGE. Returns whether there was something to do.
   */
  idle(): boolean {
    this.#expire();
    const { ephemeralKeys, negotiated, options, sessions } = this.#connection;
    if (options.deferral?.work()) {
      sessions.endIf((session) => session.ending);
      return true;
    }
    const engine = negotiated?.keyAgreement;
    if (engine === undefined || !ephemeralKeys.lacks(engine)) return false;
    try {
      ephemeralKeys.prepare(engine);
      return true;
    } catch (error) {
      this.#onFault?.(error, 0);
      return false;
    }
  }

  /**
   * A session ends when its requester was not heard of for two heartbeat periods (DSP0274 1.3 §10.21), one that never came
   * to be after a minute; unless it was told to wait. Without a clock none does.
   */
  #expire(): void {
    const connection = this.#connection;
    const now = connection.now();
    const handshake = connection.sessions.inTheClear;
    connection.sessions.endIf((session) => {
      const limit = session.phase === ESTABLISHED ? session.heartbeatPeriod * 2000 : HANDSHAKE_LIMIT_MS;
      const { deferred } = session === handshake ? connection : session;
      return limit !== 0 && (now - session.heardAt) >>> 0 > limit && !deferred?.promised;
    });
  }

  /** A message of a session: SPDM's own, or an application's. */
  #answerIn(session: Session, type: number, message: Uint8Array, response: Uint8Array): number {
    if (type === SPDM_TYPE) return this.#answer(message, response, session);
    const application = this.#connection.options.sessions!.applications?.find((one) => one.type === type);
    if (application === undefined || session.phase !== ESTABLISHED) return 0;
    return application.respond(message, response.subarray(0, this.#connection.options.dataTransferSize));
  }

  #answer(request: Uint8Array, response: Uint8Array, session: Session | undefined): number {
    const { chunks, dataTransferSize } = this.#connection.options;
    if (chunks !== undefined) return chunks.respond(this.#connection, request, response, session, this.#serve);
    return this.#serve(request, response, session, dataTransferSize);
  }

  readonly #serve: Serve = (request, response, session, limit) => {
    const writer = new Writer(response);
    try {
      this.#dispatch(request, writer, session, limit);
    } catch (error) {
      writer.offset = 0;
      this.#refuse(error, request[1], writer, session);
    }
    this.#onAnswer?.(request, writer.written(), session?.id);
    return writer.offset;
  };

  #dispatch(request: Uint8Array, response: Writer, session: Session | undefined, limit: number): void {
    const connection = this.#connection;
    if (request.length < HEADER_LENGTH) throw new SpdmError(INVALID_REQUEST);
    const reader = new Reader(request);
    const version = reader.u8();
    const code = reader.u8();
    const channel = session ?? connection;
    const exchange = this.#exchanges.find((candidate) => candidate.request === code);
    // Nothing else may interrupt a large message (DSP0274 1.3 §10.26).
    if (channel.transfer !== undefined && !exchange?.carries && code !== GET_VERSION) {
      throw new SpdmError(UNEXPECTED_REQUEST);
    }
    if (exchange === undefined) throw new SpdmError(UNSUPPORTED_REQUEST, code);
    this.#checkVersion(exchange, version);
    this.#checkPlace(exchange, session);
    if (request.length > limit) {
      throw new SpdmError(connection.version < V1_2 ? INVALID_REQUEST : REQUEST_TOO_LARGE);
    }
    connection.options.deferral?.admit(connection, request, session, this.#serve);
    // Any other request ends a run of measurements (DSP0274 1.3 §10.11.3).
    if (code !== GET_MEASUREMENTS && !exchange.carries) channel.measured.reset();
    // A challenge must follow its certificates at once.
    if (exchange.endsM1 && !connection.authenticated) connection.transcript.resetM1();
    response.u8(version);
    response.u8(responseTo(code));
    exchange.respond(connection, reader, response, session);
  }

  /** GET_VERSION is 1.0 always, GET_CAPABILITIES chooses the version, all others keep to it. */
  #checkVersion(exchange: Exchange, version: number): void {
    const connection = this.#connection;
    if (exchange.request === GET_VERSION) {
      if (version === V1_0) return;
      throw new SpdmError(VERSION_MISMATCH);
    }
    const chooses = exchange.request === GET_CAPABILITIES && connection.state === AFTER_VERSION;
    const fits = chooses ? connection.options.versions.includes(version) : version === connection.version;
    if (!fits) throw new SpdmError(VERSION_MISMATCH);
    if (exchange.since > connection.version && !chooses) throw new SpdmError(UNSUPPORTED_REQUEST, exchange.request);
  }

  /** Whether the request may come now, and in this channel. */
  #checkPlace({ request, after, carries, channels, peerCapability }: Exchange, session: Session | undefined): void {
    const connection = this.#connection;
    if (after !== undefined && after !== connection.state) throw new SpdmError(UNEXPECTED_REQUEST);
    if (peerCapability !== 0 && (connection.peer.flags & peerCapability) === 0) {
      throw new SpdmError(UNSUPPORTED_REQUEST, request);
    }
    const channel = session === undefined ? OUTSIDE_SESSION : session.phase === ESTABLISHED ? IN_SESSION : IN_HANDSHAKE;
    if ((channels & channel) === 0) {
      if (session !== undefined) throw new SpdmError(UNEXPECTED_REQUEST);
      throw new SpdmError(connection.version < V1_2 ? UNSPECIFIED : SESSION_REQUIRED);
    }
    // Our own request goes first; GET_VERSION begins everything anew.
    const fetches = request === GET_ENCAPSULATED_REQUEST || request === DELIVER_ENCAPSULATED_RESPONSE;
    if ((session ?? connection).flow !== undefined && !fetches && !carries && request !== GET_VERSION) {
      throw new SpdmError(REQUEST_IN_FLIGHT);
    }
  }

  /** Writes the ERROR that `error` comes to; returns its length. */
  #refuse(error: unknown, requestCode: number, response: Writer, session: Session | undefined): number {
    const connection = this.#connection;
    let refusal: SpdmError;
    if (error instanceof SpdmError) refusal = error;
    else if (error instanceof WireError) refusal = new SpdmError(INVALID_REQUEST);
    else {
      this.#onFault?.(error, requestCode);
      refusal = new SpdmError(UNSPECIFIED);
    }
    // Any error ends a run of measurements, that of GET_MEASUREMENTS itself too; one that is answered later goes on.
    if (refusal.code !== RESPONSE_NOT_READY) (session ?? connection).measured.reset();
    // Whatever was negotiated, a GET_VERSION that is not in 1.0 is refused in it (DSP0274 1.3 §10.3).
    const inVersion1 = requestCode === GET_VERSION && refusal.code === VERSION_MISMATCH;
    response.u8(inVersion1 ? V1_0 : connection.version);
    response.u8(ERROR);
    writeError(response, refusal);
    return response.offset;
  }
}

/** What CAPABILITIES shows: the exchanges' flags, and those of what serves them. */
function capabilityFlags(options: Options, exchanges: readonly Exchange[]): number {
  const { baseAsym, pqcAsym = [], dataTransferSize, multiKey, mutualAuthentication } = options;
  if (dataTransferSize < MIN_DATA_TRANSFER_SIZE) throw new Error("DataTransferSize is too small");
  const flags = exchanges.reduce((all, { capability }) => all | capability, 0);
  let added = mutualAuthentication === undefined ? 0 : MUT_AUTH_CAP;
  for (const { identity } of baseAsym) added |= identity.publicKey?.flags(flags) ?? 0;
  for (const exchange of exchanges) added |= exchange.requires?.(options, flags) ?? 0;
  const all = flags | added | (multiKey?.requires(options, flags) ?? 0);
  // Without a key of its own it negotiates nothing, and so serves nothing but what comes before that.
  return baseAsym.length + pqcAsym.length === 0 ? all & (CHUNK_CAP | LARGE_RESP_CAP) : all;
}
