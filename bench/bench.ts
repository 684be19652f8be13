/** `npm run bench`: measures, writes bench/results/, and prints a table. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Cost, type Measured, measureAttestation } from "./measure.js";

const VARIANTS = ["psa", "noble"];
const results = join(dirname(fileURLToPath(import.meta.url)), "results");

const millions = (count: number): string => (count / 1e6).toFixed(3).padStart(11);

function row(name: string, { instructions, cryptoInstructions }: Cost, lengths = ""): string {
  const rest = instructions - cryptoInstructions;
  return `${name.padEnd(26)}${lengths.padStart(12)}${millions(instructions)}${millions(cryptoInstructions)}${millions(rest)}`;
}

function table(variant: string, measured: Measured): string {
  const { messages, attestation, imageLength, heapPeak, stackPeak } = measured;
  return [
    `ast1030, ${variant}: P-384/SHA-384, SPDM 1.2, million instructions, packets and bus included`,
    `${"message".padEnd(26)}${"bytes".padStart(12)}${"in all".padStart(11)}${"crypto".padStart(11)}${"the rest".padStart(11)}`,
    ...messages.map((cost) => row(cost.name, cost, `${cost.requestLength}/${cost.responseLength}`)),
    row("attestation", attestation),
    `image ${imageLength} B, heap peak ${heapPeak} B, stack peak ${stackPeak} B`,
    "",
  ].join("\n");
}

mkdirSync(results, { recursive: true });
for (const variant of VARIANTS) {
  const measured = await measureAttestation(variant);
  writeFileSync(join(results, `ast1030-${variant}.json`), `${JSON.stringify(measured, null, 2)}\n`);
  console.log(table(variant, measured));
}
