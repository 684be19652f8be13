/**
 * NEGOTIATE_ALGORITHMS (0xE3) and ALGORITHMS (0x63), DSP0274 1.3 §10.5
 *
 * | offset | request field            | size   | offset | response field              | size   | versions |
 * | 2      | number of tables         | 1      | 2      | number of tables            | 1      | 1.1; before reserved |
 * | 3      | reserved                 | 1      | 3      | reserved                    | 1      |
 * | 4      | Length                   | 2      | 4      | Length                      | 2      |
 * | 6      | MeasurementSpecification | 1      | 6      | MeasurementSpecificationSel | 1      |
 * | 7      | OtherParamsSupport       | 1      | 7      | OtherParamsSelection        | 1      | 1.2 |
 * |        |                          |        | 8      | MeasurementHashAlgo         | 4      |
 * | 8      | BaseAsymAlgo             | 4      | 12     | BaseAsymSel                 | 4      |
 * | 12     | BaseHashAlgo             | 4      | 16     | BaseHashSel                 | 4      |
 * | 16     | PqcAsymAlgo              | 4      | 20     | PqcAsymSel                  | 4      | 1.4; before reserved |
 * | 20     | reserved                 | 8      | 24     | reserved                    | 7      |
 * |        |                          |        | 31     | MELspecificationSel         | 1      | 1.3 |
 * | 28     | ExtAsymCount             | 1      | 32     | ExtAsymSelCount             | 1      |
 * | 29     | ExtHashCount             | 1      | 33     | ExtHashSelCount             | 1      |
 * | 30     | reserved                 | 1      | 34     | reserved                    | 2      |
 * | 31     | MELspecification         | 1      |        |                             |        | 1.3 |
 * | 32     | ExtAsym, ExtHash         | 4 each | 36     | ExtAsymSel, ExtHashSel      | 4 each |
 * |        | tables                   | 4 + 4e |        | tables                      | 4 + 4e | 1.1 |
 *
 * A table: AlgType (1), AlgCount (1: bytes of AlgSupported in b7–4, extended algorithms e in b3–0), AlgSupported (2).
 */
import {
  AEAD,
  DHE,
  DMTF_MEASUREMENT,
  DMTF_MEL,
  KEM,
  KEY_SCHEDULE,
  MULTI_KEY_CONN,
  OPAQUE_DATA_FORMAT,
  OPAQUE_DATA_FORMAT_1,
  REQ_BASE_ASYM,
  REQ_PQC_ASYM,
  SPDM_KEY_SCHEDULE,
} from "../algorithms.js";
import {
  ENCRYPT_CAP,
  KEY_EX_CAP,
  MAC_CAP,
  MEAS_CAP,
  MEL_CAP,
  MULTI_KEY_CAP,
  MULTI_KEY_CAP_ONLY,
  MUT_AUTH_CAP,
  PSK_CAP,
} from "../capabilities.js";
import { Chains } from "../chain.js";
import type { Connection, Negotiated } from "../connection.js";
import { INVALID_REQUEST, SpdmError } from "../errors.js";
import { AFTER_CAPABILITIES, type Exchange, NEGOTIATE_ALGORITHMS, NEGOTIATED, OUTSIDE_SESSION } from "../exchange.js";
import { V1_0, V1_1, V1_2, V1_3, V1_4, type Version } from "../versions.js";
import { type Reader, WireError, type Writer } from "../wire.js";

const EXT_LENGTH = 4;
const ALGORITHMS_LENGTH = 36;
export const TABLE_LENGTH = 4;
/** What BaseAsymAlgo has before 1.2: no EdDSA. The bits above are reserved there. */
const BASE_ASYM_1_0 = 0x1ff;

export interface AlgorithmTable {
  readonly type: number;
  readonly supported: number;
  /** Extended algorithms, 4 bytes each. */
  readonly ext: Uint8Array;
}

/** What both messages have. */
interface Common {
  readonly measurementSpecification: number;
  /** From 1.2 on. */
  readonly otherParams: number;
  readonly baseAsym: number;
  readonly baseHash: number;
  /** From 1.4 on. */
  readonly pqcAsym: number;
  /** From 1.3 on. */
  readonly melSpecification: number;
  readonly extAsym: Uint8Array;
  readonly extHash: Uint8Array;
  /** From 1.1 on. */
  readonly tables: readonly AlgorithmTable[];
}

/** Algorithms offered, as bits. */
export interface NegotiateAlgorithms extends Common {
  /** Bytes of the message, as it says. */
  readonly length: number;
}

/** Algorithms selected, one bit each at the most. */
export interface Algorithms extends Common {
  readonly length: number;
  readonly measurementHash: number;
}

export const NO_EXT = new Uint8Array(0);

/** Those of BaseAsymAlgo's or ReqBaseAsymAlg's bits that mean something in `version`. */
export const baseAsymIn = (version: Version, bits: number): number => (version >= V1_2 ? bits : bits & BASE_ASYM_1_0);

function readTables(r: Reader, count: number, version: Version): AlgorithmTable[] {
  const tables: AlgorithmTable[] = [];
  let previous = DHE - 1;
  for (let i = 0; i < count; i++) {
    const type = r.u8();
    const algCount = r.u8();
    if (type <= previous || type > (version >= V1_4 ? KEM : KEY_SCHEDULE)) throw new WireError("AlgType out of order");
    if (algCount >> 4 !== 2) throw new WireError("AlgSupported not of 2 bytes");
    tables.push({ type, supported: r.u16(), ext: r.bytes((algCount & 0x0f) * EXT_LENGTH) });
    previous = type;
  }
  return tables;
}

function writeTables(w: Writer, tables: readonly AlgorithmTable[]): void {
  for (const table of tables) {
    w.u8(table.type);
    w.u8(0x20 | (table.ext.length / EXT_LENGTH));
    w.u16(table.supported);
    w.bytes(table.ext);
  }
}

export function readNegotiateAlgorithms(r: Reader, version: Version): NegotiateAlgorithms {
  const tableCount = version >= V1_1 ? r.u8() : r.u8() & 0;
  r.skip(1);
  const length = r.u16();
  const measurementSpecification = r.u8();
  const otherParams = r.u8();
  const baseAsym = r.u32();
  const baseHash = r.u32();
  const pqcAsym = r.u32();
  r.skip(8);
  const extAsymCount = r.u8();
  const extHashCount = r.u8();
  r.skip(1);
  const melSpecification = r.u8();
  return {
    length,
    measurementSpecification,
    otherParams: version >= V1_2 ? otherParams : 0,
    baseAsym: baseAsymIn(version, baseAsym),
    baseHash,
    pqcAsym: version >= V1_4 ? pqcAsym : 0,
    melSpecification: version >= V1_3 ? melSpecification : 0,
    extAsym: r.bytes(extAsymCount * EXT_LENGTH),
    extHash: r.bytes(extHashCount * EXT_LENGTH),
    tables: readTables(r, tableCount, version),
  };
}

export function writeNegotiateAlgorithms(w: Writer, m: NegotiateAlgorithms, version: Version): void {
  w.u8(version >= V1_1 ? m.tables.length : 0);
  w.u8(0);
  w.u16(m.length);
  w.u8(m.measurementSpecification);
  w.u8(version >= V1_2 ? m.otherParams : 0);
  w.u32(m.baseAsym);
  w.u32(m.baseHash);
  w.u32(version >= V1_4 ? m.pqcAsym : 0);
  w.zeros(8);
  w.u8(m.extAsym.length / EXT_LENGTH);
  w.u8(m.extHash.length / EXT_LENGTH);
  w.u8(0);
  w.u8(version >= V1_3 ? m.melSpecification : 0);
  w.bytes(m.extAsym);
  w.bytes(m.extHash);
  if (version >= V1_1) writeTables(w, m.tables);
}

export function readAlgorithms(r: Reader, version: Version): Algorithms {
  const tableCount = version >= V1_1 ? r.u8() : r.u8() & 0;
  r.skip(1);
  const length = r.u16();
  const measurementSpecification = r.u8();
  const otherParams = r.u8();
  const measurementHash = r.u32();
  const baseAsym = r.u32();
  const baseHash = r.u32();
  const pqcAsym = r.u32();
  r.skip(7);
  const melSpecification = r.u8();
  const extAsymCount = r.u8();
  const extHashCount = r.u8();
  r.skip(2);
  return {
    length,
    measurementSpecification,
    otherParams: version >= V1_2 ? otherParams : 0,
    measurementHash,
    baseAsym,
    baseHash,
    pqcAsym: version >= V1_4 ? pqcAsym : 0,
    melSpecification: version >= V1_3 ? melSpecification : 0,
    extAsym: r.bytes(extAsymCount * EXT_LENGTH),
    extHash: r.bytes(extHashCount * EXT_LENGTH),
    tables: readTables(r, tableCount, version),
  };
}

export function writeAlgorithms(w: Writer, m: Algorithms, version: Version): void {
  w.u8(version >= V1_1 ? m.tables.length : 0);
  w.u8(0);
  w.u16(m.length);
  w.u8(m.measurementSpecification);
  w.u8(version >= V1_2 ? m.otherParams : 0);
  w.u32(m.measurementHash);
  w.u32(m.baseAsym);
  w.u32(m.baseHash);
  w.u32(version >= V1_4 ? m.pqcAsym : 0);
  w.zeros(7);
  w.u8(version >= V1_3 ? m.melSpecification : 0);
  w.u8(m.extAsym.length / EXT_LENGTH);
  w.u8(m.extHash.length / EXT_LENGTH);
  w.zeros(2);
  w.bytes(m.extAsym);
  w.bytes(m.extHash);
  if (version >= V1_1) writeTables(w, m.tables);
}

function check(m: NegotiateAlgorithms, length: number, version: Version): void {
  let extLength = m.extAsym.length + m.extHash.length;
  let valid = m.length === length && m.length <= (version >= V1_1 ? 128 : 64);
  for (const table of m.tables) {
    extLength += table.ext.length;
    if (table.supported === 0) valid = false;
  }
  if (!valid || extLength > (version >= V1_1 ? 20 : 8) * EXT_LENGTH) throw new SpdmError(INVALID_REQUEST);
}

interface Choice {
  readonly algorithm: number;
}

/** The board's first choice that is offered, if any is. */
const find = <T extends Choice>(choices: readonly T[] = [], offered: number): T | undefined =>
  choices.find(({ algorithm }) => (algorithm & offered) !== 0);

/** Likewise; throws SpdmError if none is. */
function prefer<T extends Choice>(choices: readonly T[] | undefined, offered: number): T {
  const choice = find(choices, offered);
  if (choice === undefined) throw new SpdmError(INVALID_REQUEST);
  return choice;
}

/** What the tables serve: sessions and mutual authentication. */
type Selection = Pick<Negotiated, "keyAgreement" | "kem" | "aead" | "requesterAsym"> & {
  /** AlgSupported of ALGORITHMS, by AlgType. */
  readonly bits: ReadonlyMap<number, number>;
};

/**
 * Selects of each table that both sides' capabilities need, and of no other. Throws SpdmError if one that they need offers
 * nothing we have.
 */
function select(c: Connection, tables: readonly AlgorithmTable[]): Selection {
  const { sessions, mutualAuthentication } = c.options;
  const bits = new Map<number, number>();
  const offered = (type: number) =>
    // Of other tables nothing is above those bits before 1.4.
    baseAsymIn(c.version, tables.find((table) => table.type === type)?.supported ?? 0);
  const choose = <T extends Choice>(type: number, needed: boolean, choices: readonly T[] | undefined) => {
    if (!needed) return undefined;
    const choice = prefer(choices, offered(type));
    bits.set(type, choice.algorithm);
    return choice;
  };
  const keyExchange = c.both(KEY_EX_CAP);
  const secured = (keyExchange || c.both(PSK_CAP)) && (c.both(MAC_CAP) || c.both(ENCRYPT_CAP));
  // Exactly one of KEM and DHE, the KEM first, as of PqcAsymSel and BaseAsymSel; likewise of the requester's.
  const kem = choose(KEM, keyExchange && find(sessions?.kem, offered(KEM)) !== undefined, sessions?.kem);
  const dhe = choose(DHE, keyExchange && kem === undefined, sessions?.dhe);
  const aead = choose(AEAD, secured, sessions?.aead);
  const proves = c.both(MUT_AUTH_CAP);
  const pqcs = mutualAuthentication?.pqcAlgorithms;
  const isPqc = find(pqcs, offered(REQ_PQC_ASYM)) !== undefined;
  const pqcAsym = choose(REQ_PQC_ASYM, proves && isPqc, pqcs);
  const baseAsym = choose(REQ_BASE_ASYM, proves && !isPqc, mutualAuthentication?.algorithms);
  const asym = pqcAsym ?? baseAsym;
  const requesterAsym = asym === undefined ? undefined : { ...asym, isPqc };
  choose(KEY_SCHEDULE, keyExchange || c.both(PSK_CAP), [{ algorithm: SPDM_KEY_SCHEDULE }]);
  return { keyAgreement: dhe?.engine, kem: kem?.engine, aead: aead?.engine, requesterAsym, bits };
}

/**
 * ResponderMultiKeyConn and RequesterMultiKeyConnSel; throws SpdmError where we can do no connection as asked for the former.
 * A requester that can do both is taken at its best where we know of key pairs ourselves.
 */
function multiKeys(
  { version, flags, peer }: Connection,
  offered: number,
): Pick<Negotiated, "multiKey" | "multiKeyRequester"> {
  const known = version >= V1_3 ? MULTI_KEY_CAP : 0;
  const own = flags & known;
  const theirs = peer.flags & known;
  const multiKey = known !== 0 && (offered & MULTI_KEY_CONN) !== 0;
  if (own === (multiKey ? 0 : MULTI_KEY_CAP_ONLY)) throw new SpdmError(INVALID_REQUEST);
  return { multiKey, multiKeyRequester: theirs === MULTI_KEY_CAP_ONLY || (theirs !== 0 && own !== 0) };
}

export const algorithms: Exchange = Object.freeze({
  request: NEGOTIATE_ALGORITHMS,
  since: V1_0,
  after: AFTER_CAPABILITIES,
  channels: OUTSIDE_SESSION,
  capability: 0,
  peerCapability: 0,
  endsM1: false,
  respond(c, request, response) {
    const { version, options } = c;
    const offered = readNegotiateAlgorithms(request, version);
    check(offered, request.offset, version);
    const hash = prefer(options.baseHash, offered.baseHash);
    // Exactly one of PqcAsymSel and BaseAsymSel, the former first.
    const pqc = find(options.pqcAsym, offered.pqcAsym);
    const { identity, algorithm } = pqc ?? prefer(options.baseAsym, offered.baseAsym);
    const measures =
      options.measurements !== undefined &&
      (c.flags & MEAS_CAP) !== 0 &&
      (offered.measurementSpecification & DMTF_MEASUREMENT) !== 0;
    const logs = (c.flags & MEL_CAP) !== 0 && (offered.melSpecification & DMTF_MEL) !== 0;
    const keys = multiKeys(c, offered.otherParams);
    const { bits, ...selected } = select(c, offered.tables);
    const opaqueFormat = offered.otherParams & OPAQUE_DATA_FORMAT & OPAQUE_DATA_FORMAT_1;
    const length = ALGORITHMS_LENGTH + offered.tables.length * TABLE_LENGTH;
    c.requireRoom(length);

    writeAlgorithms(
      response,
      {
        length,
        measurementSpecification: measures ? DMTF_MEASUREMENT : 0,
        otherParams: opaqueFormat | (keys.multiKeyRequester ? MULTI_KEY_CONN : 0),
        measurementHash: measures ? options.measurements.algorithm : 0,
        baseAsym: pqc === undefined ? algorithm : 0,
        baseHash: hash.algorithm,
        pqcAsym: pqc?.algorithm ?? 0,
        melSpecification: logs ? DMTF_MEL : 0,
        extAsym: NO_EXT,
        extHash: NO_EXT,
        tables: offered.tables.map(({ type }) => ({ type, supported: bits.get(type) ?? 0, ext: NO_EXT })),
      },
      version,
    );

    c.transcript.addVca(request.consumed());
    c.transcript.addVca(response.written());
    c.transcript.settle(hash.engine);
    c.negotiated = {
      hash: hash.engine,
      signatureLength: identity.signatureLength,
      identity,
      chains: new Chains(identity, hash.engine),
      measures,
      logs,
      opaqueData: opaqueFormat !== 0,
      ...keys,
      ...selected,
    } satisfies Negotiated;
    c.state = NEGOTIATED;
  },
} satisfies Exchange);
