/** The conversations of test/vectors, recorded between DMTF's own requester and responder (test/vectors names them). */
import v10P256Nosession from "../vectors/v1.0-p256-nosession.json" with { type: "json" };
import v10P384Nosession from "../vectors/v1.0-p384-nosession.json" with { type: "json" };
import v11P384KexEncrypted from "../vectors/v1.1-p384-kex-encrypted.json" with { type: "json" };
import v11P384Psk from "../vectors/v1.1-p384-psk.json" with { type: "json" };
import v12P256KexEncrypted from "../vectors/v1.2-p256-kex-encrypted.json" with { type: "json" };
import v12P256MutauthWEncap from "../vectors/v1.2-p256-mutauth-w-encap.json" with { type: "json" };
import v12P384Chunked from "../vectors/v1.2-p384-chunked.json" with { type: "json" };
import v12P384ChunkedAllcaps from "../vectors/v1.2-p384-chunked-allcaps.json" with { type: "json" };
import v12P384KexEncrypted from "../vectors/v1.2-p384-kex-encrypted.json" with { type: "json" };
import v12P384Psk from "../vectors/v1.2-p384-psk.json" with { type: "json" };
import v13P384Allcaps from "../vectors/v1.3-p384-allcaps.json" with { type: "json" };
import v13P384KexEncrypted from "../vectors/v1.3-p384-kex-encrypted.json" with { type: "json" };
import v13P384MutauthDigests from "../vectors/v1.3-p384-mutauth-digests.json" with { type: "json" };
import v13P384Psk from "../vectors/v1.3-p384-psk.json" with { type: "json" };
import v14Mldsa65Mlkem768Kex from "../vectors/v1.4-mldsa65-mlkem768-kex.json" with { type: "json" };
import v14P256KexEncrypted from "../vectors/v1.4-p256-kex-encrypted.json" with { type: "json" };
import v14P384KexEncrypted from "../vectors/v1.4-p384-kex-encrypted.json" with { type: "json" };
import v14P384Psk from "../vectors/v1.4-p384-psk.json" with { type: "json" };
import { concat, fromHex, readLe } from "./bytes.js";

export interface Signature {
  /** Frame that carries it; with chunks, that began the transfer. */
  readonly n: number;
  readonly by: string;
  /** The message or purpose. */
  readonly op: string;
  readonly slot: number;
  /** The transcript, its hash under the base hash, and the signature, in hexadecimal digits. */
  readonly message: string;
  readonly messageHash: string;
  readonly signature: string;
}

/** A session's secrets, keys and transcripts' hashes, in hexadecimal digits. */
export interface RecordedSession {
  readonly index: number;
  readonly kind: string;
  readonly sessionId: string;
  readonly startFrame: number;
  readonly sharedSecretKind: string;
  readonly sharedSecret: string;
  readonly handshakeSecret: string;
  readonly masterSecret: string;
  readonly th1Hash: string;
  readonly requestHandshakeSecret: string;
  readonly responseHandshakeSecret: string;
  readonly requestHandshakeKey: string;
  readonly requestHandshakeIV: string;
  readonly responseHandshakeKey: string;
  readonly responseHandshakeIV: string;
  readonly th2Hash: string;
  readonly requestDataSecret: string;
  readonly responseDataSecret: string;
  readonly exportMasterSecret: string;
  readonly requestDataKey: string;
  readonly requestDataIV: string;
  readonly responseDataKey: string;
  readonly responseDataIV: string;
  readonly keyUpdates: readonly {
    readonly n: number;
    readonly direction: string;
    readonly oldSecret: string;
    readonly newSecret: string;
    readonly key: string;
    readonly iv: string;
  }[];
}

export interface Recording {
  readonly name: string;
  readonly spdmVersion: string;
  readonly algorithms: {
    readonly baseAsym: string | null;
    readonly baseHash: string;
    readonly aead?: string;
    readonly dhe?: string | null;
    readonly pqcAsym?: string | null;
    readonly kem?: string | null;
    readonly otherParams?: number;
  };
  /** Flags. */
  readonly capabilities: {
    readonly requester?: number;
    readonly responder: number;
    readonly responderDataTransferSize?: number;
  };
  readonly frames: readonly {
    readonly n: number;
    readonly dir: string;
    readonly type: number;
    readonly data: string;
  }[];
  readonly records: readonly {
    readonly n: number;
    readonly session: number;
    readonly dir: string;
    readonly sessionId: string;
    readonly aad: string;
    readonly plaintext: string;
    readonly ciphertext: string;
    readonly tag: string;
  }[];
  readonly signatures: readonly Signature[];
  readonly sessions: readonly RecordedSession[];
  readonly hmacs: readonly {
    readonly n: number;
    readonly session: number;
    readonly by: string;
    readonly data: string;
    readonly mac: string;
  }[];
}

export const RECORDINGS: readonly Recording[] = [
  v10P256Nosession,
  v10P384Nosession,
  v11P384KexEncrypted,
  v11P384Psk,
  v12P256KexEncrypted,
  v12P256MutauthWEncap,
  v12P384ChunkedAllcaps,
  v12P384Chunked,
  v12P384KexEncrypted,
  v12P384Psk,
  v13P384Allcaps,
  v13P384KexEncrypted,
  v13P384MutauthDigests,
  v13P384Psk,
  v14Mldsa65Mlkem768Kex,
  v14P256KexEncrypted,
  v14P384KexEncrypted,
  v14P384Psk,
];

/** Those with chunks. */
export const CHUNKED_RECORDINGS: readonly Recording[] = [v12P384Chunked, v12P384ChunkedAllcaps, v14Mldsa65Mlkem768Kex];

export const SESSION_RECORDINGS: readonly Recording[] = RECORDINGS.filter(({ sessions }) => sessions.length > 0);

/** One SPDM message as it went over the wire: out of session, or in one, decrypted. */
export interface Message {
  readonly n: number;
  readonly bytes: Uint8Array;
  /** Index of its session. */
  readonly session: number | undefined;
}

const SPDM = 5;

/** The application data of a record: length (2), data, padding; or, if it is not encrypted, all behind the header (8). */
export function dataIn(record: Recording["records"][number]): Uint8Array {
  const plaintext = fromHex(record.plaintext);
  return plaintext.length === 0 ? fromHex(record.aad).subarray(8) : plaintext.subarray(2, 2 + readLe(plaintext, 0, 2));
}

/** The message in application data if it is SPDM. */
function messageIn(data: Uint8Array): Uint8Array | undefined {
  return data[0] === SPDM ? data.subarray(1) : undefined;
}

/** All SPDM messages of a recording in order; application data in sessions are left out, and counted. */
export function messagesOf(recording: Recording): { messages: Message[]; applicationCount: number } {
  const messages: Message[] = [];
  let applicationCount = 0;
  const records = new Map(recording.records.map((record) => [record.n, record]));
  for (const { n, type, data } of recording.frames) {
    const record = records.get(n);
    const bytes = type === SPDM ? fromHex(data) : messageIn(dataIn(record!));
    if (bytes === undefined) applicationCount++;
    else messages.push({ n, bytes, session: record?.session });
  }
  return { messages, applicationCount };
}

export interface Pair {
  /** Frame of the response, or of the request, as the recorded signatures count: where the response began. */
  readonly n: number;
  readonly session: number | undefined;
  readonly request: Uint8Array;
  readonly response: Uint8Array;
}

const CHUNK_SEND = 0x85;
const CHUNK_GET = 0x86;
const ERROR = 0x7f;
const LARGE_RESPONSE = 0x0f;
/** Of CHUNK_SEND and CHUNK_RESPONSE; chunk 0 has the size of the whole in 4 bytes more. To 1.3. */
const CHUNK_HEADER = 12;
const CHUNK_SEND_ACK_HEADER = 6;

const isLargeResponse = (response: Uint8Array): boolean => response[1] === ERROR && response[2] === LARGE_RESPONSE;

function chunk(message: Uint8Array): Uint8Array {
  const number = message[4] | (message[5] << 8);
  const size = message[8] | (message[9] << 8);
  const start = CHUNK_HEADER + (number === 0 ? 4 : 0);
  return message.subarray(start, start + size);
}

/** Requests that carry a large message, or fetch one, with their responses that are none of ERROR. */
export function chunkPairsOf(messages: readonly Message[]): Pair[] {
  const pairs: Pair[] = [];
  for (let i = 0; i < messages.length; i += 2) {
    const { n, session, bytes: request } = messages[i];
    const { bytes: response } = messages[i + 1];
    const isChunk = request[1] === CHUNK_SEND || request[1] === CHUNK_GET;
    if (isChunk && response[1] !== ERROR) pairs.push({ n, session, request, response });
  }
  return pairs;
}

/**
 * Requests with their responses, chunks put together. Requests and responses take turns, and a chunked transfer is
 * not interrupted.
 */
export function pairsOf(messages: readonly Message[]): Pair[] {
  const pairs: Pair[] = [];
  let sent: Uint8Array[] = [];
  /** The pair whose response comes in chunks. */
  let open: { pair: Omit<Pair, "response">; received: Uint8Array[] } | undefined;
  for (let i = 0; i < messages.length; i += 2) {
    let request = messages[i].bytes;
    let { n, bytes: response } = messages[i + 1];
    const { session } = messages[i];
    const isLast = (request[2] & 1) !== 0;
    if (request[1] === CHUNK_SEND) {
      sent.push(chunk(request));
      if (!isLast) continue;
      request = concat(...sent);
      sent = [];
      response = response.subarray(CHUNK_SEND_ACK_HEADER);
    }
    if (request[1] === CHUNK_GET) {
      open!.received.push(chunk(response));
      if ((response[2] & 1) === 0) continue;
      pairs.push({ ...open!.pair, response: concat(...open!.received) });
      open = undefined;
    } else if (isLargeResponse(response)) open = { pair: { n, session, request }, received: [] };
    else pairs.push({ n, session, request, response });
  }
  return pairs;
}
