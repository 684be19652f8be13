/** What a firmware is built to do, and the same as the bytes that measurement 2 covers. */
import type { I2COptions, SerialOptions } from "../hal/chip/port.js";
import { VERSIONS } from "../src/versions.js";

export const VERSION = "0.3.0";
/** Counts up when a version closes a hole that older ones have. */
export const SECURE_VERSION = 1;
/** MCTP payload of each packet we send but the last. */
export const TRANSMISSION_UNIT = 64;

/** Index of the measurement that covers the log: that of DMTF's own sample. */
export const LOG_INDEX = 17;
/** What the manifest says of it. */
export const logManifest = (): string => `; ${LOG_INDEX}: SHA-384 over the log's entries`;

export interface Configuration {
  /** The board, and the variant of its firmware if there are several. */
  readonly name: string;
  /** Answers that need cryptography take up to 2^ctExponent µs. */
  readonly ctExponent: number;
  /** Bytes of the longest SPDM message taken and sent. */
  readonly dataTransferSize: number;
  /** Whether it serves sessions, if it is provisioned to; such firmware has a log, too. */
  readonly sessions: boolean;
  /** Seconds within which a requester is to be heard of in a session. */
  readonly heartbeatPeriod: number;
  /** Records of ours under one key after which a requester that polls is told of a new one. */
  readonly keyUpdateAfter: number;
  /** Whether only those reach the board who provision it: certificates are set in the clear then, slot 0's too. */
  readonly trustedEnvironment?: boolean;
  /** Endpoint ID before a bus owner assigns one; 0, the default, for none. */
  readonly eid?: number;
  /** Absent: no such port. */
  readonly i2c?: I2COptions | undefined;
  readonly serial?: SerialOptions | undefined;
}

export const firmwareVersion = ({ name }: Configuration): string => `moddable-spdm ${VERSION} ${name}`;

/**
 * Our I2C address or 0, transmission unit, message size (2), CTExponent, options (bit 0: serial line, bit 1: sessions), number
 * of versions, versions.
 */
export function configurationBytes(configuration: Configuration): Uint8Array {
  const { ctExponent, dataTransferSize, sessions, i2c, serial } = configuration;
  return Uint8Array.of(
    i2c?.address ?? 0,
    TRANSMISSION_UNIT,
    dataTransferSize & 0xff,
    dataTransferSize >>> 8,
    ctExponent,
    (serial !== undefined ? 1 : 0) | (sessions ? 2 : 0),
    VERSIONS.length,
    ...VERSIONS,
  );
}
