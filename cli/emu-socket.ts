import { once } from "node:events";
import { connect as openSocket, type Socket } from "node:net";
import {
  CLIENT_HELLO,
  CONTINUE,
  type EmuMessage,
  EmuProtocolError,
  encode,
  encodeMessage,
  type Frame,
  FrameDecoder,
  messageOf,
  NORMAL,
  NOTHING,
  SERVER_HELLO,
  SHUTDOWN,
  TEST,
} from "./emu-frame.js";
import { TimeoutError } from "./link.js";

interface Pending {
  settle(frame: Frame): void;
  fail(error: Error): void;
}

/** A requester's connection to DMTF's responder, or to `spdm serve`. One exchange at a time. */
export class EmuSocket {
  readonly #socket: Socket;
  readonly #decoder = new FrameDecoder();
  #pending: Pending | undefined;
  #error: Error | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Uint8Array) => this.#receive(chunk));
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", () => this.#fail(new Error("the responder closed the connection")));
  }

  /** Connects and exchanges hellos. Rejects with a TimeoutError, an EmuProtocolError or what the system says. */
  static async connect(host: string, port: number, timeoutMs = 5000): Promise<EmuSocket> {
    const socket = openSocket({ host, port, noDelay: true });
    const emu = new EmuSocket(socket);
    try {
      const signal = AbortSignal.timeout(timeoutMs);
      await once(socket, "connect", { signal }).catch((error) => {
        throw signal.aborted ? new TimeoutError(`no connection to ${host}:${port} in ${timeoutMs} ms`) : error;
      });
      const { command, payload } = await emu.#exchange(encode(TEST, CLIENT_HELLO), timeoutMs);
      if (command !== TEST || !SERVER_HELLO.equals(payload)) throw new EmuProtocolError("no Server Hello");
      return emu;
    } catch (error) {
      emu.destroy();
      throw error;
    }
  }

  /**
   * Sends a message and waits for the answer. After a TimeoutError the connection is closed: a late answer would pass
   * for that to the next request.
   */
  async exchange(type: number, message: Uint8Array, timeoutMs: number): Promise<EmuMessage> {
    const { command, payload } = await this.#exchange(encodeMessage({ type, message }), timeoutMs);
    if (command !== NORMAL) throw this.#fail(new EmuProtocolError(`command 0x${command.toString(16)} as an answer`));
    return messageOf(payload);
  }

  /** Sends a command that is no message, such as those by which DMTF's responder is made to ask something of us. */
  async command(command: number, timeoutMs = 1000): Promise<void> {
    await this.#exchange(encode(command, NOTHING), timeoutMs);
  }

  /** Ends the connection and the server; rejects if the server does not confirm it. */
  async shutdown(timeoutMs = 1000): Promise<void> {
    try {
      await this.command(SHUTDOWN, timeoutMs);
    } finally {
      this.destroy();
    }
  }

  /** Ends the connection; the server waits for the next one, where DMTF's would stop if its client just vanished. */
  async leave(timeoutMs = 1000): Promise<void> {
    // Whatever went wrong before or goes wrong now, the connection ends.
    await this.command(CONTINUE, timeoutMs).catch(() => {});
    this.destroy();
  }

  /** Drops the connection without a word. */
  destroy(): void {
    this.#fail(new Error("the connection is closed"));
  }

  #exchange(frame: Uint8Array, timeoutMs: number): Promise<Frame> {
    if (this.#error !== undefined) return Promise.reject(this.#error);
    if (this.#pending !== undefined) return Promise.reject(new Error("an exchange is under way"));
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#fail(new TimeoutError(`no answer in ${timeoutMs} ms`), new Error("closed since an answer did not come"));
      }, timeoutMs);
      const done = () => {
        clearTimeout(timer);
        this.#pending = undefined;
      };
      this.#pending = {
        settle(answer) {
          done();
          resolve(answer);
        },
        fail(error) {
          done();
          reject(error);
        },
      };
      this.#socket.write(frame);
    });
  }

  #receive(chunk: Uint8Array): void {
    try {
      for (const frame of this.#decoder.feed(chunk)) {
        if (this.#pending === undefined) throw new EmuProtocolError("an answer to nothing");
        this.#pending.settle(frame);
      }
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  /** Ends everything: `error` for who waits now, `later` for who asks again. The first reason stands. */
  #fail(error: Error, later = error): Error {
    this.#error ??= later;
    this.#pending?.fail(error);
    this.#socket.destroy();
    return error;
  }
}
