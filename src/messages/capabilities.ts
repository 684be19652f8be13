/**
 * GET_CAPABILITIES (0xE1) and CAPABILITIES (0x61), DSP0274 1.3 §10.4
 *
 * | offset | field               | size | versions |
 * | 2      | Param1              | 1    | 1.3 bit 0: algorithms block asked for, or appended |
 * | 3      | reserved            | 1    |
 * | 4      | reserved            | 1    | the request of 1.0 ends before |
 * | 5      | CTExponent          | 1    |
 * | 6      | reserved, ExtFlags  | 2    | ExtFlags from 1.4 |
 * | 8      | Flags               | 4    |
 * | 12     | DataTransferSize    | 4    | 1.2 |
 * | 16     | MaxSPDMmsgSize      | 4    | 1.2 |
 * | 20     | supported algorithms| n    | 1.3, response, if asked for and both sides chunk: NEGOTIATE_ALGORITHMS without
 * |        |                     |      | its first two bytes
 */
import { CHUNK_CAP, MAX_CT_EXPONENT, MIN_DATA_TRANSFER_SIZE } from "../capabilities.js";
import { requesterFlagsConsistent, responderFlags } from "../capability-rules.js";
import { INVALID_REQUEST, SpdmError } from "../errors.js";
import { AFTER_CAPABILITIES, AFTER_VERSION, type Exchange, GET_CAPABILITIES, OUTSIDE_SESSION } from "../exchange.js";
import { V1_0, V1_1, V1_2, V1_3, V1_4, type Version } from "../versions.js";
import { type Reader, WireError, type Writer } from "../wire.js";
import { type NegotiateAlgorithms, readNegotiateAlgorithms, writeNegotiateAlgorithms } from "./algorithms.js";

export const ALGORITHMS_BLOCK = 1 << 0;

export interface Capabilities {
  /** Param1: 1.3 knows bit 0. */
  readonly param1: number;
  readonly ctExponent: number;
  /** From 1.4 on. */
  readonly extFlags: number;
  readonly flags: number;
  /** From 1.2 on, as the next. */
  readonly dataTransferSize: number;
  readonly maxSpdmMsgSize: number;
  /** Of the response, where Param1 shows it. */
  readonly algorithms?: NegotiateAlgorithms | undefined;
}

function readFields(r: Reader, param1: number, version: Version): Capabilities {
  r.skip(1);
  const ctExponent = r.u8();
  const extFlags = r.u16();
  return {
    param1,
    ctExponent,
    extFlags: version >= V1_4 ? extFlags : 0,
    flags: r.u32(),
    dataTransferSize: version >= V1_2 ? r.u32() : 0,
    maxSpdmMsgSize: version >= V1_2 ? r.u32() : 0,
  };
}

function writeFields(w: Writer, m: Capabilities, version: Version): void {
  w.u8(0);
  w.u8(m.ctExponent);
  w.u16(version >= V1_4 ? m.extFlags : 0);
  w.u32(m.flags);
  if (version >= V1_2) {
    w.u32(m.dataTransferSize);
    w.u32(m.maxSpdmMsgSize);
  }
}

export function readGetCapabilities(r: Reader, version: Version): Capabilities {
  const param1 = r.u8();
  r.skip(1);
  if (version >= V1_1) return readFields(r, param1, version);
  return { param1, ctExponent: 0, extFlags: 0, flags: 0, dataTransferSize: 0, maxSpdmMsgSize: 0 };
}

export function writeGetCapabilities(w: Writer, m: Capabilities, version: Version): void {
  w.u8(version >= V1_3 ? m.param1 : 0);
  w.u8(0);
  if (version >= V1_1) writeFields(w, m, version);
}

function readBlock(r: Reader, version: Version): NegotiateAlgorithms {
  const start = r.offset;
  const block = readNegotiateAlgorithms(r, version);
  if (block.length !== r.offset - start) throw new WireError("algorithms block of another length");
  return block;
}

export function readCapabilities(r: Reader, version: Version): Capabilities {
  const param1 = r.u8();
  r.skip(1);
  const fields = readFields(r, param1, version);
  const hasBlock = version >= V1_3 && (param1 & ALGORITHMS_BLOCK) !== 0;
  return hasBlock ? { ...fields, algorithms: readBlock(r, version) } : fields;
}

/** Writes all but the algorithms block. */
function writeHeader(w: Writer, m: Capabilities, version: Version): void {
  w.u8(version >= V1_3 ? m.param1 : 0);
  w.u8(0);
  writeFields(w, m, version);
}

export function writeCapabilities(w: Writer, m: Capabilities, version: Version): void {
  writeHeader(w, m, version);
  if (m.algorithms !== undefined) writeNegotiateAlgorithms(w, m.algorithms, version);
}

function check(m: Capabilities, version: Version): void {
  if (version >= V1_1) {
    if (m.ctExponent > MAX_CT_EXPONENT || !requesterFlagsConsistent(m.flags, version)) {
      throw new SpdmError(INVALID_REQUEST);
    }
  }
  if (version >= V1_2) {
    const chunks = (m.flags & CHUNK_CAP) !== 0;
    const sizesFit = chunks ? m.dataTransferSize <= m.maxSpdmMsgSize : m.dataTransferSize === m.maxSpdmMsgSize;
    if (m.dataTransferSize < MIN_DATA_TRANSFER_SIZE || !sizesFit) throw new SpdmError(INVALID_REQUEST);
    // The block may be long, so only a requester that takes chunks may ask for it.
    if (version >= V1_3 && (m.param1 & ALGORITHMS_BLOCK) !== 0 && !chunks) throw new SpdmError(INVALID_REQUEST);
  }
}

export const capabilities: Exchange = Object.freeze({
  request: GET_CAPABILITIES,
  since: V1_0,
  after: AFTER_VERSION,
  channels: OUTSIDE_SESSION,
  capability: 0,
  peerCapability: 0,
  endsM1: false,
  respond(c, request, response) {
    const version = request.message[0];
    // Before the checks, so that an ERROR to this request is in the version it speaks.
    c.version = version;
    const asked = readGetCapabilities(request, version);
    check(asked, version);

    const { ctExponent, dataTransferSize, chunks } = c.options;
    const wanted = version >= V1_3 ? asked.param1 & ALGORITHMS_BLOCK : 0;
    writeHeader(
      response,
      {
        param1: chunks === undefined ? 0 : wanted,
        ctExponent,
        extFlags: c.extFlags,
        flags: c.flags & responderFlags(version),
        dataTransferSize,
        maxSpdmMsgSize: chunks?.maxSpdmMsgSize ?? dataTransferSize,
      },
      version,
    );
    if (wanted !== 0) chunks?.writeAlgorithms(c, response, asked.dataTransferSize);

    c.transcript.addVca(request.consumed());
    c.transcript.addVca(response.written());
    c.peer = asked;
    c.state = AFTER_CAPABILITIES;
  },
} satisfies Exchange);
