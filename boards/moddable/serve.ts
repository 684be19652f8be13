/** What all firmware built by the Moddable SDK does: the responder on a chip, as the manifest's config has it. */
import config from "mc/config";
import { print } from "../../hal/chip/chip.js";
import { boot, debugging } from "../../hal/moddable/moddable.js";
import type { Configuration } from "../configuration.js";
import { type Engines, type Serve, start } from "../firmware.js";
import { onI2C } from "../i2c.js";
import { onSerial } from "../serial.js";

// What is given on mcconfig's command line comes as text.
function number(name: string): number {
  const value = Number(config[name]);
  if (Number.isNaN(value)) throw new RangeError(`config ${name}: ${config[name]} is no number`);
  return value;
}

export function serve(engines: Engines): void {
  const i2c = { address: number("address"), data: number("data"), clock: number("clock"), hz: number("hz") };
  const line = { transmit: number("transmit"), receive: number("receive"), baud: number("baud") };
  const taken = debugging() && line.transmit === 0 && line.receive === 0;
  const serial = number("serial") !== 0 && !taken ? line : undefined;
  const configuration: Configuration = {
    name: String(config.board),
    ctExponent: number("ctExponent"),
    dataTransferSize: number("dataTransferSize"),
    sessions: engines.sessions !== undefined,
    heartbeatPeriod: 60,
    keyUpdateAfter: 1000,
    i2c,
    serial,
  };
  const ports: Serve[] = [onI2C(i2c)];
  if (serial !== undefined) ports.push(onSerial(serial));
  boot();
  if (taken) print("serial: USB is xsbug's in a debug build");
  start(configuration, engines, ports);
  print("ready");
}
