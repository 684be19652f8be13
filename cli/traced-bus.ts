/** I2C bus 0 of the emulated AST1030: block writes to the board by way of its own registers, from it by QEMU's trace. */
import type { Bus } from "./bus.js";
import { type Qtest, writeCommand } from "./qtest.js";

const BUS0 = 0x7e7b0080;
const CONTROLLER_STATUS = BUS0 + 0x14;
const CONTROLLER_COMMAND = BUS0 + 0x18;
const TARGET_STATUS = BUS0 + 0x24;
const TARGET_LENGTH = BUS0 + 0x2c;
const TARGET_DESTINATION = BUS0 + 0x3c;
const TARGET_ADDRESS = BUS0 + 0x40;
const ADDRESS_ENABLE = 0x80;
const PACKET_DONE = 1 << 16;
/** Packet mode, START and STOP to address 0, general call: every target sees it, and ours closes its receive buffer. */
const START_STOP = 0x10021;
/** How long to try a board that does not take frames because its ring is full. */
const BUSY_LIMIT_MS = 5_000;
/** The same where frames wait until the board sleeps, which counting instructions makes a long time. */
const READY_LIMIT_MS = 300_000;

export interface TracedBusOptions {
  /** Asked before each frame; it is sent once this says true. */
  ready?: (() => Promise<boolean>) | undefined;
  close(): Promise<void>;
}

export class TracedBus implements Bus {
  onFrame: ((frame: Uint8Array) => void) | undefined;
  readonly #qtest: Qtest;
  readonly #ownAddress: number;
  readonly #options: TracedBusOptions;
  #queue: Promise<unknown> = Promise.resolve();
  #collecting: number[] | undefined;

  constructor(qtest: Qtest, ownAddress: number, options: TracedBusOptions) {
    this.#qtest = qtest;
    this.#ownAddress = ownAddress;
    this.#options = options;
  }

  send(frame: Uint8Array): Promise<boolean> {
    const sent = this.#queue.then(() => this.#send(frame.slice()));
    this.#queue = sent.catch(() => undefined);
    return sent;
  }

  close(): Promise<void> {
    return this.#options.close();
  }

  async #send(frame: Uint8Array): Promise<boolean> {
    const deadline = performance.now() + (this.#options.ready ? READY_LIMIT_MS : BUSY_LIMIT_MS);
    for (let attempt = 0; performance.now() < deadline; attempt++) {
      // Immediately at first: the board takes a frame in microseconds.
      if (attempt > 20) await new Promise((resolve) => setTimeout(resolve, 1));
      if (this.#options.ready && !(await this.#options.ready())) continue;
      const target = await this.#target();
      if (target.address !== ((frame[0] >> 1) | ADDRESS_ENABLE)) return false;
      if (target.busy) continue;
      // What is beyond the board's buffer is not acknowledged, and the controller gives up there.
      const bytes = frame.subarray(1, 1 + target.capacity);
      const [, , status] = await this.#qtest.batch([
        writeCommand(target.destination, bytes),
        `writel ${CONTROLLER_COMMAND} ${START_STOP}`,
        `readl ${TARGET_STATUS}`,
      ]);
      if ((Number(status) & PACKET_DONE) !== 0) return bytes.length === frame.length - 1;
    }
    return false;
  }

  /** The board's side of the bus as its registers have it. */
  async #target(): Promise<{ address: number; busy: boolean; destination: number; capacity: number }> {
    const registers = [CONTROLLER_STATUS, TARGET_STATUS, TARGET_DESTINATION, TARGET_LENGTH, TARGET_ADDRESS];
    const answers = await this.#qtest.batch(registers.map((register) => `readl ${register}`));
    const [controller, target, destination, length, address] = answers.map(Number);
    return {
      address: address & 0xff,
      busy: controller !== 0 || target !== 0,
      destination,
      capacity: ((length >> 16) & 0x7ff) + 1,
    };
  }

  /** Takes a line of QEMU's trace of i2c_event and i2c_send; false if it is something else. */
  trace(line: string): boolean {
    const match = /(start|start_async|send|finish|nack|ack|recv)\(addr:0x([0-9a-f]+)\)(?: data:0x([0-9a-f]+))?/.exec(
      line,
    );
    if (match === null) return false;
    const [, event, address, data] = match;
    if (Number.parseInt(address, 16) !== this.#ownAddress) return true;
    if (event === "send") this.#collecting?.push(Number.parseInt(data, 16));
    else if (event === "start") this.#collecting = [this.#ownAddress << 1];
    else if (event === "finish") this.#finish();
    return true;
  }

  #finish(): void {
    const bytes = this.#collecting;
    this.#collecting = undefined;
    // Our own START and STOP at general call show up here too, without bytes.
    if (bytes !== undefined && bytes.length > 1) this.onFrame?.(Uint8Array.from(bytes));
  }
}
