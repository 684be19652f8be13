/** The responder in this process, over the portable engines: what `spdm serve --host` is. */
import { randomFillSync } from "node:crypto";
import { pldm } from "../boards/pldm.js";
import { mutual, sessionExchanges } from "../boards/sessions.js";
import { DEFAULT_POLICY } from "../certs/identity-image.js";
import type { DeviceIdentity } from "../certs/identity-writer.js";
import { aes128Gcm, aes256Gcm, chacha20Poly1305 } from "../hal/node/crypto.js";
import { ffdhe2048, ffdhe3072, ffdhe4096 } from "../hal/node/ffdhe.js";
import * as engines from "../hal/portable/crypto.js";
import { mlKem512, mlKem768, mlKem1024 } from "../hal/portable/ml-kem.js";
import { portablePskStore } from "../hal/portable/psk.js";
import { sha3_256, sha3_384, sha3_512 } from "../hal/portable/sha3.js";
import * as algorithm from "../src/algorithms.js";
import type { ChainSource } from "../src/chain.js";
import { Chunks } from "../src/chunks.js";
import { Deferral } from "../src/deferral.js";
import { CERTIFICATE_CHANGED, MEASUREMENT_CHANGED, MEASUREMENT_PRE_UPDATE } from "../src/event-groups.js";
import { deviceEvents } from "../src/events.js";
import {
  CHALLENGE,
  type Exchange,
  FINISH,
  GET_CERTIFICATE,
  GET_CSR,
  GET_DIGESTS,
  GET_ENDPOINT_INFO,
  GET_MEASUREMENTS,
  KEY_EXCHANGE,
  PSK_EXCHANGE,
  PSK_FINISH,
  SET_CERTIFICATE,
  SET_KEY_PAIR_INFO,
  SLOT_MANAGEMENT,
} from "../src/exchange.js";
import { algorithms } from "../src/messages/algorithms.js";
import { capabilities } from "../src/messages/capabilities.js";
import { challenge } from "../src/messages/challenge.js";
import { endpointInfo } from "../src/messages/endpoint-info.js";
import { measurementExtensionLog } from "../src/messages/measurement-extension-log.js";
import { measurements } from "../src/messages/measurements.js";
import { managedSlots, slotManagement as readOnlySlots } from "../src/messages/slot-management.js";
import { subscribeEventTypes } from "../src/messages/subscribe-event-types.js";
import { supportedEventTypes } from "../src/messages/supported-event-types.js";
import { version } from "../src/messages/version.js";
import { requesterInfo } from "../src/requester-info.js";
import { type Options, Responder } from "../src/responder.js";
import type { SecureSessions } from "../src/sessions.js";
import { slotChanges } from "../src/slot-changes.js";
import { VERSIONS } from "../src/versions.js";
import { withAliases } from "./alias.js";
import { changePolicy, HOST_ASYMS, type HostKeyOptions, hostKeys, keyExchanges } from "./host-keys.js";
import { HostLog } from "./host-log.js";
import { mlDsaIdentity } from "./ml-dsa-identity.js";
import { ownClasses } from "./own-class.js";
import { pathEngines, requesterTrust } from "./requester-trust.js";

/** What DMTF's emulator and its buffers are made for; as large as that its MaxSPDMmsgSize. */
export const DATA_TRANSFER_SIZE = 0x1200;
const MAX_SPDM_MSG_SIZE = 0x28000;
/** A signature takes some 15 ms in JavaScript on a host; a busy one is given a second. */
const CT_EXPONENT = 20;
/** Seconds. Requesters on the same host need no more, and those that a person starts and stops by hand are missed soon. */
const HEARTBEAT_PERIOD = 20;
const random = (out: Uint8Array): void => {
  randomFillSync(out);
};

/** Beside those of keys and certificates, of sessions and of chunks. */
const EXCHANGES: readonly Exchange[] = [
  version,
  capabilities,
  algorithms,
  challenge,
  measurements,
  measurementExtensionLog,
  endpointInfo,
];
const EVENTS: readonly Exchange[] = [supportedEventTypes, subscribeEventTypes];
const chunks = () => new Chunks({ maxSpdmMsgSize: MAX_SPDM_MSG_SIZE });

/** What needs cryptography, be it a hash. */
const SLOW: readonly number[] = [
  GET_DIGESTS,
  GET_CERTIFICATE,
  CHALLENGE,
  GET_MEASUREMENTS,
  KEY_EXCHANGE,
  FINISH,
  PSK_EXCHANGE,
  PSK_FINISH,
  GET_ENDPOINT_INFO,
  GET_CSR,
  SET_CERTIFICATE,
  SET_KEY_PAIR_INFO,
  SLOT_MANAGEMENT,
];
const clock = (): number => performance.now() | 0;
const deferral = (deferMs: number) =>
  new Deferral({
    clock,
    delayMs: (code) => (SLOW.includes(code) ? deferMs : 0),
    maxSpdmMsgSize: MAX_SPDM_MSG_SIZE,
  });

/** All that it ever serves; of sessions what the device is provisioned for. */
export const hostExchanges = (): readonly Exchange[] => [
  ...EXCHANGES,
  ...keyExchanges(),
  ...sessionExchanges(true, true, { ...DEFAULT_POLICY, requested: 1, pskWithoutContext: false }),
  ...EVENTS,
  ...chunks().exchanges,
  ...deferral(0).exchanges,
];

export interface HostOptions extends Required<Pick<Options, "onFault">>, Pick<Options, "onAnswer"> {
  /** Seconds, up to 255; 0: no heartbeat. */
  readonly heartbeatPeriod?: number | undefined;
  /** Bytes that go over at once, from 42 on. */
  readonly dataTransferSize?: number | undefined;
  /** Milliseconds that it pretends to need for cryptography: it answers ResponseNotReady first. By default it does not. */
  readonly deferMs?: number | undefined;
  /** What it measures and tells of itself. */
  readonly log?: HostLog;
  /** Told what requesters say that they are; without it they are not asked. */
  readonly onRequesterInfo?: Parameters<typeof requesterInfo>[0] | undefined;
  /** Whether it serves SLOT_MANAGEMENT, which changes slots where `keys` says that certificates are set. */
  readonly slotManagement?: boolean | undefined;
  /** What it is known by, and who may change its keys. */
  readonly keys?: HostKeyOptions;
}

export function hostResponder(device: DeviceIdentity, options: HostOptions): Responder {
  const {
    heartbeatPeriod = HEARTBEAT_PERIOD,
    dataTransferSize = DATA_TRANSFER_SIZE,
    deferMs,
    onRequesterInfo,
    slotManagement,
    ...told
  } = options;
  const { log = new HostLog(device) } = options;
  const { sha256, sha384, sha512 } = engines;
  const { psks = [], policy = DEFAULT_POLICY } = device;
  const credentials = withAliases(device, log.measurements);
  const onFault = (error: unknown) => told.onFault(error, 0);
  const { exchanges, ...keys } = hostKeys({ ...device, credentials }, options.keys ?? {}, onFault);
  const sessions = sessionExchanges(credentials.length > 0, psks.length > 0, policy);
  if (sessions.length > 0) sessions.push(...EVENTS);
  return new Responder({
    versions: VERSIONS,
    exchanges: [
      ...EXCHANGES,
      ...exchanges,
      ...sessions,
      ...(slotManagement ? [slotExchange(device, options.keys)] : []),
    ],
    baseHash: [
      { algorithm: algorithm.SHA_384, engine: sha384 },
      { algorithm: algorithm.SHA_256, engine: sha256 },
      { algorithm: algorithm.SHA_512, engine: sha512 },
      { algorithm: algorithm.SHA3_384, engine: sha3_384 },
      { algorithm: algorithm.SHA3_256, engine: sha3_256 },
      { algorithm: algorithm.SHA3_512, engine: sha3_512 },
    ],
    ...keys,
    pqcAsym: pqcIdentitiesOf(device, options.keys),
    measurements: { algorithm: algorithm.MEASUREMENT_SHA_384, engine: sha384, source: log.measurements },
    deviceClasses: ownClasses("host"),
    events: deviceEvents([MEASUREMENT_CHANGED, MEASUREMENT_PRE_UPDATE, CERTIFICATE_CHANGED]),
    random,
    ctExponent: CT_EXPONENT,
    dataTransferSize,
    chunks: chunks(),
    ...(deferMs === undefined ? {} : { deferral: deferral(deferMs) }),
    ...(onRequesterInfo === undefined ? {} : { requesterInfo: requesterInfo(onRequesterInfo) }),
    sessions: sessionsOf(device, heartbeatPeriod),
    ...mutual(policy, () => requestersOf(device)),
    ...told,
    log,
  });
}

/** Experimental, and so in no list of what is served. */
function slotExchange({ credentials }: DeviceIdentity, { publicKey = false, changes }: HostKeyOptions = {}): Exchange {
  const policy = publicKey ? undefined : changePolicy(credentials, changes);
  if (policy === undefined) return readOnlySlots;
  return managedSlots(
    slotChanges({ ...pathEngines([algorithm.ECDSA_P384, algorithm.ECDSA_P256]), policy, csrHash: engines.sha384 }),
  );
}

/** In order of preference: first the one of about P-384's strength. */
const HOST_PQC_ASYMS = [algorithm.ML_DSA_65, algorithm.ML_DSA_87, algorithm.ML_DSA_44];

/** ML-DSA where there are chains for it, and no public key instead. */
function pqcIdentitiesOf({ pqcCredentials = [] }: DeviceIdentity, { publicKey = false }: HostKeyOptions = {}) {
  if (publicKey) return [];
  return HOST_PQC_ASYMS.filter((one) => pqcCredentials.some((credential) => credential.algorithm === one)).map(
    (one) => ({ algorithm: one, identity: mlDsaIdentity(pqcCredentials, one) }),
  );
}

function sessionsOf({ psks = [], policy = DEFAULT_POLICY }: DeviceIdentity, heartbeatPeriod: number): SecureSessions {
  return {
    dhe: [
      { algorithm: algorithm.SECP384R1, engine: engines.secp384r1(random) },
      { algorithm: algorithm.SECP256R1, engine: engines.secp256r1(random) },
      { algorithm: algorithm.SECP521R1, engine: engines.secp521r1(random) },
      { algorithm: algorithm.FFDHE_3072, engine: ffdhe3072() },
      { algorithm: algorithm.FFDHE_4096, engine: ffdhe4096() },
      { algorithm: algorithm.FFDHE_2048, engine: ffdhe2048() },
    ],
    kem: [
      { algorithm: algorithm.ML_KEM_768, engine: mlKem768(random) },
      { algorithm: algorithm.ML_KEM_1024, engine: mlKem1024(random) },
      { algorithm: algorithm.ML_KEM_512, engine: mlKem512(random) },
    ],
    aead: [
      { algorithm: algorithm.AES_256_GCM, engine: aes256Gcm },
      { algorithm: algorithm.AES_128_GCM, engine: aes128Gcm },
      { algorithm: algorithm.CHACHA20_POLY1305, engine: chacha20Poly1305 },
    ],
    encrypts: !policy.macOnly,
    inTheClear: policy.inTheClear,
    ...(psks.length === 0 ? {} : { psk: portablePskStore(psks) }),
    heartbeatPeriod,
    clock,
    // Whoever asks for encapsulated requests gets one: that is how DMTF's requester has a responder update its key.
    keyUpdateAfter: 0,
    applications: [pldm],
  };
}

/** What requesters are believed by. */
function requestersOf({ requesterAnchors = [], requesterChains = [], pqcRequesters = [] }: DeviceIdentity) {
  const pqc = HOST_PQC_ASYMS.flatMap((one) => pqcRequesters.filter((each) => each.algorithm === one));
  const trust = requesterTrust(requesterAnchors, HOST_ASYMS, pqc);
  const provisioned = [...requesterChains, ...pqc.map((each) => ({ ...each, isPqc: true }))].flatMap(
    ({ chain, ...rest }) => (chain === undefined ? [] : [{ ...rest, chains: chainSource(chain) }]),
  );
  return { trust, provisioned };
}

const chainSource = (chain: Uint8Array): ChainSource => ({
  slotMask: 1,
  chainLength: () => chain.length,
  readChain: (_slot, offset, into) => into.set(chain.subarray(offset, offset + into.length)),
});
