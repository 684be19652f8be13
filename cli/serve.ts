import { join } from "node:path";
import { loadIdentity } from "./certs.js";
import { serveEmu } from "./emu-server.js";
import { DATA_TRANSFER_SIZE, hostResponder } from "./host-responder.js";
import { SPDM_TYPE } from "./link.js";
import { CERTIFICATES, ensureCertificates, openBoard } from "./target.js";

/** What an outside requester's CTExponent and patience would allow; noble's firmware is the slowest. */
const BOARD_TIMEOUT_MS = 60_000;

export interface ServeOptions {
  readonly port: number;
  /** The emulated board to bridge to, or undefined for a responder in this process. */
  readonly board?: string;
  readonly crypto: string;
  /** Identity image or folder of keys; by default the development PKI. */
  readonly identity?: string;
}

/** Answers one SPDM message. */
interface Served {
  respond(request: Uint8Array): Promise<Uint8Array> | Uint8Array;
  /** Resolves to what went wrong if the responder ends by itself. */
  readonly stopped: Promise<string>;
  close(): Promise<void>;
}

/** Serves until a requester sends SHUTDOWN. */
export async function serve(options: ServeOptions): Promise<void> {
  const served = options.board === undefined ? await openHost(options) : await bridgeBoard(options);
  try {
    const server = await serveEmu({
      port: options.port,
      // Sessions, type 6, are not served yet; silence is what an unknown session gets.
      onMessage: (type, message) => (type === SPDM_TYPE ? served.respond(message) : undefined),
      onError: (error) => console.error(`spdm: ${error.message}`),
    });
    console.log(`serving SPDM on port ${server.port}`);
    const stopped = await Promise.race([server.closed, served.stopped]);
    if (stopped !== undefined) {
      await server.close();
      throw new Error(stopped);
    }
  } finally {
    await served.close();
  }
}

async function openHost({ identity }: ServeOptions): Promise<Served> {
  if (identity === undefined) await ensureCertificates();
  const device = loadIdentity(identity ?? join(CERTIFICATES, "identity.bin"));
  const responder = hostResponder(device, (error) => console.error(error));
  const response = new Uint8Array(DATA_TRANSFER_SIZE);
  return {
    respond: (request) => response.slice(0, responder.respond(request, response)),
    stopped: new Promise(() => {}),
    close: async () => {},
  };
}

async function bridgeBoard({ crypto, identity }: ServeOptions): Promise<Served> {
  const { link, exited } = await openBoard({ crypto, identity, onProgress: (step) => console.log(step) });
  return {
    respond: (request) => link.exchange(request, BOARD_TIMEOUT_MS),
    stopped: exited.then(() => "the board has stopped"),
    close: () => link.close(),
  };
}
