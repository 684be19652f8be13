/** A bus that carries whole frames, after the pattern of ECMA-419: data-free callback, then read. */
export interface Port {
  /** Copies the oldest received frame into `frame` and returns its length, or undefined if there is none. */
  read(frame: Uint8Array): number | undefined;
  /** Sends the first `length` bytes of `frame`; returns once the frame may be reused. False: the bus refused it. */
  write(frame: Uint8Array, length: number): boolean;
  close(): void;
}

export interface PortOptions {
  /** Called outside interrupt context when `count` frames wait. True: `onIdle` is wanted. */
  onReadable?(count: number): boolean;
  /** Called once, when no frame waits any more, after `onReadable` asked for it. */
  onIdle?(): void;
}
