import { type SerialOptions, SerialPort } from "../hal/chip/port.js";
import type { Handler } from "../src/mctp/endpoint.js";
import { SerialBinding, SerialSplitter } from "../src/mctp/serial.js";
import { answer } from "./answer.js";
import { TRANSMISSION_UNIT } from "./configuration.js";
import type { Serve } from "./firmware.js";

/** MCTP over a serial line (DSP0253); `handlers` answer there only. */
export function onSerial(options: SerialOptions, handlers: readonly Handler[] = []): Serve {
  return (makeEndpoint, responder) => {
    const endpoint = makeEndpoint(new SerialBinding(), handlers);
    const splitter = new SerialSplitter(TRANSMISSION_UNIT);
    const bytes = new Uint8Array(TRANSMISSION_UNIT);
    const port = new SerialPort({
      ...options,
      onReadable() {
        const length = port.read(bytes) ?? 0;
        let answered = false;
        for (let i = 0; i < length; i++) {
          const frameLength = splitter.push(bytes[i]);
          if (frameLength !== 0 && answer(endpoint, splitter.frame, frameLength, port)) answered = true;
        }
        return answered;
      },
      onIdle: () => responder.idle(),
    });
  };
}
