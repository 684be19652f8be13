/**
 * What stands between the RP2040's processor and its flash, as far as the boot ROM's flash functions and the second stage of
 * the boot use it (RP2040 data sheet, "SSI", a DesignWare DW_apb_ssi, and "IO - QSPI Bank"): rp2040js has no IO_QSPI, and an
 * SSI with nothing behind it. Each byte goes over the wires the moment it is written.
 */
import { BasePeripheral, type RP2040 } from "rp2040js";
import type { NorFlash } from "./nor-flash.js";

const CTRLR0 = 0x00;
const SSIENR = 0x08;
const TXFLR = 0x20;
const RXFLR = 0x24;
const SR = 0x28;
const DR0 = 0x60;
const SPI_CTRLR0 = 0xf4;

const SR_TFNF = 1 << 1;
const SR_TFE = 1 << 2;
const SR_RFNE = 1 << 3;
const FIFO_DEPTH = 16;
/** CTRLR0's SPI_FRF and TMOD, and both as the second stage has them: four wires; instruction and address, then data. */
const FORMAT_MASK = 0x600300;
const QUAD_READ = 0x400300;
/** SPI_CTRLR0's INST_L: 0 has reads begin with the address. */
const INSTRUCTION_MASK = 0x300;

const QSPI_SS_CTRL = 0x0c;
/** OUTOVER of chip select. */
const OVERRIDES = ["normal", "invert", "low", "high"] as const;
type Override = (typeof OVERRIDES)[number];

/** Pads of SD0 in rp2040js' count, the register at 0x08; its bits. */
const SD0 = 1;
const OUTPUT_DISABLE = 1 << 7;
const PULL_UP = 1 << 3;

/** Registers that read back what was written, but for what a class makes of them. */
class Registers extends BasePeripheral {
  readonly #values = new Map<number, number>();

  override readUint32(offset: number): number {
    return this.#values.get(offset) ?? 0;
  }

  override writeUint32(offset: number, value: number): void {
    this.#values.set(offset, value);
  }
}

export class Ssi extends Registers {
  /** Whether the processor can read the flash at its addresses, and run from there. */
  readable = false;
  readonly #nor: NorFlash;
  #received: number[] = [];
  /** Of a read with four wires: the instruction, until its address comes. */
  #instruction: number | undefined;
  #chipSelect: Override = "normal";

  constructor(chip: RP2040, nor: NorFlash) {
    super(chip, "SSI");
    this.#nor = nor;
  }

  override readUint32(offset: number): number {
    if (offset === TXFLR) return 0;
    if (offset === RXFLR) return this.#received.length;
    if (offset === DR0) return this.#received.shift() ?? 0;
    if (offset !== SR) return super.readUint32(offset);
    // The processor fills the FIFO faster than the wires empty it: chip select rises for who waits until it is empty.
    if (this.#chipSelect === "normal") this.#nor.deselect();
    return SR_TFE | SR_TFNF | (this.#received.length > 0 ? SR_RFNE : 0);
  }

  override writeUint32(offset: number, value: number): void {
    if (offset === DR0) {
      if ((this.readUint32(SSIENR) & 1) !== 0) this.#transmit(value);
      return;
    }
    super.writeUint32(offset, value);
    if (offset !== SSIENR) return;
    if ((value & 1) === 0) this.#stop();
    this.readable =
      (value & 1) !== 0 && this.#quad && (super.readUint32(SPI_CTRLR0) & INSTRUCTION_MASK) === 0 && this.#nor.readable;
  }

  /** IO_QSPI's override, which the boot ROM frames its instructions with. */
  overrideChipSelect(override: Override): void {
    if (override === "invert") throw new Error("flash: chip select inverted");
    if (override === "low") this.#nor.select();
    else if (override === "high" || this.#chipSelect === "low") this.#nor.deselect();
    this.#chipSelect = override;
  }

  get #quad(): boolean {
    return (super.readUint32(CTRLR0) & FORMAT_MASK) === QUAD_READ;
  }

  /** Disabled, it forgets what is in its FIFOs. */
  #stop(): void {
    if (this.#chipSelect === "normal") this.#nor.deselect();
    this.#received = [];
    this.#instruction = undefined;
  }

  #transmit(value: number): void {
    if (!this.#quad) {
      if (this.#chipSelect === "normal") this.#nor.select();
      this.#receive(this.#nor.exchange(this.#onWire(value & 0xff)));
    } else if (this.#instruction === undefined) {
      this.#instruction = value;
    } else {
      this.#nor.readQuad(this.#instruction, value & 0xff);
      this.#instruction = undefined;
      this.#receive(0);
    }
  }

  /** With the pad's output off, the pull decides: so the boot ROM ends a continuous read of which it knows no more. */
  #onWire(byte: number): number {
    const pad = this.rp2040.qspi[SD0].padValue;
    if ((pad & OUTPUT_DISABLE) === 0) return byte;
    return (pad & PULL_UP) !== 0 ? 0xff : 0;
  }

  #receive(value: number): void {
    if (this.#received.length < FIFO_DEPTH) this.#received.push(value);
  }
}

/** 0, as the boot ROM leaves it, connects the pins to the SSI. */
export class IoQspi extends Registers {
  readonly #ssi: Ssi;

  constructor(chip: RP2040, ssi: Ssi) {
    super(chip, "IO_QSPI");
    this.#ssi = ssi;
  }

  override writeUint32(offset: number, value: number): void {
    super.writeUint32(offset, value);
    if (offset === QSPI_SS_CTRL) this.#ssi.overrideChipSelect(OVERRIDES[(value >> 8) & 3]);
  }
}
