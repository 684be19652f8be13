/** Requests as bytes, written out by hand: what the codecs of src/ are tested against must not be made by them. */
import { V1_1, V1_2, V1_3, type Version } from "../../src/versions.js";
import { u16, u32 } from "./bytes.js";

export const NONCE = Uint8Array.from({ length: 32 }, (_, i) => 0xc0 ^ i);
export const CONTEXT = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);

export const getVersion = (): Uint8Array => Uint8Array.of(0x10, 0x84, 0, 0);

export interface CapabilityFields {
  param1?: number;
  ctExponent?: number;
  flags?: number;
  dataTransferSize?: number;
  maxSpdmMsgSize?: number;
}

export function getCapabilities(version: Version, m: CapabilityFields = {}): Uint8Array {
  const { param1 = 0, ctExponent = 0, flags = 0, dataTransferSize = 0x1200 } = m;
  const { maxSpdmMsgSize = dataTransferSize } = m;
  const bytes = [version, 0xe1, param1, 0];
  if (version >= V1_1) bytes.push(0, ctExponent, 0, 0, ...u32(flags));
  if (version >= V1_2) bytes.push(...u32(dataTransferSize), ...u32(maxSpdmMsgSize));
  return Uint8Array.from(bytes);
}

export interface AlgorithmFields {
  measurementSpecification?: number;
  otherParams?: number;
  baseAsym?: number;
  baseHash?: number;
  pqcAsym?: number;
  melSpecification?: number;
  extAsymCount?: number;
  extHashCount?: number;
  /** AlgType, AlgCount, AlgSupported; extended algorithms, as AlgCount counts them, are zeros. */
  tables?: readonly (readonly [type: number, count: number, supported: number])[];
  /** The number of tables, if it is to be wrong. */
  param1?: number;
  /** Length, if it is to be wrong. */
  length?: number;
}

export function negotiateAlgorithms(version: Version, m: AlgorithmFields = {}): Uint8Array {
  const { tables = [], extAsymCount = 0, extHashCount = 0 } = m;
  const tail = new Array<number>(4 * (extAsymCount + extHashCount)).fill(0);
  for (const [type, count, supported] of tables) {
    tail.push(type, count, ...u16(supported), ...new Array<number>(4 * (count & 15)).fill(0));
  }
  return Uint8Array.from([
    ...[version, 0xe3, m.param1 ?? tables.length, 0],
    ...u16(m.length ?? 32 + tail.length),
    ...[m.measurementSpecification ?? 1, m.otherParams ?? (version >= V1_2 ? 2 : 0)],
    ...u32(m.baseAsym ?? 0x90),
    ...u32(m.baseHash ?? 7),
    ...u32(m.pqcAsym ?? 0),
    ...[0, 0, 0, 0, 0, 0, 0, 0, extAsymCount, extHashCount, 0, m.melSpecification ?? 0],
    ...tail,
  ]);
}

export const getDigests = (version: Version): Uint8Array => Uint8Array.of(version, 0x81, 0, 0);

export const getCertificate = (version: Version, slot = 0, offset = 0, length = 0xffff, param2 = 0): Uint8Array =>
  Uint8Array.of(version, 0x82, slot, param2, ...u16(offset), ...u16(length));

export function challenge(version: Version, slot = 0, summaryType = 0): Uint8Array {
  return Uint8Array.of(version, 0x83, slot, summaryType, ...NONCE, ...(version >= V1_3 ? CONTEXT : []));
}

/** Nonce and slot are there if `attributes` ask for a signature. */
export function getMeasurements(version: Version, attributes = 1, operation = 0xff, slot = 0): Uint8Array {
  const bytes = [version, 0xe0, attributes, operation];
  if ((attributes & 1) !== 0) {
    bytes.push(...NONCE);
    if (version >= V1_1) bytes.push(slot);
  }
  return Uint8Array.from([...bytes, ...(version >= V1_3 ? CONTEXT : [])]);
}

export function vendorDefined(version: Version, standardId: number, vendorId: number[], payload: number[]): Uint8Array {
  const header = [version, 0xfe, 0, 0, ...u16(standardId), vendorId.length, ...vendorId];
  return Uint8Array.from([...header, ...u16(payload.length), ...payload]);
}

/** Device class identifiers; a nonce is there if `slot` is to sign them. */
export function getEndpointInfo(version: Version, slot?: number, subCode = 1): Uint8Array {
  const head = [version, 0x87, subCode, slot ?? 0, slot === undefined ? 0 : 1, 0, 0, 0];
  return Uint8Array.from([...head, ...(slot === undefined ? [] : NONCE)]);
}
