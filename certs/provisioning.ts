/**
 * How a board without an identity is given one, over MCTP: messages of type 0x7F, vendor defined by IANA's numbers
 * (DSP0236 1.3.1 §12). Their number is 32473, which RFC 5612 keeps for examples: this is no standard.
 *
 * | offset | field                                                    | size |
 * |--------|----------------------------------------------------------|------|
 * | 0      | 32473, high byte first                                   | 4    |
 * | 4      | command: STATUS 0, BEGIN 1, WRITE 2, COMMIT 3            | 1    |
 * | 5      | BEGIN: length of the image; WRITE: offset                | 4    |
 * | 9      | WRITE: bytes of the image, 1 at least                    | rest |
 *
 * | offset | field of a response                                      | size |
 * |--------|----------------------------------------------------------|------|
 * | 0      | as in the request                                        | 5    |
 * | 5      | completion code                                          | 1    |
 *
 * The image is that of identity-image.ts, from its first byte to its last in order. The last WRITE may be repeated.
 */
import { type Reader, WireError, type Writer } from "../src/wire.js";

export const PROVISIONING_TYPE = 0x7f;
export const STATUS = 0;
export const BEGIN = 1;
export const WRITE = 2;
export const COMMIT = 3;

export const DONE = 0;
/** An identity is there: whoever wants another has to erase the flash with a tool. */
export const PROVISIONED = 1;
/** A length, offset or order that does not fit. */
export const OUT_OF_ORDER = 2;
/** The flash failed, or the image is not good. */
export const FAILED = 3;

const NUMBER = Object.freeze([0x00, 0x00, 0x7e, 0xd9]);
const NOTHING = new Uint8Array(0);

export interface ProvisioningRequest {
  readonly command: number;
  /** Of the image in BEGIN, of its part in WRITE; else 0. */
  readonly value: number;
  /** A view of what was read; empty but for WRITE. */
  readonly data: Uint8Array;
}

function readNumber(r: Reader): void {
  for (const byte of NUMBER) if (r.u8() !== byte) throw new WireError("somebody else's message");
}

/** Throws a WireError for anything but one of the four commands in full. */
export function readProvisioningRequest(r: Reader): ProvisioningRequest {
  readNumber(r);
  const command = r.u8();
  if (command > COMMIT) throw new WireError("no such command");
  const value = command === BEGIN || command === WRITE ? r.u32() : 0;
  if (command !== WRITE) {
    if (r.remaining !== 0) throw new WireError("too long");
    return { command, value, data: NOTHING };
  }
  if (r.remaining === 0) throw new WireError("nothing to write");
  return { command, value, data: r.bytes(r.remaining) };
}

function writeCommand(w: Writer, command: number): void {
  for (const byte of NUMBER) w.u8(byte);
  w.u8(command);
}

export function writeProvisioningRequest(w: Writer, { command, value, data }: ProvisioningRequest): void {
  writeCommand(w, command);
  if (command === BEGIN || command === WRITE) w.u32(value);
  w.bytes(data);
}

/** Returns the completion code; throws a WireError if it is no response to `command`. */
export function readProvisioningResponse(r: Reader, command: number): number {
  readNumber(r);
  if (r.u8() !== command) throw new WireError("another command's response");
  const code = r.u8();
  if (r.remaining !== 0) throw new WireError("too long");
  return code;
}

export function writeProvisioningResponse(w: Writer, command: number, code: number): void {
  writeCommand(w, command);
  w.u8(code);
}
