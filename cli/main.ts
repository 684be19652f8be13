/** The `spdm` command. Exit status: 0 trusted or done, 1 not trusted, 2 could not be done. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Command, Option } from "commander";
import { HOST_KINDS } from "../certs/hierarchy.js";
import { writeIdentityImage } from "../certs/identity-writer.js";
import { ML_DSAS } from "../certs/ml-dsa.js";
import { sha256 } from "../hal/portable/crypto.js";
import { MIN_DATA_TRANSFER_SIZE } from "../src/capabilities.js";
import { cryptoOption, integer, versionOption } from "./arguments.js";
import { addCertificateCommands } from "./certificate-commands.js";
import { makeCertificates } from "./certs.js";
import { KEY_CHANGES } from "./host-keys.js";
import { loadIdentity, MUTUAL } from "./identity.js";
import { addKeysCommand } from "./keys-command.js";
import { PcapWriter } from "./pcap.js";
import { provision } from "./provision.js";
import { type ProvisionedKey, readPublicKey } from "./public-key.js";
import { Progress, printReport, toJson } from "./report.js";
import { attest } from "./requester/attest.js";
import { DATA_TRANSFER_SIZE } from "./requester/conversation.js";
import { AEADS, ASYMS, DHES, HASHES, KEMS, oneOrAll, oneOrOthers, PQC_ASYMS, versionNamed } from "./requester/names.js";
import type { Offer } from "./requester/offer.js";
import { serve } from "./serve.js";
import { ownIdentities, type SessionArguments, sessionOffer } from "./session-options.js";
import {
  CERTIFICATES,
  ensureCertificates,
  openTarget,
  readAnchors,
  readReference,
  TARGETS,
  type Target,
} from "./target.js";

const packageJson = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));

interface AttestArguments extends SessionArguments {
  version?: string;
  slot: number;
  hash?: string;
  asym?: string;
  crypto: string;
  root?: string[];
  publicKey?: string;
  multiKey?: boolean;
  reference?: string;
  transferSize?: number;
  log?: boolean;
  info?: boolean;
  events?: number;
  pcap?: string;
  json?: boolean;
}

interface ServeArguments {
  port: number;
  host?: boolean;
  board?: string;
  crypto: string;
  identity?: string;
  mutual?: string;
  basicMutual?: boolean;
  inTheClear?: boolean;
  macOnly?: boolean;
  pskWithoutContext?: boolean;
  heartbeat?: number;
  trace?: boolean;
  transferSize?: number;
  publicKey?: boolean;
  defer?: number;
  keyChanges?: keyof typeof KEY_CHANGES;
}

/** RDT, a power of two, is then no more than what `spdm attest` waits for one answer. */
const DEFER_MS_MAX = 60_000;
/** DataTransferSize: what every SPDM endpoint can take, to what ours do. */
const transferSize = integer(MIN_DATA_TRANSFER_SIZE, DATA_TRANSFER_SIZE);

async function runAttest(name: string, options: AttestArguments): Promise<void> {
  const { log = false, info = false, events } = options;
  if (events !== undefined && options.session !== true) program.error("events are sent in sessions: give --session");
  const offer = {
    session: await sessionOffer(options),
    identities: await ownIdentities(options),
    reports: { log, deviceClass: info, eventSeconds: events },
  };
  const progress = new Progress(options.json === true);
  const pcap = options.pcap === undefined ? undefined : new PcapWriter(options.pcap);
  try {
    const target = await openTarget(name, { crypto: options.crypto, pcap, onProgress: (step) => progress.step(step) });
    try {
      await attestTarget(name, target, { ...options, offer }, progress);
    } finally {
      await target.link.close();
    }
  } finally {
    progress.stop();
    pcap?.close();
  }
}

async function attestTarget(
  name: string,
  target: Target,
  options: AttestArguments & { offer: Pick<Offer, "session" | "identities" | "reports"> },
  progress: Progress,
): Promise<void> {
  const anchors = options.root === undefined ? target.anchors : readAnchors(options.root);
  const publicKey = provisionedKey(options);
  if (publicKey === undefined && anchors.length === 0) {
    throw new Error("give a trust anchor with --root FILE: nothing is trusted without one");
  }
  const [classical, pqc] = [ASYMS, PQC_ASYMS].map((names) =>
    options.asym !== undefined && Object.hasOwn(names, options.asym) ? options.asym : undefined,
  );
  const attested = await attest(target.link, {
    version: versionNamed(options.version),
    baseHash: oneOrAll(HASHES, options.hash),
    baseAsym: publicKey?.algorithm ?? oneOrOthers(ASYMS, classical, pqc),
    pqcAsym: publicKey === undefined ? oneOrOthers(PQC_ASYMS, pqc, classical) : 0,
    multiKey: options.multiKey,
    publicKey,
    ...options.offer,
    slot: options.slot,
    dataTransferSize: options.transferSize,
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

/** What --public-key names; throws an Error if it is about another key than the other options. */
function provisionedKey({ publicKey, root, asym, multiKey }: AttestArguments): ProvisionedKey | undefined {
  if (publicKey === undefined) return undefined;
  if (root !== undefined) throw new Error("a public key needs no --root");
  if (multiKey === true) throw new Error("a public key is no slot's: --multi-key is about slots");
  const key = readPublicKey(publicKey);
  if (asym !== undefined && ASYMS[asym] !== key.algorithm) throw new Error(`${publicKey}: no key for ${asym}`);
  return key;
}

async function runProvision(name: string, options: { identity?: string }): Promise<void> {
  const progress = new Progress(false);
  try {
    if (options.identity === undefined) await ensureCertificates();
    const device = loadIdentity(options.identity ?? join(CERTIFICATES, "identity.bin"));
    const image = writeIdentityImage(device, sha256);
    const { link } = await openTarget(name, {
      crypto: "psa",
      pcap: undefined,
      onProgress: (step) => progress.step(step),
    });
    try {
      progress.step(`installing ${image.length} bytes`);
      await provision(link, image);
    } finally {
      await link.close();
    }
    progress.done();
    console.log(`${image.length} bytes installed: they count from the board's next reset`);
  } finally {
    progress.stop();
  }
}

function runServe(options: ServeArguments): Promise<void> {
  const {
    mutual,
    basicMutual,
    inTheClear,
    macOnly,
    pskWithoutContext,
    heartbeat,
    publicKey,
    keyChanges,
    defer,
    ...rest
  } = options;
  if (options.board !== undefined) {
    if (options.host) program.error("--host and --board exclude each other");
    if (heartbeat !== undefined) program.error("a board's heartbeat is up to its firmware");
    if (options.trace) program.error("--trace is for --host: what a session with a board carries is not seen here");
    if (rest.transferSize !== undefined) program.error("a board's transfer size is up to its firmware");
    if (defer !== undefined) program.error("--defer is for --host: a board takes the time it needs");
    if (publicKey || keyChanges !== undefined) program.error("a board's keys are up to its firmware");
  }
  if (publicKey && keyChanges !== undefined)
    program.error("--public-key is one that requesters have: nothing changes it");
  const requested = mutual === undefined ? undefined : MUTUAL[mutual];
  // What is not given stays as it is provisioned.
  const given = Object.entries({ requested, basic: basicMutual, inTheClear, macOnly, pskWithoutContext });
  const policy = Object.fromEntries(given.filter(([, value]) => value !== undefined));
  return serve({
    ...rest,
    policy,
    heartbeatPeriod: heartbeat,
    deferMs: defer,
    keys: { publicKey, changes: keyChanges },
  });
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

/** What identity images have no place for. */
const HOST_ASYMS = Object.keys(ASYMS).filter((name) =>
  HOST_KINDS.some(({ algorithms }) => algorithms.includes(ASYMS[name])),
);

program
  .command("attest")
  .description(`attest a responder: ${TARGETS}`)
  .argument("<target>")
  .addOption(versionOption())
  .option("--slot <number>", "certificate slot", integer(0, 7), 0)
  .addOption(new Option("--hash <name>", "offer only this one").choices(Object.keys(HASHES)))
  .addOption(
    new Option("--asym <name>", "offer only this one").choices([...Object.keys(ASYMS), ...Object.keys(PQC_ASYMS)]),
  )
  .addOption(cryptoOption())
  .option("--root <files...>", "trust anchors, DER or PEM; for the board by default its development roots")
  .option("--public-key <file>", "what the responder is known by instead of certificates, DER or PEM")
  .option("--multi-key", "ask for slots that have keys of their own, where the responder has both")
  .option("--reference <file>", "reference values of measurements; for the board by default those of its build")
  .option("--session", "open a secure session, and take the measurements in it")
  .option("--psk <hint>", "by the pre-shared key of this hint, text or 0x and hexadecimal; else by KEY_EXCHANGE")
  .option("--psk-key <key>", "it in hexadecimal, or its file: raw, or .json by hint; default: the development key")
  .addOption(new Option("--dhe <group>", "offer only this one").choices(Object.keys(DHES)))
  .addOption(new Option("--kem <name>", "offer only this one, and no DHE group").choices(Object.keys(KEMS)))
  .addOption(new Option("--aead <name>", "offer only this one").choices(Object.keys(AEADS)))
  .option("--in-the-clear", "offer a handshake in the clear")
  .option("--key-update", "update the session's keys, in every way there is")
  .option("--mutual", "prove ourselves if the responder asks us to, in the session or in CHALLENGE_AUTH")
  .option("--identity <folder>", "whose chain and key: ecp256, ecp384, …; default: the development PKI's requester")
  .option("--transfer-size <bytes>", "take no longer messages at once: large ones come in chunks", transferSize)
  .option("--log", "read the measurement extension log, and what of it the signed measurements cover")
  .option("--info", "ask what class of device it is")
  .option("--events <seconds>", "subscribe to all events, and wait for some, in a session", integer(0, 3600))
  .option("--pcap <file>", "write all messages there, link type 291")
  .option("--json", "print one JSON object")
  .action(runAttest);

addKeysCommand(program);

program
  .command("serve")
  .description("be a responder behind the socket protocol of DMTF's spdm_requester_emu")
  .option("--port <number>", "TCP port on the loopback", integer(0, 65535), 2323)
  .option("--host", "the responder runs in this process (default)")
  .addOption(
    new Option("--board <name>", "it runs as firmware in the emulator, behind MCTP over I2C").choices(["ast1030"]),
  )
  .addOption(cryptoOption())
  .option("--identity <path>", "identity image, or a folder with ecp256, ecp384, …; default: the development PKI")
  .addOption(
    new Option("--mutual <how>", "ask requesters in sessions to authenticate; default: as provisioned").choices(
      Object.keys(MUTUAL),
    ),
  )
  .option("--basic-mutual", "ask them in CHALLENGE_AUTH")
  .option("--in-the-clear", "take handshakes in the clear")
  .option("--mac-only", "only authenticate what goes through sessions")
  .option("--psk-without-context", "bring no context to PSK_EXCHANGE")
  .option("--heartbeat <seconds>", "how often to be heard of in a session, 0 for never", integer(0, 255))
  .option("--trace", "print each message that is answered, those in sessions too")
  .option("--transfer-size <bytes>", "take no longer messages at once: large ones come in chunks", transferSize)
  .option("--defer <milliseconds>", "say ResponseNotReady first to what needs cryptography", integer(1, DEFER_MS_MAX))
  .option("--public-key", "be known by a provisioned public key, slot 0's, instead of certificates")
  .addOption(
    new Option(
      "--key-changes <whose>",
      "whose changes of keys and chains to take, and keep in the identity: in sessions of requesters that proved " +
        "themselves (default), in all sessions, or anywhere, slot 0's too",
    ).choices(Object.keys(KEY_CHANGES)),
  )
  .action(runServe);

addCertificateCommands(program);

program
  .command("provision")
  .description("give a board without an identity one, once; it counts from the board's next reset")
  .argument("<target>", "serial:PATH[@BAUD]")
  .option("--identity <path>", "identity image, or a folder with ecp256 and ecp384; default: the development PKI")
  .action(runProvision);

program
  .command("certs")
  .description("make the development PKI and the identity image that a board is provisioned with")
  .option("--out <folder>", "where to", "build/certs")
  .option("--force", "replace what is there")
  .addOption(
    new Option(
      "--asym <names...>",
      "make chains of these only, which `serve --host` offers beside the device's",
    ).choices([...HOST_ASYMS, ...ML_DSAS.map(({ name }) => name)]),
  )
  .action(async ({ out, force = false, asym }: { out: string; force?: boolean; asym?: string[] }) => {
    const kinds = asym && [
      ...HOST_KINDS.filter(({ algorithms }) => asym.some((name) => algorithms.includes(ASYMS[name]))),
      ...ML_DSAS.filter(({ name }) => asym.includes(name)),
    ];
    const made = await makeCertificates({ out, force, kinds });
    console.log(`${made.deviceInfo} (${made.uuid})`);
    for (const file of made.files) console.log(`  ${out}/${file}`);
  });

try {
  await program.parseAsync();
} catch (error) {
  reportFailure(error);
}
