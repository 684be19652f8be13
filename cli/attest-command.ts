/** `spdm attest`, and with one question more `spdm log` and `spdm events`. */
import { type Command, Option } from "commander";
import { cryptoOption, integer, transferSize, versionOption } from "./arguments.js";
import { ownClasses } from "./own-class.js";
import { PcapWriter } from "./pcap.js";
import { type ProvisionedKey, readPublicKey } from "./public-key.js";
import { Progress, printReport, toJson } from "./report.js";
import { attest } from "./requester/attest.js";
import { AEADS, ASYMS, DHES, HASHES, KEMS, oneOrAll, oneOrOthers, PQC_ASYMS, versionNamed } from "./requester/names.js";
import type { Offer } from "./requester/offer.js";
import { ownIdentities, type SessionArguments, sessionOffer } from "./session-options.js";
import { openTarget, readAnchors, readReference, TARGETS, type Target } from "./target.js";

/** Longest wait for events, in seconds, and that of `spdm events` by default. */
const EVENTS_MAX = 3600;
const EVENTS_DEFAULT = 10;

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
  algorithms?: boolean;
  tell?: boolean;
  events?: number;
  pcap?: string;
  json?: boolean;
}

export function addAttestCommands(program: Command): void {
  attestOptions(program.command("attest"))
    .description("attest a responder")
    .option("--log", "read the measurement extension log, and what of it the signed measurements cover")
    .option("--info", "ask what class of device it is")
    .option("--algorithms", "ask for all algorithms that it has, and see that those selected are among them")
    .option("--events <seconds>", "subscribe to all events, and wait for some, in a session", integer(0, EVENTS_MAX))
    .action(runAttest);
  attestOptions(program.command("log"))
    .description("attest a responder, and read its measurement extension log")
    .action((name, options, command) => runAttest(name, { ...options, log: true }, command));
  attestOptions(program.command("events"))
    .description("attest a responder in a session, and wait there for events that it tells of")
    .option("--seconds <number>", "how long", integer(0, EVENTS_MAX), EVENTS_DEFAULT)
    .action((name, { seconds, ...options }, command) =>
      runAttest(name, { ...options, session: true, events: seconds }, command),
    );
}

/** What all three have. */
function attestOptions(command: Command): Command {
  return command
    .argument("<target>", TARGETS)
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
    .option("--identity <folder>", "whose chain and key: ecp256, mldsa65, …; default: the development PKI's requester")
    .option("--transfer-size <bytes>", "take no longer messages at once: large ones come in chunks", transferSize)
    .option("--tell", "tell a responder that asks what class of device we are, signed with --mutual")
    .option("--pcap <file>", "write all messages there, link type 291")
    .option("--json", "print one JSON object");
}

async function runAttest(name: string, options: AttestArguments, command: Command): Promise<void> {
  const { log = false, info = false, algorithms = false, events } = options;
  if (events !== undefined && options.session !== true) command.error("events are sent in sessions: give --session");
  const offer = {
    session: await sessionOffer(options),
    ...(await ownIdentities(options)),
    ownClasses: options.tell ? ownClasses("requester") : undefined,
    reports: { log, deviceClass: info, algorithms, eventSeconds: events },
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
  options: AttestArguments & {
    offer: Pick<Offer, "session" | "identities" | "pqcIdentities" | "ownClasses" | "reports">;
  },
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
