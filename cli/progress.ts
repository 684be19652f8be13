import yoctoSpinner, { type Spinner } from "yocto-spinner";
import { printable } from "./chain.js";
import { coloured, seconds, wantsColour } from "./paint.js";

export interface Timing {
  readonly step: string;
  readonly durationMs: number;
}

/** Told of each step as it begins. */
export type ProgressListener = (step: string) => void;

/**
 * Shows what is being done, on standard error: a spinner on a terminal, plain lines elsewhere, nothing if quiet. Keeps
 * how long each step took.
 */
export class Progress {
  readonly #stream: NodeJS.WriteStream;
  readonly #quiet: boolean;
  readonly #timings: Timing[] = [];
  #spinner: Spinner | undefined;
  #step: { readonly name: string; readonly beganMs: number } | undefined;

  constructor(quiet: boolean, stream: NodeJS.WriteStream = process.stderr) {
    this.#quiet = quiet;
    this.#stream = stream;
  }

  /** The steps that are done. */
  get timings(): readonly Timing[] {
    return this.#timings;
  }

  /** Begins a step; the one before is done. */
  step(name: string): void {
    this.done();
    this.#step = { name, beganMs: performance.now() };
    if (this.#quiet) return;
    const text = printable(name);
    if (this.#stream.isTTY) this.#spinner = yoctoSpinner({ text, stream: this.#stream }).start();
    else this.#stream.write(`${text}\n`);
  }

  /** The step under way is done. */
  done(): void {
    if (this.#step === undefined) return;
    const durationMs = performance.now() - this.#step.beganMs;
    this.#timings.push({ step: this.#step.name, durationMs });
    this.#spinner?.success(`${this.#spinner.text} ${this.#dim(seconds(durationMs))}`);
    this.#clear();
  }

  /** Ends the display; the step under way, if there is one, did not come to its end. */
  stop(): void {
    this.#spinner?.stop();
    this.#clear();
  }

  #dim(text: string): string {
    return wantsColour(this.#stream) ? coloured("dim", text) : text;
  }

  #clear(): void {
    this.#spinner = undefined;
    this.#step = undefined;
  }
}
