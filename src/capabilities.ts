/**
 * Capability flags (DSP0274 1.3 §10.4). Requester and responder share the positions; those marked R are only a
 * responder's.
 */
import { V1_0, V1_1, V1_2, V1_3, type Version } from "./versions.js";

export const CACHE_CAP = 1 << 0; // R
export const CERT_CAP = 1 << 1;
export const CHAL_CAP = 1 << 2;
export const MEAS_CAP_NO_SIG = 1 << 3; // R
export const MEAS_CAP_SIG = 1 << 4; // R
export const MEAS_CAP = MEAS_CAP_NO_SIG | MEAS_CAP_SIG;
export const MEAS_FRESH_CAP = 1 << 5; // R
export const ENCRYPT_CAP = 1 << 6;
export const MAC_CAP = 1 << 7;
export const MUT_AUTH_CAP = 1 << 8;
export const KEY_EX_CAP = 1 << 9;
export const PSK_CAP_NO_CONTEXT = 1 << 10;
export const PSK_CAP_CONTEXT = 2 << 10; // R
export const PSK_CAP = PSK_CAP_NO_CONTEXT | PSK_CAP_CONTEXT;
export const ENCAP_CAP = 1 << 12;
export const HBEAT_CAP = 1 << 13;
export const KEY_UPD_CAP = 1 << 14;
export const HANDSHAKE_IN_THE_CLEAR_CAP = 1 << 15;
export const PUB_KEY_ID_CAP = 1 << 16;
export const CHUNK_CAP = 1 << 17;
export const ALIAS_CERT_CAP = 1 << 18; // R
export const SET_CERT_CAP = 1 << 19; // R
export const CSR_CAP = 1 << 20; // R
export const CERT_INSTALL_RESET_CAP = 1 << 21; // R
export const EP_INFO_CAP = 3 << 22;
export const EP_INFO_CAP_NO_SIG = 1 << 22;
export const EP_INFO_CAP_SIG = 2 << 22;
export const MEL_CAP = 1 << 24; // R
export const EVENT_CAP = 1 << 25;
export const MULTI_KEY_CAP = 3 << 26;
export const MULTI_KEY_CAP_ONLY = 1 << 26;
export const MULTI_KEY_CAP_NEG = 2 << 26;
export const GET_KEY_PAIR_INFO_CAP = 1 << 28; // R
export const SET_KEY_PAIR_INFO_CAP = 1 << 29; // R
export const SET_KEY_PAIR_RESET_CAP = 1 << 30; // R, from 1.4 on
export const LARGE_RESP_CAP = 1 << 31; // from 1.4 on

// ExtFlags, from 1.4 on
export const SLOT_MGMT_CAP = 1 << 0; // R

/** Smallest DataTransferSize (DSP0274 1.2 §10.4). */
export const MIN_DATA_TRANSFER_SIZE = 42;

/** Largest CTExponent: 2^31 µs are 36 minutes, and a requester shifts by it. */
export const MAX_CT_EXPONENT = 31;

/** The responder's flags that a version defines; the others are reserved in it. */
export function responderFlags(version: Version): number {
  if (version === V1_0) return 0x0000003f;
  if (version === V1_1) return 0x0001ffff;
  if (version === V1_2) return 0x003fffff;
  return version === V1_3 ? 0x3fffffff : -1;
}

/** Whether a requester's flags go together (DSP0274 1.3 §10.4, "GET_CAPABILITIES flag fields definitions"). */
export function requesterFlagsConsistent(flags: number, version: Version): boolean {
  const has = (flag: number) => (flags & flag) !== 0;
  const is13 = version >= V1_3;
  const psk = flags & PSK_CAP;
  const keys = has(CERT_CAP) || has(PUB_KEY_ID_CAP);
  const endpointInfoSigned = is13 && (flags & EP_INFO_CAP) === EP_INFO_CAP_SIG;

  if (psk !== 0 && psk !== PSK_CAP_NO_CONTEXT) return false;
  if (has(KEY_EX_CAP) || psk !== 0) {
    if (!has(MAC_CAP | ENCRYPT_CAP)) return false;
    if (!has(KEY_EX_CAP) && has(HANDSHAKE_IN_THE_CLEAR_CAP)) return false;
  } else {
    if (has(MAC_CAP | ENCRYPT_CAP | HANDSHAKE_IN_THE_CLEAR_CAP | HBEAT_CAP | KEY_UPD_CAP)) return false;
    if (is13 && has(EVENT_CAP)) return false;
  }
  if (has(CERT_CAP) && has(PUB_KEY_ID_CAP)) return false;
  if (keys) {
    if (!has(CHAL_CAP | KEY_EX_CAP) && !endpointInfoSigned) return false;
  } else if (has(CHAL_CAP | MUT_AUTH_CAP) || endpointInfoSigned) return false;
  if (has(MUT_AUTH_CAP)) {
    if (!has(KEY_EX_CAP | CHAL_CAP)) return false;
    // 1.1 knows mutual authentication by encapsulated requests only.
    if (version === V1_1 && !has(ENCAP_CAP)) return false;
  }
  if (is13) {
    if ((flags & EP_INFO_CAP) === EP_INFO_CAP || (flags & MULTI_KEY_CAP) === MULTI_KEY_CAP) return false;
    if (has(MULTI_KEY_CAP) && (has(PUB_KEY_ID_CAP) || !has(CERT_CAP))) return false;
  }
  return true;
}
