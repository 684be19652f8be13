import { MEAS_CAP } from "./capabilities.js";
import { Connection, type ResponderOptions } from "./connection.js";
import {
  INVALID_REQUEST,
  REQUEST_TOO_LARGE,
  SpdmError,
  UNEXPECTED_REQUEST,
  UNSPECIFIED,
  UNSUPPORTED_REQUEST,
  VERSION_MISMATCH,
} from "./errors.js";
import {
  AFTER_VERSION,
  ERROR,
  type Exchange,
  GET_CAPABILITIES,
  GET_MEASUREMENTS,
  GET_VERSION,
  responseTo,
} from "./exchange.js";
import { writeError } from "./messages/error.js";
import { V1_0, V1_2 } from "./versions.js";
import { Reader, WireError, Writer } from "./wire.js";

const HEADER_LENGTH = 4;

export interface Options extends ResponderOptions {
  /** What this responder serves; what is not listed is not linked. */
  readonly exchanges: readonly Exchange[];
  /** Told of errors that no peer should be able to cause; the peer gets Unspecified. */
  readonly onFault?: (error: unknown, requestCode: number) => void;
}

/** Answers one requester's messages, out of session. Does no I/O, keeps no time, and never throws for what a peer sends. */
export class Responder {
  readonly #connection: Connection;
  readonly #exchanges: readonly Exchange[];
  readonly #onFault: Options["onFault"];

  /** Throws an Error if CAPABILITIES would promise measurements that are not there. */
  constructor(options: Options) {
    let flags = 0;
    for (const exchange of options.exchanges) flags |= exchange.capability;
    if ((flags & MEAS_CAP) !== 0 && options.measurements === undefined) throw new Error("no measurements to serve");
    this.#connection = new Connection(options, flags);
    this.#exchanges = options.exchanges;
    this.#onFault = options.onFault;
  }

  /**
   * Answers `request`, an SPDM message without its transport's type byte, in `response`, at least `dataTransferSize`
   * bytes, which must not overlap it. Returns the bytes to send, at least 4.
   */
  respond(request: Uint8Array, response: Uint8Array): number {
    const writer = new Writer(response);
    try {
      this.#dispatch(request, writer);
    } catch (error) {
      writer.offset = 0;
      this.#refuse(error, request, writer);
    }
    return writer.offset;
  }

  #dispatch(request: Uint8Array, response: Writer): void {
    const connection = this.#connection;
    if (request.length < HEADER_LENGTH) throw new SpdmError(INVALID_REQUEST);
    const reader = new Reader(request);
    const version = reader.u8();
    const code = reader.u8();
    const exchange = this.#exchanges.find((candidate) => candidate.request === code);
    if (exchange === undefined) throw new SpdmError(UNSUPPORTED_REQUEST, code);
    this.#checkVersion(exchange, version);
    if (exchange.after !== undefined && exchange.after !== connection.state) throw new SpdmError(UNEXPECTED_REQUEST);
    if (request.length > connection.options.dataTransferSize) {
      throw new SpdmError(connection.version < V1_2 ? INVALID_REQUEST : REQUEST_TOO_LARGE);
    }
    // Any other request ends a run of measurements (DSP0274 1.3 §10.11.3).
    if (code !== GET_MEASUREMENTS) connection.transcript.resetL1();
    response.u8(version);
    response.u8(responseTo(code));
    exchange.respond(connection, reader, response);
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

  #refuse(error: unknown, request: Uint8Array, response: Writer): void {
    const connection = this.#connection;
    // Any error ends a run of measurements: that of GET_MEASUREMENTS itself, as any other request does.
    connection.transcript.resetL1();
    let refusal: SpdmError;
    if (error instanceof SpdmError) refusal = error;
    else if (error instanceof WireError) refusal = new SpdmError(INVALID_REQUEST);
    else {
      this.#onFault?.(error, request[1]);
      refusal = new SpdmError(UNSPECIFIED);
    }
    // Whatever was negotiated, a GET_VERSION that is not in 1.0 is refused in it (DSP0274 1.3 §10.3).
    const inVersion1 = request[1] === GET_VERSION && refusal.code === VERSION_MISMATCH;
    response.u8(inVersion1 ? V1_0 : connection.version);
    response.u8(ERROR);
    writeError(response, refusal);
  }
}
