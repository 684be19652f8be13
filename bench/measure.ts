/** Counts the instructions of an attestation on the emulated board: the same on every run. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildFirmware } from "../boards/ast1030/build.js";
import { writeIdentityImage } from "../certs/identity-image.js";
import { loadIdentity } from "../cli/certs.js";
import { BMC_ADDRESS, type Board, startBoard } from "../cli/emulator.js";
import type { Link } from "../cli/link.js";
import { MctpLink } from "../cli/mctp-link.js";
import { attest } from "../cli/requester/attest.js";
import { BOARD_ADDRESS, ROOTS, readAnchors } from "../cli/target.js";
import { sha256 } from "../hal/portable/crypto.js";
import { ECDSA_P384, SHA_384 } from "../src/algorithms.js";
import { V1_2 } from "../src/versions.js";

/** With -icount shift=0 an instruction takes a nanosecond, and the board's tick counter counts at 200 MHz. */
const INSTRUCTIONS_PER_TICK = 5;
const SEED = 1;
const KEYS = fileURLToPath(new URL("../test/vectors/keys", import.meta.url));
/** Counting is slower than running: noble's signatures take tens of seconds. */
const PATIENCE_MS = 300_000;

/** What boards/ast1030/start.c fills the stack with. */
const STACK_PAINT = 0xa5a5a5a5;

const NAMES: Readonly<Record<number, string>> = {
  132: "GET_VERSION",
  225: "GET_CAPABILITIES",
  227: "NEGOTIATE_ALGORITHMS",
  129: "GET_DIGESTS",
  130: "GET_CERTIFICATE",
  131: "CHALLENGE",
  224: "GET_MEASUREMENTS signed",
};

export interface Cost {
  readonly instructions: number;
  /** Of these, within the cryptographic engines. */
  readonly cryptoInstructions: number;
}

export interface MessageCost extends Cost {
  readonly name: string;
  /** Bytes. */
  readonly requestLength: number;
  readonly responseLength: number;
}

export interface Measured {
  /** In the order they were sent. */
  readonly messages: readonly MessageCost[];
  /** All of them together. */
  readonly attestation: Cost;
  /** Bytes, as the next two. */
  readonly imageLength: number;
  readonly heapPeak: number;
  readonly stackPeak: number;
}

/** What the board's accounting shows so far. */
async function readCost(board: Board): Promise<Cost> {
  await board.idle(PATIENCE_MS);
  const ticks = async (address: number) =>
    (await board.readWord(address)) + (await board.readWord(address + 4)) * 2 ** 32;
  return {
    instructions: (await ticks(board.symbols.awakeTicks)) * INSTRUCTIONS_PER_TICK,
    cryptoInstructions: (await ticks(board.symbols.cryptoTicks)) * INSTRUCTIONS_PER_TICK,
  };
}

/** Bytes of stack that were ever used: below them the start-up code's paint is untouched. */
async function readStackPeak(board: Board): Promise<number> {
  const { __stack_limit: limit, __stack_top: top } = board.symbols;
  const stack = Buffer.from(await board.readMemory(limit, top - limit));
  let unused = 0;
  while (unused < stack.length && stack.readUInt32LE(unused) === STACK_PAINT) unused += 4;
  return stack.length - unused;
}

const difference = (after: Cost, before: Cost): Cost => ({
  instructions: after.instructions - before.instructions,
  cryptoInstructions: after.cryptoInstructions - before.cryptoInstructions,
});

/** A link that notes what each exchange costs the board, packets and bus included. */
class MeteredLink implements Link {
  readonly roundTripMs = PATIENCE_MS;
  readonly timeScale = 1;
  readonly messages: MessageCost[] = [];
  readonly #link: Link;
  readonly #board: Board;

  constructor(link: Link, board: Board) {
    this.#link = link;
    this.#board = board;
  }

  get disturbanceCount(): number {
    return this.#link.disturbanceCount;
  }

  async exchange(request: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    const before = await readCost(this.#board);
    const response = await this.#link.exchange(request, timeoutMs);
    const cost = difference(await readCost(this.#board), before);
    const name = NAMES[request[1]] ?? `0x${request[1].toString(16)}`;
    this.messages.push({ name, requestLength: request.length, responseLength: response.length, ...cost });
    return response;
  }

  close(): Promise<void> {
    return this.#link.close();
  }
}

/** Attests the board at P-384/SHA-384 and SPDM 1.2. Throws if the verdict is not trust, or the link had to retry. */
export async function measureAttestation(variant: string): Promise<Measured> {
  const { imageLength } = await buildFirmware(variant);
  // Always the same device: certificates made anew differ in length.
  const { uuid, credentials } = loadIdentity(KEYS);
  const flash = writeIdentityImage(uuid, credentials, sha256);
  const board = await startBoard({ variant, flash, icount: 0, seed: SEED, bootTimeoutMs: PATIENCE_MS });
  const mctp = new MctpLink(board.bus, BMC_ADDRESS, BOARD_ADDRESS);
  try {
    await mctp.discover();
    const link = new MeteredLink(mctp, board);
    const { verdict, reasons, attempts } = await attest(link, {
      version: V1_2,
      baseHash: SHA_384,
      baseAsym: ECDSA_P384,
      slot: 0,
      anchors: readAnchors(ROOTS.map((file) => join(KEYS, file))),
      reference: undefined,
      onProgress() {},
      // A signature's cost depends on what is signed.
      random: (length) => new Uint8Array(length).fill(SEED),
    });
    if (verdict !== "trusted" || attempts !== 1) throw new Error(`not trusted at once: ${reasons.join("; ")}`);
    return {
      messages: link.messages,
      attestation: link.messages.reduce(
        (sum, cost) => ({
          instructions: sum.instructions + cost.instructions,
          cryptoInstructions: sum.cryptoInstructions + cost.cryptoInstructions,
        }),
        { instructions: 0, cryptoInstructions: 0 },
      ),
      imageLength,
      heapPeak: await board.readWord(board.symbols.heapPeakLength),
      stackPeak: await readStackPeak(board),
    };
  } finally {
    await mctp.close();
  }
}
