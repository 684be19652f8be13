import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import {
  CONTINUE,
  type EmuMessage,
  encode,
  encodeMessage,
  type Frame,
  FrameDecoder,
  messageOf,
  NORMAL,
  NOTHING,
  OOB_ENCAP_ENDPOINT_INFO,
  OOB_ENCAP_KEY_UPDATE,
  SERVER_HELLO,
  SHUTDOWN,
  TEST,
  UNKNOWN,
} from "./emu-frame.js";

/** Clients that may wait for their turn; more are turned away. */
const WAITING_COUNT_MAX = 8;
const KNOWN: ReadonlySet<number> = new Set([
  NORMAL,
  OOB_ENCAP_KEY_UPDATE,
  OOB_ENCAP_ENDPOINT_INFO,
  CONTINUE,
  SHUTDOWN,
  TEST,
]);

export interface EmuServerOptions {
  /** 0: any free one. */
  readonly port: number;
  /** Default: this machine only. */
  readonly host?: string;
  /** Answers a message, in its type unless told otherwise; undefined: silence. A throw ends the connection. */
  onMessage(type: number, message: Uint8Array): Answer | Promise<Answer>;
  /** A client has begun: whatever the one before negotiated is over. */
  onConnect?(): void;
  /** A client ended the server, which takes no more. */
  onShutdown?(): void;
  /** Why a connection was ended by this side. */
  onError?(error: Error): void;
}

export type Answer = Uint8Array | EmuMessage | undefined;

export interface EmuServer {
  readonly port: number;
  /** Resolves when the server has ended, by SHUTDOWN or `close`. */
  readonly closed: Promise<void>;
  close(): Promise<void>;
}

/** Serves one client at a time, as DMTF's does; others wait their turn. Rejects if the port cannot be had. */
export async function serveEmu(options: EmuServerOptions): Promise<EmuServer> {
  const clients = new Set<Socket>();
  const server = createServer({ noDelay: true });
  const closed = new Promise<void>((resolve) => server.once("close", resolve));
  const close = () => {
    server.close();
    for (const socket of clients) socket.destroy();
    return closed;
  };
  let turn = Promise.resolve();
  server.on("connection", (socket) => {
    socket.on("error", () => socket.destroy()); // a client that vanished
    if (clients.size > WAITING_COUNT_MAX) return socket.destroy();
    clients.add(socket);
    socket.on("close", () => clients.delete(socket));
    turn = turn.then(async () => {
      if (socket.destroyed || !(await serveClient(socket, options))) return;
      void close();
      options.onShutdown?.();
    });
  });
  await listen(server, options);
  return { port: (server.address() as AddressInfo).port, closed, close };
}

async function listen(server: Server, { port, host = "127.0.0.1" }: EmuServerOptions): Promise<void> {
  server.listen(port, host);
  await once(server, "listening"); // rejects on "error"
}

/** Resolves when the client has gone: to true if it said SHUTDOWN. Never rejects. */
async function serveClient(socket: Socket, options: EmuServerOptions): Promise<boolean> {
  const decoder = new FrameDecoder();
  try {
    options.onConnect?.();
    for await (const chunk of socket as AsyncIterable<Uint8Array>) {
      for (const frame of decoder.feed(chunk)) {
        const answer = await answerTo(frame, options);
        if (answer !== undefined) await write(socket, answer);
        const { command } = frame;
        if (command === SHUTDOWN || command === CONTINUE || !KNOWN.has(command)) {
          return command === SHUTDOWN;
        }
      }
    }
  } catch (error) {
    if (!isDisconnect(error)) options.onError?.(error as Error);
  } finally {
    socket.destroy();
  }
  return false;
}

async function answerTo({ command, payload }: Frame, options: EmuServerOptions): Promise<Uint8Array | undefined> {
  if (command === TEST) return encode(TEST, SERVER_HELLO);
  if (command !== NORMAL) return encode(KNOWN.has(command) ? command : UNKNOWN, NOTHING);
  const { type, message } = messageOf(payload);
  const answer = await options.onMessage(type, message);
  if (answer === undefined) return undefined;
  return encodeMessage(answer instanceof Uint8Array ? { type, message: answer } : answer);
}

/** Waits until the bytes are out: who does not read them gets no further, and fills no memory. */
function write(socket: Socket, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}

/** The client went away in the middle of something, which is its right. */
function isDisconnect(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return (
    code === "ECONNRESET" ||
    code === "EPIPE" ||
    code === "ERR_STREAM_DESTROYED" ||
    code === "ERR_STREAM_PREMATURE_CLOSE"
  );
}
