/**
 * What the firmware measures of itself. The board hands in what it found, the build what it will find: both make the
 * list here, so that reference values cannot drift from what a board reports.
 *
 * | index | value                                                | DMTFSpecMeasurementValueType |
 * | 1     | digest of the image: code, constants, initial values | mutable firmware             |
 * | 2     | configuration                                        | firmware configuration       |
 * | 3     | version, as text                                     | firmware version             |
 * | 4     | secure version number, 8 bytes                       | secure version number        |
 * | 5     | whether the boot ROM starts signed images only, 1    | hardware configuration       |
 * |       | byte, where the chip tells                           |                              |
 * | 17    | digest over the log, by boards/reporting.ts          | hash-extend                  |
 * | 0xFD  | this table, as text                                  | measurement manifest         |
 * | 0xFE  | device mode, 4 × 4 bytes                             | device mode                  |
 */

import { latin1 } from "../../src/latin1.js";
import {
  DEVICE_MODE,
  DEVICE_MODE_INDEX,
  FIRMWARE_CONFIGURATION,
  FIRMWARE_VERSION,
  HARDWARE_CONFIGURATION,
  MANIFEST_INDEX,
  MEASUREMENT_MANIFEST,
  MUTABLE_FIRMWARE,
  SECURE_VERSION_NUMBER,
} from "../../src/measurement-types.js";
import type { HashAlgorithm } from "../crypto.js";
import type { Measurement, Measurements } from "../measurements.js";
import { rawMeasurement } from "../portable/measurement.js";

const MANIFEST_TEXT =
  "1: SHA-384 of the firmware image; 2: configuration; 3: version; 4: secure version number; 254: device mode";
const SECURE_BOOT_TEXT = "; 5: secure boot";

/** Of chipState(). */
const TOLD = 1;
const SECURE_BOOT = 2;
const DEBUG_OPEN = 4;

const NORMAL = 4;
/** Non-invasive and invasive debugging: possible; and whether they are active, which an open port is taken for. */
const DEBUG_MODES = 3;

export interface Facts {
  /** Writes the SHA-384 of the firmware's image, 48 bytes. */
  codeDigest(into: Uint8Array): void;
  /** What the board was built to do; see boards/configuration.ts. */
  readonly configuration: Uint8Array;
  /** ASCII. */
  readonly version: string;
  /** Counts up when a version closes a hole that older ones have. */
  readonly secureVersion: number;
  /** As chipState() has it. */
  readonly state: number;
  /** What the manifest says of measurements that somebody else makes, behind its own text. */
  readonly manifest: string;
}

export function firmwareMeasurements(facts: Facts): Measurements {
  const { state } = facts;
  const manifest = MANIFEST_TEXT + ((state & TOLD) === 0 ? "" : SECURE_BOOT_TEXT) + facts.manifest;
  const secureBoot = Uint8Array.of((state & SECURE_BOOT) === 0 ? 0 : 1);
  const secureVersion = Uint8Array.of(facts.secureVersion, facts.secureVersion >>> 8, 0, 0, 0, 0, 0, 0);
  return {
    list: [
      imageMeasurement(1, facts.codeDigest),
      rawMeasurement(2, FIRMWARE_CONFIGURATION, true, facts.configuration),
      rawMeasurement(3, FIRMWARE_VERSION, true, latin1(facts.version)),
      rawMeasurement(4, SECURE_VERSION_NUMBER, true, secureVersion),
      ...((state & TOLD) === 0 ? [] : [rawMeasurement(5, HARDWARE_CONFIGURATION, true, secureBoot)]),
      rawMeasurement(MANIFEST_INDEX, MEASUREMENT_MANIFEST, false, latin1(manifest)),
      rawMeasurement(DEVICE_MODE_INDEX, DEVICE_MODE, true, deviceMode(state)),
    ],
    // The image is read-only while it runs, and the rest is part of it.
    generation: 0,
  };
}

/** Operational modes and those of the device, each with what is possible and what is. */
function deviceMode(state: number): Uint8Array {
  const mode = new Uint8Array(16);
  mode[0] = NORMAL;
  mode[4] = NORMAL;
  if ((state & TOLD) !== 0) mode[8] = DEBUG_MODES;
  if ((state & DEBUG_OPEN) !== 0) mode[12] = DEBUG_MODES;
  return mode;
}

function imageMeasurement(index: number, codeDigest: (into: Uint8Array) => void): Measurement {
  return {
    index,
    valueType: MUTABLE_FIRMWARE,
    tcb: true,
    rawLength: 0,
    readRaw() {},
    digest(hash: HashAlgorithm, into: Uint8Array) {
      if (hash.outputLen !== into.length || into.length !== 48)
        throw new RangeError("the image is measured by SHA-384");
      codeDigest(into);
    },
  };
}
