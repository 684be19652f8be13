import { EmuSocket } from "./emu-socket.js";
import type { Link } from "./link.js";
import { Untrusted } from "./requester/verdict.js";

/** Loopback or a near network, and a peer that computes in its own time without saying so in 1.0. */
const ROUND_TRIP_MS = 2000;

/** SPDM over the socket of DMTF's spdm_responder_emu, or of `spdm serve`. */
export class EmuLink implements Link {
  readonly roundTripMs = ROUND_TRIP_MS;
  readonly timeScale = 1;
  /** TCP neither loses nor repeats. */
  readonly disturbanceCount = 0;
  readonly #socket: EmuSocket;

  private constructor(socket: EmuSocket) {
    this.#socket = socket;
  }

  static async connect(host: string, port: number): Promise<EmuLink> {
    return new EmuLink(await EmuSocket.connect(host, port));
  }

  async exchange(type: number, message: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    const answer = await this.#socket.exchange(type, message, timeoutMs);
    if (answer.type !== type) throw new Untrusted(`response of MCTP message type ${answer.type}`);
    return answer.message;
  }

  /** Leaves the responder running for the next requester. */
  close(): Promise<void> {
    return this.#socket.leave();
  }
}
