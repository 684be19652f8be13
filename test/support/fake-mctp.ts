/** What stands in for a kernel with MCTP, see fake-mctp.c, and an endpoint behind it. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { buildHostProgram } from "../../cli/host-program.js";

const SOURCE = fileURLToPath(new URL("fake-mctp.c", import.meta.url));
const HEAD_LENGTH = 7;
const TO = 0x08;

/** A message as AF_MCTP tells it: whose it is, of what type, under what tag. */
export interface Addressed {
  readonly network: number;
  readonly eid: number;
  readonly type: number;
  readonly tag: number;
  readonly message: Uint8Array;
}

export interface FakeMctp {
  /** What a process needs in its environment to be on this kernel. */
  readonly environment: Readonly<Record<string, string>>;
  close(): void;
}

/** @param onRequest Gets each request, and `answer`, which may be called any number of times and whenever. */
export async function fakeMctp(
  onRequest: (request: Addressed, answer: (answer: Addressed) => void) => void,
): Promise<FakeMctp> {
  const socket = createSocket("udp4");
  socket.on("message", (datagram, from) => {
    const [eid, type, tag] = datagram.subarray(4);
    const message = Uint8Array.from(datagram.subarray(HEAD_LENGTH));
    onRequest({ network: datagram.readUInt32LE(), eid, type, tag, message }, (answer) => {
      const head = Buffer.from([0, 0, 0, 0, answer.eid, answer.type, answer.tag]);
      head.writeUInt32LE(answer.network);
      socket.send([head, answer.message], from.port, from.address);
    });
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  const library = await buildHostProgram(SOURCE, ["-shared", "-fPIC"]);
  return {
    environment: { LD_PRELOAD: library, FAKE_MCTP: `${socket.address().port}` },
    close: () => socket.close(),
  };
}

/** What answers `request`, with the same tag, now not its owner's. */
export function answerTo(request: Addressed, message: Uint8Array): Addressed {
  return { ...request, tag: request.tag & ~TO, message };
}
