import type { Configuration } from "../configuration.js";

/** The manifest's `config`; what is given on mcconfig's command line comes as text. */
export type Config = Readonly<Record<string, string | number>>;

/** Throws a RangeError for what is no number, where one is needed. */
export function configurationOf(config: Config, sessions: boolean): Configuration {
  const number = (name: string): number => {
    const value = Number(config[name]);
    if (Number.isNaN(value)) throw new RangeError(`config ${name}: ${config[name]} is no number`);
    return value;
  };
  const line = { transmit: number("transmit"), receive: number("receive"), baud: number("baud") };
  return {
    name: String(config.board),
    ctExponent: number("ctExponent"),
    dataTransferSize: number("dataTransferSize"),
    sessions,
    heartbeatPeriod: 60,
    keyUpdateAfter: 1000,
    eid: number("eid"),
    i2c: { address: number("address"), data: number("data"), clock: number("clock"), hz: number("hz") },
    serial: number("serial") !== 0 ? line : undefined,
  };
}
