/** What all firmware built by the Moddable SDK does: the responder on a chip, as the manifest's config has it. */
import config from "mc/config";
import { print } from "../../hal/chip/chip.js";
import * as install from "../../hal/chip/install.js";
import { boot, debugging } from "../../hal/moddable/moddable.js";
import { type Engines, type Serve, start } from "../firmware.js";
import { onI2C } from "../i2c.js";
import { Provisioning } from "../provisioning.js";
import { onSerial } from "../serial.js";
import { configurationOf } from "./configuration.js";

export function serve(engines: Engines): void {
  const configuration = configurationOf(config, engines.sessions !== undefined);
  const { i2c, serial } = configuration;
  const ports: Serve[] = [];
  boot();
  if (i2c !== undefined) ports.push(onI2C(i2c));
  if (debugging() && serial?.transmit === 0 && serial.receive === 0) print("serial: USB is xsbug's in a debug build");
  else if (serial !== undefined) ports.push(onSerial(serial, [new Provisioning(install)]));
  start(configuration, engines, ports);
  print("ready");
}
