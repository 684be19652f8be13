import type { Port, PortOptions } from "../port.js";
import { portClose, portOpen, portRead, portWrite } from "./chip.js";

const I2C = 0;
const SERIAL = 1;

/** What the two kinds share; natives know a port by its kind. */
class ChipPort implements Port {
  readonly #kind: typeof I2C | typeof SERIAL;

  constructor(
    kind: typeof I2C | typeof SERIAL,
    { onReadable, onIdle }: PortOptions,
    address: number,
    data: number,
    clock: number,
    rate: number,
  ) {
    this.#kind = kind;
    portOpen(
      kind,
      (count) => onReadable?.(count) === true,
      () => onIdle?.(),
      address,
      data,
      clock,
      rate,
    );
  }

  read(into: Uint8Array): number | undefined {
    return portRead(this.#kind, into);
  }

  write(data: Uint8Array, length: number): boolean {
    return portWrite(this.#kind, data, length);
  }

  close(): void {
    portClose(this.#kind);
  }
}

export interface I2COptions {
  /** Our 7-bit address. */
  readonly address: number;
  /** GPIO of SDA; as `clock` and `hz` not looked at where the chip's pins are fixed. */
  readonly data?: number;
  /** GPIO of SCL. */
  readonly clock?: number;
  /** Of the clock, when we are the controller; 100 kHz by default. */
  readonly hz?: number;
}

/** An I2C bus: target to receive, controller to answer. Frames are SMBus block writes with the address as byte 0. */
export class I2CPort extends ChipPort {
  constructor({ address, data = 0, clock = 0, hz = 100_000, ...callbacks }: I2COptions & PortOptions) {
    super(I2C, callbacks, address, data, clock, hz);
  }
}

export interface SerialOptions {
  /** GPIO of a UART's transmitter; USB has no pins. */
  readonly transmit?: number;
  readonly receive?: number;
  readonly baud?: number;
}

/** A serial line: not frames but bytes, as many as there are and fit. */
export class SerialPort extends ChipPort {
  constructor({ transmit = 0, receive = 0, baud = 115_200, ...callbacks }: SerialOptions & PortOptions) {
    super(SERIAL, callbacks, 0, transmit, receive, baud);
  }
}
