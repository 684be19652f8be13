/** Carries SPDM messages to one responder and back: MCTP over a bus, or the socket of DMTF's emulator. */
export interface Link {
  /**
   * Sends a message of MCTP type `type` and waits for the one of the same type that answers it, which is the caller's to
   * keep; rejects with a TimeoutError after `timeoutMs`.
   */
  exchange(type: number, message: Uint8Array, timeoutMs: number): Promise<Uint8Array>;
  /** What the way there and back may take, on top of the responder's own time. */
  readonly roundTripMs: number;
  /** How much slower than it says the responder may be: more than 1 where a processor is emulated. */
  readonly timeScale: number;
  /** Grows with everything that a clean link never shows: broken frames, lost packets, responses nobody waits for. */
  readonly disturbanceCount: number;
  /** What the link has carried so far, if it counts. */
  readonly statistics?: LinkStatistics | undefined;
  close(): Promise<void>;
}

export interface LinkStatistics {
  readonly framesSent: number;
  readonly framesReceived: number;
  /** Frames that were sent again. */
  readonly retries: number;
}

/** Nobody answered in time. The answer may still come: links that can tell count it as a disturbance then. */
export class TimeoutError extends Error {
  override readonly name = "TimeoutError";
}
