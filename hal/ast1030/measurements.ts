/**
 * What the firmware measures of itself. The board hands in what it found, the build what it will find: both make the
 * list here, so that reference values cannot drift from what a board reports.
 *
 * | index | value                                                | DMTFSpecMeasurementValueType |
 * | 1     | digest of the image: code, constants, initial values | mutable firmware             |
 * | 2     | configuration                                        | firmware configuration       |
 * | 3     | version, as text                                     | firmware version             |
 * | 4     | secure version number, 8 bytes                       | secure version number        |
 * | 0xFD  | this table, as text                                  | measurement manifest         |
 * | 0xFE  | device mode, 4 × 4 bytes                             | device mode                  |
 */
import type { HashAlgorithm } from "../crypto.js";
import type { Measurement, Measurements } from "../measurements.js";

const MUTABLE_FIRMWARE = 1;
const FIRMWARE_CONFIGURATION = 3;
const MEASUREMENT_MANIFEST = 4;
const DEVICE_MODE = 5;
const FIRMWARE_VERSION = 6;
const SECURE_VERSION_NUMBER = 7;

const MANIFEST_TEXT =
  "1: SHA-384 of the firmware image; 2: configuration; 3: version; 4: secure version number; 254: device mode";

/** Operational modes: normal is possible, and is what the board is in. No debug port, no mode of the device's own. */
const NORMAL_MODE = Uint8Array.of(4, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

export interface Facts {
  /** Writes the SHA-384 of the firmware's image, 48 bytes. */
  codeDigest(into: Uint8Array): void;
  /** What the board was built to do; see boards/ast1030/configuration.ts. */
  readonly configuration: Uint8Array;
  /** ASCII. */
  readonly version: string;
  /** Counts up when a version closes a hole that older ones have. */
  readonly secureVersion: number;
}

export function firmwareMeasurements(facts: Facts): Measurements {
  const secureVersion = Uint8Array.of(facts.secureVersion, facts.secureVersion >>> 8, 0, 0, 0, 0, 0, 0);
  return {
    list: [
      imageMeasurement(1, facts.codeDigest),
      rawMeasurement(2, FIRMWARE_CONFIGURATION, true, facts.configuration),
      rawMeasurement(3, FIRMWARE_VERSION, true, ascii(facts.version)),
      rawMeasurement(4, SECURE_VERSION_NUMBER, true, secureVersion),
      rawMeasurement(0xfd, MEASUREMENT_MANIFEST, false, ascii(MANIFEST_TEXT)),
      rawMeasurement(0xfe, DEVICE_MODE, true, NORMAL_MODE),
    ],
    // The image is read-only while it runs, and the rest is part of it.
    generation: 0,
  };
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

function rawMeasurement(index: number, valueType: number, tcb: boolean, value: Uint8Array): Measurement {
  return {
    index,
    valueType,
    tcb,
    rawLength: value.length,
    readRaw(into: Uint8Array) {
      into.set(value);
    },
    digest(algorithm: HashAlgorithm, into: Uint8Array) {
      const hash = algorithm.create();
      hash.update(value);
      hash.digestInto(into);
      hash.destroy();
    },
  };
}

function ascii(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
