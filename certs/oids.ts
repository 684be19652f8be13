/** Object identifiers that DSP0274 ("Certificates and certificate chains") puts into certificates. */
const SPDM = "1.3.6.1.4.1.412.274";
/** otherName in subjectAltName: "manufacturer:product:serial number" as UTF8String. */
export const DEVICE_INFO = `${SPDM}.1`;
/** In the SPDM extension: this certificate names the hardware, not what runs on it. */
export const HARDWARE_IDENTITY = `${SPDM}.2`;
/** Extended key usages. */
export const RESPONDER_AUTH = `${SPDM}.3`;
export const REQUESTER_AUTH = `${SPDM}.4`;
/** The SPDM extension: a sequence of such identifiers. */
export const SPDM_EXTENSION = `${SPDM}.6`;

/** TCG's DiceTcbInfo (DICE Attestation Architecture 1.1 §6.1.1). */
export const TCB_INFO = "2.23.133.5.4.1";

/** RFC 5280 §4.2.1. */
export const SUBJECT_KEY_IDENTIFIER = "2.5.29.14";
export const KEY_USAGE = "2.5.29.15";
export const SUBJECT_ALT_NAME = "2.5.29.17";
export const BASIC_CONSTRAINTS = "2.5.29.19";
export const AUTHORITY_KEY_IDENTIFIER = "2.5.29.35";
export const EXTENDED_KEY_USAGE = "2.5.29.37";
