import type { Clock } from "../hal/clock.js";
import type { Aead, KeyAgreement, KeyEncapsulation } from "../hal/crypto.js";
import type { PskStore } from "../hal/psk.js";
import type { Session } from "./session.js";

/** Answers application messages of one MCTP type in sessions, as an endpoint's handler does outside of them. */
export interface Application {
  /** MCTP message type, not SPDM's. */
  readonly type: number;
  /** Writes the answer to `request` into `reply` and returns its length, 0 for none. Keeps neither. Throwing ends the session. */
  respond(request: Uint8Array, reply: Uint8Array): number;
}

/** What a board brings for secure sessions. Lists stand in its order of preference. */
export interface SecureSessions {
  /** DHE named groups; none where only PSK_EXCHANGE or KEMs open sessions. */
  readonly dhe: readonly { readonly algorithm: number; readonly engine: KeyAgreement }[];
  /** KEMs, from 1.4 on; one of these is selected before any of `dhe`. */
  readonly kem?: readonly { readonly algorithm: number; readonly engine: KeyEncapsulation }[];
  readonly aead: readonly { readonly algorithm: number; readonly engine: Aead }[];
  /** How many there can be at once; 4 by default. */
  readonly count?: number;
  /** False: records are authenticated only, whatever the requester can. */
  readonly encrypts?: boolean;
  /** HANDSHAKE_IN_THE_CLEAR, where the requester has it too. */
  readonly inTheClear?: boolean;
  readonly psk?: PskStore;
  /** Seconds, up to 255, within which the requester is to be heard of; after twice that a session ends. 0: never. */
  readonly heartbeatPeriod?: number;
  /** What the heartbeat is measured by; there has to be one if it has a period. */
  readonly clock?: Clock;
  /** Records under one key are at most 2 to this, 53 at the most; DSP0277 1.3. */
  readonly aeadLimitExponent?: number;
  /** After how many records of ours a requester that asks for encapsulated requests is told of a new key of ours. */
  readonly keyUpdateAfter?: number;
  readonly applications?: readonly Application[];
}

export const SESSION_COUNT = 4;

/** RspSessionID is 16 bits, and not 0, which together with a ReqSessionID of 0 means "no session" to some peers. */
const ID_MAX = 0xffff;

/** The fixed table of a connection's sessions. */
export class Sessions {
  readonly #table: (Session | undefined)[];
  #lastId = 0;

  /** @param count How many there can be at once. */
  constructor(count: number) {
    this.#table = new Array(count).fill(undefined);
  }

  get full(): boolean {
    return !this.#table.includes(undefined);
  }

  /** The session that a KEY_EXCHANGE in the clear opened and whose FINISH is still to come, in the clear too. */
  get inTheClear(): Session | undefined {
    return this.#table.find((session) => session?.inTheClear && !session.carriesRecords);
  }

  /**
   * A RspSessionID that no session has. `seed` is random: of a PSK_EXCHANGE without context it is all that is the
   * responder's own. 16 bits do not keep who can repeat one from coming by keys that were used before.
   */
  newId(seed: number): number {
    const used = (id: number) => this.#table.some((session) => session !== undefined && session.id >>> 16 === id);
    this.#lastId = (this.#lastId + 1 + seed) % ID_MAX;
    while (used(this.#lastId + 1)) this.#lastId = (this.#lastId + 1) % ID_MAX;
    return this.#lastId + 1;
  }

  find(id: number): Session | undefined {
    return this.#table.find((session) => session?.id === id);
  }

  /** Throws an Error if the table is full. */
  add(session: Session): void {
    const place = this.#table.indexOf(undefined);
    if (place < 0) throw new Error("no room for a session");
    this.#table[place] = session;
  }

  /** Wipes a session and forgets it. */
  end(session: Session): void {
    const place = this.#table.indexOf(session);
    if (place >= 0) this.#table[place] = undefined;
    session.destroy();
  }

  /** Hands each of them to `visit`. */
  forEach(visit: (session: Session) => void): void {
    for (const session of this.#table) if (session !== undefined) visit(session);
  }

  /** Ends those for which `ends` is true. */
  endIf(ends: (session: Session) => boolean): void {
    this.forEach((session) => {
      if (ends(session)) this.end(session);
    });
  }
}
