/** The responder in this process, over the portable engines: what `spdm serve --host` is. */
import { createHash, randomFillSync } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pldm } from "../boards/pldm.js";
import { mutual, sessionExchanges } from "../boards/sessions.js";
import { DEFAULT_POLICY } from "../certs/identity-image.js";
import type { Credential, DeviceIdentity } from "../certs/identity-writer.js";
import type { Measurement, Measurements } from "../hal/measurements.js";
import { aes128Gcm, aes256Gcm, chacha20Poly1305 } from "../hal/node/crypto.js";
import * as engines from "../hal/portable/crypto.js";
import { rawMeasurement } from "../hal/portable/measurement.js";
import { portablePskStore } from "../hal/portable/psk.js";
import * as algorithm from "../src/algorithms.js";
import type { Exchange } from "../src/exchange.js";
import {
  DEVICE_MODE,
  DEVICE_MODE_INDEX,
  FIRMWARE_VERSION,
  MANIFEST_INDEX,
  MEASUREMENT_MANIFEST,
  MUTABLE_FIRMWARE,
} from "../src/measurement-block.js";
import { algorithms } from "../src/messages/algorithms.js";
import { capabilities } from "../src/messages/capabilities.js";
import { certificate } from "../src/messages/certificate.js";
import { challenge } from "../src/messages/challenge.js";
import { csr } from "../src/messages/csr.js";
import { digests } from "../src/messages/digests.js";
import { measurements } from "../src/messages/measurements.js";
import { type SetCertificatePolicy, setCertificate } from "../src/messages/set-certificate.js";
import { version } from "../src/messages/version.js";
import type { PathEngines } from "../src/requester-chain.js";
import { Responder } from "../src/responder.js";
import type { SecureSessions } from "../src/sessions.js";
import { VERSIONS } from "../src/versions.js";
import { changeableIdentityOf, identityOf, type Place } from "./identity.js";

/** What DMTF's emulator and its buffers are made for. */
export const DATA_TRANSFER_SIZE = 0x1200;
/** A signature takes some 15 ms in JavaScript on a host; a busy one is given a second. */
const CT_EXPONENT = 20;
/** Seconds. Requesters on the same host need no more, and those that a person starts and stops by hand are missed soon. */
const HEARTBEAT_PERIOD = 20;
const ROOT = fileURLToPath(new URL("..", import.meta.url));

const random = (out: Uint8Array): void => {
  randomFillSync(out);
};

/** SHA-384 over the sources that answer: src/ and the engines, folder by folder and in order of their paths. */
function codeDigest(): Uint8Array {
  const hash = createHash("sha384");
  for (const folder of ["src", "hal/portable", "hal/node"]) {
    const files = readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" });
    for (const file of files.filter((name) => name.endsWith(".ts")).sort())
      hash.update(readFileSync(join(ROOT, folder, file)));
  }
  return hash.digest();
}

function codeMeasurement(): Measurement {
  const digest = codeDigest();
  return {
    index: 1,
    valueType: MUTABLE_FIRMWARE,
    tcb: true,
    rawLength: 0,
    readRaw() {},
    digest: (_hash, into) => into.set(digest),
  };
}

/** How certificates are requested and set; without it they are not. */
export interface HostCertificates {
  readonly policy: SetCertificatePolicy;
  /** Makes a change last, before it counts; undefined empties the slot. */
  readonly save: (place: Place, credential: Credential | undefined) => void;
}

/**
 * @param onFault Told of errors that no requester should be able to cause.
 * @param heartbeatPeriod Seconds, up to 255; 0: no heartbeat.
 */
export function hostResponder(
  device: DeviceIdentity,
  onFault: (error: unknown) => void,
  heartbeatPeriod = HEARTBEAT_PERIOD,
  certificates?: HostCertificates,
): Responder {
  const { sha256, sha384, sha512 } = engines;
  const { credentials, psks = [], policy = DEFAULT_POLICY } = device;
  const identities = [algorithm.ECDSA_P384, algorithm.ECDSA_P256]
    .filter((one) => credentials.some((credential) => credential.algorithm === one))
    .map((one) => ({
      algorithm: one,
      identity:
        certificates === undefined
          ? identityOf(credentials, one)
          : changeableIdentityOf(credentials, one, certificates.save, onFault),
    }));
  return new Responder({
    versions: VERSIONS,
    exchanges: [
      ...[version, capabilities, algorithms, digests, certificate, challenge, measurements],
      ...sessionExchanges(credentials.length > 0, psks.length > 0, policy),
      ...(certificates === undefined ? [] : certificateExchanges(certificates.policy)),
    ],
    baseHash: [
      { algorithm: algorithm.SHA_384, engine: sha384 },
      { algorithm: algorithm.SHA_256, engine: sha256 },
      { algorithm: algorithm.SHA_512, engine: sha512 },
    ],
    baseAsym: identities,
    measurements: { algorithm: algorithm.MEASUREMENT_SHA_384, engine: sha384, source: hostMeasurements() },
    random,
    ctExponent: CT_EXPONENT,
    dataTransferSize: DATA_TRANSFER_SIZE,
    sessions: sessionsOf(device, heartbeatPeriod),
    ...mutual(policy, () => requestersOf(device)),
    onFault,
  });
}

function certificateExchanges(policy: SetCertificatePolicy): Exchange[] {
  return [csr({ hash: engines.sha384 }), setCertificate({ ...chainEngines(), policy })];
}

/** What chains are verified with. */
function chainEngines(): PathEngines {
  const { p256, p384, sha256, sha384, sha512 } = engines;
  return {
    verifiers: [
      { algorithm: algorithm.ECDSA_P384, engine: p384 },
      { algorithm: algorithm.ECDSA_P256, engine: p256 },
    ],
    hashes: [sha256, sha384, sha512],
    calendar: () => Date.now() / 1000,
  };
}

function sessionsOf({ psks = [], policy = DEFAULT_POLICY }: DeviceIdentity, heartbeatPeriod: number): SecureSessions {
  return {
    dhe: [
      { algorithm: algorithm.SECP384R1, engine: engines.secp384r1(random) },
      { algorithm: algorithm.SECP256R1, engine: engines.secp256r1(random) },
      { algorithm: algorithm.SECP521R1, engine: engines.secp521r1(random) },
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
    clock: () => performance.now() | 0,
    // Whoever asks for encapsulated requests gets one: that is how DMTF's requester has a responder update its key.
    keyUpdateAfter: 0,
    applications: [pldm],
  };
}

/** What requesters are believed by. */
function requestersOf({ requesterAnchors = [], requesterChains = [] }: DeviceIdentity) {
  const trust = { ...chainEngines(), anchors: requesterAnchors };
  const provisioned = requesterChains.map(({ algorithm: one, chain }) => ({
    algorithm: one,
    chains: {
      slotMask: 1,
      chainLength: () => chain.length,
      readChain: (_slot: number, offset: number, into: Uint8Array) =>
        into.set(chain.subarray(offset, offset + into.length)),
    },
  }));
  return { trust, provisioned };
}

function hostMeasurements(): Measurements {
  // Normal operation is possible and is what it is in; nothing debugs.
  const deviceMode = Uint8Array.of(4, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  const manifest = Buffer.from("1: SHA-384 of the responder's sources; 2: version; 254: device mode");
  return {
    list: [
      codeMeasurement(),
      rawMeasurement(2, FIRMWARE_VERSION, true, Buffer.from("moddable-spdm on Node")),
      rawMeasurement(MANIFEST_INDEX, MEASUREMENT_MANIFEST, false, manifest),
      rawMeasurement(DEVICE_MODE_INDEX, DEVICE_MODE, true, deviceMode),
    ],
    generation: 0,
  };
}
