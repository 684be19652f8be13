import type { Port, PortOptions } from "../port.js";
import { i2cClose, i2cOpen, i2cRead, i2cWrite } from "./ast1030.js";

export interface I2CPortOptions extends PortOptions {
  /** Our 7-bit address. */
  readonly address: number;
}

/** I2C bus 0: target to receive, controller to answer. Frames are SMBus block writes with the address as byte 0. */
export class I2CPort implements Port {
  constructor(options: I2CPortOptions) {
    i2cOpen(
      options.address,
      (count) => options.onReadable?.(count) === true,
      () => options.onIdle?.(),
    );
  }

  read(frame: Uint8Array): number | undefined {
    return i2cRead(frame);
  }

  write(frame: Uint8Array, length: number): boolean {
    return i2cWrite(frame, length);
  }

  close(): void {
    i2cClose();
  }
}
