/** `spdm serve`. */
import { type Command, Option } from "commander";
import { cryptoOption, integer, transferSize } from "./arguments.js";
import { KEY_CHANGES } from "./host-keys.js";
import { MUTUAL } from "./identity.js";
import { serve } from "./serve.js";

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
  requesterInfo?: boolean;
  slotManagement?: boolean;
  keyChanges?: keyof typeof KEY_CHANGES;
}

/** RDT, a power of two, is then no more than what `spdm attest` waits for one answer. */
const DEFER_MS_MAX = 60_000;

export function addServeCommand(program: Command): void {
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
    .option("--requester-info", "ask requesters what class of device they are, and print that")
    .option("--public-key", "be known by a provisioned public key, slot 0's, instead of certificates")
    .addOption(
      new Option(
        "--key-changes <whose>",
        "whose changes of keys and chains to take, and keep in the identity: nobody's (default), in sessions of requesters that " +
          "proved themselves, in all sessions, or anywhere, slot 0's too",
      ).choices(Object.keys(KEY_CHANGES)),
    )
    .option("--slot-management", "experimental: serve SLOT_MANAGEMENT, by which slots are changed likewise")
    .action(runServe);
}

function runServe(options: ServeArguments, command: Command): Promise<void> {
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
    if (options.host) command.error("--host and --board exclude each other");
    if (heartbeat !== undefined) command.error("a board's heartbeat is up to its firmware");
    if (options.trace) command.error("--trace is for --host: what a session with a board carries is not seen here");
    if (rest.transferSize !== undefined) command.error("a board's transfer size is up to its firmware");
    if (defer !== undefined) command.error("--defer is for --host: a board takes the time it needs");
    if (rest.requesterInfo) command.error("--requester-info is for --host: the board does not ask");
    if (rest.slotManagement) command.error("--slot-management is for --host: the board does not have it");
    if (publicKey) command.error("a board's keys are up to its firmware");
    if (keyChanges !== undefined && keyChanges !== "none" && keyChanges !== "proven")
      command.error(
        "a board takes changes in sessions of requesters that proved themselves only: --key-changes proven",
      );
  }
  if (publicKey && keyChanges !== undefined)
    command.error("--public-key is one that requesters have: nothing changes it");
  const requested = mutual === undefined ? undefined : MUTUAL[mutual];
  // What is not given stays as it is provisioned.
  const certificates = keyChanges === undefined ? undefined : keyChanges !== "none";
  const given = Object.entries({ requested, basic: basicMutual, inTheClear, macOnly, pskWithoutContext, certificates });
  const policy = Object.fromEntries(given.filter(([, value]) => value !== undefined));
  return serve({
    ...rest,
    policy,
    heartbeatPeriod: heartbeat,
    deferMs: defer,
    keys: { publicKey, changes: keyChanges },
  });
}
