/** What this board is built to do, and the same as the bytes that measurement 2 covers. */
import { VERSIONS } from "../../src/versions.js";

/** 7-bit address on I2C bus 0. */
export const I2C_ADDRESS = 0x1d;
/** MCTP payload of each packet we send but the last. */
export const TRANSMISSION_UNIT = 64;
/** Bytes of the longest SPDM message taken and sent. */
export const DATA_TRANSFER_SIZE = 4096;
/** Seconds within which a requester is to be heard of in a session. */
export const HEARTBEAT_PERIOD = 60;
/**
 * Records of ours under one key after which a requester that polls is told of a new one. So few that whoever polls gets to
 * see it; keys are good for many more.
 */
export const KEY_UPDATE_AFTER = 1;
export const SECURE_VERSION = 1;

export interface Variant {
  /** As build.ts knows it. */
  readonly name: string;
  /** Answers that need cryptography take up to 2^ctExponent µs. */
  readonly ctExponent: number;
}

/** Mbed TLS signs P-384 in 10 M instructions, 50 ms at 200 MHz; an emulator on a busy host takes some times that. */
export const PSA: Variant = Object.freeze({ name: "psa", ctExponent: 20 });
/** noble on XS signs P-384 in 510 M instructions, 2.6 s at 200 MHz. */
export const NOBLE: Variant = Object.freeze({ name: "noble", ctExponent: 24 });

export const firmwareVersion = (variant: Variant): string => `moddable-spdm 0.2.0 ast1030 ${variant.name}`;

/** Address, transmission unit, message size (2), CTExponent, number of versions, versions. */
export function configurationBytes(variant: Variant): Uint8Array {
  return Uint8Array.of(
    I2C_ADDRESS,
    TRANSMISSION_UNIT,
    DATA_TRANSFER_SIZE & 0xff,
    DATA_TRANSFER_SIZE >>> 8,
    variant.ctExponent,
    VERSIONS.length,
    ...VERSIONS,
  );
}
