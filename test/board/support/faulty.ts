/** Firmware that fails the way a frame asks it to, by the byte behind the MCTP header. */
import { milliseconds, print, random } from "../../../hal/chip/chip.js";
import { I2CPort } from "../../../hal/chip/port.js";

const THROW = 0;
const LOOP = 1;
const RECURSE = 2;
const FILL_HEAP = 3;
const WORK = 4;

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

/** None of which is to open: reserved addresses, rates too low and too high, and numbers that are none of 8 bits. */
const UNFIT = [
  { address: 0x07 },
  { address: 0x78 },
  { address: 0x11d },
  { address: 0x1d, hz: 9_999 },
  { address: 0x1d, hz: 1_000_001 },
  { address: 0x1d, data: 0x100 },
  { address: 0x1d, clock: -1 },
];
for (const options of UNFIT)
  try {
    new I2CPort(options);
    print("opened");
  } catch (error) {
    print(String(error));
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
