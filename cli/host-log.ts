/** What the responder in this process is, and what happened to it: its measurements and their log. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { LOG_INDEX, logManifest } from "../boards/configuration.js";
import type { DeviceIdentity } from "../certs/identity-writer.js";
import type { Measurement, Measurements } from "../hal/measurements.js";
import { rawMeasurement } from "../hal/portable/measurement.js";
import { GrowingLog } from "../hal/portable/measurement-log.js";
import { measurementChanged, measurementPreUpdate } from "../src/events.js";
import {
  DEVICE_MODE,
  DEVICE_MODE_INDEX,
  FIRMWARE_VERSION,
  MANIFEST_INDEX,
  MEASUREMENT_MANIFEST,
  MUTABLE_FIRMWARE,
  RAW_BIT_STREAM,
} from "../src/measurement-block.js";
import { hashExtendMeasurement } from "../src/measurement-log.js";
import type { Responder } from "../src/responder.js";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const CODE_INDEX = 1;
const VERSION_INDEX = 2;
const VERSION_TEXT = "moddable-spdm on Node";
const MANIFEST_TEXT = `1: SHA-384 of the responder's sources; 2: version; 254: device mode${logManifest()}`;

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

function codeMeasurement(digest: Uint8Array): Measurement {
  return {
    index: CODE_INDEX,
    valueType: MUTABLE_FIRMWARE,
    tcb: true,
    rawLength: 0,
    readRaw() {},
    digest: (_hash, into) => into.set(digest),
  };
}

export class HostLog extends GrowingLog {
  readonly measurements: Measurements;
  readonly #code = codeDigest();

  constructor({ credentials, psks = [] }: DeviceIdentity) {
    super(LOG_INDEX);
    // Normal operation is possible and is what it is in; nothing debugs.
    const deviceMode = Uint8Array.of(4, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    const { entries } = this;
    this.measurements = {
      list: [
        codeMeasurement(this.#code),
        rawMeasurement(VERSION_INDEX, FIRMWARE_VERSION, true, Buffer.from(VERSION_TEXT)),
        hashExtendMeasurement(this, LOG_INDEX),
        rawMeasurement(MANIFEST_INDEX, MEASUREMENT_MANIFEST, false, Buffer.from(MANIFEST_TEXT)),
        rawMeasurement(DEVICE_MODE_INDEX, DEVICE_MODE, true, deviceMode),
      ],
      get generation() {
        return entries.length;
      },
    };
    this.append(MUTABLE_FIRMWARE, this.#code);
    this.append(FIRMWARE_VERSION | RAW_BIT_STREAM, Buffer.from(VERSION_TEXT));
    this.tell(`identity: ${credentials.length} certificate chains, ${psks.length} pre-shared keys`);
  }

  /** Measures the sources anew, and tells requesters: the log has changed, and measurement 1 will if they have. */
  measureAgain(responder: Responder): void {
    const digest = codeDigest();
    this.tell("sources measured again");
    this.append(MUTABLE_FIRMWARE, digest);
    responder.notify(measurementChanged([LOG_INDEX]));
    if (!Buffer.from(digest).equals(this.#code)) responder.notify(measurementPreUpdate([CODE_INDEX]));
  }
}
