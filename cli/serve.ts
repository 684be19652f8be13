import { KINDS } from "../certs/hierarchy.js";
import type { SessionPolicy } from "../certs/identity-image.js";
import { RECORD_OVERHEAD, SECURED_TYPE, SPDM_TYPE } from "../src/record.js";
import type { RequesterInfo } from "../src/requester-info.js";
import type { Options } from "../src/responder.js";
import { isAlias } from "./alias.js";
import { identifierText } from "./device-report.js";
import { serveEmu } from "./emu-server.js";
import type { HostCertificates, HostKeyOptions } from "./host-keys.js";
import { HostLog } from "./host-log.js";
import { DATA_TRANSFER_SIZE, hostResponder } from "./host-responder.js";
import { loadIdentity } from "./identity.js";
import { storeCredential } from "./identity-store.js";
import { TimeoutError } from "./link.js";
import { identifiersOf } from "./requester/endpoint-info.js";
import { CERTIFICATES, ensureCertificates, openBoard } from "./target.js";
import { traceLine } from "./trace.js";

/** What an outside requester's CTExponent and patience would allow; noble's firmware is the slowest. */
const BOARD_TIMEOUT_MS = 60_000;

/** Where certificates may be set, by the names that the command line has for it. */
export const CERTIFICATE_POLICIES = Object.freeze({
  sessions: Object.freeze({ trustedEnvironment: false, slotsInSessions: 0xfe, provenRequesters: false }),
  trusted: Object.freeze({ trustedEnvironment: true, slotsInSessions: 0xff, provenRequesters: false }),
});

export interface ServeOptions {
  readonly port: number;
  /** The emulated board to bridge to, or undefined for a responder in this process. */
  readonly board?: string | undefined;
  readonly crypto: string;
  /** Identity image or folder of keys; by default the development PKI. */
  readonly identity?: string | undefined;
  /** What of the identity's own policy to replace. */
  readonly policy?: Partial<SessionPolicy>;
  /** Seconds, up to 255, of the responder in this process; a board has its own. */
  readonly heartbeatPeriod?: number | undefined;
  /** Print each message that the responder in this process answers. */
  readonly trace?: boolean | undefined;
  /** DataTransferSize of the responder in this process, in bytes from 42 on; a board has its own. */
  readonly transferSize?: number | undefined;
  /** Milliseconds after which the responder in this process has what needs cryptography; it says ResponseNotReady until then. */
  readonly deferMs?: number | undefined;
  /** Whether the responder in this process asks requesters what they are, and prints that. */
  readonly requesterInfo?: boolean | undefined;
  /** Whether the responder in this process serves SLOT_MANAGEMENT, which no published peer speaks yet. */
  readonly slotManagement?: boolean | undefined;
  /** Of the responder in this process. */
  readonly keys?: HostKeyOptions;
  /** Where the responder in this process lets its certificates be requested and set; by default nowhere. */
  readonly setCertificates?: keyof typeof CERTIFICATE_POLICIES | undefined;
}

const SILENCE = new Uint8Array(0);

/** Answers one message of SPDM or of a secure session. */
interface Served {
  /** The answer, which is the caller's; empty where silence is the answer. */
  respond(type: number, message: Uint8Array): Promise<Uint8Array> | Uint8Array;
  /** Resolves to what went wrong if the responder ends by itself. */
  readonly stopped: Promise<string>;
  close(): Promise<void>;
}

/** Serves until a requester sends SHUTDOWN. */
export async function serve(options: ServeOptions): Promise<void> {
  const served = options.board === undefined ? await openHost(options) : await bridgeBoard(options);
  try {
    const server = await serveEmu({
      port: options.port,
      // Where silence is the answer the requester gets an empty one: DMTF's would wait for ever.
      onMessage: (type, message) =>
        type === SPDM_TYPE || type === SECURED_TYPE ? served.respond(type, message) : undefined,
      onError: (error) => console.error(`spdm: ${error.message}`),
    });
    console.log(`serving SPDM on port ${server.port}`);
    const stopped = await Promise.race([server.closed, served.stopped]);
    if (stopped !== undefined) {
      await server.close();
      throw new Error(stopped);
    }
  } finally {
    await served.close();
  }
}

async function openHost({
  identity,
  policy,
  heartbeatPeriod,
  trace,
  transferSize,
  deferMs,
  requesterInfo,
  slotManagement,
  keys,
  setCertificates,
}: ServeOptions): Promise<Served> {
  if (identity === undefined) await ensureCertificates();
  const path = identity ?? CERTIFICATES;
  const device = loadIdentity(path, policy, KINDS);
  const certificates: HostCertificates | undefined = setCertificates && {
    policy: CERTIFICATE_POLICIES[setCertificates],
    save: (place, credential) => storeCredential(path, place, credential),
  };
  const onAnswer: Options["onAnswer"] = (request, response, sessionId) =>
    console.log(traceLine(request, response, sessionId));
  const log = new HostLog(device);
  const responder = hostResponder(device, {
    log,
    onFault: (error) => console.error(error),
    heartbeatPeriod,
    dataTransferSize: transferSize,
    deferMs,
    slotManagement,
    keys: { ...keys, certificates },
    ...(trace ? { onAnswer } : {}),
    ...(requesterInfo ? { onRequesterInfo: printRequester } : {}),
  });
  // What issues aliases has done so, and is not needed before the next start.
  for (const { key } of device.credentials.filter(isAlias)) key.fill(0);
  const measureAgain = () => log.measureAgain(responder);
  process.on("SIGHUP", measureAgain);
  // Idle it is so long behind the last message, so that nothing is ready before its time.
  let idle: NodeJS.Timeout | undefined;
  const response = new Uint8Array((transferSize ?? DATA_TRANSFER_SIZE) + RECORD_OVERHEAD);
  return {
    respond(type, message) {
      const isRecord = type === SECURED_TYPE;
      const length = isRecord ? responder.respondSecured(message, response) : responder.respond(message, response);
      clearTimeout(idle);
      idle = setTimeout(() => responder.idle(), deferMs ?? 0);
      return response.slice(0, length);
    },
    stopped: new Promise(() => {}),
    close: async () => {
      clearTimeout(idle);
      process.off("SIGHUP", measureAgain);
    },
  };
}

function printRequester({ deviceClasses, signed, sessionId }: RequesterInfo): void {
  const where =
    sessionId === undefined ? "outside of sessions" : `in session 0x${sessionId.toString(16).padStart(8, "0")}`;
  const how = signed ? "signed" : "unsigned";
  for (const one of identifiersOf(deviceClasses)) console.log(`requester ${where}, ${how}: ${identifierText(one)}`);
}

async function bridgeBoard({ crypto, identity, policy }: ServeOptions): Promise<Served> {
  const { link, exited } = await openBoard({ crypto, identity, policy, onProgress: (step) => console.log(step) });
  return {
    respond: (type, message) =>
      link.exchange(type, message, BOARD_TIMEOUT_MS).catch((error) => {
        if (type === SECURED_TYPE && error instanceof TimeoutError) return SILENCE;
        throw error;
      }),
    stopped: exited.then(() => "the board has stopped"),
    close: () => link.close(),
  };
}
