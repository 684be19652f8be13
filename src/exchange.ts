import type { Connection, ResponderOptions } from "./connection.js";
import type { Session } from "./session.js";
import type { Version } from "./versions.js";
import type { Reader, Writer } from "./wire.js";

/** How far a connection has come; each of the first three requests moves it on by one. */
export type State = number;
export const NOT_STARTED = 0;
export const AFTER_VERSION = 1;
export const AFTER_CAPABILITIES = 2;
export const NEGOTIATED = 3;

/** Where a request may come from: bits. */
export type Channels = number;
export const OUTSIDE_SESSION = 1 << 0;
/** In a session, before FINISH or PSK_FINISH is answered. */
export const IN_HANDSHAKE = 1 << 1;
/** In a session after that: DSP0274's application phase. */
export const IN_SESSION = 1 << 2;

// Requests; the response to each is its code without bit 7 (DSP0274 1.3 §8.4).
export const GET_DIGESTS = 0x81;
export const GET_CERTIFICATE = 0x82;
export const CHALLENGE = 0x83;
export const GET_VERSION = 0x84;
export const CHUNK_SEND = 0x85;
export const CHUNK_GET = 0x86;
export const GET_ENDPOINT_INFO = 0x87;
export const SLOT_MANAGEMENT = 0x88;
export const GET_MEASUREMENTS = 0xe0;
export const GET_CAPABILITIES = 0xe1;
export const GET_SUPPORTED_EVENT_TYPES = 0xe2;
export const NEGOTIATE_ALGORITHMS = 0xe3;
export const KEY_EXCHANGE = 0xe4;
export const FINISH = 0xe5;
export const PSK_EXCHANGE = 0xe6;
export const PSK_FINISH = 0xe7;
export const HEARTBEAT = 0xe8;
export const KEY_UPDATE = 0xe9;
export const GET_ENCAPSULATED_REQUEST = 0xea;
export const DELIVER_ENCAPSULATED_RESPONSE = 0xeb;
export const END_SESSION = 0xec;
export const GET_CSR = 0xed;
export const SET_CERTIFICATE = 0xee;
export const GET_MEASUREMENT_EXTENSION_LOG = 0xef;
export const SUBSCRIBE_EVENT_TYPES = 0xf0;
export const SEND_EVENT = 0xf1;
export const GET_KEY_PAIR_INFO = 0xfc;
export const SET_KEY_PAIR_INFO = 0xfd;
export const VENDOR_DEFINED_REQUEST = 0xfe;
export const RESPOND_IF_READY = 0xff;

/** The only response that answers every request. */
export const ERROR = 0x7f;

/** The response code to a request code. */
export const responseTo = (request: number): number => request & 0x7f;

/** One request and its response, as a responder serves it. */
export interface Exchange {
  /** RequestResponseCode of the request. */
  readonly request: number;
  /** The first version that has it; before, it is an unsupported request. */
  readonly since: Version;
  /** The state it is expected in, or undefined for any. */
  readonly after: State | undefined;
  readonly channels: Channels;
  /** Flags that CAPABILITIES shows for it. */
  readonly capability: number;
  /** Likewise of ExtFlags, from 1.4 on. 0 if absent. */
  readonly extCapability?: number;
  /** Flags of which the requester must have one, or it is an unsupported request; 0 if it needs none. */
  readonly peerCapability: number;
  /** Whether it brings other requests, or fetches their responses: it interrupts nothing then. False if absent. */
  readonly carries?: boolean;
  /** Whether it ends M1 if no CHALLENGE was answered yet (DSP0274 1.3 §10.8.2). */
  readonly endsM1: boolean;
  /**
   * Flags that CAPABILITIES shows for what `options` bring it. Throws an Error if they lack what it needs, or if `flags`,
   * those of all exchanges, do. 0 if absent.
   */
  requires?(options: ResponderOptions, flags: number): number;
  /**
   * Serves one request, of `session` if it came in one. `request` and `response` stand behind SPDMVersion and
   * RequestResponseCode, which were read and written. Checks, then writes, and touches transcript and state last. Throws
   * SpdmError or WireError; never writes ERROR.
   */
  respond(connection: Connection, request: Reader, response: Writer, session: Session | undefined): void;
}
