/** QEMU's qtest protocol over a running machine: memory as the board's processor sees it. */
import type { Duplex } from "node:stream";

interface Pending {
  resolve(answer: string): void;
  reject(error: Error): void;
}

export class Qtest {
  readonly #stream: Duplex;
  readonly #pending: Pending[] = [];
  #rest = "";
  #ended = false;

  constructor(stream: Duplex) {
    this.#stream = stream;
    stream.setEncoding("latin1");
    stream.on("data", (text: string) => this.#receive(text));
    stream.on("error", () => this.end());
    stream.on("close", () => this.end());
  }

  /**
   * Sends the commands in one write, which QEMU carries out without letting the processor run in between; returns
   * their answers without the leading OK.
   */
  async batch(commands: readonly string[], timeoutMs = 10_000): Promise<string[]> {
    if (this.#ended) throw new Error("the emulator has ended");
    const answers = commands.map(
      () => new Promise<string>((resolve, reject) => this.#pending.push({ resolve, reject })),
    );
    this.#stream.write(`${commands.join("\n")}\n`);
    const timer = setTimeout(() => this.end("the emulator does not answer"), timeoutMs);
    try {
      return await Promise.all(answers);
    } finally {
      clearTimeout(timer);
    }
  }

  async readWord(address: number): Promise<number> {
    const [answer] = await this.batch([`readl ${address}`]);
    return Number(answer);
  }

  async writeWord(address: number, value: number): Promise<void> {
    await this.batch([`writel ${address} ${value >>> 0}`]);
  }

  async readMemory(address: number, length: number): Promise<Uint8Array> {
    const [answer] = await this.batch([`b64read ${address} ${length}`]);
    return new Uint8Array(Buffer.from(answer, "base64"));
  }

  async writeMemory(address: number, data: Uint8Array): Promise<void> {
    await this.batch([writeCommand(address, data)]);
  }

  /** Fails whatever still waits. */
  end(reason = "the emulator has ended"): void {
    this.#ended = true;
    for (const { reject } of this.#pending.splice(0)) reject(new Error(reason));
  }

  #receive(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop()!;
    for (const line of lines) {
      if (line.startsWith("IRQ ")) continue;
      const waiting = this.#pending.shift();
      if (line.startsWith("OK")) waiting?.resolve(line.slice(3));
      else waiting?.reject(new Error(`qtest: ${line}`));
    }
  }
}

export function writeCommand(address: number, data: Uint8Array): string {
  return `b64write ${address} ${data.length} ${Buffer.from(data).toString("base64")}`;
}
