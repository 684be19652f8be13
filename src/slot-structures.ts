/**
 * What SLOT_MANAGEMENT (src/messages/slot-management.ts) carries by SubCode. No published peer speaks it yet: the layouts are
 * those of DMTF libspdm's open pull requests 3670 (structures) and 3668 (behaviour), and of the guide in 3637, as they were in
 * August 2026.
 *
 * Structures of requests, which all begin with SlotAddress:
 *
 * | SlotAddress       | ReqLength 2 (8), reserved 2, BankID 1, SlotID b3–0 1, reserved 2 |
 * | GetCSR            | SlotAddress 8, KeyPairID 1, RequestAttributes 1 (as Param2 of GET_CSR), reserved 2, |
 * |                   | RequesterInfoLength 2, OpaqueDataLength 2, RequesterInfo, OpaqueData |
 * | ManageSlot        | SlotAddress 8, Operation 1 (1: erase), reserved 3 |
 * | SetCertificate    | SlotAddress 8, CertLength 4, CertAttributes 1 (CertModel b2–0), KeyPairID 1, reserved 2, |
 * |                   | Certificate, as CertChain of SET_CERTIFICATE |
 *
 * Of responses, lengths counted from their own start; ManageSlot and SetCertificate have none:
 *
 * | SupportedSubCodes | RespLength 2, reserved 2, bit map 8, reserved 24 |
 * | BankInfo          | RespLength 2, reserved 2, NumBankElements 1, reserved 3, elements |
 * |  element          | ElementLength 1 (4), BankID 1, SlotMask 1, ModifiableSlotMask 1 |
 * | BankDetails       | RespLength 2, BankID 1, reserved 1, NumSlotElements 2, BankAttributes 1, reserved 1, |
 * |                   | AsymAlgoCapabilities 4, CurrentAsymAlgo 4, AvailableAsymAlgo 4, then the same of PQC, 1 + n each, |
 * |                   | reserved 4, elements |
 * |  element          | ElementLength 2, SlotID 1, reserved 1, SlotAttributes 1, KeyPairID 1, CertificateInfo 1, |
 * |                   | reserved 1, KeyUsage 2, reserved 2, SlotSize 4, Digest H |
 * | CertificateChain, CSR | Length 4, reserved 4, chain or request |
 */
import { type GetCsr, readAttributes, writeAttributes } from "./messages/csr.js";
import { readPqcAsym, writePqcAsym } from "./messages/key-pair-info.js";
import { Reader, WireError, type Writer } from "./wire.js";

const SLOT_ADDRESS_LENGTH = 8;
const SUB_CODES_LENGTH = 36;
const SUB_CODES_MAP_LENGTH = 8;
const BANK_INFO_LENGTH = 8;
const BANK_ELEMENT_LENGTH = 4;
/** Three masks of PQC algorithms, of 4 bytes each, and what is reserved behind them included. */
const BANK_DETAILS_LENGTH = 20 + 3 * 5 + 4;
/** Without its digest. */
const SLOT_ELEMENT_LENGTH = 16;
/** Before a chain or a request. */
export const LENGTH_HEADER = 8;
const SLOT = 0x0f;
const MODEL = 0x07;

/** BankAttributes: connections that negotiated this algorithm use it. */
export const SELECTED = 1 << 0;
/** SlotAttributes: it holds a chain. */
export const PROVISIONED = 1 << 0;
/** Operation of ManageSlot. */
export const ERASE_SLOT = 1;

export interface SlotAddress {
  readonly bank: number;
  /** 0 where the whole bank is meant. */
  readonly slot: number;
}

export interface BankElement {
  readonly bank: number;
  /** Bit n set: slot n is there, and can be changed by SLOT_MANAGEMENT. */
  readonly slotMask: number;
  readonly modifiableMask: number;
}

export interface SlotElement {
  readonly slot: number;
  readonly attributes: number;
  /** 0 outside of multi-key connections, as the next two. */
  readonly keyPairId: number;
  readonly certificateInfo: number;
  readonly usage: number;
  /** Bytes of its chain. */
  readonly size: number;
  readonly digest: Uint8Array;
}

/** Masks of algorithms are those of KEY_PAIR_INFO. */
export interface BankDetails {
  readonly bank: number;
  readonly attributes: number;
  readonly asymCapabilities: number;
  readonly asym: number;
  readonly availableAsym: number;
  readonly pqcAsymCapabilities: number;
  readonly pqcAsym: number;
  readonly availablePqcAsym: number;
  readonly slots: readonly SlotElement[];
}

/** SetCertificate, without its SlotAddress. */
export interface SlotCertificate {
  /** 0 outside of multi-key connections, as KeyPairID. */
  readonly model: number;
  readonly keyPairId: number;
  /** Length, RootHash and certificates. */
  readonly chain: Uint8Array;
}

export function readSlotAddress(r: Reader): SlotAddress {
  if (r.u16() !== SLOT_ADDRESS_LENGTH) throw new WireError("ReqLength of SlotAddress");
  r.skip(2);
  const bank = r.u8();
  const slot = r.u8() & SLOT;
  r.skip(2);
  return { bank, slot };
}

export function writeSlotAddress(w: Writer, { bank, slot }: SlotAddress): void {
  w.u16(SLOT_ADDRESS_LENGTH);
  w.u16(0);
  w.u8(bank);
  w.u8(slot);
  w.u16(0);
}

/** Operation of ManageSlot. */
export function readManageSlot(r: Reader): number {
  const operation = r.u8();
  r.skip(3);
  return operation;
}

export function writeManageSlot(w: Writer, operation: number): void {
  w.u8(operation);
  w.zeros(3);
}

export function readSlotCsr(r: Reader): GetCsr {
  const keyPairId = r.u8();
  const attributes = readAttributes(r.u8());
  r.skip(2);
  const requesterInfoLength = r.u16();
  const opaqueLength = r.u16();
  return { keyPairId, ...attributes, requesterInfo: r.bytes(requesterInfoLength), opaque: r.bytes(opaqueLength) };
}

export function writeSlotCsr(w: Writer, m: GetCsr): void {
  w.u8(m.keyPairId);
  w.u8(writeAttributes(m));
  w.u16(0);
  w.u16(m.requesterInfo.length);
  w.u16(m.opaque.length);
  w.bytes(m.requesterInfo);
  w.bytes(m.opaque);
}

export function readSlotCertificate(r: Reader): SlotCertificate {
  const length = r.u32();
  const model = r.u8() & MODEL;
  const keyPairId = r.u8();
  r.skip(2);
  return { model, keyPairId, chain: r.bytes(length) };
}

export function writeSlotCertificate(w: Writer, { model, keyPairId, chain }: SlotCertificate): void {
  w.u32(chain.length);
  w.u8(model);
  w.u8(keyPairId);
  w.u16(0);
  w.bytes(chain);
}

/** The rest of a structure that begins with RespLength, behind that. */
function sized(r: Reader): Reader {
  const length = r.u16();
  if (length < 2) throw new WireError("RespLength");
  return new Reader(r.bytes(length - 2));
}

function requireEnd({ remaining }: Reader): void {
  if (remaining !== 0) throw new WireError("structure longer than its fields");
}

export const SUB_CODES_STRUCTURE = SUB_CODES_LENGTH;

/** SupportedSubCodes, ascending. */
export function readSubCodes(r: Reader): number[] {
  const s = sized(r);
  s.skip(2);
  const map = s.bytes(SUB_CODES_MAP_LENGTH);
  s.skip(SUB_CODES_LENGTH - 4 - SUB_CODES_MAP_LENGTH);
  requireEnd(s);
  const codes: number[] = [];
  for (let code = 0; code < 8 * map.length; code++) if ((map[code >> 3] & (1 << (code & 7))) !== 0) codes.push(code);
  return codes;
}

export function writeSubCodes(w: Writer, codes: readonly number[]): void {
  w.u16(SUB_CODES_LENGTH);
  w.u16(0);
  const start = w.offset;
  w.zeros(SUB_CODES_LENGTH - 4);
  for (const code of codes) w.message[start + (code >> 3)] |= 1 << (code & 7);
}

export const bankInfoLength = (count: number): number => BANK_INFO_LENGTH + BANK_ELEMENT_LENGTH * count;

export function readBankInfo(r: Reader): BankElement[] {
  const s = sized(r);
  s.skip(2);
  const banks: BankElement[] = [];
  const count = s.u8();
  s.skip(3);
  for (let i = 0; i < count; i++) {
    if (s.u8() !== BANK_ELEMENT_LENGTH) throw new WireError("ElementLength of a bank");
    banks.push({ bank: s.u8(), slotMask: s.u8(), modifiableMask: s.u8() });
  }
  requireEnd(s);
  return banks;
}

export function writeBankInfo(w: Writer, banks: readonly BankElement[]): void {
  w.u16(bankInfoLength(banks.length));
  w.u16(0);
  w.u8(banks.length);
  w.zeros(3);
  for (const { bank, slotMask, modifiableMask } of banks) {
    w.u8(BANK_ELEMENT_LENGTH);
    w.u8(bank);
    w.u8(slotMask);
    w.u8(modifiableMask);
  }
}

export const bankDetailsLength = (count: number, hashLength: number): number =>
  BANK_DETAILS_LENGTH + count * (SLOT_ELEMENT_LENGTH + hashLength);

export function readBankDetails(r: Reader, hashLength: number): BankDetails {
  const s = sized(r);
  const bank = s.u8();
  s.skip(1);
  const count = s.u16();
  const attributes = s.u8();
  s.skip(1);
  const asym = { asymCapabilities: s.u32(), asym: s.u32(), availableAsym: s.u32() };
  const pqc = { pqcAsymCapabilities: readPqcAsym(s), pqcAsym: readPqcAsym(s), availablePqcAsym: readPqcAsym(s) };
  s.skip(4);
  const slots: SlotElement[] = [];
  for (let i = 0; i < count; i++) slots.push(readSlotElement(s, hashLength));
  requireEnd(s);
  return { bank, attributes, ...asym, ...pqc, slots };
}

function readSlotElement(s: Reader, hashLength: number): SlotElement {
  if (s.u16() !== SLOT_ELEMENT_LENGTH + hashLength) throw new WireError("ElementLength of a slot");
  const slot = s.u8();
  s.skip(1);
  const attributes = s.u8();
  const keyPairId = s.u8();
  const certificateInfo = s.u8();
  s.skip(1);
  const usage = s.u16();
  s.skip(2);
  return { slot, attributes, keyPairId, certificateInfo, usage, size: s.u32(), digest: s.bytes(hashLength) };
}

export function writeBankDetails(w: Writer, m: BankDetails, hashLength: number): void {
  w.u16(bankDetailsLength(m.slots.length, hashLength));
  w.u8(m.bank);
  w.u8(0);
  w.u16(m.slots.length);
  w.u8(m.attributes);
  w.u8(0);
  w.u32(m.asymCapabilities);
  w.u32(m.asym);
  w.u32(m.availableAsym);
  writePqcAsym(w, m.pqcAsymCapabilities);
  writePqcAsym(w, m.pqcAsym);
  writePqcAsym(w, m.availablePqcAsym);
  w.zeros(4);
  for (const { slot, attributes, keyPairId, certificateInfo, usage, size, digest } of m.slots) {
    w.u16(SLOT_ELEMENT_LENGTH + hashLength);
    w.u8(slot);
    w.u8(0);
    w.u8(attributes);
    w.u8(keyPairId);
    w.u8(certificateInfo);
    w.u8(0);
    w.u16(usage);
    w.u16(0);
    w.u32(size);
    w.bytes(digest);
  }
}

/** A chain or a request behind its length. */
export function readLong(r: Reader): Uint8Array {
  const length = r.u32();
  r.skip(4);
  return r.bytes(length);
}

/** Writes all but the chain or the request. */
export function writeLongHeader(w: Writer, length: number): void {
  w.u32(length);
  w.u32(0);
}
