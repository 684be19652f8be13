/**
 * The Pico's SPI flash behind rp2040js' SSI, as the boot ROM drives it: chip select by override, one byte a word. What is not
 * selected that way is the second stage's set-up, which rp2040js answers itself.
 */
import type { RP2040 } from "rp2040js";

const SSI = 0x18000;
const IO_QSPI = 0x40018;
const QSPI_SS_CTRL = 0x0c;
const OUTOVER_MASK = 0x300;
const OUTOVER_LOW = 0x200;
const SSI_TXFLR = 0x20;
const SSI_RXFLR = 0x24;
const SSI_SR = 0x28;
const SSI_DR0 = 0x60;
const SR_READY = 0x06;
const SR_RFNE = 0x08;
const PAGE_PROGRAM = 0x02;
const READ_STATUS = 0x05;
const WRITE_ENABLE = 0x06;
const SECTOR_ERASE = 0x20;
const BLOCK_ERASE = 0xd8;
const ADDRESS_LENGTH = 4;

export class NorFlash {
  /** Called before each erase and page program that is carried out. */
  onOperation: ((operation: "erase" | "program", offset: number) => void) | undefined;
  readonly content: Uint8Array;
  #selected = false;
  #enabled = false;
  #command: number[] = [];
  #received: number[] = [];

  constructor(chip: RP2040) {
    this.content = chip.flash;
    const ssi = chip.peripherals[SSI];
    const [readSsi, writeSsi] = [ssi.readUint32.bind(ssi), ssi.writeUint32.bind(ssi)];
    ssi.readUint32 = (offset) => {
      if (!this.#selected) return readSsi(offset);
      if (offset === SSI_TXFLR) return 0;
      if (offset === SSI_RXFLR) return this.#received.length;
      if (offset === SSI_SR) return SR_READY | (this.#received.length > 0 ? SR_RFNE : 0);
      return offset === SSI_DR0 ? (this.#received.shift() ?? 0) : readSsi(offset);
    };
    ssi.writeUint32 = (offset, value) => {
      if (this.#selected && offset === SSI_DR0) this.#shift(value & 0xff);
      else writeSsi(offset, value);
    };
    const qspi = chip.peripherals[IO_QSPI];
    const writeQspi = qspi.writeUint32.bind(qspi);
    const readQspi = qspi.readUint32.bind(qspi);
    let control = 0;
    qspi.readUint32 = (offset) => (offset === QSPI_SS_CTRL ? control : readQspi(offset));
    qspi.writeUint32 = (offset, value) => {
      if (offset === QSPI_SS_CTRL) {
        control = value;
        this.#select((value & OUTOVER_MASK) === OUTOVER_LOW);
      } else writeQspi(offset, value);
    };
  }

  #select(selected: boolean): void {
    if (this.#selected && !selected) this.#execute();
    if (selected !== this.#selected) {
      this.#command = [];
      this.#received = [];
    }
    this.#selected = selected;
  }

  #shift(byte: number): void {
    this.#command.push(byte);
    // Never busy: what it does is done when it is deselected.
    this.#received.push(this.#command[0] === READ_STATUS ? (this.#enabled ? 2 : 0) : 0);
  }

  #execute(): void {
    const [code] = this.#command;
    if (code === WRITE_ENABLE) this.#enabled = true;
    if (this.#command.length < ADDRESS_LENGTH || !this.#enabled) return;
    const [, high, middle, low] = this.#command;
    const offset = (high << 16) | (middle << 8) | low;
    if (code === SECTOR_ERASE || code === BLOCK_ERASE) {
      const length = code === SECTOR_ERASE ? 0x1000 : 0x10000;
      this.onOperation?.("erase", offset);
      this.content.fill(0xff, offset & -length, (offset & -length) + length);
    } else if (code === PAGE_PROGRAM) {
      this.onOperation?.("program", offset);
      for (const [i, byte] of this.#command.slice(ADDRESS_LENGTH).entries())
        this.content[(offset & ~0xff) | ((offset + i) & 0xff)] &= byte;
    } else return;
    this.#enabled = false;
  }
}
