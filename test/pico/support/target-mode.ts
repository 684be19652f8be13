/**
 * The target half of the DW_apb_i2c, which rp2040js has not: the data sheet's RX FIFO with its mark on each first byte, held
 * clock, SLV_ACTIVITY, level-triggered RX_FULL and interrupt mask; and the bus with its owner at the other end.
 */
import type { RPI2C } from "rp2040js";

const IC_DATA_CMD = 0x10;
const IC_INTR_MASK = 0x30;
const IC_ENABLE = 0x6c;
const IC_STATUS = 0x70;
const IC_ENABLE_STATUS = 0x9c;
const R_STOP_DET = 1 << 9;
const R_RX_FULL = 1 << 2;
const FIRST_DATA_BYTE = 1 << 11;
const SLV_ACTIVITY = 1 << 6;
const SLV_RX_DATA_LOST = 1 << 2;
const SLAVE_DISABLE = 1 << 6;
const CONTROLLER = 1;
/** Nine bits at 100 kHz. */
const BYTE_NS = 90_000;

/** What of rp2040js' controller is not public, in place of another emulator. */
interface Internals
  extends Pick<
    RPI2C,
    | "enable"
    | "control"
    | "slaveAddress"
    | "rxThreshold"
    | "intEnable"
    | "readUint32"
    | "writeUint32"
    | "checkInterrupts"
    | "onStart"
    | "onConnect"
    | "onWriteByte"
    | "onStop"
    | "completeStart"
    | "completeConnect"
    | "completeWrite"
    | "completeStop"
    | "arbitrationLost"
  > {
  readonly rxFIFO: { readonly full: boolean; readonly itemCount: number };
  pushRX(value: number): void;
  setInterrupts(mask: number): void;
  clearInterrupts(mask: number): void;
}

interface Clock {
  createAlarm(act: () => void): { schedule(nanoseconds: number): void };
}

export class TargetMode {
  onFrame: ((frame: Uint8Array) => void) | undefined;
  /** Asked for each frame of the board's; what is named happens in its place. */
  onWrite: ((index: number) => "nack" | "arbitration" | undefined) | undefined;
  readonly #i2c: Internals;
  readonly #clock: Clock;
  #underway = false;
  #aborted = false;
  #written = 0;

  constructor(i2c: RPI2C, clock: Clock, owner: number) {
    this.#i2c = i2c as unknown as Internals;
    this.#clock = clock;
    this.#patchRegisters();
    this.#actAsOwner(owner);
  }

  /** One block write of the bus owner's; false if the board does not acknowledge its address or all of the bytes. */
  send(frame: Uint8Array): Promise<boolean> {
    return new Promise((resolve) => this.#after(BYTE_NS, () => this.#begin(frame, resolve)));
  }

  #begin(frame: Uint8Array, resolve: (taken: boolean) => void): void {
    const i2c = this.#i2c;
    const listens = (i2c.enable & 1) !== 0 && (i2c.control & (SLAVE_DISABLE | CONTROLLER)) === 0;
    if (!listens || this.#underway || i2c.slaveAddress !== frame[0] >> 1) {
      resolve(false);
      return;
    }
    this.#underway = true;
    this.#aborted = false;
    let at = 1;
    const step = (): void => {
      if (this.#aborted) {
        this.#underway = false;
        resolve(false);
      } else if (at === frame.length) {
        this.#underway = false;
        i2c.setInterrupts(R_STOP_DET);
        resolve(true);
      } else {
        // Full: the board holds the clock.
        if (!i2c.rxFIFO.full) i2c.pushRX(frame[at++] | (at === 2 ? FIRST_DATA_BYTE : 0));
        this.#after(BYTE_NS, step);
      }
    };
    this.#after(BYTE_NS, step);
  }

  #patchRegisters(): void {
    const i2c = this.#i2c;
    const read = i2c.readUint32.bind(i2c);
    const write = i2c.writeUint32.bind(i2c);
    i2c.readUint32 = (offset) => {
      const value = read(offset);
      if (offset === IC_DATA_CMD && i2c.rxFIFO.itemCount > i2c.rxThreshold) i2c.setInterrupts(R_RX_FULL);
      if (offset === IC_STATUS && this.#underway) return value | SLV_ACTIVITY;
      if (offset === IC_ENABLE_STATUS && this.#aborted) return value | SLV_RX_DATA_LOST;
      return value;
    };
    i2c.writeUint32 = (offset, value) => {
      if (offset === IC_INTR_MASK) {
        i2c.intEnable = value & 0x1fff;
        i2c.checkInterrupts();
        return;
      }
      if (offset === IC_ENABLE) {
        if ((value & 1) === 0 && this.#underway) this.#aborted = true;
        else if ((value & 1) !== 0) this.#aborted = false;
        if ((value & 1) === 0) i2c.clearInterrupts(R_RX_FULL);
      }
      write(offset, value);
    };
  }

  #actAsOwner(owner: number): void {
    const i2c = this.#i2c;
    let bytes: number[] = [];
    let fault: "nack" | "arbitration" | undefined;
    i2c.onStart = () => this.#after(BYTE_NS, () => i2c.completeStart());
    i2c.onConnect = (address) => {
      fault = this.onWrite?.(this.#written++);
      bytes = [address << 1];
      this.#after(BYTE_NS, () => i2c.completeConnect(address === owner && fault !== "nack"));
    };
    i2c.onWriteByte = (byte) => {
      bytes.push(byte);
      this.#after(BYTE_NS, () => {
        if (fault === "arbitration" && bytes.length === 5) i2c.arbitrationLost();
        else i2c.completeWrite(true);
      });
    };
    i2c.onStop = () => {
      i2c.completeStop();
      if (bytes.length > 1 && fault === undefined) this.onFrame?.(Uint8Array.from(bytes));
      bytes = [];
    };
  }

  #after(nanoseconds: number, act: () => void): void {
    this.#clock.createAlarm(act).schedule(nanoseconds);
  }
}
