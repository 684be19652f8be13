/**
 * SET_KEY_PAIR_INFO (0xFD) and SET_KEY_PAIR_INFO_ACK (0x7D), DSP0274 1.3, "Key configuration"
 *
 * | offset | request field            | size | versions |
 * | 2      | Operation                | 1    | 0 change, 1 erase, 2 generate |
 * | 3      | reserved                 | 1    |
 * | 4      | KeyPairID                | 1    | the last for an erasure |
 * | 5      | reserved                 | 1    |
 * | 6      | DesiredKeyUsage          | 2    |
 * | 8      | DesiredAsymAlgo          | 4    |
 * | 12     | DesiredAssocCertSlotMask | 1    |
 * | 13     | DesiredPqcAsymAlgoLen, DesiredPqcAsymAlgo | 1 + n | 1.4 |
 *
 * The response has two reserved bytes.
 */
import type { DesiredKeyPair, KeyPair, KeyPairChanges } from "../../hal/key-pairs.js";
import { SET_KEY_PAIR_INFO_CAP, SET_KEY_PAIR_RESET_CAP } from "../capabilities.js";
import { INVALID_REQUEST, OPERATION_FAILED, RESET_REQUIRED, SpdmError, UNEXPECTED_REQUEST } from "../errors.js";
import { type Exchange, IN_SESSION, NEGOTIATED, OUTSIDE_SESSION, SET_KEY_PAIR_INFO } from "../exchange.js";
import {
  ASYM_ALGO_CAP,
  CERT_ASSOC_CAP,
  ERASABLE_CAP,
  GEN_KEY_CAP,
  KEY_USAGE_CAP,
  SHAREABLE_CAP,
} from "../key-pairs.js";
import type { Session } from "../session.js";
import { V1_3, V1_4, type Version } from "../versions.js";
import type { Reader, Writer } from "../wire.js";
import { readPqcAsym, totalKeyPairs, writePqcAsym } from "./key-pair-info.js";

// Operation
export const CHANGE = 0;
export const ERASE = 1;
export const GENERATE = 2;

export interface SetKeyPairInfo {
  readonly operation: number;
  readonly keyPairId: number;
  /** All zeros for `ERASE`. */
  readonly desired: DesiredKeyPair;
}

const NOTHING: DesiredKeyPair = Object.freeze({ usage: 0, asym: 0, pqcAsym: 0, slotMask: 0 });

export function readSetKeyPairInfo(r: Reader, version: Version): SetKeyPairInfo {
  const operation = r.u8();
  r.skip(1);
  const keyPairId = r.u8();
  if (operation === ERASE) return { operation, keyPairId, desired: NOTHING };
  r.skip(1);
  const desired = {
    usage: r.u16(),
    asym: r.u32(),
    slotMask: r.u8(),
    pqcAsym: version >= V1_4 ? readPqcAsym(r) : 0,
  };
  return { operation, keyPairId, desired };
}

export function writeSetKeyPairInfo(w: Writer, m: SetKeyPairInfo, version: Version): void {
  w.u8(m.operation);
  w.u8(0);
  w.u8(m.keyPairId);
  if (m.operation === ERASE) return;
  w.u8(0);
  w.u16(m.desired.usage);
  w.u32(m.desired.asym);
  w.u8(m.desired.slotMask);
  if (version >= V1_4) writePqcAsym(w, m.desired.pqcAsym);
}

export function readSetKeyPairInfoAck(r: Reader): void {
  r.skip(2);
}

export function writeSetKeyPairInfoAck(w: Writer): void {
  w.zeros(2);
}

/** Whether there is more in `bits` than in `allowed`. */
const exceeds = (bits: number, allowed: number): boolean => (bits & ~allowed) !== 0;
const isOneAtMost = (bits: number): boolean => (bits & (bits - 1)) === 0;

function allows({ trustedEnvironment, provenRequesters }: KeyPairChanges, session: Session | undefined): boolean {
  if (trustedEnvironment) return true;
  return session !== undefined && (!provenRequesters || session.isProven);
}

/** Throws SpdmError for what the key pair's capabilities do not allow. */
function check({ operation, desired }: SetKeyPairInfo, pair: KeyPair): void {
  const { usage, asym, pqcAsym, slotMask } = desired;
  const lacks = (capability: number) => (pair.capabilities & capability) === 0;
  const refused =
    operation > GENERATE ||
    (operation === GENERATE && lacks(GEN_KEY_CAP)) ||
    (operation === ERASE && lacks(ERASABLE_CAP)) ||
    (slotMask !== 0 && slotMask !== pair.slotMask && lacks(CERT_ASSOC_CAP)) ||
    (!isOneAtMost(slotMask) && lacks(SHAREABLE_CAP)) ||
    (usage !== 0 && lacks(KEY_USAGE_CAP)) ||
    exceeds(usage, pair.usageCapabilities) ||
    ((asym !== 0 || pqcAsym !== 0) && lacks(ASYM_ALGO_CAP)) ||
    !isOneAtMost(asym) ||
    !isOneAtMost(pqcAsym) ||
    (asym !== 0 && pqcAsym !== 0) ||
    exceeds(asym, pair.asymCapabilities) ||
    exceeds(pqcAsym, pair.pqcAsymCapabilities);
  if (refused) throw new SpdmError(INVALID_REQUEST);
  // A slot's key stays as long as the slot has it.
  if (operation !== CHANGE && pair.slotMask !== 0) throw new SpdmError(OPERATION_FAILED);
}

function perform(changes: KeyPairChanges, { operation, keyPairId, desired }: SetKeyPairInfo): boolean {
  if (operation === ERASE) return changes.erase(keyPairId);
  return operation === GENERATE ? changes.generate(keyPairId, desired) : changes.change(keyPairId, desired);
}

export const setKeyPairInfo: Exchange = Object.freeze({
  request: SET_KEY_PAIR_INFO,
  since: V1_3,
  after: NEGOTIATED,
  channels: OUTSIDE_SESSION | IN_SESSION,
  capability: SET_KEY_PAIR_INFO_CAP,
  peerCapability: 0,
  endsM1: false,
  requires({ keyPairs }) {
    if (keyPairs?.changes === undefined) throw new Error("no key pairs to change");
    return keyPairs.changes.needsReset ? SET_KEY_PAIR_RESET_CAP : 0;
  },
  respond(c, request, response, session) {
    const keyPairs = c.options.keyPairs!;
    const changes = keyPairs.changes!;
    if (!allows(changes, session)) throw new SpdmError(UNEXPECTED_REQUEST);
    const asked = readSetKeyPairInfo(request, c.version);
    if (asked.keyPairId === 0 || asked.keyPairId > totalKeyPairs(keyPairs, c.version))
      throw new SpdmError(INVALID_REQUEST);
    check(asked, keyPairs.read(asked.keyPairId));

    writeSetKeyPairInfoAck(response);

    if (!perform(changes, asked)) throw new SpdmError(OPERATION_FAILED);
    if (changes.needsReset) throw new SpdmError(RESET_REQUIRED);
  },
} satisfies Exchange);
