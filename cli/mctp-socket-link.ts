import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { isAssignable } from "../src/mctp/packet.js";
import { buildHostProgram } from "./host-program.js";
import { type Link, TimeoutError } from "./link.js";
import { LinkError } from "./mctp.js";

const SOURCE = fileURLToPath(new URL("mctp-socket.c", import.meta.url));
const NETWORK_MAX = 0x7fffffff;
/** What the bus behind the kernel is we do not know: I2C at 100 kHz takes half a second for our longest message. */
const ROUND_TRIP_MS = 2000;
/** Of mctp-socket.c's records: behind the length are the sequence and the type. */
const LENGTH_LENGTH = 4;
const HEAD_LENGTH = 2;
const MESSAGE_MAX = 0x10000;
const SEQUENCE_COUNT = 0x100;
/** What is kept of the helper's complaint. */
const COMPLAINT_MAX = 1000;

type Helper = ChildProcessByStdio<Writable, Readable, Readable>;

interface Waiter {
  readonly sequence: number;
  readonly type: number;
  settle(answer: Uint8Array): void;
  fail(error: Error): void;
}

/** SPDM over Linux's own MCTP (AF_MCTP), by way of mctp-socket.c. One exchange at a time. */
export class MctpSocketLink implements Link {
  readonly roundTripMs = ROUND_TRIP_MS;
  readonly timeScale = 1;
  /** Grows with answers that did not come, came late, or are of another message type. */
  disturbanceCount = 0;
  readonly #peerName: string;
  readonly #helper: Helper;
  readonly #closed: Promise<unknown>;
  #sequence = 0;
  #received = Buffer.alloc(0);
  #complaint = "";
  #waiter: Waiter | undefined;
  #failure: Error | undefined;

  private constructor(helper: Helper, network: number, eid: number) {
    this.#peerName = `endpoint ${eid} of network ${network}`;
    this.#helper = helper;
    this.#closed = once(helper, "close").catch(() => undefined);
    helper.stdout.on("data", (chunk: Buffer) => this.#receive(chunk));
    helper.stderr.on("data", (chunk: Buffer) => {
      this.#complaint = (this.#complaint + chunk).slice(0, COMPLAINT_MAX);
    });
    helper.on("error", (error) => this.#fail(error.message));
    helper.on("close", () => this.#fail(this.#complaint.trim() || "the MCTP socket's helper ended"));
    // Its end is told by "close", together with its reason.
    helper.stdin.on("error", () => {});
  }

  /** Compiles the helper if need be; what the kernel refuses is told by the first exchange, as a LinkError. */
  static async open(network: number, eid: number, env = process.env): Promise<MctpSocketLink> {
    if (process.platform !== "linux") throw new Error("only Linux has MCTP sockets");
    if (!(network >= 1 && network <= NETWORK_MAX)) throw new Error(`${network} is no MCTP network`);
    if (!isAssignable(eid)) throw new Error(`${eid} is no endpoint ID: they are 8 to 254`);
    const program = await buildHostProgram(SOURCE);
    const helper = spawn(program, [`${network}`, `${eid}`], { stdio: "pipe", env });
    return new MctpSocketLink(helper, network, eid);
  }

  async exchange(type: number, message: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#waiter !== undefined) throw new Error("an exchange is under way");
    if (message.length > MESSAGE_MAX) throw new RangeError("message is too long for MCTP");
    const sequence = (this.#sequence + 1) % SEQUENCE_COUNT;
    this.#sequence = sequence;
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise((settle, fail) => {
        this.#waiter = { sequence, type, settle, fail };
        timer = setTimeout(() => {
          this.disturbanceCount++;
          fail(new TimeoutError(`no answer from ${this.#peerName} within ${timeoutMs} ms`));
        }, timeoutMs);
        this.#helper.stdin.write(recordOf(sequence, type, message));
      });
    } finally {
      clearTimeout(timer);
      this.#waiter = undefined;
    }
  }

  async close(): Promise<void> {
    this.#fail("the link is closed");
    this.#helper.kill();
    await this.#closed;
  }

  #receive(chunk: Buffer): void {
    let bytes = Buffer.concat([this.#received, chunk]);
    while (bytes.length >= LENGTH_LENGTH) {
      const length = bytes.readUInt32LE();
      if (bytes.length - LENGTH_LENGTH < length) break;
      this.#take(bytes.subarray(LENGTH_LENGTH, LENGTH_LENGTH + length));
      bytes = bytes.subarray(LENGTH_LENGTH + length);
    }
    this.#received = bytes;
  }

  /** Sequence and type, then the message. */
  #take(answer: Buffer): void {
    const waiter = this.#waiter;
    if (answer[0] === waiter?.sequence && answer[1] === waiter.type)
      waiter.settle(Uint8Array.from(answer.subarray(HEAD_LENGTH)));
    else this.disturbanceCount++;
  }

  /** The first reason stands. */
  #fail(reason: string): void {
    this.#failure ??= new LinkError(reason);
    this.#waiter?.fail(this.#failure);
  }
}

function recordOf(sequence: number, type: number, message: Uint8Array): Uint8Array {
  const record = Buffer.alloc(LENGTH_LENGTH + HEAD_LENGTH + message.length);
  record.writeUInt32LE(HEAD_LENGTH + message.length);
  record[LENGTH_LENGTH] = sequence;
  record[LENGTH_LENGTH + 1] = type;
  record.set(message, LENGTH_LENGTH + HEAD_LENGTH);
  return record;
}
