/**
 * Capability flags (DSP0274 1.3 §10.4). Requester and responder share the positions; those marked R are only a
 * responder's.
 *
 * Literals in a file without imports: esbuild inlines these, and keeps a variable for others, used or not.
 */
export const CACHE_CAP = 0x00000001; // R
export const CERT_CAP = 0x00000002;
export const CHAL_CAP = 0x00000004;
export const MEAS_CAP_NO_SIG = 0x00000008; // R
export const MEAS_CAP_SIG = 0x00000010; // R
export const MEAS_CAP = 0x00000018;
export const MEAS_FRESH_CAP = 0x00000020; // R
export const ENCRYPT_CAP = 0x00000040;
export const MAC_CAP = 0x00000080;
export const MUT_AUTH_CAP = 0x00000100;
export const KEY_EX_CAP = 0x00000200;
export const PSK_CAP_NO_CONTEXT = 0x00000400;
export const PSK_CAP_CONTEXT = 0x00000800; // R
export const PSK_CAP = 0x00000c00;
export const ENCAP_CAP = 0x00001000;
export const HBEAT_CAP = 0x00002000;
export const KEY_UPD_CAP = 0x00004000;
export const HANDSHAKE_IN_THE_CLEAR_CAP = 0x00008000;
export const PUB_KEY_ID_CAP = 0x00010000;
export const CHUNK_CAP = 0x00020000;
export const ALIAS_CERT_CAP = 0x00040000; // R
export const SET_CERT_CAP = 0x00080000; // R
export const CSR_CAP = 0x00100000; // R
export const CERT_INSTALL_RESET_CAP = 0x00200000; // R
export const EP_INFO_CAP = 0x00c00000;
export const EP_INFO_CAP_NO_SIG = 0x00400000;
export const EP_INFO_CAP_SIG = 0x00800000;
export const MEL_CAP = 0x01000000; // R
export const EVENT_CAP = 0x02000000;
export const MULTI_KEY_CAP = 0x0c000000;
export const MULTI_KEY_CAP_ONLY = 0x04000000;
export const MULTI_KEY_CAP_NEG = 0x08000000;
export const GET_KEY_PAIR_INFO_CAP = 0x10000000; // R
export const SET_KEY_PAIR_INFO_CAP = 0x20000000; // R
export const SET_KEY_PAIR_RESET_CAP = 0x40000000; // R, from 1.4 on
export const LARGE_RESP_CAP = 0x80000000; // from 1.4 on

// ExtFlags, from 1.4 on
export const SLOT_MGMT_CAP = 1 << 0; // R

/** Smallest DataTransferSize (DSP0274 1.2 §10.4). */
export const MIN_DATA_TRANSFER_SIZE = 42;

/** Largest CTExponent: 2^31 µs are 36 minutes, and a requester shifts by it. */
export const MAX_CT_EXPONENT = 31;
