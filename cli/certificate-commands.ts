/** `spdm csr` and `spdm install`: certificates for devices in the field. Who signs them is none of ours. */
import { X509Certificate } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { type Command, Option } from "commander";
import { cryptoOption, integer, versionOption } from "./arguments.js";
import { csrJson, installJson, renderCsr, renderInstall, requestPem } from "./certificate-report.js";
import { splitChain } from "./chain.js";
import { coloured, type Paint, plain, wantsColour } from "./paint.js";
import { PcapWriter } from "./pcap.js";
import { Progress } from "./progress.js";
import { type CertificateOptions, installChain, requestCsr } from "./requester/certificates.js";
import { AEADS, ASYMS, DHES, HASHES, oneOrAll, versionNamed } from "./requester/names.js";
import { Untrusted } from "./requester/verdict.js";
import { ownIdentities, type SessionArguments, sessionOffer } from "./session-options.js";
import { openTarget, readAnchors, TARGETS, type Target } from "./target.js";

export interface Arguments extends SessionArguments {
  version?: string;
  slot: number;
  keyPair?: number;
  hash?: string;
  asym?: string;
  crypto: string;
  root?: string[];
  pcap?: string;
  json?: boolean;
}

interface CsrArguments extends Arguments {
  out?: string;
}

interface InstallArguments extends Arguments {
  erase?: boolean;
}

/** Adds both commands. */
export function addCertificateCommands(program: Command): void {
  connectionOptions(program.command("csr"))
    .description("have a device make a certification request (PKCS #10), and write it as PEM")
    .argument("<target>", TARGETS)
    .option("--slot <number>", "whose key it is to be, and who vouches for it", integer(0, 7), 0)
    .option("--out <file>", "write it there, as DER unless the name ends with .pem; default: standard output")
    .action(runCsr);
  connectionOptions(program.command("install"))
    .description("put a certificate chain into a device's slot, or empty the slot")
    .argument("<target>", TARGETS)
    .argument("[chain]", "its certificates, root first: PEM, or DER one behind the other")
    .requiredOption("--slot <number>", "certificate slot", integer(0, 7))
    .option("--erase", "empty the slot instead")
    .action(runInstall);
}

export function connectionOptions(command: Command): Command {
  return command
    .addOption(versionOption())
    .addOption(new Option("--hash <name>", "offer only this one").choices(Object.keys(HASHES)))
    .addOption(new Option("--asym <name>", "offer only this one").choices(Object.keys(ASYMS)))
    .addOption(cryptoOption())
    .option("--key-pair <id>", "where the device tells key pairs apart; default: the slot's", integer(1, 255))
    .option("--root <files...>", "trust anchors, DER or PEM; for the board by default its development roots")
    .option("--session", "in a secure session")
    .option("--psk <hint>", "opened by the pre-shared key of this hint, text or 0x and hexadecimal")
    .option("--psk-key <key>", "it in hexadecimal, or its file: raw, or .json by hint; default: the development key")
    .addOption(new Option("--dhe <group>", "offer only this one").choices(Object.keys(DHES)))
    .addOption(new Option("--aead <name>", "offer only this one").choices(Object.keys(AEADS)))
    .option("--mutual", "prove ourselves if the responder asks us to")
    .option("--identity <folder>", "whose chain and key: ecp256, ecp384; default: the development PKI's requester")
    .option("--pcap <file>", "write all messages there, link type 291")
    .option("--json", "print one JSON object");
}

export const painted = (stream: NodeJS.WriteStream): Paint => (wantsColour(stream) ? coloured : plain);

async function runCsr(name: string, options: CsrArguments): Promise<void> {
  await withTarget(name, options, async (target, given) => {
    const result = await requestCsr(target.link, given);
    const { out, json } = options;
    if (out !== undefined) writeFileSync(out, out.endsWith(".pem") ? requestPem(result) : result.request);
    if (json) console.log(csrJson(name, result));
    else {
      // Standard output is the request's, where no file is.
      const stream = out === undefined ? process.stderr : process.stdout;
      stream.write(renderCsr(name, result, painted(stream)));
      if (out === undefined) process.stdout.write(requestPem(result));
    }
  });
}

async function runInstall(name: string, file: string | undefined, options: InstallArguments): Promise<void> {
  const { erase = false, json } = options;
  if ((file === undefined) !== erase) throw new Error("give either a chain or --erase");
  const chain = file === undefined ? undefined : readChainFile(file);
  await withTarget(name, options, async (target, given) => {
    const result = await installChain(target.link, chain, given);
    if (json) console.log(installJson(name, result));
    else process.stdout.write(renderInstall(name, result, painted(process.stdout)));
  });
}

/** Certificates of PEM or DER, as DER; throws an Error with the file. */
export function readChainFile(file: string): Uint8Array {
  const data = readFileSync(file);
  try {
    const blocks = data.toString("latin1").match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
    const der = blocks === null ? data : Buffer.concat(blocks.map((block) => new X509Certificate(block).raw));
    if (splitChain(der).length === 0) throw new Error("holds no certificate");
    return der;
  } catch (error) {
    throw new Error(`${file}: ${(error as Error).message}`);
  }
}

/** Opens the target, and closes it; a responder that cannot be trusted gives exit status 1. */
export async function withTarget(
  name: string,
  options: Arguments,
  run: (target: Target, given: CertificateOptions) => Promise<void>,
): Promise<void> {
  const offer = { session: await sessionOffer(options), ...(await ownIdentities(options)) };
  const progress = new Progress(options.json === true);
  const pcap = options.pcap === undefined ? undefined : new PcapWriter(options.pcap);
  try {
    const onProgress = (step: string) => progress.step(step);
    const target = await openTarget(name, { crypto: options.crypto, pcap, onProgress });
    try {
      const anchors = options.root === undefined ? target.anchors : readAnchors(options.root);
      if (offer.session !== undefined && offer.session.psk === undefined && anchors.length === 0)
        throw new Error("give a trust anchor with --root FILE: no session is opened with just anybody");
      await run(target, {
        version: versionNamed(options.version),
        baseHash: oneOrAll(HASHES, options.hash),
        baseAsym: oneOrAll(ASYMS, options.asym),
        ...offer,
        slot: options.slot,
        keyPairId: options.keyPair,
        anchors,
        onProgress,
      });
      progress.done();
    } finally {
      await target.link.close();
    }
  } catch (error) {
    if (!(error instanceof Untrusted)) throw error;
    progress.stop();
    console.error(`spdm: not trusted: ${error.message}`);
    process.exitCode = 1;
  } finally {
    progress.stop();
    pcap?.close();
  }
}
