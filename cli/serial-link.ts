/** MCTP over a serial line (DSP0253) from the bus owner's side: a UART's tty, or a device's USB CDC. */
import type { EventEmitter } from "node:events";
import { autoDetect } from "@serialport/bindings-cpp";
import { SerialPortStream } from "@serialport/stream";
import { SerialBinding, SerialSplitter } from "../src/mctp/serial.js";
import type { Bus } from "./bus.js";
import { LinkError } from "./mctp.js";
import { MctpLink, type Medium } from "./mctp-link.js";
import { DATA_TRANSFER_SIZE } from "./requester/conversation.js";

const BAUD = 115_200;
/** What terminals and adapters have: B50 is the slowest of POSIX, 20 Mbaud above the fastest UART. */
const BAUD_MIN = 50;
const BAUD_MAX = 20_000_000;
/** Start bit, eight bits, stop bit; and a quarter on top, for 12 bytes around each 64 and for escapes. */
const BITS_PER_BYTE = 10 * 1.25;
/** The two ends' schedulers and USB. */
const LATENCY_MS = 500;
/** Opening resets some boards, whose three attempts then span their boot. */
const CONTROL_TIMEOUT_MS = 1000;

/** Opens the device at `path` and makes its endpoint known to MCTP; throws a LinkError, or what `discover` throws. */
export async function openSerial(path: string, baud = BAUD): Promise<MctpLink> {
  if (!(baud >= BAUD_MIN && baud <= BAUD_MAX)) throw new Error(`${baud} is no baud rate`);
  const roundTripMs = LATENCY_MS + (2 * DATA_TRANSFER_SIZE * BITS_PER_BYTE * 1000) / baud;
  const medium: Medium = {
    binding: new SerialBinding(),
    peer: 0,
    peerName: path,
    controlTimeoutMs: CONTROL_TIMEOUT_MS,
    roundTripMs,
    timeScale: 1,
  };
  const link = new MctpLink(await SerialBus.open(path, baud, roundTripMs), medium);
  try {
    await link.discover();
  } catch (error) {
    await link.close();
    throw error;
  }
  return link;
}

/** Both ends of a line, as one bus. */
export class SerialBus implements Bus {
  onFrame: ((frame: Uint8Array) => void) | undefined;
  onFailure: ((error: Error) => void) | undefined;
  readonly #port: SerialPortStream;
  readonly #splitter: SerialSplitter;
  readonly #sendLimitMs: number;
  /** Why nothing is carried any more. */
  #failure: Error | undefined;

  private constructor(port: SerialPortStream, sendLimitMs: number) {
    this.#port = port;
    this.#sendLimitMs = sendLimitMs;
    this.#splitter = new SerialSplitter(new SerialBinding().transmissionUnitLimit);
    // A read that comes after the hangup gets 0 bytes, and would be made again for ever without a word. (Windows' port has no poller.)
    const { poller } = port.port as { poller?: EventEmitter };
    poller?.once("disconnect", () => this.#lose());
    port.on("data", (chunk: Uint8Array) => this.#receive(chunk));
    port.on("error", () => this.#lose());
    port.on("close", () => this.#lose());
  }

  /** @param sendLimitMs How long a frame may take until the system has it all. */
  static open(path: string, baudRate: number, sendLimitMs: number): Promise<SerialBus> {
    return new Promise((resolve, reject) => {
      const port: SerialPortStream = new SerialPortStream({ binding: autoDetect(), path, baudRate }, (error) => {
        if (error === null) resolve(new SerialBus(port, sendLimitMs));
        else reject(new LinkError(error.message.replace(/^Error: /, "")));
      });
    });
  }

  /** Resolves to true: a line acknowledges nothing. */
  send(frame: Uint8Array): Promise<boolean> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      const stuck = () => reject(this.#fail(new LinkError(`${this.#port.path} takes no more bytes`)));
      const timer = setTimeout(stuck, this.#sendLimitMs);
      this.#port.write(frame, (error) => {
        clearTimeout(timer);
        if (error) reject(this.#lose());
        else resolve(true);
      });
    });
  }

  async close(): Promise<void> {
    this.#fail(new LinkError(`${this.#port.path} is closed`));
    if (this.#port.isOpen) await new Promise<void>((resolve) => this.#port.close(() => resolve()));
  }

  /** What began as a frame and is none goes on as an empty one, so that it is counted as broken. */
  #receive(chunk: Uint8Array): void {
    const splitter = this.#splitter;
    for (const byte of chunk) {
      const { brokenFrames } = splitter;
      const length = splitter.push(byte);
      if (length !== 0 || splitter.brokenFrames !== brokenFrames) this.onFrame?.(splitter.frame.slice(0, length));
    }
  }

  #lose(): Error {
    if (this.#port.isOpen) this.#port.close(() => {});
    return this.#fail(new LinkError(`${this.#port.path} is gone: unplugged, or its other end closed`));
  }

  /** The first reason stands. */
  #fail(error: Error): Error {
    if (this.#failure === undefined) {
      this.#failure = error;
      this.onFailure?.(error);
    }
    return this.#failure;
  }
}
