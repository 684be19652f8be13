/** Which capability flags a version knows, and which go together. */
import {
  CERT_CAP,
  CHAL_CAP,
  ENCAP_CAP,
  ENCRYPT_CAP,
  EP_INFO_CAP,
  EP_INFO_CAP_SIG,
  EVENT_CAP,
  HANDSHAKE_IN_THE_CLEAR_CAP,
  HBEAT_CAP,
  KEY_EX_CAP,
  KEY_UPD_CAP,
  MAC_CAP,
  MULTI_KEY_CAP,
  MUT_AUTH_CAP,
  PSK_CAP,
  PSK_CAP_NO_CONTEXT,
  PUB_KEY_ID_CAP,
} from "./capabilities.js";
import { V1_0, V1_1, V1_2, V1_3, type Version } from "./versions.js";

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
