/**
 * The Pico's flash chip, a Winbond W25Q16JV, as its data sheet has it: instructions that chip select frames, BUSY and WEL,
 * cells that are programmed to 0 and erased to 1, and the continuous read mode, in which it takes no instruction. What the
 * boot ROM and the pico-sdk do not ask is not here, and throws.
 */
const WRITE_ENABLE = 0x06;
const READ_STATUS_1 = 0x05;
const READ_STATUS_2 = 0x35;
const READ_UNIQUE_ID = 0x4b;
const PAGE_PROGRAM = 0x02;
const SECTOR_ERASE = 0x20;
const FAST_READ_QUAD = 0xeb;
/** Sent by who does not know whether the chip reads continuously; no instruction of its own. */
const RELEASE = 0xff;

const BUSY = 1 << 0;
const WEL = 1 << 1;
/** Status register 2: set when it leaves the factory (the -IQ that the Pico has). */
const QUAD_ENABLE = 1 << 1;
const PAGE_LENGTH = 256;
const SECTOR_LENGTH = 4096;
/** Instruction and four dummy bytes stand before it. */
const UNIQUE_ID_AT = 5;
const UNIQUE_ID = [0xe6, 0x61, 0x38, 0x52, 0x83, 0x4c, 0x1a, 0x2f];
/**
 * The data sheet's typical tSE is 45 ms, but the requester waits by the host's clock, which the emulator is far behind. tPP
 * is as it has it.
 */
const ERASE_NS = 5e6;
const PROGRAM_NS = 400e3;

export interface Change {
  readonly kind: "erase" | "program";
  readonly offset: number;
  readonly length: number;
}

export class NorFlash {
  /** What was erased and programmed, in order. */
  readonly changes: Change[] = [];
  /** Called when one begins; it takes until the chip is no longer busy. */
  onChange: (() => void) | undefined;
  readonly #cells: Uint8Array;
  readonly #clock: { readonly nanos: number };
  #selected = false;
  #continuous = false;
  #writeEnabled = false;
  #busyUntil = 0;
  #bytes: number[] = [];

  /** `cells` is its content, and changes with it. */
  constructor(cells: Uint8Array, clock: { readonly nanos: number }) {
    this.#cells = cells;
    this.#clock = clock;
  }

  get content(): Uint8Array {
    return this.#cells.slice();
  }

  /** Whether reads without an instruction, as XIP does them, get what is in the cells. */
  get readable(): boolean {
    return this.#continuous && !this.#busy;
  }

  get #busy(): boolean {
    return this.#clock.nanos < this.#busyUntil;
  }

  select(): void {
    if (!this.#selected) this.#bytes = [];
    this.#selected = true;
  }

  /** An instruction takes effect here. */
  deselect(): void {
    if (this.#selected && this.#bytes.length > 0) this.#execute(this.#bytes);
    this.#selected = false;
  }

  /** Eight clocks, on one wire each way; what is on DO, which floats unless there is something to say. */
  exchange(byte: number): number {
    if (!this.#selected) return 0xff;
    this.#bytes.push(byte);
    if (this.#continuous || this.#bytes.length === 1) return 0xff;
    const [instruction] = this.#bytes;
    if (instruction === READ_STATUS_1) return (this.#busy ? BUSY : 0) | (this.#writeEnabled ? WEL : 0);
    if (instruction === READ_STATUS_2) return QUAD_ENABLE;
    if (instruction === READ_UNIQUE_ID) return UNIQUE_ID[this.#bytes.length - 1 - UNIQUE_ID_AT] ?? 0xff;
    return 0xff;
  }

  /** Fast Read Quad I/O: mode bits M5-4 = 10 have the next one come without its instruction. */
  readQuad(instruction: number, mode: number): void {
    if (instruction !== FAST_READ_QUAD) throw new Error(`flash: 0x${instruction.toString(16)} with four wires`);
    if (!this.#busy) this.#continuous = (mode & 0x30) === 0x20;
  }

  #execute(bytes: readonly number[]): void {
    if (this.#continuous) {
      if (bytes.every((byte) => byte === RELEASE)) this.#continuous = false;
      return;
    }
    // All but the status is ignored until it is done.
    if (this.#busy) return;
    const [instruction, high, middle, low] = bytes;
    const address = ((high << 16) | (middle << 8) | low) % this.#cells.length;
    if (instruction === WRITE_ENABLE) this.#writeEnabled = true;
    else if (instruction === SECTOR_ERASE) this.#erase(address, bytes.length);
    else if (instruction === PAGE_PROGRAM) this.#program(address, bytes.slice(4));
    else if (![READ_STATUS_1, READ_STATUS_2, READ_UNIQUE_ID, RELEASE].includes(instruction))
      throw new Error(`flash: instruction 0x${instruction.toString(16)}`);
  }

  #erase(address: number, byteCount: number): void {
    if (!this.#writeEnabled || byteCount !== 4) return;
    const offset = address - (address % SECTOR_LENGTH);
    this.#cells.fill(0xff, offset, offset + SECTOR_LENGTH);
    this.#begin({ kind: "erase", offset, length: SECTOR_LENGTH }, ERASE_NS);
  }

  /** Past the end of a page it goes on at the page's beginning; of one byte's data the last counts. */
  #program(address: number, data: readonly number[]): void {
    if (!this.#writeEnabled || data.length === 0) return;
    const offset = address - (address % PAGE_LENGTH);
    const page = new Uint8Array(PAGE_LENGTH).fill(0xff);
    for (const [i, byte] of data.entries()) page[(address + i) % PAGE_LENGTH] = byte;
    for (const [i, byte] of page.entries()) this.#cells[offset + i] &= byte;
    this.#begin({ kind: "program", offset, length: PAGE_LENGTH }, PROGRAM_NS);
  }

  #begin(change: Change, nanoseconds: number): void {
    this.changes.push(change);
    this.#writeEnabled = false;
    this.#busyUntil = this.#clock.nanos + nanoseconds;
    this.onChange?.();
  }
}
