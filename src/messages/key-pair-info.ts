/**
 * GET_KEY_PAIR_INFO (0xFC) and KEY_PAIR_INFO (0x7C), DSP0274 1.3, "Key configuration"
 *
 * | offset | request field            | size | versions |
 * | 2      | reserved                 | 2    |
 * | 4      | KeyPairID                | 1    |
 *
 * | offset | response field           | size | versions |
 * | 2      | reserved                 | 2    |
 * | 4      | TotalKeyPairs            | 1    |
 * | 5      | KeyPairID                | 1    |
 * | 6      | Capabilities             | 2    |
 * | 8      | KeyUsageCapabilities     | 2    |
 * | 10     | CurrentKeyUsage          | 2    |
 * | 12     | AsymAlgoCapabilities     | 4    |
 * | 16     | CurrentAsymAlgo          | 4    |
 * | 20     | PublicKeyInfoLen         | 2    |
 * | 22     | AssocCertSlotMask        | 1    |
 * | 23     | PublicKeyInfo            | n    |
 * |        | PqcAsymAlgoCapLen, PqcAsymAlgoCapabilities | 1 + n | 1.4 |
 * |        | CurrentPqcAsymAlgoLen, CurrentPqcAsymAlgo  | 1 + n | 1.4 |
 */
import type { KeyPair, KeyPairs } from "../../hal/key-pairs.js";
import { GET_KEY_PAIR_INFO_CAP } from "../capabilities.js";
import { INVALID_REQUEST, SpdmError } from "../errors.js";
import { type Exchange, GET_KEY_PAIR_INFO, IN_SESSION, NEGOTIATED, OUTSIDE_SESSION } from "../exchange.js";
import { V1_3, V1_4, type Version } from "../versions.js";
import { type Reader, WireError, type Writer } from "../wire.js";

const FIXED_LENGTH = 23;
/** Of a mask of algorithms, as it is sent. */
const PQC_LENGTH = 4;

export interface KeyPairInfo extends KeyPair {
  readonly total: number;
  readonly keyPairId: number;
}

/** A mask of PqcAsymAlgo bits behind its length; WireError for bits that nobody knows yet. */
export function readPqcAsym(r: Reader): number {
  const bytes = r.bytes(r.u8());
  let mask = 0;
  for (let i = 0; i < bytes.length; i++) {
    if (i < PQC_LENGTH) mask = (mask | (bytes[i] << (8 * i))) >>> 0;
    else if (bytes[i] !== 0) throw new WireError("PqcAsymAlgo bit out of range");
  }
  return mask;
}

export function writePqcAsym(w: Writer, mask: number): void {
  w.u8(PQC_LENGTH);
  w.u32(mask);
}

/** The KeyPairID. */
export function readGetKeyPairInfo(r: Reader): number {
  r.skip(2);
  return r.u8();
}

export function writeGetKeyPairInfo(w: Writer, keyPairId: number): void {
  w.zeros(2);
  w.u8(keyPairId);
}

export function readKeyPairInfo(r: Reader, version: Version): KeyPairInfo {
  r.skip(2);
  const total = r.u8();
  const keyPairId = r.u8();
  const capabilities = r.u16();
  const usageCapabilities = r.u16();
  const usage = r.u16();
  const asymCapabilities = r.u32();
  const asym = r.u32();
  const publicKeyInfoLength = r.u16();
  return {
    total,
    keyPairId,
    capabilities,
    usageCapabilities,
    usage,
    asymCapabilities,
    asym,
    slotMask: r.u8(),
    publicKeyInfo: r.bytes(publicKeyInfoLength),
    pqcAsymCapabilities: version >= V1_4 ? readPqcAsym(r) : 0,
    pqcAsym: version >= V1_4 ? readPqcAsym(r) : 0,
  };
}

export function writeKeyPairInfo(w: Writer, m: KeyPairInfo, version: Version): void {
  w.zeros(2);
  w.u8(m.total);
  w.u8(m.keyPairId);
  w.u16(m.capabilities);
  w.u16(m.usageCapabilities);
  w.u16(m.usage);
  w.u32(m.asymCapabilities);
  w.u32(m.asym);
  w.u16(m.publicKeyInfo.length);
  w.u8(m.slotMask);
  w.bytes(m.publicKeyInfo);
  if (version >= V1_4) {
    writePqcAsym(w, m.pqcAsymCapabilities);
    writePqcAsym(w, m.pqcAsym);
  }
}

/** TotalKeyPairs: before 1.4 there are no words for keys that are post-quantum only, which come last. */
function totalIn(version: Version, keyPairs: KeyPairs): number {
  let total = keyPairs.count;
  if (version < V1_4) while (total > 1 && keyPairs.read(total).asymCapabilities === 0) total--;
  return total;
}

export const keyPairInfo: Exchange = Object.freeze({
  request: GET_KEY_PAIR_INFO,
  since: V1_3,
  after: NEGOTIATED,
  channels: OUTSIDE_SESSION | IN_SESSION,
  capability: GET_KEY_PAIR_INFO_CAP,
  peerCapability: 0,
  endsM1: false,
  requires({ keyPairs }) {
    if (keyPairs === undefined) throw new Error("no key pairs to show");
    return 0;
  },
  respond(c, request, response) {
    const keyPairs = c.options.keyPairs!;
    const keyPairId = readGetKeyPairInfo(request);
    const total = totalIn(c.version, keyPairs);
    if (keyPairId === 0 || keyPairId > total) throw new SpdmError(INVALID_REQUEST);
    const pair = keyPairs.read(keyPairId);
    c.requireRoom(FIXED_LENGTH + pair.publicKeyInfo.length + (c.version >= V1_4 ? 2 * (1 + PQC_LENGTH) : 0));
    // Without SET_KEY_PAIR_INFO there is nothing that could be done with it.
    const capabilities = keyPairs.changes === undefined ? 0 : pair.capabilities;
    writeKeyPairInfo(response, { ...pair, capabilities, total, keyPairId }, c.version);
  },
} satisfies Exchange);
