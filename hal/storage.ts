/** Non-volatile memory, addressed by byte. Errors of the medium throw. */
export interface Storage {
  /** Bytes in all. */
  readonly length: number;
  /** Fills `into` from `offset`; throws a RangeError outside the medium. */
  read(offset: number, into: Uint8Array): void;
}
