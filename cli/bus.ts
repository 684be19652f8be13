/** What MCTP's frames go over as the bus owner sees it, and a wrapper that records it and makes it fail on purpose. */

/** Carries whole frames of one binding: on SMBus block writes, on a serial line what is between two flags. */
export interface Bus {
  /** One complete frame to the board; false if nobody acknowledged it. */
  send(frame: Uint8Array): Promise<boolean>;
  /** Called with each frame that the board made, an empty one for what began as one; it is the callee's to keep. */
  onFrame: ((frame: Uint8Array) => void) | undefined;
  /** Called when nothing is carried any more: the device was unplugged. For buses to which that can happen. */
  onFailure?: ((error: Error) => void) | undefined;
  close(): Promise<void>;
}

export type Direction = "toBoard" | "fromBoard";

/** What may happen to a frame. `corrupt` flips the bits of `mask` (default 0x01) in the byte at `offset` (default: the last). */
export type Fault =
  | { kind: "corrupt"; offset?: number; mask?: number }
  | { kind: "drop" }
  | { kind: "repeat" }
  | { kind: "delay"; delayMs: number }
  /** To the board: not acknowledged. From the board a frame is already on the bus: as `drop`. */
  | { kind: "refuse" }
  /** To the board only: sent with another source address (and PEC), so that the answer goes where nobody listens. */
  | { kind: "orphan"; address: number };

/** Asked for each frame, with how many went the same way before it. */
export type FaultPlan = (frame: Uint8Array, direction: Direction, index: number) => Fault | undefined;

export interface RecordedFrame {
  /** As it was handed in, before any fault. */
  frame: Uint8Array;
  direction: Direction;
  /** Since the wrapper was made. */
  timeMs: number;
  fault?: Fault;
}

export class FaultyBus implements Bus {
  onFrame: ((frame: Uint8Array) => void) | undefined;
  /** Every frame in both directions, in the order of the bus. */
  readonly record: RecordedFrame[] = [];
  readonly #bus: Bus;
  readonly #plan: FaultPlan;
  readonly #began = performance.now();
  readonly #count = { toBoard: 0, fromBoard: 0 };

  constructor(bus: Bus, plan: FaultPlan = () => undefined) {
    this.#bus = bus;
    this.#plan = plan;
    bus.onFrame = (frame) => this.#receive(frame);
  }

  async send(frame: Uint8Array): Promise<boolean> {
    const fault = this.#note(frame, "toBoard");
    if (fault === undefined) return this.#bus.send(frame);
    if (fault.kind === "refuse") return false;
    if (fault.kind === "drop") return true;
    if (fault.kind === "delay") await new Promise((resolve) => setTimeout(resolve, fault.delayMs));
    if (fault.kind === "repeat" && !(await this.#bus.send(frame))) return false;
    return this.#bus.send(altered(frame, fault));
  }

  close(): Promise<void> {
    return this.#bus.close();
  }

  #receive(frame: Uint8Array): void {
    const fault = this.#note(frame, "fromBoard");
    if (fault === undefined) this.onFrame?.(frame);
    else if (fault.kind === "delay") setTimeout(() => this.onFrame?.(frame), fault.delayMs);
    else if (fault.kind === "repeat") {
      this.onFrame?.(frame);
      this.onFrame?.(frame.slice());
    } else if (fault.kind === "corrupt") this.onFrame?.(altered(frame, fault));
  }

  #note(frame: Uint8Array, direction: Direction): Fault | undefined {
    const fault = this.#plan(frame, direction, this.#count[direction]++);
    const entry: RecordedFrame = { frame: frame.slice(), direction, timeMs: performance.now() - this.#began };
    this.record.push(fault === undefined ? entry : { ...entry, fault });
    return fault;
  }
}

function altered(frame: Uint8Array, fault: Fault): Uint8Array {
  const copy = frame.slice();
  if (fault.kind === "corrupt") copy[fault.offset ?? copy.length - 1] ^= fault.mask ?? 0x01;
  if (fault.kind === "orphan") {
    copy[3] = (fault.address << 1) | 1;
    copy[copy.length - 1] = packetErrorCode(copy.subarray(0, -1));
  }
  return copy;
}

/** CRC-8 of SMBus 3.1 §6.4: polynomial 0x07, over every byte from the address on. */
export function packetErrorCode(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x80 ? (crc << 1) ^ 0x07 : crc << 1) & 0xff;
  }
  return crc;
}
