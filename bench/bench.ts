/** `npm run bench`: measures, writes bench/results/, and prints a table. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadIdentity } from "../cli/identity.js";
import { type Cost, KEYS, type Measured, measureAttestation, measurePostQuantum, measureSession } from "./measure.js";

const results = join(dirname(fileURLToPath(import.meta.url)), "results");

const millions = (count: number): string => (count / 1e6).toFixed(3).padStart(11);

function row(name: string, { instructions, cryptoInstructions }: Cost, lengths = ""): string {
  const rest = instructions - cryptoInstructions;
  return `${name.padEnd(40)}${lengths.padStart(12)}${millions(instructions)}${millions(cryptoInstructions)}${millions(rest)}`;
}

function table(title: string, measured: Measured): string {
  const { messages, total, idleInstructions, imageLength, heapPeak, stackPeak } = measured;
  const idle =
    idleInstructions === 0 ? [] : [`worked ahead while nobody waited: ${(idleInstructions / 1e6).toFixed(3)} M`];
  return [
    `ast1030, ${title}: P-384/SHA-384, SPDM 1.2, million instructions, packets and bus included`,
    `${"message".padEnd(40)}${"bytes".padStart(12)}${"in all".padStart(11)}${"crypto".padStart(11)}${"the rest".padStart(11)}`,
    ...messages.map((cost) => row(cost.name, cost, `${cost.requestLength}/${cost.responseLength}`)),
    row("in all", total),
    ...idle,
    `image ${imageLength} B, heap peak ${heapPeak} B, stack peak ${stackPeak} B`,
    "",
  ].join("\n");
}

const [psk] = loadIdentity(KEYS).psks;

/** What is measured, by the name of its file. */
const MEASUREMENTS: readonly (readonly [name: string, title: string, measure: () => Promise<Measured>])[] = [
  ["ast1030-psa", "psa, attestation", () => measureAttestation("psa")],
  ["ast1030-psa-session", "psa, a session by KEY_EXCHANGE", () => measureSession("psa")],
  ["ast1030-psa-psk", "psa, a session by PSK_EXCHANGE", () => measureSession("psa", psk)],
  ["ast1030-noble", "noble, attestation", () => measureAttestation("noble")],
];

mkdirSync(results, { recursive: true });
for (const [name, title, measure] of MEASUREMENTS) {
  const measured = await measure();
  writeFileSync(join(results, `${name}.json`), `${JSON.stringify(measured, null, 2)}\n`);
  console.log(table(title, measured));
}

const postQuantum = await measurePostQuantum();
writeFileSync(join(results, "ast1030-noble-post-quantum.json"), `${JSON.stringify(postQuantum, null, 2)}\n`);
console.log(
  "ast1030, noble, ML-DSA-65 and ML-KEM-768: SHA-384, SPDM 1.4, million instructions, without packets and bus",
);
for (const { name, instructions } of postQuantum.costs) console.log(`${name.padEnd(52)}${millions(instructions)}`);
const { imageLength, heapPeak, stackPeak } = postQuantum;
console.log(`image ${imageLength} B, heap peak ${heapPeak} B, stack peak ${stackPeak} B`);
