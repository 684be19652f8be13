import type { Configuration } from "../configuration.js";

/** 7-bit address on I2C bus 0. */
export const I2C_ADDRESS = 0x1d;

export const I2C = Object.freeze({ address: I2C_ADDRESS });

const BOARD = Object.freeze({
  dataTransferSize: 4096,
  heartbeatPeriod: 60,
  // So few that whoever polls gets to see it; keys are good for many more.
  keyUpdateAfter: 1,
  i2c: I2C,
});

/**
 * Mbed TLS signs P-384 in 10 M instructions, 50 ms at 200 MHz. What takes longest is to verify a chain and store it: 0.6 s, and
 * at most as much of the flash. An emulator on a busy host takes some times that.
 */
export const PSA: Configuration = Object.freeze({ ...BOARD, name: "ast1030 psa", ctExponent: 21, sessions: true });
/** noble on XS signs P-384 in 510 M instructions, 2.6 s at 200 MHz. */
export const NOBLE: Configuration = Object.freeze({ ...BOARD, name: "ast1030 noble", ctExponent: 24, sessions: false });
