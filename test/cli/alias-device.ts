/** A device that issues aliases, and what tests of it want: it is made before the tests of the file that imports this. */
import assert from "node:assert/strict";
import type { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import type { Credential, DeviceIdentity } from "../../certs/identity-writer.js";
import { makeCertificates } from "../../cli/certs.js";
import { splitChain } from "../../cli/chain.js";
import { HostLog } from "../../cli/host-log.js";
import { hostResponder } from "../../cli/host-responder.js";
import { loadIdentity } from "../../cli/identity.js";
import type { Link } from "../../cli/link.js";
import { type AttestOptions, attest } from "../../cli/requester/attest.js";
import { ASYMS } from "../../cli/requester/names.js";
import { readAnchors } from "../../cli/target.js";
import { sha384 } from "../../hal/portable/crypto.js";
import { GENERIC_CERT } from "../../src/key-pairs.js";
import type { TcbInfo } from "../../src/tcb-info.js";
import { OPTIONS } from "./answering.js";

export const P256 = ASYMS["P-256"];
export const P384 = ASYMS["P-384"];

export let folder: string;
export let device: DeviceIdentity;
export let anchors: readonly Uint8Array[];

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "spdm-alias-"));
  await makeCertificates({ out: folder, alias: true });
  device = loadIdentity(join(folder, "identity.bin"));
  anchors = readAnchors(["ecp256", "ecp384"].map((name) => join(folder, name, "ca.cert.der")));
});
after(() => rmSync(folder, { recursive: true }));

export const credentialOf = (algorithm: number, slot = 0) =>
  device.credentials.find((each) => each.algorithm === algorithm && each.slot === slot)!;
export const firmware = (value: number): TcbInfo => ({
  version: Buffer.from("1.0"),
  fwids: [{ hash: 2, digest: new Uint8Array(48).fill(value) }],
});
export const leafIn = ({ chain }: Credential): X509Certificate => splitChain(chain).at(-1)!;
export const realDigest = (owner: DeviceIdentity): Uint8Array => {
  const digest = new Uint8Array(48);
  new HostLog(owner).measurements.list[0].digest(sha384, digest);
  return digest;
};

/** Attests a responder that serves `served`, whatever it is. */
export async function attestDevice(served: DeviceIdentity, options: Partial<AttestOptions> = {}) {
  const responder = hostResponder(served, { onFault: (error) => assert.fail(String(error)) });
  const buffer = new Uint8Array(0x1300);
  const link: Link = {
    roundTripMs: 1,
    timeScale: 1,
    disturbanceCount: 0,
    exchange: async (_, message) => buffer.slice(0, responder.respond(message.slice(), buffer)),
    close: async () => {},
  };
  return attest(link, { ...OPTIONS, anchors, ...options });
}

/** A device that serves these chains as they are, and not aliases of its own. */
export const liar = (...credentials: readonly Credential[]): DeviceIdentity => ({
  ...device,
  psks: [],
  credentials: credentials.map((each) => ({ ...each, model: GENERIC_CERT })),
});
