/** The responder on its ports: what every board's firmware shares. */
import {
  type CredentialEntry,
  DEFAULT_POLICY,
  type IdentityTable,
  readIdentityTable,
  UUID_LENGTH,
} from "../certs/identity-image.js";
import { chipState, codeDigest, copy, identityLength, print, random } from "../hal/chip/chip.js";
import { FlashIdentity, type Signer } from "../hal/chip/identity.js";
import { firmwareMeasurements } from "../hal/chip/measurements.js";
import { identityStorage } from "../hal/chip/storage.js";
import type { HashAlgorithm } from "../hal/crypto.js";
import { ECDSA_P256, ECDSA_P384, MEASUREMENT_SHA_384, SHA_256, SHA_384, SHA_512 } from "../src/algorithms.js";
import type { Binding } from "../src/mctp/binding.js";
import { Endpoint, type Handler } from "../src/mctp/endpoint.js";
import { algorithms } from "../src/messages/algorithms.js";
import { capabilities } from "../src/messages/capabilities.js";
import { certificate } from "../src/messages/certificate.js";
import { challenge } from "../src/messages/challenge.js";
import { digests } from "../src/messages/digests.js";
import { measurements } from "../src/messages/measurements.js";
import { version } from "../src/messages/version.js";
import { RECORD_OVERHEAD, SECURED_TYPE, SPDM_TYPE } from "../src/record.js";
import { type Options, Responder } from "../src/responder.js";
import { VERSIONS } from "../src/versions.js";
import {
  type Configuration,
  configurationBytes,
  firmwareVersion,
  logManifest,
  SECURE_VERSION,
  TRANSMISSION_UNIT,
} from "./configuration.js";
import type { Certificates } from "./psa-certificates.js";
import type { Reporting } from "./reporting.js";

export type Sessions = Pick<Options, "exchanges" | "sessions" | "mutualAuthentication">;

/** What a firmware brings: engines, and what it serves beside attestation. */
export interface Engines {
  readonly sha256: HashAlgorithm;
  readonly sha384: HashAlgorithm;
  readonly sha512: HashAlgorithm;
  /** Signs with an entry's key. */
  signer(entry: CredentialEntry): Signer;
  /** Sessions, from what the board is provisioned with. */
  readonly sessions?: (configuration: Configuration, identity: Provisioned) => Sessions;
  /** What it tells of itself beside its measurements. */
  readonly reporting?: Reporting;
  /** How its certificates are requested and set, if they are. */
  readonly certificates?: Certificates;
}

/** The identity image, or what stands for it where there is none. */
export type Provisioned = Omit<IdentityTable, "length">;

const UNPROVISIONED: Provisioned = Object.freeze({
  uuid: new Uint8Array(UUID_LENGTH),
  credentials: [],
  spareKeys: [],
  psks: [],
  requesterAnchors: [],
  requesterChains: [],
  policy: DEFAULT_POLICY,
});

/** DSP0275 1.0.2, the version of SPDM over MCTP. */
const SPDM_BINDING_VERSIONS = Object.freeze([0xf1f0f200]);
/** DSP0276 1.0 to 1.3, that of secured messages. */
const SECURED_BINDING_VERSIONS = Object.freeze([0xf1f0f000, 0xf1f1f000, 0xf1f2f000, 0xf1f3f000]);

/** Opens a port and answers on it, through an endpoint of its own. */
export type Serve = (
  endpoint: (binding: Binding, handlers?: readonly Handler[]) => Endpoint,
  responder: Responder,
) => void;

export function start(configuration: Configuration, engines: Engines, ports: readonly Serve[]): void {
  // C has checked its digest and its bounds; without one the board answers, but has nothing to prove.
  const identity = identityLength() !== 0 ? readIdentityTable(identityStorage) : UNPROVISIONED;
  const responder = makeResponder(configuration, engines, identity);
  const endpoint = (binding: Binding, handlers: readonly Handler[] = []) =>
    makeEndpoint(configuration, responder, identity.uuid, binding, handlers);
  for (const serve of ports) serve(endpoint, responder);
}

function makeResponder(configuration: Configuration, engines: Engines, identity: Provisioned): Responder {
  const { sha256, sha384, sha512, signer, reporting, certificates } = engines;
  const { credentials } = identity;
  const { exchanges, ...sessions } = engines.sessions?.(configuration, identity) ?? { exchanges: [] };
  const identities: Options["baseAsym"] = certificates?.identities(identity) ?? [
    { algorithm: ECDSA_P384, identity: new FlashIdentity(credentials, ECDSA_P384, 96, signer) },
    { algorithm: ECDSA_P256, identity: new FlashIdentity(credentials, ECDSA_P256, 64, signer) },
  ];
  const options: Options = {
    versions: VERSIONS,
    exchanges: [
      version,
      capabilities,
      algorithms,
      digests,
      certificate,
      challenge,
      measurements,
      ...exchanges,
      ...(certificates?.exchanges(configuration, identity) ?? []),
    ],
    ...sessions,
    baseHash: [
      { algorithm: SHA_384, engine: sha384 },
      { algorithm: SHA_256, engine: sha256 },
      { algorithm: SHA_512, engine: sha512 },
    ],
    baseAsym: identities.filter(({ identity }) => identity.slotMask !== 0 || identity.certificateSlots !== undefined),
    measurements: {
      algorithm: MEASUREMENT_SHA_384,
      engine: sha384,
      source: firmwareMeasurements({
        codeDigest,
        configuration: configurationBytes(configuration),
        version: firmwareVersion(configuration),
        secureVersion: SECURE_VERSION,
        state: chipState(),
        manifest: configuration.sessions ? logManifest() : "",
      }),
    },
    random,
    ctExponent: configuration.ctExponent,
    dataTransferSize: configuration.dataTransferSize,
    onFault: (error, requestCode) => print(`request ${requestCode}: ${error}`),
  };
  return new Responder(reporting?.(options, configuration, identity) ?? options);
}

function makeEndpoint(
  configuration: Configuration,
  responder: Responder,
  uuid: Uint8Array,
  binding: Binding,
  further: readonly Handler[],
): Endpoint {
  const handlers: Handler[] = [
    {
      type: SPDM_TYPE,
      versions: SPDM_BINDING_VERSIONS,
      respond: (request, response) => responder.respond(request, response),
    },
    ...further,
  ];
  if (configuration.sessions) {
    handlers.push({
      type: SECURED_TYPE,
      versions: SECURED_BINDING_VERSIONS,
      respond: (request, response) => responder.respondSecured(request, response),
    });
  }
  return new Endpoint({
    binding,
    eid: configuration.eid,
    uuid,
    handlers,
    transmissionUnit: TRANSMISSION_UNIT,
    messageLength: configuration.dataTransferSize + RECORD_OVERHEAD,
    copy,
  });
}
