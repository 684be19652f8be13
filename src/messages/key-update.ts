/**
 * KEY_UPDATE (0xE9) and KEY_UPDATE_ACK (0x69), DSP0274 1.3 §10.22; alike, and of 4 bytes
 *
 * | offset | field              | size |
 * | 2      | KeyUpdateOperation | 1    |
 * | 3      | Tag                | 1    |
 */
import { KEY_UPD_CAP } from "../capabilities.js";
import { INVALID_REQUEST, SpdmError } from "../errors.js";
import { type Exchange, IN_SESSION, KEY_UPDATE, NEGOTIATED } from "../exchange.js";
import { V1_1 } from "../versions.js";
import type { Reader, Writer } from "../wire.js";

// KeyUpdateOperation
export const UPDATE_KEY = 1;
export const UPDATE_ALL_KEYS = 2;
export const VERIFY_NEW_KEY = 3;

export interface KeyUpdate {
  readonly operation: number;
  readonly tag: number;
}

export function readKeyUpdate(r: Reader): KeyUpdate {
  return { operation: r.u8(), tag: r.u8() };
}

export function writeKeyUpdate(w: Writer, m: KeyUpdate): void {
  w.u8(m.operation);
  w.u8(m.tag);
}

export const keyUpdate: Exchange = Object.freeze({
  request: KEY_UPDATE,
  since: V1_1,
  after: NEGOTIATED,
  channels: IN_SESSION,
  capability: KEY_UPD_CAP,
  peerCapability: KEY_UPD_CAP,
  endsM1: true,
  respond(_c, request, response, given) {
    const session = given!;
    const asked = readKeyUpdate(request);
    const { operation } = asked;
    // One update at a time: a second before the first is verified would lose the key to fall back to.
    const due = session.updating
      ? operation === VERIFY_NEW_KEY
      : operation === UPDATE_KEY || operation === UPDATE_ALL_KEYS;
    if (request.remaining !== 0 || !due) throw new SpdmError(INVALID_REQUEST);

    writeKeyUpdate(response, asked);

    if (operation === VERIFY_NEW_KEY) session.verifyPeerKey();
    else session.updatePeerKey();
    // The acknowledgement already goes out under the new key.
    if (operation === UPDATE_ALL_KEYS) session.updateOwnKey();
  },
} satisfies Exchange);
