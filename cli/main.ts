/** The `spdm` command. Exit status: 0 trusted or done, 1 not trusted, 2 could not be done. */
import { readFileSync } from "node:fs";
import { Command, InvalidArgumentError, Option } from "commander";
import { VERSIONS, type Version } from "../src/versions.js";
import { makeCertificates } from "./certs.js";
import { PcapWriter } from "./pcap.js";
import { Progress, printReport, toJson } from "./report.js";
import { attest } from "./requester/attest.js";
import { ASYMS, HASHES, versionName } from "./requester/names.js";
import { serve } from "./serve.js";
import { CRYPTOS, openTarget, readAnchors, readReference, type Target } from "./target.js";

const packageJson = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));

interface AttestArguments {
  version?: string;
  slot: number;
  hash?: string;
  asym?: string;
  crypto: string;
  root?: string[];
  reference?: string;
  pcap?: string;
  json?: boolean;
}

interface ServeArguments {
  port: number;
  host?: boolean;
  board?: string;
  crypto: string;
  identity?: string;
}

function integer(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < low || value > high) {
      throw new InvalidArgumentError(`It must be a number from ${low} to ${high}.`);
    }
    return value;
  };
}

const oneOf = (names: Readonly<Record<string, number>>, name: string | undefined): number =>
  name === undefined ? Object.values(names).reduce((all, bit) => all | bit, 0) : names[name];

const versionOf = (name: string | undefined): Version | undefined =>
  VERSIONS.find((version) => versionName(version) === name);

async function runAttest(name: string, options: AttestArguments): Promise<void> {
  const progress = new Progress(options.json === true);
  const pcap = options.pcap === undefined ? undefined : new PcapWriter(options.pcap);
  try {
    const target = await openTarget(name, { crypto: options.crypto, pcap, onProgress: (step) => progress.step(step) });
    try {
      await attestTarget(name, target, options, progress);
    } finally {
      await target.link.close();
    }
  } finally {
    progress.stop();
    pcap?.close();
  }
}

async function attestTarget(name: string, target: Target, options: AttestArguments, progress: Progress): Promise<void> {
  const anchors = options.root === undefined ? target.anchors : readAnchors(options.root);
  if (anchors.length === 0) throw new Error("give a trust anchor with --root FILE: nothing is trusted without one");
  const attested = await attest(target.link, {
    version: versionOf(options.version),
    baseHash: oneOf(HASHES, options.hash),
    baseAsym: oneOf(ASYMS, options.asym),
    slot: options.slot,
    anchors,
    reference: options.reference === undefined ? target.reference : readReference(options.reference),
    onProgress: (step) => progress.step(step),
  });
  progress.done();
  const { statistics } = target.link;
  const result = {
    ...attested,
    target: name,
    timings: progress.timings,
    ...(statistics === undefined ? {} : { link: statistics }),
  };
  if (options.json) console.log(toJson(result));
  else printReport(result);
  process.exitCode = result.verdict === "trusted" ? 0 : 1;
}

function reportFailure(error: unknown): void {
  console.error(`spdm: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 2;
}

// A reader of our output that went away, say. Node would exit with 1, which here says "not trusted".
process.on("uncaughtException", (error) => {
  reportFailure(error);
  process.exit();
});

const program = new Command("spdm")
  .description("Attests devices by SPDM (DSP0274), and is one.")
  .version(packageJson.version, "-V, --tool-version", "version of this command")
  .showHelpAfterError()
  // commander's own failures are usage errors; help and version are not failures. Commands made below inherit it.
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));

const cryptoOption = () =>
  new Option("--crypto <engine>", "the board's firmware: Mbed TLS in C, or JavaScript").choices(CRYPTOS).default("psa");

program
  .command("attest")
  .description("attest a responder: board:ast1030 (starts the emulator) or emu:HOST:PORT (DMTF's spdm_responder_emu)")
  .argument("<target>")
  .addOption(new Option("--version <version>", "speak only this one").choices(VERSIONS.map(versionName)))
  .option("--slot <number>", "certificate slot", integer(0, 7), 0)
  .addOption(new Option("--hash <name>", "offer only this one").choices(Object.keys(HASHES)))
  .addOption(new Option("--asym <name>", "offer only this one").choices(Object.keys(ASYMS)))
  .addOption(cryptoOption())
  .option("--root <files...>", "trust anchors, DER or PEM; for the board by default its development roots")
  .option("--reference <file>", "reference values of measurements; for the board by default those of its build")
  .option("--pcap <file>", "write all messages there, link type 291")
  .option("--json", "print one JSON object")
  .action(runAttest);

program
  .command("serve")
  .description("be a responder behind the socket protocol of DMTF's spdm_requester_emu")
  .option("--port <number>", "TCP port on the loopback", integer(0, 65535), 2323)
  .option("--host", "the responder runs in this process (default)")
  .addOption(
    new Option("--board <name>", "it runs as firmware in the emulator, behind MCTP over I2C").choices(["ast1030"]),
  )
  .addOption(cryptoOption())
  .option("--identity <path>", "identity image, or a folder with ecp256 and ecp384; default: the development PKI")
  .action((options: ServeArguments) => {
    if (options.host && options.board !== undefined) program.error("--host and --board exclude each other");
    return serve(options);
  });

program
  .command("certs")
  .description("make the development PKI and the identity image that a board is provisioned with")
  .option("--out <folder>", "where to", "build/certs")
  .option("--force", "replace what is there")
  .action(async (options: { out: string; force?: boolean }) => {
    const made = await makeCertificates({ out: options.out, force: options.force === true });
    console.log(`${made.deviceInfo} (${made.uuid})`);
    for (const file of made.files) console.log(`  ${options.out}/${file}`);
  });

try {
  await program.parseAsync();
} catch (error) {
  reportFailure(error);
}
