import type { Port, PortOptions } from "../port.js";
import { portClose, portOpen, portRead, portWrite } from "./chip.js";

const I2C = 0;
const SERIAL = 1;

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
export class I2CPort implements Port {
  constructor({ onReadable, onIdle, address, data = 0, clock = 0, hz = 100_000 }: I2COptions & PortOptions) {
    portOpen(
      I2C,
      (count) => onReadable?.(count) === true,
      () => onIdle?.(),
      address,
      data,
      clock,
      hz,
    );
  }

  read(frame: Uint8Array): number | undefined {
    return portRead(I2C, frame);
  }

  write(frame: Uint8Array, length: number): boolean {
    return portWrite(I2C, frame, length);
  }

  close(): void {
    portClose(I2C);
  }
}

export interface SerialOptions {
  /** GPIO of a UART's transmitter; USB has no pins. */
  readonly transmit?: number;
  readonly receive?: number;
  readonly baud?: number;
}

/** A serial line: not frames but bytes, as many as there are and fit. */
export class SerialPort implements Port {
  constructor({ onReadable, onIdle, transmit = 0, receive = 0, baud = 115_200 }: SerialOptions & PortOptions) {
    portOpen(
      SERIAL,
      (count) => onReadable?.(count) === true,
      () => onIdle?.(),
      0,
      transmit,
      receive,
      baud,
    );
  }

  read(bytes: Uint8Array): number | undefined {
    return portRead(SERIAL, bytes);
  }

  write(bytes: Uint8Array, length: number): boolean {
    return portWrite(SERIAL, bytes, length);
  }

  close(): void {
    portClose(SERIAL);
  }
}
