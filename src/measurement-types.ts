/** Types and reserved indices of measurements. Without imports, as src/capabilities.ts. */

// MeasurementSummaryHashType
export const NO_SUMMARY = 0x00;
export const TCB_SUMMARY = 0x01;
export const ALL_SUMMARY = 0xff;

// DMTFSpecMeasurementValueType
export const IMMUTABLE_ROM = 0;
export const MUTABLE_FIRMWARE = 1;
export const HARDWARE_CONFIGURATION = 2;
export const FIRMWARE_CONFIGURATION = 3;
export const MEASUREMENT_MANIFEST = 4;
export const DEVICE_MODE = 5;
export const FIRMWARE_VERSION = 6;
export const SECURE_VERSION_NUMBER = 7;
// From 1.3 on.
/** The hash over itself and each entry of the log in turn. */
export const HASH_EXTEND = 8;
export const INFORMATIONAL = 9;
/** Of the value that `structuredManifest` makes. */
export const STRUCTURED_MANIFEST = 10;
export const RAW_BIT_STREAM = 0x80;

// Reserved indices
export const MANIFEST_INDEX = 0xfd;
export const DEVICE_MODE_INDEX = 0xfe;
