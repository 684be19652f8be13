import { SmbusBinding } from "../src/mctp/smbus.js";
import { SPDM_TYPE } from "../src/record.js";
import type { Bus } from "./bus.js";
import type { Link, LinkStatistics } from "./link.js";
import { MctpRequester, type MctpRequesterOptions } from "./mctp.js";
import { Impossible } from "./requester/verdict.js";

/** The endpoint ID we give the board, as a bus owner does; our own is the requester's default, 8. */
const PEER_EID = 9;
/** An emulated board shares its processor with everything else here, and has less of it than the chip's 200 MHz. */
const EMULATED = Object.freeze({ roundTripMs: 1000, timeScale: 4 });

/** What MCTP control tells of an endpoint. */
export interface Discovery {
  readonly eid: number;
  readonly uuid: Uint8Array;
  readonly messageTypes: readonly number[];
}

/** How an endpoint is reached over a bus: in what frames, where, and how fast. */
export type Medium = Omit<MctpRequesterOptions, "bus"> & Pick<Link, "roundTripMs" | "timeScale">;

/** An emulated board at `peer` on SMBus, where we are `address`: both 7 bits. */
export function emulatedSmbus(address: number, peer: number): Medium {
  return { binding: new SmbusBinding({ address }), peer, ...EMULATED };
}

/** SPDM over MCTP, from the bus owner's side. */
export class MctpLink implements Link {
  readonly roundTripMs: number;
  readonly timeScale: number;
  readonly #requester: MctpRequester;
  #framesSent = 0;
  #framesReceived = 0;

  /** @param bus Closed together with the link. */
  constructor(bus: Bus, { roundTripMs, timeScale, ...options }: Medium) {
    this.roundTripMs = roundTripMs;
    this.timeScale = timeScale;
    this.#requester = new MctpRequester({ ...options, bus: this.#counted(bus) });
  }

  /** Gives the endpoint its ID and asks what it is; throws Impossible if it has no SPDM. */
  async discover(): Promise<Discovery> {
    const eid = await this.#requester.setEndpointId(PEER_EID);
    const messageTypes = await this.#requester.messageTypes();
    if (!messageTypes.includes(SPDM_TYPE)) throw new Impossible("the endpoint has no SPDM");
    return { eid, messageTypes, uuid: await this.#requester.uuid() };
  }

  exchange(type: number, message: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    return this.#requester.request(type, message, timeoutMs);
  }

  get disturbanceCount(): number {
    return this.#requester.disturbances;
  }

  get statistics(): LinkStatistics {
    const { refusedFrames } = this.#requester.counters;
    return { framesSent: this.#framesSent, framesReceived: this.#framesReceived, retries: refusedFrames };
  }

  #counted(bus: Bus): Bus {
    const counted: Bus = {
      onFrame: undefined,
      onFailure: undefined,
      send: (frame) => {
        this.#framesSent++;
        return bus.send(frame);
      },
      close: () => bus.close(),
    };
    bus.onFrame = (frame) => {
      this.#framesReceived++;
      counted.onFrame?.(frame);
    };
    bus.onFailure = (error) => counted.onFailure?.(error);
    return counted;
  }

  close(): Promise<void> {
    return this.#requester.close();
  }
}
