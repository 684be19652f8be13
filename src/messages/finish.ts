/**
 * FINISH (0xE5) and FINISH_RSP (0x65), DSP0274 1.3 §10.18
 *
 * | offset | request field                | size  | versions |
 * | 2      | b0: signature included       | 1     |
 * | 3      | SlotID                       | 1     | with a signature only |
 * | 4      | OpaqueDataLength, OpaqueData | 2 + n | 1.4 |
 * |        | Signature                    | S     | if included |
 * |        | RequesterVerifyData          | H     |
 *
 * | offset | response field               | size  | versions |
 * | 2      | reserved                     | 2     |
 * | 4      | OpaqueDataLength, OpaqueData | 2 + n | 1.4 |
 * |        | ResponderVerifyData          | H     | with HANDSHAKE_IN_THE_CLEAR only |
 *
 * Signature and verify data cover the opaque data, as 1.4.1 says and 1.4.0 forgot (CVE-2026-61810).
 */
import type { Hash } from "../../hal/crypto.js";
import { HANDSHAKE_IN_THE_CLEAR_CAP, KEY_EX_CAP } from "../capabilities.js";
import type { Connection } from "../connection.js";
import { equal } from "../equal.js";
import {
  DECRYPT_ERROR,
  INVALID_REQUEST,
  SESSION_REQUIRED,
  SpdmError,
  UNEXPECTED_REQUEST,
  UNSPECIFIED,
} from "../errors.js";
import { type Exchange, FINISH, IN_HANDSHAKE, NEGOTIATED, OUTSIDE_SESSION } from "../exchange.js";
import { NO_OPAQUE, readOpaque, writeOpaque } from "../opaque.js";
import type { Session } from "../session.js";
import { hashSoFar } from "../session-opening.js";
import { FINISH_CONTEXT, verify } from "../signing.js";
import { V1_1, V1_2, V1_4, type Version } from "../versions.js";
import type { Reader, Writer } from "../wire.js";

export const SIGNATURE_INCLUDED = 1 << 0;

/** FINISH but for its signature and verify data. */
export interface Finish {
  readonly attributes: number;
  readonly slot: number;
  /** From 1.4 on. */
  readonly opaque: Uint8Array;
}

/** Leaves signature and RequesterVerifyData unread: what was consumed is what the signature covers. */
export function readFinish(r: Reader, version: Version): Finish {
  return { attributes: r.u8(), slot: r.u8(), opaque: version >= V1_4 ? readOpaque(r) : NO_OPAQUE };
}

/** Writes all but signature and RequesterVerifyData. */
export function writeFinish(w: Writer, m: Finish, version: Version): void {
  w.u8(m.attributes);
  w.u8(m.slot);
  if (version >= V1_4) writeOpaque(w, m.opaque);
}

/** Leaves ResponderVerifyData unread; returns the opaque data. */
export function readFinishResponse(r: Reader, version: Version): Uint8Array {
  r.skip(2);
  return version >= V1_4 ? readOpaque(r) : NO_OPAQUE;
}

/** Writes all but ResponderVerifyData. */
export function writeFinishResponse(w: Writer, opaque: Uint8Array, version: Version): void {
  w.zeros(2);
  if (version >= V1_4) writeOpaque(w, opaque);
}

/** The session that a FINISH out of sessions is for, which only a handshake in the clear sends there. */
function sessionFor(c: Connection, given: Session | undefined): Session {
  const session = given ?? c.sessions.inTheClear;
  // A session that PSK_EXCHANGE opened has its own finish (CVE-2023-31127).
  if (given?.usesPsk) throw new SpdmError(UNEXPECTED_REQUEST);
  if (session === undefined || (given !== undefined && c.both(HANDSHAKE_IN_THE_CLEAR_CAP))) {
    throw new SpdmError(c.version >= V1_2 ? SESSION_REQUIRED : UNSPECIFIED);
  }
  return session;
}

/** Appends FINISH up to its signature, if it must have one, and verifies that; throws SpdmError if it is wrong. */
function verifySignature(c: Connection, session: Session, asked: Finish, request: Reader, th: Hash): void {
  if (session.mutAuthRequested === 0) {
    th.update(request.consumed());
    return;
  }
  const { hash, requesterAsym } = c.negotiated!;
  const { engine } = requesterAsym!;
  const { requester } = session;
  if (requester !== undefined && asked.slot !== requester.slot) throw new SpdmError(INVALID_REQUEST);
  const covered = request.consumed();
  const signature = request.bytes(engine.signatureLength);
  if (requester === undefined) throw new SpdmError(DECRYPT_ERROR);
  th.update(requester.chainDigest);
  th.update(covered);
  const signing = { version: c.version, hash, context: FINISH_CONTEXT };
  if (!verify(engine, requester.publicKey, signing, th.clone(), signature)) throw new SpdmError(DECRYPT_ERROR);
  th.update(signature);
}

export const finish: Exchange = Object.freeze({
  request: FINISH,
  since: V1_1,
  after: NEGOTIATED,
  channels: OUTSIDE_SESSION | IN_HANDSHAKE,
  capability: 0,
  peerCapability: KEY_EX_CAP,
  endsM1: true,
  respond(c, request, response, given) {
    const { version } = c;
    const { hash, requesterAsym } = c.negotiated!;
    const session = sessionFor(c, given);
    const asked = readFinish(request, version);
    const isSigned = (asked.attributes & SIGNATURE_INCLUDED) !== 0;
    if (isSigned !== (session.mutAuthRequested !== 0)) throw new SpdmError(INVALID_REQUEST);
    const signatureLength = isSigned ? requesterAsym!.engine.signatureLength : 0;
    if (request.remaining !== signatureLength + hash.outputLen) throw new SpdmError(INVALID_REQUEST);
    const proofLength = session.inTheClear ? hash.outputLen : 0;
    c.requireRoom(4 + (version >= V1_4 ? 2 : 0) + proofLength);
    const { th } = session;
    try {
      verifySignature(c, session, asked, request, th);
      const proof = request.bytes(hash.outputLen);
      if (!equal(proof, session.peerVerifyData(hashSoFar(hash, th)))) throw new SpdmError(DECRYPT_ERROR);
      th.update(proof);

      writeFinishResponse(response, NO_OPAQUE, version);
      th.update(response.written());
      if (session.inTheClear) {
        const verifyData = session.ownVerifyData(hashSoFar(hash, th));
        response.bytes(verifyData);
        th.update(verifyData);
      }
      session.finishHandshake(hashSoFar(hash, th));
    } catch (error) {
      // TH has grown by what was not to be believed: there is no second try.
      session.ending = true;
      throw error;
    }
    // Of a handshake in sessions, FINISH_RSP is still under its keys.
    if (given === undefined) {
      session.establish();
      session.heardAt = c.now();
    }
  },
} satisfies Exchange);
