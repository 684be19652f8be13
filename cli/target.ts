import { X509Certificate } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildFirmware } from "../boards/ast1030/build.js";
import { I2C_ADDRESS } from "../boards/ast1030/configuration.js";
import type { SessionPolicy } from "../certs/identity-image.js";
import { writeIdentityImage } from "../certs/identity-writer.js";
import { sha256 } from "../hal/portable/crypto.js";
import { makeCertificates } from "./certs.js";
import { EmuLink } from "./emu-link.js";
import { BMC_ADDRESS, startBoard } from "./emulator.js";
import { loadIdentity } from "./identity.js";
import type { Link } from "./link.js";
import { emulatedSmbus, MctpLink } from "./mctp-link.js";
import { MctpSocketLink } from "./mctp-socket-link.js";
import type { PcapWriter } from "./pcap.js";
import { RecordedLink } from "./recorded-link.js";
import { MEASUREMENT_HASHES } from "./requester/names.js";
import type { Reference } from "./requester/reference.js";

/** The board's own 7-bit address. */
export const BOARD_ADDRESS = I2C_ADDRESS;
/** 0xFF asks for all measurements, and 0 for their number. */
const INDEX_MAX = 0xfe;
const BUILD = fileURLToPath(new URL("../build/", import.meta.url));
export const CERTIFICATES = join(BUILD, "certs");
export const ROOTS = ["ecp256/ca.cert.der", "ecp384/ca.cert.der"];

/** Engines that the board's firmware is built with. */
export const CRYPTOS: readonly string[] = ["psa", "noble"];

export const TARGETS = "board:ast1030, emu:HOST:PORT, serial:PATH[@BAUD] and mctp:NET,EID";

/** A responder to attest, and what is known of it beforehand. */
export interface Target {
  /** Closing it ends what was started for it. */
  readonly link: Link;
  readonly anchors: readonly Uint8Array[];
  readonly reference: Reference | undefined;
}

export interface TargetOptions {
  readonly crypto: string;
  readonly pcap: PcapWriter | undefined;
  readonly onProgress: (step: string) => void;
}

export interface BoardTargetOptions extends Omit<TargetOptions, "pcap"> {
  /** What the board is provisioned with: identity image or folder of keys; by default the development PKI. */
  readonly identity?: string | undefined;
  /** What of the identity's own policy for mutual authentication to replace in the board's flash. */
  readonly policy?: Partial<SessionPolicy> | undefined;
}

export interface BoardTarget extends Target {
  readonly link: MctpLink;
  /** Settles when the board has stopped: by its watchdog, or because the link was closed. */
  readonly exited: Promise<void>;
}

/** Opens what `name` says, see {@link TARGETS}; throws an Error for anything else, or if it cannot be reached. */
export async function openTarget(name: string, options: TargetOptions): Promise<Target> {
  const target = await open(name, options);
  return options.pcap === undefined ? target : { ...target, link: new RecordedLink(target.link, options.pcap) };
}

async function open(name: string, options: TargetOptions): Promise<Target> {
  if (name === "board:ast1030") return openBoard(options);
  return { link: await connect(name, options.onProgress), anchors: [], reference: undefined };
}

async function connect(name: string, onProgress: TargetOptions["onProgress"]): Promise<Link> {
  const [, host, port] = /^emu:(.+):(\d+)$/.exec(name) ?? [];
  const [, path, baud] = /^serial:(.+?)(?:@(\d+))?$/.exec(name) ?? [];
  const [, network, eid] = /^mctp:(\d+),(\d+)$/.exec(name) ?? [];
  if (host !== undefined) {
    onProgress(`connecting to ${host}:${port}`);
    return EmuLink.connect(host, Number(port));
  }
  if (path !== undefined) {
    onProgress(`opening ${path}`);
    // Not needed, and not loaded, for anything else: it brings native code, built for some platforms only.
    const { openSerial } = await import("./serial-link.js");
    return openSerial(path, baud === undefined ? undefined : Number(baud));
  }
  if (network !== undefined) {
    onProgress(`opening a socket to endpoint ${eid} of network ${network}`);
    return MctpSocketLink.open(Number(network), Number(eid));
  }
  throw new Error(`no target ${name}: there are ${TARGETS}`);
}

/**
 * The board with firmware built and identity made as needed, booted, and known to MCTP. Its trust anchors are the
 * development roots; for an identity of the caller's own there are none.
 */
export async function openBoard(options: BoardTargetOptions): Promise<BoardTarget> {
  options.onProgress(`building the firmware (${options.crypto})`);
  await buildFirmware(options.crypto);
  if (options.identity === undefined) await ensureCertificates();
  options.onProgress("booting the board");
  const anchors = options.identity === undefined ? readAnchors(ROOTS.map((file) => join(CERTIFICATES, file))) : [];
  const device = loadIdentity(options.identity ?? join(CERTIFICATES, "identity.bin"), options.policy);
  const board = await startBoard({
    variant: options.crypto,
    flash: writeIdentityImage(device, sha256),
    lifetimeMs: 0,
    onLine: (line) => {
      if (/^(fault|fatal)/.test(line)) console.error(`board: ${line}`);
    },
  });
  const link = new MctpLink(board.bus, emulatedSmbus(BMC_ADDRESS, BOARD_ADDRESS));
  try {
    await link.discover();
  } catch (error) {
    await link.close();
    throw error;
  }
  const reference = readReference(join(BUILD, "ast1030", options.crypto, "reference.json"));
  return { link, anchors, reference, exited: board.exited };
}

/** Makes the development PKI if there is none. */
export async function ensureCertificates(): Promise<void> {
  if (!existsSync(join(CERTIFICATES, "identity.bin"))) await makeCertificates({ out: CERTIFICATES });
}

/** Reads certificates, DER or PEM, as DER. */
export function readAnchors(files: readonly string[]): Uint8Array[] {
  return files.map((file) => new X509Certificate(readFileSync(file)).raw);
}

/** Throws an Error for anything but reference values: a misspelt name must not switch the comparison off. */
export function readReference(file: string): Reference {
  const { measurementHash, measurements }: Record<string, unknown> = Object(JSON.parse(readFileSync(file, "utf8")));
  const fail = (what: string): never => {
    throw new Error(`${file}: ${what}`);
  };
  if (typeof measurementHash !== "string" || !Object.hasOwn(MEASUREMENT_HASHES, measurementHash))
    fail(`measurementHash is none of ${Object.keys(MEASUREMENT_HASHES).join(", ")}`);
  const entries = Object.entries(Object(measurements));
  if (entries.length === 0) fail("measurements has no value");
  for (const [index, value] of entries) {
    if (!/^[1-9]\d{0,2}$/.test(index) || Number(index) > INDEX_MAX) fail(`${index} is no index of a measurement`);
    if (typeof value !== "string" || !/^([\da-f]{2})+$/i.test(value)) fail(`measurement ${index} is not hexadecimal`);
  }
  const values = entries.map(([index, value]) => [index, (value as string).toLowerCase()]);
  return { measurementHash: measurementHash as string, measurements: Object.fromEntries(values) };
}
