/** A responder to attest, with a link that changes what passes. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadIdentity } from "../../cli/certs.js";
import { DATA_TRANSFER_SIZE, hostResponder } from "../../cli/host-responder.js";
import { type Link, TimeoutError } from "../../cli/link.js";
import type { AttestOptions } from "../../cli/requester/attest.js";
import { ASYMS, HASHES } from "../../cli/requester/names.js";
import { readAnchors } from "../../cli/target.js";

export const KEYS = fileURLToPath(new URL("../vectors/keys", import.meta.url));
export const ROOTS = ["ecp256", "ecp384"].map((folder) => join(KEYS, folder, "ca.cert.der"));

/** Changes a response, or swallows it by undefined. */
export type Alter = (response: Uint8Array, request: Uint8Array) => Uint8Array | undefined;

/** Answers as a responder does, but for what `alter` does to it. */
export function answering(alter: Alter = (response) => response): (request: Uint8Array) => Uint8Array | undefined {
  const faults: unknown[] = [];
  const responder = hostResponder(loadIdentity(KEYS), (error) => faults.push(error));
  const buffer = new Uint8Array(DATA_TRANSFER_SIZE);
  return (request) => {
    const response = buffer.slice(0, responder.respond(request, buffer));
    assert.deepEqual(faults, []);
    return alter(response, request);
  };
}

/** A link to such a responder; what is swallowed disturbs it. */
export class TestLink implements Link {
  readonly roundTripMs = 1;
  readonly timeScale = 1;
  disturbanceCount = 0;
  readonly #answer: (request: Uint8Array) => Uint8Array | undefined;

  constructor(alter?: Alter) {
    this.#answer = answering(alter);
  }

  async exchange(request: Uint8Array): Promise<Uint8Array> {
    const response = this.#answer(request);
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
