/** A responder to attest, with a link that changes what passes. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { KINDS } from "../../certs/hierarchy.js";
import type { SessionPolicy } from "../../certs/identity-image.js";
import type { Credential } from "../../certs/identity-writer.js";
import type { HostKeyOptions } from "../../cli/host-keys.js";
import { HostLog } from "../../cli/host-log.js";
import { DATA_TRANSFER_SIZE, type HostOptions, hostResponder } from "../../cli/host-responder.js";
import { identityOf, loadIdentity, loadRequester } from "../../cli/identity.js";
import { type Link, TimeoutError } from "../../cli/link.js";
import type { AttestOptions } from "../../cli/requester/attest.js";
import { AEADS, ASYMS, DHES, HASHES, oneOrAll } from "../../cli/requester/names.js";
import type { OwnIdentity, SessionOffer } from "../../cli/requester/offer.js";
import { readAnchors } from "../../cli/target.js";
import { RECORD_OVERHEAD } from "../../src/record.js";

import type { Responder } from "../../src/responder.js";

import { coveredBy, REQUESTER } from "../support/coverage.js";

coveredBy(REQUESTER);

export const KEYS = fileURLToPath(new URL("../vectors/keys", import.meta.url));
export const ROOTS = ["ecp256", "ecp384"].map((folder) => join(KEYS, folder, "ca.cert.der"));

/** Changes a response, or swallows it by undefined; `type` is its MCTP message type. */
export type Alter = (response: Uint8Array, request: Uint8Array, type: number) => Uint8Array | undefined;

/** What the responder is like. */
export interface Device extends Partial<SessionPolicy> {
  /** Folder of its keys; by default the test keys under P-256 and P-384. */
  readonly keys?: string;
  readonly heartbeatPeriod?: number;
  /** Of ML-DSA; none by default. */
  readonly pqcCredentials?: readonly Credential[];
  readonly dataTransferSize?: number;
  /** How long it pretends to need for cryptography. */
  readonly deferMs?: number;
  readonly hostKeys?: HostKeyOptions;
  readonly onRequesterInfo?: HostOptions["onRequesterInfo"];
  readonly slotManagement?: boolean;
  /** Handed the responder, and what it tells of itself. */
  readonly ready?: (responder: Responder, log: HostLog) => void;
}

/** Answers as a responder does, but for what `alter` does to it. */
export function answering(
  alter: Alter = (response) => response,
  {
    keys = KEYS,
    heartbeatPeriod,
    pqcCredentials = [],
    dataTransferSize,
    deferMs,
    hostKeys = { changes: "proven" },
    onRequesterInfo,
    slotManagement,
    ready,
    ...policy
  }: Device = {},
) {
  const faults: unknown[] = [];
  const onFault = (error: unknown) => faults.push(error);
  const device = { ...loadIdentity(keys, policy, KINDS), pqcCredentials };
  const log = new HostLog(device);
  const responder = hostResponder(device, {
    onFault,
    heartbeatPeriod,
    dataTransferSize,
    deferMs,
    onRequesterInfo,
    slotManagement,
    log,
    keys: hostKeys,
  });
  ready?.(responder, log);
  const buffer = new Uint8Array((dataTransferSize ?? DATA_TRANSFER_SIZE) + RECORD_OVERHEAD);
  return (type: number, message: Uint8Array): Uint8Array | undefined => {
    const request = message.slice(); // records are opened in place
    const length = type === 6 ? responder.respondSecured(request, buffer) : responder.respond(request, buffer);
    assert.deepEqual(faults, []);
    return length === 0 ? undefined : alter(buffer.slice(0, length), message, type);
  };
}

/** A link to such a responder; what is swallowed disturbs it. */
export class TestLink implements Link {
  readonly roundTripMs = 1;
  readonly timeScale = 1;
  disturbanceCount = 0;
  readonly #answer: ReturnType<typeof answering>;

  constructor(alter?: Alter, device?: Device) {
    this.#answer = answering(alter, device);
  }

  async exchange(type: number, message: Uint8Array): Promise<Uint8Array> {
    const response = this.#answer(type, message);
    if (response !== undefined) return response;
    this.disturbanceCount++;
    throw new TimeoutError("no answer");
  }

  async close(): Promise<void> {}
}

export const OPTIONS: AttestOptions = {
  version: undefined,
  baseHash: HASHES["SHA-384"],
  baseAsym: ASYMS["P-384"],
  slot: 0,
  anchors: readAnchors(ROOTS),
  reference: undefined,
  onProgress() {},
};

/** A session with all that we have, whichever the responder likes best. */
export const SESSION: SessionOffer = {
  dhe: oneOrAll(DHES, undefined),
  aead: oneOrAll(AEADS, undefined),
  inTheClear: false,
  updateKeys: false,
};

/** The test requester under P-384 and P-256. */
export const IDENTITIES: readonly OwnIdentity[] = [ASYMS["P-384"], ASYMS["P-256"]].map((algorithm) => ({
  algorithm,
  identity: identityOf(loadRequester(KEYS), algorithm),
}));
