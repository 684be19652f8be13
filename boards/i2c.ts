import { pec } from "../hal/chip/chip.js";
import { type I2COptions, I2CPort } from "../hal/chip/port.js";
import { SmbusBinding } from "../src/mctp/smbus.js";
import { answer } from "./answer.js";
import type { Serve } from "./firmware.js";

/** SMBus's longest block write: address, command, count, 255 bytes, PEC. */
const FRAME_LENGTH_MAX = 259;

/** MCTP over SMBus (DSP0237). */
export function onI2C(options: I2COptions): Serve {
  return (makeEndpoint, responder) => {
    const endpoint = makeEndpoint(new SmbusBinding({ address: options.address, pec }));
    const frame = new Uint8Array(FRAME_LENGTH_MAX);
    const port = new I2CPort({
      ...options,
      // One frame a call: the main loop calls again while more wait, and between answers it feeds the watchdog.
      onReadable() {
        const length = port.read(frame);
        return length !== undefined && answer(endpoint, frame, length, port);
      },
      onIdle: () => responder.idle(),
    });
  };
}
