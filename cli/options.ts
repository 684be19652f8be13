/** Options that several commands have. */
import { InvalidArgumentError, Option } from "commander";
import { VERSIONS, type Version } from "../src/versions.js";
import { versionName } from "./requester/names.js";
import { CRYPTOS } from "./target.js";

export function integer(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < low || value > high) {
      throw new InvalidArgumentError(`It must be a number from ${low} to ${high}.`);
    }
    return value;
  };
}

export const versionOf = (name: string | undefined): Version | undefined =>
  VERSIONS.find((version) => versionName(version) === name);

export const versionOption = (): Option =>
  new Option("--version <version>", "speak only this one").choices(VERSIONS.map(versionName));

export const cryptoOption = (): Option =>
  new Option("--crypto <engine>", "the board's firmware: Mbed TLS in C, or JavaScript").choices(CRYPTOS).default("psa");
