/**
 * A Pico in rp2040js, with what that leaves out and this firmware needs: the I2C controller as a target, the ring
 * oscillator's random bit, and the flash as a chip of its own.
 */
import { randomBytes } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { Simulator } from "rp2040js";
import type { Bus } from "../../../cli/bus.js";
import { NorFlash } from "./nor-flash.js";
import { IoQspi, Ssi } from "./qspi.js";
import { TargetMode } from "./target-mode.js";
import { UsbLine } from "./usb-line.js";

const CYCLE_NS = 8;
/** Where the boot ROM has copied the first page of the flash, the boot's second stage, when it starts that. */
const BOOT2_OFFSET = 0x41f00;
const BOOT2_LENGTH = 0x100;
const SSI = 0x18000;
const IO_QSPI = 0x40018;
const ROSC = 0x40060;
const ROSC_RANDOMBIT = 0x1c;
const UF2_BLOCK = 512;
const UF2_MAGIC = 0x0a324655;
const RP2040_FAMILY = 0xe48bff56;
const SRAM_BASE = 0x20000000;
const FLASH_BASE = 0x10000000;
export const FLASH_LENGTH = 2 << 20;
/** Instructions between two looks at what the outside wants. */
const SLICE = 20_000;

export interface Rp2040Options {
  readonly uf2: Uint8Array;
  /** The boot ROM's 16 KiB. */
  readonly bootrom: Uint8Array;
  /** Written to the flash beforehand: offset and bytes. */
  readonly flash?: readonly (readonly [number, Uint8Array])[];
  /** The bus owner's 7-bit address. */
  readonly owner: number;
  /** Whether the ring oscillator's random bit sticks. */
  readonly stuckRandom?: boolean;
  /** Whether its USB is plugged into a host. */
  readonly usb?: boolean;
}

export class Rp2040 {
  /** I2C, with the bus owner at the other end. */
  readonly bus: Bus;
  readonly target: TargetMode;
  /** The serial line over USB; undefined if it is not plugged in. */
  readonly usb: UsbLine | undefined;
  readonly nor: NorFlash;
  console = "";
  readonly #simulator = new Simulator();
  readonly #ssi: Ssi;
  #running = true;
  #fault: unknown;
  readonly #loop: Promise<void>;

  constructor({ uf2, bootrom, flash = [], owner, stuckRandom = false, usb = false }: Rp2040Options) {
    const chip = this.#simulator.rp2040;
    chip.loadBootrom(new Uint32Array(bootrom.buffer.slice(bootrom.byteOffset, bootrom.byteOffset + bootrom.length)));
    loadUf2(uf2, chip.flash);
    for (const [offset, bytes] of flash) chip.flash.set(bytes, offset);
    chip.logger = { debug() {}, info() {}, warn() {}, error() {} };
    chip.uart[0].onByte = (byte) => {
      this.console += String.fromCharCode(byte);
    };
    const rosc = chip.peripherals[ROSC];
    const readRosc = rosc.readUint32.bind(rosc);
    rosc.readUint32 = (offset) =>
      offset === ROSC_RANDOMBIT ? (stuckRandom ? 1 : randomBytes(1)[0] & 1) : readRosc(offset);
    this.target = new TargetMode(chip.i2c[0], this.#simulator.clock, owner);
    this.usb = usb ? new UsbLine(chip.usbCtrl) : undefined;
    this.nor = new NorFlash(chip.flash.subarray(0, FLASH_LENGTH), this.#simulator.clock);
    this.#ssi = new Ssi(chip, this.nor);
    chip.peripherals[SSI] = this.#ssi;
    chip.peripherals[IO_QSPI] = new IoQspi(chip, this.#ssi);
    chip.sram.set(chip.flash.subarray(0, BOOT2_LENGTH), BOOT2_OFFSET);
    chip.core.PC = SRAM_BASE + BOOT2_OFFSET;
    this.bus = {
      onFrame: undefined,
      send: (frame) => this.target.send(frame),
      close: () => this.close(),
    };
    this.target.onFrame = (frame) => this.bus.onFrame?.(frame);
    this.#loop = this.#run();
  }

  /** Of the chip's time since reset. */
  get milliseconds(): number {
    return this.#simulator.clock.nanos / 1e6;
  }

  /** Resolves when the console has said `text`; rejects after `limitMs` of the chip's time, or if the chip died. */
  async until(text: string, limitMs: number): Promise<void> {
    const end = this.milliseconds + limitMs;
    while (!this.console.includes(text)) {
      if (this.#fault !== undefined) throw this.#fault;
      if (this.milliseconds > end) throw new Error(`no "${text}" in ${limitMs} ms: ${this.console}`);
      await setImmediate();
    }
  }

  /** What `work` comes to; rejects as soon as the chip has died, or is closed. */
  during<T>(work: Promise<T>): Promise<T> {
    const end = this.#loop.then(() => {
      throw this.#fault ?? new Error("the board was closed");
    });
    return Promise.race([work, end]);
  }

  async close(): Promise<void> {
    this.#running = false;
    await this.#loop;
    if (this.#fault !== undefined) throw this.#fault;
  }

  async #run(): Promise<void> {
    try {
      while (this.#running) {
        this.#slice();
        await setImmediate();
      }
    } catch (error) {
      this.#fault = error;
    }
  }

  #slice(): void {
    const { rp2040, clock } = this.#simulator;
    for (let i = 0; i < SLICE; i++) {
      if (!this.#ssi.readable && rp2040.core.PC >>> 26 === FLASH_BASE >>> 26)
        throw new Error(`runs from flash at 0x${rp2040.core.PC.toString(16)} while that cannot be read`);
      if (rp2040.core.waiting) clock.tick(Math.max(clock.nanosToNextAlarm, CYCLE_NS));
      else clock.tick(rp2040.core.executeInstruction() * CYCLE_NS);
    }
  }
}

function loadUf2(uf2: Uint8Array, flash: Uint8Array): void {
  const view = new DataView(uf2.buffer, uf2.byteOffset, uf2.length);
  for (let at = 0; at < uf2.length; at += UF2_BLOCK) {
    const word = (offset: number) => view.getUint32(at + offset, true);
    // The SDK's tool adds a block of another family, for a fault of the RP2350.
    if (word(0) !== UF2_MAGIC || word(28) !== RP2040_FAMILY) continue;
    flash.set(uf2.subarray(at + 32, at + 32 + word(16)), word(12) - FLASH_BASE);
  }
}
