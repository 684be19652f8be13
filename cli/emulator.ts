/**
 * The AST1030 board in QEMU, with this process as the other controller on its I2C bus 0.
 *
 * To the board, a block write is done the way the controller's DMA would: the bytes go to the receive buffer that the
 * firmware set up, then a START and STOP at general call closes it. From the board, QEMU's trace of the bus is parsed.
 * docs: boards/ast1030/README.md, "The bus in the emulator".
 */
import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { Duplex, Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { Bus } from "./bus.js";
import { Qtest } from "./qtest.js";
import { TracedBus } from "./traced-bus.js";

/** Bytes of the board's SPI flash, and so of the file behind it. */
export const FLASH_LENGTH = 4 << 20;
/** The bus owner's own 7-bit address: something must acknowledge it. */
export const BMC_ADDRESS = 0x10;

export interface BoardOptions {
  /** Which of build/ast1030/* to run; default "psa". */
  variant?: string;
  /** A firmware image instead: a path (ELF, or binary from address 0) or the binary itself. */
  firmware?: string | Uint8Array;
  /** Contents of the SPI flash, filled up with 0xFF in a private copy; or the path of a 4 MiB file used in place. */
  flash?: string | Uint8Array;
  /** One instruction per 2^icount virtual nanoseconds: costs become repeatable. */
  icount?: number;
  /** Makes the board's random number generator repeatable. */
  seed?: number;
  /** The emulator; default $SPDM_QEMU or qemu-system-arm. */
  qemu?: string;
  /** Let a reset restart the board instead of ending the emulator. */
  reboot?: boolean;
  /** Until the console says "ready"; default 30 s. */
  bootTimeoutMs?: number;
  /** The emulator is killed after this; default 10 minutes, 0 for never. */
  lifetimeMs?: number;
  /** Called with each line of the console. */
  onLine?: (line: string) => void;
}

export interface Board {
  readonly bus: Bus;
  /** The console so far. */
  readonly lines: readonly string[];
  /** What the firmware's symbols.json says: addresses by name. Empty for other firmware. */
  readonly symbols: Readonly<Record<string, number>>;
  /** Settles when the emulator has ended, by reset (without `reboot`), crash or `close`. */
  readonly exited: Promise<void>;
  readWord(address: number): Promise<number>;
  writeWord(address: number, value: number): Promise<void>;
  readMemory(address: number, length: number): Promise<Uint8Array>;
  writeMemory(address: number, data: Uint8Array): Promise<void>;
  /** The first console line, past or to come, that fits. */
  line(pattern: RegExp, timeoutMs?: number): Promise<string>;
  /** Waits until the firmware sleeps; needs symbols. */
  idle(timeoutMs?: number): Promise<void>;
  close(): Promise<void>;
}

const BUILD = fileURLToPath(new URL("../build/ast1030/", import.meta.url));

/** Starts the board and waits until it says that it is ready. */
export async function startBoard(options: BoardOptions = {}): Promise<Board> {
  const board = new EmulatedBoard(options);
  try {
    await board.line(/^ready/, options.bootTimeoutMs ?? 30_000);
  } catch (error) {
    await board.close();
    throw error;
  }
  return board;
}

class EmulatedBoard implements Board {
  readonly bus: TracedBus;
  readonly lines: string[] = [];
  readonly symbols: Readonly<Record<string, number>>;
  readonly exited: Promise<void>;
  /** For files of ours that the emulator opens; made when there is one. */
  #directory: string | undefined;
  readonly #process: ChildProcess;
  readonly #qtest: Qtest;
  readonly #onLine: ((line: string) => void) | undefined;
  /** What the emulator itself said. */
  readonly #complaints: string[] = [];
  readonly #watchers = new Set<(line: string | undefined) => void>();
  #ended = false;

  constructor(options: BoardOptions) {
    const folder = join(BUILD, options.variant ?? "psa");
    this.symbols = options.firmware === undefined ? readSymbols(folder) : {};
    this.#onLine = options.onLine;
    const [command, ...prefix] = launcher(findEmulator(options.qemu));
    // QEMU's standard output is the console, its standard error the trace, descriptor 3 the qtest socket.
    this.#process = spawn(command, [...prefix, ...this.#arguments(options, folder)], {
      stdio: ["ignore", "pipe", "pipe", "pipe"],
    });
    const [, console, trace, qtest] = this.#process.stdio as unknown as [null, Readable, Readable, Duplex];
    this.#qtest = new Qtest(qtest);
    this.bus = new TracedBus(this.#qtest, BMC_ADDRESS, {
      // Under icount, frames that come while the board works would make its cost depend on our speed.
      ready: options.icount === undefined || !this.symbols.accounting ? undefined : () => this.#asleep(),
      close: () => this.close(),
    });
    onLines(console, (line) => this.#consoleLine(line));
    onLines(trace, (line) => {
      if (!this.bus.trace(line)) this.#complaints.push(line);
    });
    this.exited = this.#watchExit(options.lifetimeMs ?? 600_000);
  }

  #arguments(options: BoardOptions, folder: string): string[] {
    const { flash, icount, seed } = options;
    // The flash chip is named, since the board got a smaller one in newer emulators.
    const list = [
      "-M",
      "ast1030-evb,fmc-model=sst25vf032b",
      "-accel",
      "tcg",
      "-kernel",
      this.#file("firmware", options.firmware, folder),
    ];
    list.push("-display", "none", "-monitor", "none", "-serial", "stdio");
    list.push("-chardev", "socket,id=qtest,fd=3", "-qtest", "chardev:qtest", "-qtest-log", "none");
    list.push("-device", `at24c-eeprom,bus=aspeed.i2c.bus.0,address=0x${BMC_ADDRESS.toString(16)},rom-size=256`);
    list.push("-trace", "i2c_send", "-trace", "i2c_event");
    if (options.reboot !== true) list.push("-no-reboot");
    if (icount !== undefined) list.push("-icount", `shift=${icount}`);
    if (seed !== undefined) list.push("-seed", String(seed));
    if (flash !== undefined) list.push("-drive", `file=${this.#flashFile(flash)},format=raw,if=mtd`);
    return list;
  }

  #file(name: string, content: string | Uint8Array | undefined, folder: string): string {
    const path = content === undefined ? join(folder, "firmware.elf") : content;
    if (typeof path === "string") {
      if (!existsSync(path)) throw new Error(`no firmware at ${path}: build it with boards/ast1030/build.ts`);
      return path;
    }
    return this.#write(name, path);
  }

  #flashFile(content: string | Uint8Array): string {
    if (typeof content === "string") return content;
    if (content.length > FLASH_LENGTH) throw new RangeError("more than the board's flash holds");
    const image = new Uint8Array(FLASH_LENGTH).fill(0xff);
    image.set(content);
    return this.#write("flash", image);
  }

  #write(name: string, content: Uint8Array): string {
    this.#directory ??= mkdtempSync(join(tmpdir(), "spdm-board-"));
    const path = join(this.#directory, name);
    writeFileSync(path, content);
    return path;
  }

  #removeFiles(): void {
    if (this.#directory !== undefined) rmSync(this.#directory, { recursive: true, force: true });
  }

  #watchExit(lifetimeMs: number): Promise<void> {
    const child = this.#process;
    const limit = lifetimeMs > 0 ? setTimeout(() => child.kill("SIGKILL"), lifetimeMs).unref() : undefined;
    const leave = () => {
      child.kill("SIGKILL");
      this.#removeFiles();
    };
    process.once("exit", leave);
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(limit);
        process.off("exit", leave);
        this.#ended = true;
        this.#qtest.end();
        for (const watcher of this.#watchers) watcher(undefined);
        this.#removeFiles();
        resolve();
      };
      child.once("error", end);
      child.once("close", end);
    });
  }

  #consoleLine(line: string): void {
    this.lines.push(line);
    this.#onLine?.(line);
    for (const watcher of this.#watchers) watcher(line);
  }

  line(pattern: RegExp, timeoutMs = 10_000): Promise<string> {
    const found = this.lines.find((line) => pattern.test(line));
    if (found !== undefined) return Promise.resolve(found);
    return new Promise((resolve, reject) => {
      const fail = (why: string) => {
        settle();
        const said = [...this.lines.slice(-5), ...this.#complaints.slice(-5)].join("\n  ");
        reject(new Error(`${why} before the board said ${pattern}. The last it said:\n  ${said}`));
      };
      const watcher = (line: string | undefined) => {
        if (line === undefined) return fail("the emulator ended");
        if (!pattern.test(line)) return;
        settle();
        resolve(line);
      };
      const timer = setTimeout(() => fail(`${timeoutMs} ms passed`), timeoutMs);
      const settle = () => {
        clearTimeout(timer);
        this.#watchers.delete(watcher);
      };
      this.#watchers.add(watcher);
      if (this.#ended) fail("the emulator ended");
    });
  }

  async idle(timeoutMs = 60_000): Promise<void> {
    if (!this.symbols.accounting) throw new Error("this firmware came without symbols");
    const deadline = performance.now() + timeoutMs;
    while (!(await this.#asleep())) {
      if (performance.now() > deadline) throw new Error(`the board is still busy after ${timeoutMs} ms`);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  async #asleep(): Promise<boolean> {
    return (await this.readWord(this.symbols.asleep)) === 1;
  }

  readWord(address: number): Promise<number> {
    return this.#qtest.readWord(address);
  }

  writeWord(address: number, value: number): Promise<void> {
    return this.#qtest.writeWord(address, value);
  }

  readMemory(address: number, length: number): Promise<Uint8Array> {
    return this.#qtest.readMemory(address, length);
  }

  writeMemory(address: number, data: Uint8Array): Promise<void> {
    return this.#qtest.writeMemory(address, data);
  }

  async close(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.exited;
  }
}

function readSymbols(folder: string): Record<string, number> {
  const path = join(folder, "symbols.json");
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : {};
}

function onLines(stream: Readable, call: (line: string) => void): void {
  let rest = "";
  stream.setEncoding("latin1");
  stream.on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) call(line.replace(/\r$/, ""));
  });
}

function onPath(name: string): string | undefined {
  if (name.includes("/")) return existsSync(name) ? name : undefined;
  return (process.env.PATH ?? "")
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

function findEmulator(asked: string | undefined): string {
  const name = asked ?? process.env.SPDM_QEMU ?? "qemu-system-arm";
  const path = onPath(name);
  if (path === undefined) throw new Error(`${name} is not installed: on Debian or Ubuntu, apt install qemu-system-arm`);
  return path;
}

/** With util-linux's setpriv the kernel ends the emulator even when this process is killed outright. */
function launcher(emulator: string): string[] {
  const setpriv = onPath("setpriv");
  return setpriv === undefined ? [emulator] : [setpriv, "--pdeathsig", "KILL", emulator];
}
