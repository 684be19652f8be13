/** The responder on its port: what all variants of the firmware share. */
import {
  type CredentialEntry,
  DEFAULT_POLICY,
  type IdentityTable,
  readIdentityTable,
  UUID_LENGTH,
} from "../../certs/identity-image.js";
import { codeDigest, copy, identityLength, milliseconds, pec, print, random } from "../../hal/ast1030/ast1030.js";
import { FlashIdentity, type Signer } from "../../hal/ast1030/identity.js";
import { firmwareMeasurements } from "../../hal/ast1030/measurements.js";
import { I2CPort } from "../../hal/ast1030/port.js";
import { flash } from "../../hal/ast1030/storage.js";
import type { HashAlgorithm } from "../../hal/crypto.js";
import { ECDSA_P256, ECDSA_P384, MEASUREMENT_SHA_384, SHA_256, SHA_384, SHA_512 } from "../../src/algorithms.js";
import { Endpoint, type Handler } from "../../src/mctp/endpoint.js";
import { SmbusBinding } from "../../src/mctp/smbus.js";
import { algorithms } from "../../src/messages/algorithms.js";
import { capabilities } from "../../src/messages/capabilities.js";
import { certificate } from "../../src/messages/certificate.js";
import { challenge } from "../../src/messages/challenge.js";
import { digests } from "../../src/messages/digests.js";
import { measurements } from "../../src/messages/measurements.js";
import { version } from "../../src/messages/version.js";
import { RECORD_OVERHEAD, SECURED_TYPE, SPDM_TYPE } from "../../src/record.js";
import { type Options, Responder } from "../../src/responder.js";
import { VERSIONS } from "../../src/versions.js";
import {
  configurationBytes,
  DATA_TRANSFER_SIZE,
  firmwareVersion,
  I2C_ADDRESS,
  SECURE_VERSION,
  TRANSMISSION_UNIT,
  type Variant,
} from "./configuration.js";

/** What a variant brings: engines, and what it serves beside attestation. */
export interface Engines {
  readonly sha256: HashAlgorithm;
  readonly sha384: HashAlgorithm;
  readonly sha512: HashAlgorithm;
  /** Signs with an entry's key. */
  signer(entry: CredentialEntry): Signer;
  /** Sessions, from what the board is provisioned with. */
  sessions?(identity: Provisioned): Pick<Options, "exchanges" | "sessions" | "mutualAuthentication">;
}

/** The identity image, or what stands for it where there is none. */
export type Provisioned = Omit<IdentityTable, "length">;

const UNPROVISIONED: Provisioned = Object.freeze({
  uuid: new Uint8Array(UUID_LENGTH),
  credentials: [],
  psks: [],
  requesterAnchors: [],
  requesterChains: [],
  policy: DEFAULT_POLICY,
});

/** DSP0275 1.0.2, the version of SPDM over MCTP. */
const SPDM_BINDING_VERSIONS = Object.freeze([0xf1f0f200]);
/** DSP0276 1.0 to 1.3, that of secured messages. */
const SECURED_BINDING_VERSIONS = Object.freeze([0xf1f0f000, 0xf1f1f000, 0xf1f2f000, 0xf1f3f000]);
/** SMBus's longest block write: address, command, count, 255 bytes, PEC. */
const FRAME_LENGTH_MAX = 259;

export function start(variant: Variant, engines: Engines): void {
  // C has checked its digest and its bounds; without one the board answers, but has nothing to prove.
  const identity = identityLength() !== 0 ? readIdentityTable(flash) : UNPROVISIONED;
  const responder = makeResponder(variant, engines, identity);
  const handlers: Handler[] = [
    {
      type: SPDM_TYPE,
      versions: SPDM_BINDING_VERSIONS,
      respond: (request, response) => responder.respond(request, response),
    },
  ];
  if (engines.sessions !== undefined) {
    handlers.push({
      type: SECURED_TYPE,
      versions: SECURED_BINDING_VERSIONS,
      respond: (request, response) => responder.respondSecured(request, response),
    });
  }
  const endpoint = new Endpoint({
    binding: new SmbusBinding({ address: I2C_ADDRESS, pec }),
    uuid: identity.uuid,
    handlers,
    transmissionUnit: TRANSMISSION_UNIT,
    messageLength: DATA_TRANSFER_SIZE + RECORD_OVERHEAD,
    copy,
  });
  serve(endpoint, responder);
}

function makeResponder(variant: Variant, engines: Engines, identity: Provisioned): Responder {
  const { sha256, sha384, sha512, signer } = engines;
  const { credentials } = identity;
  const { exchanges, ...sessions } = engines.sessions?.(identity) ?? { exchanges: [] };
  const identities = [
    { algorithm: ECDSA_P384, identity: new FlashIdentity(credentials, ECDSA_P384, 96, signer) },
    { algorithm: ECDSA_P256, identity: new FlashIdentity(credentials, ECDSA_P256, 64, signer) },
  ];
  return new Responder({
    versions: VERSIONS,
    exchanges: [version, capabilities, algorithms, digests, certificate, challenge, measurements, ...exchanges],
    ...sessions,
    baseHash: [
      { algorithm: SHA_384, engine: sha384 },
      { algorithm: SHA_256, engine: sha256 },
      { algorithm: SHA_512, engine: sha512 },
    ],
    baseAsym: identities.filter(({ identity }) => identity.slotMask !== 0),
    measurements: {
      algorithm: MEASUREMENT_SHA_384,
      engine: sha384,
      source: firmwareMeasurements({
        codeDigest,
        configuration: configurationBytes(variant),
        version: firmwareVersion(variant),
        secureVersion: SECURE_VERSION,
      }),
    },
    random,
    ctExponent: variant.ctExponent,
    dataTransferSize: DATA_TRANSFER_SIZE,
    onFault: (error, requestCode) => print(`request ${requestCode}: ${error}`),
  });
}

/** Frames in, frames out; a reply that the bus refuses is the requester's to ask for again. */
function serve(endpoint: Endpoint, responder: Responder): void {
  const frame = new Uint8Array(FRAME_LENGTH_MAX);
  const port = new I2CPort({
    address: I2C_ADDRESS,
    // One frame a call: the main loop calls again while more wait, and between answers it feeds the watchdog.
    onReadable() {
      const length = port.read(frame);
      if (length === undefined || !endpoint.receive(frame, length, milliseconds())) return false;
      for (let sent = endpoint.transmit(frame); sent !== 0; sent = endpoint.transmit(frame)) {
        if (!port.write(frame, sent)) break;
      }
      return true;
    },
    onIdle() {
      responder.idle();
    },
  });
}
