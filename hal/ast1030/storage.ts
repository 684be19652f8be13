import type { Storage } from "../storage.js";
import { flashRead, flashWrite } from "./ast1030.js";

/** The SPI flash on the FMC. A write that power cuts short loses the sectors of 4 KiB it touches. */
export const flash: Storage = Object.freeze({
  length: 4 << 20,
  read: flashRead,
  write: flashWrite,
});
