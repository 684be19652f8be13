import { type ExecFileOptions, execFile } from "node:child_process";

/** Runs a program to its end and returns what it printed; throws what it complained about if it fails. */
export function run(
  command: string,
  args: readonly string[],
  options: Pick<ExecFileOptions, "cwd" | "env"> = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(command, args, { ...options, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${command} ${args.join(" ")}\n${stdout}${stderr || error.message}`));
      else resolve(stdout);
    });
  });
}
