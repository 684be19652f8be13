/** Reference values for a requester: what a board measures of itself, computed from what was built. */
import { createHash } from "node:crypto";
import { firmwareMeasurements } from "../hal/chip/measurements.js";
import { sha384 } from "../hal/portable/crypto.js";
import { DEVICE_MODE, SECURE_VERSION_NUMBER } from "../src/measurement-types.js";
import {
  type Configuration,
  configurationBytes,
  firmwareVersion,
  logManifest,
  SECURE_VERSION,
} from "./configuration.js";

/** Values as MEASUREMENTS has them when raw bit streams are not asked for; `state` as chipState() will have it. */
export function referenceOf(configuration: Configuration, state: number, image: Uint8Array): unknown {
  const source = firmwareMeasurements({
    codeDigest: (into) => into.set(createHash("sha384").update(image).digest()),
    configuration: configurationBytes(configuration),
    version: firmwareVersion(configuration),
    secureVersion: SECURE_VERSION,
    state,
    manifest: configuration.sessions ? logManifest() : "",
  });
  const measurements: Record<string, string> = {};
  for (const measurement of source.list) {
    const raw = measurement.valueType === DEVICE_MODE || measurement.valueType === SECURE_VERSION_NUMBER;
    const value = new Uint8Array(raw ? measurement.rawLength : sha384.outputLen);
    if (raw) measurement.readRaw(value);
    else measurement.digest(sha384, value);
    measurements[measurement.index] = Buffer.from(value).toString("hex");
  }
  return { measurementHash: "SHA-384", measurements };
}
