/** `spdm keys`: what it is asked to do, and what it says. */
import type { DesiredKeyPair } from "../hal/key-pairs.js";
import { CHANGE, ERASE, GENERATE } from "../src/messages/set-key-pair-info.js";
import { coloured, type Paint, plain, wantsColour } from "./paint.js";
import { PcapWriter } from "./pcap.js";
import { Progress } from "./progress.js";
import { type KeyChange, type KeysResult, readKeys, type SlotKey } from "./requester/keys.js";
import {
  ASYMS,
  HASHES,
  KEY_ALGORITHMS,
  KEY_USES,
  namesOf,
  oneOrAll,
  PQC_ALGORITHMS,
  versionNamed,
} from "./requester/names.js";
import { Untrusted } from "./requester/verdict.js";
import { sessionOffer } from "./session-options.js";
import { openTarget } from "./target.js";

export interface ChangeArguments {
  generate?: number;
  erase?: number;
  change?: number;
  keyAlgorithm?: string;
  use?: string[];
  slots?: number[];
}

export interface KeysArguments extends ChangeArguments {
  version?: string;
  asym?: string;
  crypto: string;
  psk?: string;
  pskKey?: string;
  pcap?: string;
  json?: boolean;
}

/** Prints the key pairs of the target; sets the exit status to 1 where they are not to be believed. */
export async function runKeys(name: string, options: KeysArguments): Promise<void> {
  const change = changeOf(options);
  const { psk, pskKey } = options;
  if (psk === undefined && pskKey !== undefined) throw new Error("give --psk HINT with --psk-key");
  const session = psk === undefined ? undefined : await sessionOffer({ session: true, ...options });
  const progress = new Progress(options.json === true);
  const pcap = options.pcap === undefined ? undefined : new PcapWriter(options.pcap);
  const onProgress = (step: string) => progress.step(step);
  try {
    const { link } = await openTarget(name, { crypto: options.crypto, pcap, onProgress });
    try {
      const result = await readKeys(link, {
        version: versionNamed(options.version),
        baseHash: oneOrAll(HASHES, undefined),
        baseAsym: oneOrAll(ASYMS, options.asym),
        ...{ session, change, onProgress },
      });
      progress.done();
      if (options.json) console.log(keysToJson(name, result));
      else printKeys(name, result);
    } finally {
      await link.close();
    }
  } catch (error) {
    if (!(error instanceof Untrusted)) throw error;
    progress.stop();
    console.error(`spdm: not to be believed: ${error.message}`);
    process.exitCode = 1;
  } finally {
    progress.stop();
    pcap?.close();
  }
}

/** Throws an Error if the arguments do not go together. */
export function changeOf(options: ChangeArguments): KeyChange | undefined {
  const { generate, erase, change, keyAlgorithm, use, slots } = options;
  const wishes = [
    [GENERATE, generate],
    [ERASE, erase],
    [CHANGE, change],
  ] as const;
  const given = wishes.filter(([, id]) => id !== undefined);
  if (given.length > 1) throw new Error("give one of --generate, --erase and --change");
  const wished = keyAlgorithm !== undefined || use !== undefined || slots !== undefined;
  if (given.length === 0) {
    if (wished)
      throw new Error("--key-algorithm, --use and --slots say how a key pair shall be: give --generate or --change");
    return undefined;
  }
  const [operation, keyPairId] = given[0];
  if (operation === ERASE && wished) throw new Error("nothing is left of a key pair that --erase erases");
  const desired: DesiredKeyPair = {
    usage: (use ?? []).reduce((bits, name) => bits | KEY_USES[name], 0),
    asym: keyAlgorithm === undefined ? 0 : (KEY_ALGORITHMS[keyAlgorithm] ?? 0),
    pqcAsym: keyAlgorithm === undefined ? 0 : (PQC_ALGORITHMS[keyAlgorithm] ?? 0),
    slotMask: (slots ?? []).reduce((bits, slot) => bits | (1 << slot), 0),
  };
  return { operation, keyPairId: keyPairId!, desired };
}

const CAPABILITIES = ["generate", "erase", "give to slots", "set uses", "set algorithm", "share"];
const MODELS = ["no certificate", "device certificate", "alias certificate", "generic certificate"];

const slotsOf = (mask: number): number[] => [0, 1, 2, 3, 4, 5, 6, 7].filter((slot) => (mask & (1 << slot)) !== 0);
const algorithmOf = (asym: number, pqcAsym: number): string[] => [
  ...namesOf(KEY_ALGORITHMS, asym),
  ...namesOf(PQC_ALGORITHMS, pqcAsym),
];

/** One JSON object; what is not known is null, so that every key is always there. */
export function keysToJson(target: string, { version, baseAsym, pairs, slots, authenticated }: KeysResult): string {
  const keyPairs = pairs.map((pair) => ({
    id: pair.keyPairId,
    algorithm: algorithmOf(pair.asym, pair.pqcAsym)[0] ?? null,
    uses: namesOf(KEY_USES, pair.usage),
    slots: slotsOf(pair.slotMask),
    publicKeyInfo: Buffer.from(pair.publicKeyInfo).toString("hex"),
    can: namesOf(CAPABILITY_BITS, pair.capabilities),
    possibleUses: namesOf(KEY_USES, pair.usageCapabilities),
    possibleAlgorithms: algorithmOf(pair.asymCapabilities, pair.pqcAsymCapabilities),
  }));
  const listed = slots?.map(({ slot, keyPairId, certificateInfo, keyUsageMask }) => ({
    slot,
    keyPair: keyPairId,
    certificate: modelOf(certificateInfo),
    uses: namesOf(KEY_USES, keyUsageMask),
  }));
  return JSON.stringify({ target, version, baseAsym, authenticated, keyPairs, slots: listed ?? null }, undefined, 2);
}

const CAPABILITY_BITS: Readonly<Record<string, number>> = Object.fromEntries(
  CAPABILITIES.map((name, bit) => [name, 1 << bit]),
);
const modelOf = (certificateInfo: number): string => MODELS[certificateInfo & 7] ?? `model ${certificateInfo & 7}`;

export function printKeys(target: string, result: KeysResult, stream: NodeJS.WriteStream = process.stdout): void {
  stream.write(renderKeys(target, result, wantsColour(stream)));
}

/** The list as text; its last line says how much there is, and how far to believe it. */
export function renderKeys(target: string, result: KeysResult, colour: boolean): string {
  const paint = colour ? coloured : plain;
  const { version, baseAsym, pairs, slots, authenticated } = result;
  const sections = [
    [`${paint("bold", target)}  SPDM ${version} · ${baseAsym}`],
    [paint("bold", "Key pairs"), ...pairs.flatMap((pair) => pairLines(pair, paint))],
    slots === undefined
      ? [`${paint("bold", "Slots")}  ${paint("dim", "DIGESTS show no keys: no multi-key connection")}`]
      : [paint("bold", `Slots under ${baseAsym}`), ...slots.map((slot) => slotLine(slot, paint))],
    [
      `${pairs.length} key pair${pairs.length === 1 ? "" : "s"}, ` +
        (authenticated ? "told in a session by who has the pre-shared key" : "told in the clear: nobody signed it"),
    ],
  ];
  return sections.map((lines) => `${lines.join("\n")}\n`).join("\n");
}

function pairLines(pair: KeysResult["pairs"][number], paint: Paint): string[] {
  const algorithm = algorithmOf(pair.asym, pair.pqcAsym)[0];
  const slots = slotsOf(pair.slotMask);
  const where = slots.length === 0 ? "no slot" : `slot${slots.length === 1 ? "" : "s"} ${slots.join(", ")}`;
  const id = String(pair.keyPairId).padStart(5);
  const can = namesOf(CAPABILITY_BITS, pair.capabilities);
  const head =
    algorithm === undefined
      ? `${id}  ${paint("dim", "no key")}`
      : `${id}  ${algorithm.padEnd(9)}  ${where.padEnd(12)}  ${namesOf(KEY_USES, pair.usage).join(", ") || "no use"}`;
  if (can.length === 0) return [head];
  const possible = algorithmOf(pair.asymCapabilities, pair.pqcAsymCapabilities).join(", ");
  return [head, paint("dim", `       can be changed: ${can.join(", ")}; of ${possible}`)];
}

function slotLine({ slot, keyPairId, certificateInfo, keyUsageMask }: SlotKey, paint: Paint): string {
  const key = keyPairId === 0 ? "no key pair" : `key pair ${keyPairId}`;
  const uses = namesOf(KEY_USES, keyUsageMask).join(", ") || "no use";
  return `${String(slot).padStart(5)}  ${key.padEnd(12)}  ${paint("dim", modelOf(certificateInfo))}  ${uses}`;
}
