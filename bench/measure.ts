/** Counts the instructions of an attestation and of a session on the emulated board: the same on every run. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildFirmware, RECIPES } from "../boards/ast1030/build.js";
import { writeIdentityImage } from "../certs/identity-writer.js";
import { BMC_ADDRESS, type Board, startBoard } from "../cli/emulator.js";
import { loadIdentity } from "../cli/identity.js";
import type { Link } from "../cli/link.js";
import { emulatedSmbus, MctpLink } from "../cli/mctp-link.js";
import { negotiateAlgorithms } from "../cli/requester/algorithms.js";
import { attest } from "../cli/requester/attest.js";
import { askChain, askDigests } from "../cli/requester/certificate.js";
import { agreeVersion, exchangeCapabilities } from "../cli/requester/connect.js";
import { Conversation } from "../cli/requester/conversation.js";
import { endSession, updateKeys } from "../cli/requester/in-session.js";
import { askMeasurements } from "../cli/requester/measurements.js";
import { requestName } from "../cli/requester/names.js";
import { exerciseSession, openSession } from "../cli/requester/session.js";
import { BOARD_ADDRESS, ROOTS, readAnchors } from "../cli/target.js";
import { verifyChain } from "../cli/trust.js";
import { p384, sha256, sha384 } from "../hal/portable/crypto.js";
import type { HintedKey } from "../hal/portable/psk.js";
import { AES_256_GCM, ECDSA_P384, SECP384R1, SHA_384 } from "../src/algorithms.js";
import { GET_CERTIFICATE } from "../src/exchange.js";
import { NO_SUMMARY } from "../src/measurement-block.js";
import { writeGetCertificate } from "../src/messages/certificate.js";
import { V1_2 } from "../src/versions.js";

/** With -icount shift=0 an instruction takes a nanosecond, and the board's tick counter counts at 200 MHz. */
const INSTRUCTIONS_PER_TICK = 5;
const SEED = 1;
/** Test keys, which do not change. */
export const KEYS = fileURLToPath(new URL("../test/vectors/keys", import.meta.url));
/** Counting is slower than running: noble's signatures take tens of seconds. */
const PATIENCE_MS = 300_000;

/** What boards/ast1030/start.c fills the stack with. */
const STACK_PAINT = 0xa5a5a5a5;

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
  readonly total: Cost;
  /** What the board worked ahead meanwhile, while nobody waited. */
  readonly idleInstructions: number;
  /** Bytes, as the next two. */
  readonly imageLength: number;
  readonly heapPeak: number;
  readonly stackPeak: number;
}

async function readTicks(board: Board, address: number): Promise<number> {
  const ticks = (await board.readWord(address)) + (await board.readWord(address + 4)) * 2 ** 32;
  return ticks * INSTRUCTIONS_PER_TICK;
}

/** What the board's accounting shows so far. */
async function readCost(board: Board): Promise<Cost> {
  await board.idle(PATIENCE_MS);
  return {
    instructions: await readTicks(board, board.symbols.awakeTicks),
    cryptoInstructions: await readTicks(board, board.symbols.cryptoTicks),
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

/** A link that notes what each exchange costs the board, packets and bus included, under the name that `name` has for it. */
class MeteredLink implements Link {
  readonly roundTripMs = PATIENCE_MS;
  readonly timeScale = 1;
  readonly messages: MessageCost[] = [];
  name = (request: Uint8Array): string => requestName(request[1]);
  readonly #link: Link;
  readonly #board: Board;

  constructor(link: Link, board: Board) {
    this.#link = link;
    this.#board = board;
  }

  get disturbanceCount(): number {
    return this.#link.disturbanceCount;
  }

  async exchange(type: number, request: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    const before = await readCost(this.#board);
    const response = await this.#link.exchange(type, request, timeoutMs);
    const cost = difference(await readCost(this.#board), before);
    const name = this.name(request);
    this.messages.push({ name, requestLength: request.length, responseLength: response.length, ...cost });
    return response;
  }

  close(): Promise<void> {
    return this.#link.close();
  }
}

/** P-384, SHA-384, SPDM 1.2: what all is measured with. */
const OFFER = { version: V1_2, baseHash: SHA_384, baseAsym: ECDSA_P384 };
const SESSION = { dhe: SECP384R1, aead: AES_256_GCM, inTheClear: false, updateKeys: true };
/** A cost depends on what is signed and agreed on. */
const random = (length: number): Uint8Array => new Uint8Array(length).fill(SEED);

/** Boots the board, lets `converse` talk to it, and adds up. */
async function measure(variant: string, converse: (link: MeteredLink) => Promise<void>): Promise<Measured> {
  const { imageLength } = await buildFirmware(variant);
  // Always the same device: certificates made anew differ in length.
  const flash = writeIdentityImage(loadIdentity(KEYS), sha256);
  const board = await startBoard({ variant, flash, icount: 0, seed: SEED, bootTimeoutMs: PATIENCE_MS });
  const mctp = new MctpLink(board.bus, emulatedSmbus(BMC_ADDRESS, BOARD_ADDRESS));
  try {
    await mctp.discover();
    const link = new MeteredLink(mctp, board);
    await converse(link);
    return {
      messages: link.messages,
      total: link.messages.reduce(
        (sum, cost) => ({
          instructions: sum.instructions + cost.instructions,
          cryptoInstructions: sum.cryptoInstructions + cost.cryptoInstructions,
        }),
        { instructions: 0, cryptoInstructions: 0 },
      ),
      idleInstructions: await readTicks(board, board.symbols.idleTicks),
      imageLength,
      heapPeak: await board.readWord(board.symbols.heapPeakLength),
      stackPeak: await readStackPeak(board),
    };
  } finally {
    await mctp.close();
  }
}

/** An attestation. Throws if the verdict is not trust, or the link had to retry. */
export function measureAttestation(variant: string): Promise<Measured> {
  return measure(variant, async (link) => {
    const { verdict, reasons, attempts } = await attest(link, {
      ...OFFER,
      slot: 0,
      anchors: readAnchors(ROOTS.map((file) => join(KEYS, file))),
      reference: undefined,
      onProgress() {},
      random,
    });
    if (verdict !== "trusted" || attempts !== 1) throw new Error(`not trusted at once: ${reasons.join("; ")}`);
  });
}

/** A session by KEY_EXCHANGE, and what goes through it; by PSK_EXCHANGE if there is a `psk`. */
export function measureSession(variant: string, psk?: HintedKey): Promise<Measured> {
  return measure(variant, async (link) => {
    const c = new Conversation(link, random);
    link.name = () => {
      const { code, secured } = c.sent[c.sent.length - 1];
      return secured ? `${requestName(code)}, secured` : requestName(code);
    };
    const offer = { ...OFFER, session: { ...SESSION, psk } };
    await agreeVersion(c, offer);
    await exchangeCapabilities(c, offer);
    const chosen = await negotiateAlgorithms(c, offer);
    const { digest, certificates, rootHash } = await askChain(c, 0, await askDigests(c, 0));
    const anchors = readAnchors(ROOTS.map((file) => join(KEYS, file)));
    const trust = verifyChain({ certificates, rootHash, hash: sha384, anchors, at: new Date() });
    const key = { verifier: p384, publicKey: trust.leafPublicKey! };
    const parties = { slot: 0, chainDigest: digest, key, prover: undefined };
    const { session } = await openSession(c, offer.session, chosen, parties, NO_SUMMARY);
    await exerciseSession(c, session, { ...SESSION, updateKeys: false }, () => {});
    const asked = { slot: 0, slotSizeRequested: false, large: false, offset: 0, length: 1024 };
    await c.ask(GET_CERTIFICATE, (w) => writeGetCertificate(w, asked));
    await askMeasurements(c, 0, key);
    await updateKeys(c, session);
    await endSession(c);
  });
}

export interface PostQuantumCost {
  readonly name: string;
  /** To the nearest million: the board's clock is all there is to tell. */
  readonly instructions: number;
}

export interface PostQuantumMeasured extends Pick<Measured, "imageLength" | "heapPeak" | "stackPeak"> {
  readonly costs: readonly PostQuantumCost[];
}

/** What post-quantum-main.ts says, run in the place of the firmware with noble. */
export async function measurePostQuantum(): Promise<PostQuantumMeasured> {
  const variant = "post-quantum";
  const entry = fileURLToPath(new URL("post-quantum-main.ts", import.meta.url));
  const { imageLength } = await buildFirmware(variant, { ...RECIPES.noble, entry });
  const board = await startBoard({ variant, icount: 0, seed: SEED, bootTimeoutMs: PATIENCE_MS });
  try {
    const costs = board.lines
      .map((line) => /^cost (\d+) (.+)$/.exec(line))
      .filter((match) => match !== null)
      .map(([, milliseconds, name]) => ({ name, instructions: Number(milliseconds) * 1e6 }));
    const heapPeak = await board.readWord(board.symbols.heapPeakLength);
    return { costs, imageLength, heapPeak, stackPeak: await readStackPeak(board) };
  } finally {
    await board.close();
  }
}
