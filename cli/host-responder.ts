/** The responder in this process, over the portable engines: what `spdm serve --host` is. */
import { createHash, randomFillSync } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Measurement } from "../hal/measurements.js";
import { p256Signer, p384Signer, sha256, sha384, sha512 } from "../hal/portable/crypto.js";
import { portableIdentity, type Slot } from "../hal/portable/identity.js";
import { rawMeasurement } from "../hal/portable/measurement.js";
import { ECDSA_P256, ECDSA_P384, MEASUREMENT_SHA_384, SHA_256, SHA_384, SHA_512 } from "../src/algorithms.js";
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
import { digests } from "../src/messages/digests.js";
import { measurements } from "../src/messages/measurements.js";
import { version } from "../src/messages/version.js";
import { Responder } from "../src/responder.js";
import { VERSIONS } from "../src/versions.js";
import type { DeviceIdentity } from "./certs.js";

/** What DMTF's emulator and its buffers are made for. */
export const DATA_TRANSFER_SIZE = 0x1200;
/** A signature takes some 15 ms in JavaScript on a host; a busy one is given a second. */
const CT_EXPONENT = 20;
const ROOT = fileURLToPath(new URL("..", import.meta.url));

const random = (out: Uint8Array): void => {
  randomFillSync(out);
};

/** SHA-384 over the sources that answer: src/ and the engines, in order of their paths. */
function codeDigest(): Uint8Array {
  const hash = createHash("sha384");
  for (const folder of ["src", "hal/portable"]) {
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

function identityOf({ credentials }: DeviceIdentity, algorithm: number) {
  const make = algorithm === ECDSA_P256 ? p256Signer : p384Signer;
  const slots = new Map<number, Slot>();
  for (const { slot, chain, key } of credentials.filter((credential) => credential.algorithm === algorithm)) {
    slots.set(slot, { chain, signer: make(key, random) });
  }
  return { algorithm, identity: portableIdentity(slots) };
}

/** @param onFault Told of errors that no requester should be able to cause. */
export function hostResponder(device: DeviceIdentity, onFault: (error: unknown) => void): Responder {
  // Normal operation is possible and is what it is in; nothing debugs.
  const deviceMode = Uint8Array.of(4, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  const manifest = Buffer.from("1: SHA-384 of the responder's sources; 2: version; 254: device mode");
  return new Responder({
    versions: VERSIONS,
    exchanges: [version, capabilities, algorithms, digests, certificate, challenge, measurements],
    baseHash: [
      { algorithm: SHA_384, engine: sha384 },
      { algorithm: SHA_256, engine: sha256 },
      { algorithm: SHA_512, engine: sha512 },
    ],
    baseAsym: [identityOf(device, ECDSA_P384), identityOf(device, ECDSA_P256)].filter(
      ({ identity }) => identity.slotMask !== 0,
    ),
    measurements: {
      algorithm: MEASUREMENT_SHA_384,
      engine: sha384,
      source: {
        list: [
          codeMeasurement(),
          rawMeasurement(2, FIRMWARE_VERSION, true, Buffer.from("moddable-spdm on Node")),
          rawMeasurement(MANIFEST_INDEX, MEASUREMENT_MANIFEST, false, manifest),
          rawMeasurement(DEVICE_MODE_INDEX, DEVICE_MODE, true, deviceMode),
        ],
        generation: 0,
      },
    },
    random,
    ctExponent: CT_EXPONENT,
    dataTransferSize: DATA_TRANSFER_SIZE,
    onFault,
  });
}
