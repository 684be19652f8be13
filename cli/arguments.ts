/** What commands have in common: how arguments are read. */
import { InvalidArgumentError, Option } from "commander";
import { MIN_DATA_TRANSFER_SIZE } from "../src/capabilities.js";
import { VERSIONS } from "../src/versions.js";
import { DATA_TRANSFER_SIZE } from "./requester/conversation.js";
import { versionName } from "./requester/names.js";
import { CRYPTOS } from "./target.js";

/** Reads a number of this range. */
export function integer(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < low || value > high) {
      throw new InvalidArgumentError(`It must be a number from ${low} to ${high}.`);
    }
    return value;
  };
}

/** Reads a DataTransferSize: what every SPDM endpoint can take, to what ours do. */
export const transferSize = integer(MIN_DATA_TRANSFER_SIZE, DATA_TRANSFER_SIZE);

/** Reads one of several more. */
export const list =
  <T>(one: (text: string) => T) =>
  (text: string, before: T[] = []): T[] => [...before, one(text)];

export const versionOption = () =>
  new Option("--version <version>", "speak only this one").choices(VERSIONS.map(versionName));

export const cryptoOption = () =>
  new Option("--crypto <engine>", "the board's firmware: Mbed TLS in C, or JavaScript").choices(CRYPTOS).default("psa");
