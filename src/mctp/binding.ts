/**
 * How packets lie in the frames of one medium. A frame is the bytes exactly as on the wire; `open` and `seal` work in
 * place. A binding keeps no state between calls.
 */
export interface Binding {
  /** Bytes of a frame in front of the packet. */
  readonly headerLength: number;
  /** The longest payload of one packet. */
  readonly transmissionUnitLimit: number;
  /** Bytes of the longest frame for packets with `transmissionUnit` bytes of payload. */
  frameLength(transmissionUnit: number): number;
  /**
   * Checks the first `length` bytes of `frame`, and may rewrite them: afterwards the packet lies at `headerLength`.
   * Returns its length, which is at least a header and one byte of payload, or 0 for a broken frame.
   */
  open(frame: Uint8Array, length: number): number;
  /** The physical address an opened frame came from, 0 to 0x7F. */
  peer(frame: Uint8Array): number;
  /** Completes the frame around the packet at `headerLength`, to the physical address `peer`. Returns its length. */
  seal(frame: Uint8Array, packetLength: number, peer: number): number;
}
