/** A serial line that is a real pseudo-terminal, and a device at its far end. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { buildHostProgram } from "../../cli/host-program.js";
import { Endpoint, type Handler } from "../../src/mctp/endpoint.js";
import { SerialBinding, SerialSplitter } from "../../src/mctp/serial.js";

const UUID = Uint8Array.from({ length: 16 }, (_, i) => i);
const SOURCE = fileURLToPath(new URL("pty.c", import.meta.url));

export interface SerialLine {
  /** Of the terminal, for whoever wants to talk to the far end. */
  readonly path: string;
  /** Called with what the other side sent. */
  onData: ((bytes: Uint8Array) => void) | undefined;
  write(bytes: Uint8Array): void;
  /** Stops taking bytes off the line, without hanging up. */
  stall(): void;
  /** Hangs up: the other side sees its device go. */
  unplug(): Promise<void>;
}

/** Makes a pseudo-terminal; `unplug` ends it. */
export async function openSerialLine(): Promise<SerialLine> {
  const child = spawn(await buildHostProgram(SOURCE), { stdio: ["pipe", "pipe", "inherit"] });
  const closed = once(child, "close");
  // What is said to a line that was unplugged is lost.
  child.stdin.on("error", () => {});
  const [first] = (await once(child.stdout, "data")) as [Buffer];
  const path = first.toString().trim();
  const line: SerialLine = {
    path,
    onData: undefined,
    write: (bytes) => void child.stdin.write(bytes),
    stall: () => void child.kill("SIGSTOP"),
    async unplug() {
      child.stdin.end();
      child.kill("SIGKILL");
      await closed;
    },
  };
  child.stdout.on("data", (bytes: Uint8Array) => line.onData?.(bytes));
  return line;
}

/** What becomes of a frame on its way from the device: the bytes to put on the line instead. */
export type OnFrame = (frame: Uint8Array, index: number) => readonly Uint8Array[];

/** Puts an endpoint with SPDM and secured messages at the far end, which `respond` answers by MCTP type. */
export function serveOnLine(
  line: SerialLine,
  respond: (type: number, message: Uint8Array) => Uint8Array | undefined,
  onFrame: OnFrame = (frame) => [frame],
): Endpoint {
  const handler = (type: number): Handler => ({
    type,
    versions: [0xf1f0f000],
    respond(request, reply) {
      const answer = respond(type, request);
      reply.set(answer ?? []);
      return answer?.length ?? 0;
    },
  });
  const endpoint = new Endpoint({
    binding: new SerialBinding(),
    uuid: UUID,
    handlers: [handler(5), handler(6)],
    messageLength: 0x2000,
  });
  const splitter = new SerialSplitter(64);
  const frame = new Uint8Array(endpoint.frameLength);
  let index = 0;
  line.onData = (bytes) => {
    for (const byte of bytes) {
      const length = splitter.push(byte);
      if (length === 0 || !endpoint.receive(splitter.frame, length, performance.now())) continue;
      for (let n = endpoint.transmit(frame); n !== 0; n = endpoint.transmit(frame))
        for (const part of onFrame(frame.slice(0, n), index++)) line.write(part);
    }
  };
  return endpoint;
}
