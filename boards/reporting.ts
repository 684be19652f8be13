/** What firmware tells of itself beside its measurements: what it found when it started, and of what class it is. */
import { GrowingLog } from "../hal/portable/measurement-log.js";
import { latin1 } from "../src/latin1.js";
import { hashExtendMeasurement } from "../src/measurement-log.js";
import { MANIFEST_INDEX, RAW_BIT_STREAM } from "../src/measurement-types.js";
import { endpointInfo } from "../src/messages/endpoint-info.js";
import { measurementExtensionLog } from "../src/messages/measurement-extension-log.js";
import type { Options } from "../src/responder.js";
import { DMTF } from "../src/vendor.js";
import { type Configuration, LOG_INDEX } from "./configuration.js";
import type { Provisioned } from "./firmware.js";

/** A responder's options, and what tells of the device. */
export type Reporting = (options: Options, configuration: Configuration, identity: Provisioned) => Options;

/** Of firmware that serves sessions: boards/configuration.ts has the log in the manifest there. */
export const reporting: Reporting = (options, { name }, { credentials, psks }) => {
  const measurements = options.measurements!;
  const { engine: hash, source } = measurements;
  const { list, generation } = source;
  const log = new GrowingLog(LOG_INDEX);
  const own = list.filter(({ index }) => index < MANIFEST_INDEX);
  for (const measurement of own) {
    const { rawLength, valueType } = measurement;
    const value = new Uint8Array(rawLength > 0 ? rawLength : hash.outputLen);
    if (rawLength > 0) measurement.readRaw(value);
    else measurement.digest(hash, value);
    log.append(rawLength > 0 ? valueType | RAW_BIT_STREAM : valueType, value);
  }
  log.tell(`identity: ${credentials.length} certificate chains, ${psks.length} pre-shared keys`);
  return {
    ...options,
    exchanges: [...options.exchanges, measurementExtensionLog, endpointInfo],
    log,
    // DMTF has no registry of vendors; what is below its ID is anybody's.
    deviceClasses: [
      { standardId: DMTF, vendorId: new Uint8Array(0), subordinateIds: [latin1("moddable-spdm"), latin1(name)] },
    ],
    measurements: {
      ...measurements,
      source: {
        list: [...own, hashExtendMeasurement(log, LOG_INDEX), ...list.slice(own.length)],
        // Nothing is logged once the board serves.
        generation,
      },
    },
  };
};
