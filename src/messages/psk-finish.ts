/**
 * PSK_FINISH (0xE7) and PSK_FINISH_RSP (0x67), DSP0274 1.3 §10.20; only if the responder brought a context
 *
 * | offset | field                        | size  | versions |
 * | 2      | reserved                     | 2     |
 * | 4      | OpaqueDataLength, OpaqueData | 2 + n | 1.4 |
 * |        | RequesterVerifyData          | H     | request only |
 */
import { PSK_CAP } from "../capabilities.js";
import { equal } from "../equal.js";
import { DECRYPT_ERROR, INVALID_REQUEST, SpdmError, UNEXPECTED_REQUEST } from "../errors.js";
import { type Exchange, IN_HANDSHAKE, NEGOTIATED, PSK_FINISH } from "../exchange.js";
import { NO_OPAQUE, readOpaque, writeOpaque } from "../opaque.js";
import { hashSoFar } from "../session-opening.js";
import { V1_1, V1_4, type Version } from "../versions.js";
import type { Reader, Writer } from "../wire.js";

/** Leaves RequesterVerifyData, if there is one, unread; returns the opaque data. */
export function readPskFinish(r: Reader, version: Version): Uint8Array {
  r.skip(2);
  return version >= V1_4 ? readOpaque(r) : NO_OPAQUE;
}

/** Writes all but RequesterVerifyData. */
export function writePskFinish(w: Writer, opaque: Uint8Array, version: Version): void {
  w.zeros(2);
  if (version >= V1_4) writeOpaque(w, opaque);
}

export const pskFinish: Exchange = Object.freeze({
  request: PSK_FINISH,
  since: V1_1,
  after: NEGOTIATED,
  channels: IN_HANDSHAKE,
  capability: 0,
  peerCapability: PSK_CAP,
  endsM1: true,
  respond(c, request, response, given) {
    const { version } = c;
    const { hash } = c.negotiated!;
    const session = given!;
    if (!session.usesPsk) throw new SpdmError(UNEXPECTED_REQUEST);
    const { th } = session;
    readPskFinish(request, version);
    if (request.remaining !== hash.outputLen) throw new SpdmError(INVALID_REQUEST);
    try {
      th.update(request.consumed());
      const proof = request.bytes(hash.outputLen);
      if (!equal(proof, session.peerVerifyData(hashSoFar(hash, th)))) throw new SpdmError(DECRYPT_ERROR);
      th.update(proof);

      writePskFinish(response, NO_OPAQUE, version);
      th.update(response.written());
      session.finishHandshake(hashSoFar(hash, th));
    } catch (error) {
      // TH has grown by what was not to be believed: there is no second try.
      session.ending = true;
      throw error;
    }
  },
} satisfies Exchange);
