/**
 * The frames of spdm-emu's socket protocol. Each message is 12 bytes, big-endian, and a payload:
 *
 * | offset | field     | bytes | value                                            |
 * |--------|-----------|-------|--------------------------------------------------|
 * | 0      | command   | 4     | see below                                        |
 * | 4      | transport | 4     | 1 MCTP, the only one spoken here                 |
 * | 8      | size      | 4     | of the payload                                   |
 * | 12     | payload   | size  | NORMAL: MCTP message type byte, then the message |
 */
export const NORMAL = 0x0001;
export const OOB_ENCAP_KEY_UPDATE = 0x8001;
export const OOB_ENCAP_ENDPOINT_INFO = 0x8002;
/** The client goes, the server waits for the next one. */
export const CONTINUE = 0xfffd;
/** The client goes, and so does the server. */
export const SHUTDOWN = 0xfffe;
export const UNKNOWN = 0xffff;
export const TEST = 0xdead;
const MCTP = 1;
const HEADER_LENGTH = 12;
/** Far above any message here; DMTF's own buffers hold less than 0x1400. */
const PAYLOAD_LENGTH_MAX = 0x10000;

export const CLIENT_HELLO = Buffer.from("Client Hello!\0");
export const SERVER_HELLO = Buffer.from("Server Hello!\0");
export const NOTHING: Uint8Array = new Uint8Array(0);

/** The other side does not speak this protocol. */
export class EmuProtocolError extends Error {
  override readonly name = "EmuProtocolError";
}

/** An SPDM message with its MCTP message type: 5 SPDM, 6 secured. */
export interface EmuMessage {
  readonly type: number;
  readonly message: Uint8Array;
}

export interface Frame {
  readonly command: number;
  readonly payload: Uint8Array;
}

export function encode(command: number, payload: Uint8Array): Uint8Array {
  const frame = Buffer.alloc(HEADER_LENGTH + payload.length);
  frame.writeUInt32BE(command, 0);
  frame.writeUInt32BE(MCTP, 4);
  frame.writeUInt32BE(payload.length, 8);
  frame.set(payload, HEADER_LENGTH);
  return frame;
}

export function encodeMessage({ type, message }: EmuMessage): Uint8Array {
  return encode(NORMAL, Buffer.concat([Uint8Array.of(type), message]));
}

export function messageOf(payload: Uint8Array): EmuMessage {
  if (payload.length === 0) throw new EmuProtocolError("a message without its type");
  return { type: payload[0], message: payload.subarray(1) };
}

/** Puts frames together from whatever pieces the stream brings; a size is checked before anything is kept for it. */
export class FrameDecoder {
  readonly #header = Buffer.alloc(HEADER_LENGTH);
  #payload: Uint8Array | undefined;
  /** Bytes of the header or, once that is whole, of the payload. */
  #filled = 0;

  /** Throws an EmuProtocolError; the stream is of no use then. */
  *feed(chunk: Uint8Array): Generator<Frame> {
    let rest = chunk;
    while (rest.length !== 0 || this.#payload?.length === 0) {
      const target = this.#payload ?? this.#header;
      const part = rest.subarray(0, target.length - this.#filled);
      target.set(part, this.#filled);
      this.#filled += part.length;
      rest = rest.subarray(part.length);
      if (this.#filled < target.length) return;
      this.#filled = 0;
      if (this.#payload === undefined) {
        this.#payload = new Uint8Array(this.#payloadLength());
      } else {
        const payload = this.#payload;
        this.#payload = undefined;
        yield { command: this.#header.readUInt32BE(0), payload };
      }
    }
  }

  #payloadLength(): number {
    const transport = this.#header.readUInt32BE(4);
    if (transport !== MCTP) throw new EmuProtocolError(`transport ${transport} instead of MCTP`);
    const length = this.#header.readUInt32BE(8);
    if (length > PAYLOAD_LENGTH_MAX) throw new EmuProtocolError(`a payload of ${length} bytes`);
    return length;
  }
}
