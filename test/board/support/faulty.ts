/** Firmware that fails the way a frame asks it to, by the byte behind the MCTP header. */
import { milliseconds, random } from "../../../hal/chip/chip.js";
import { I2CPort } from "../../../hal/chip/port.js";

export const THROW = 0;
export const LOOP = 1;
export const RECURSE = 2;
export const FILL_HEAP = 3;
export const WORK = 4;

/** How long a frame that asks for work keeps the board busy. */
const WORK_MS = 400;

function recurse(depth: number): number {
  return recurse(depth + 1) + 1;
}

function fillHeap(): void {
  for (const kept: Uint8Array[] = []; ; ) {
    kept.push(new Uint8Array(4096));
    random(kept[0]);
  }
}

function work(): void {
  for (const begun = milliseconds(); milliseconds() - begun < WORK_MS; );
}

const frame = new Uint8Array(259);
const port = new I2CPort({
  address: 0x1d,
  onReadable() {
    port.read(frame);
    if (frame[8] === THROW) throw new Error("on purpose");
    if (frame[8] === LOOP) for (;;);
    if (frame[8] === RECURSE) recurse(0);
    if (frame[8] === FILL_HEAP) fillHeap();
    if (frame[8] === WORK) work();
    return false;
  },
});
