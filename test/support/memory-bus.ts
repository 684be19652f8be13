import type { Bus } from "../../cli/bus.js";
import type { Endpoint } from "../../src/mctp/endpoint.js";

/** A bus with an endpoint of this process at its end. For faults, wrap it in FaultyBus. */
export class MemoryBus implements Bus {
  onFrame: ((frame: Uint8Array) => void) | undefined;
  /** What the endpoint takes for the time. */
  now = 0;
  readonly #endpoint: Endpoint;
  readonly #frame = new Uint8Array(1024);

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
  }

  async send(frame: Uint8Array): Promise<boolean> {
    const endpoint = this.#endpoint;
    this.#frame.set(frame);
    if (!endpoint.receive(this.#frame, frame.length, this.now)) return true;
    for (let length = endpoint.transmit(this.#frame); length !== 0; length = endpoint.transmit(this.#frame)) {
      const reply = this.#frame.slice(0, length);
      // As on a real bus, the answer comes after the request's acknowledgement.
      Promise.resolve().then(() => this.onFrame?.(reply));
    }
    return true;
  }

  async close(): Promise<void> {}
}
