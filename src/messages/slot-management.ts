/**
 * SLOT_MANAGEMENT (0x88) and SLOT_MANAGEMENT_RESP (0x08), DSP0274 1.4, as far as they only read: SubCodes 0 to 3.
 *
 * No published peer speaks it yet. The layouts are those of DMTF libspdm's open pull requests 3670 (structures) and 3668
 * (behaviour), and of the guide in 3637, as they were in August 2026; boards list the exchange, and show SLOT_MGMT_CAP,
 * only if they want it in spite of that.
 *
 * | offset | request field      | size | offset | response field     | size |
 * | 2      | SubCode            | 1    | 2      | SubCode            | 1    |
 * | 3      | reserved           | 1    | 3      | reserved           | 1    |
 * | 4      | MgmtStructOffset   | 2    | 4      | MgmtStructOffset   | 2    | 0: there is no structure
 * | 6      | reserved           | 2    | 6      | reserved           | 2    |
 *
 * SlotAddress, the structure of requests that have one, and what responses have, lengths counted from their own start:
 *
 * | SlotAddress       | ReqLength 2 (8), reserved 2, BankID 1, SlotID b3–0 1, reserved 2 |
 * | SupportedSubCodes | RespLength 2, reserved 2, bit map 8, reserved 24 |
 * | BankInfo          | RespLength 2, reserved 2, NumBankElements 1, reserved 3, elements |
 * |  element          | ElementLength 1 (4), BankID 1, SlotMask 1, ModifiableSlotMask 1 |
 * | BankDetails       | RespLength 2, BankID 1, reserved 1, NumSlotElements 2, BankAttributes 1, reserved 1, |
 * |                   | AsymAlgoCapabilities 4, CurrentAsymAlgo 4, AvailableAsymAlgo 4, then the same of PQC, 1 + n each, |
 * |                   | reserved 4, elements |
 * |  element          | ElementLength 2, SlotID 1, reserved 1, SlotAttributes 1, KeyPairID 1, CertificateInfo 1, |
 * |                   | reserved 1, KeyUsage 2, reserved 2, SlotSize 4, Digest H |
 * | CertificateChain  | Length 4, reserved 4, chain |
 *
 * A bank is the slots under one asymmetric algorithm: here, those of one identity, by its place in the board's list.
 */
import type { Identity } from "../../hal/identity.js";
import { SLOT_MGMT_CAP } from "../capabilities.js";
import { Chains } from "../chain.js";
import type { Connection } from "../connection.js";
import { INVALID_REQUEST, SpdmError, UNSUPPORTED_REQUEST } from "../errors.js";
import { type Exchange, IN_SESSION, NEGOTIATED, OUTSIDE_SESSION, SLOT_MANAGEMENT } from "../exchange.js";
import { certificateModel, keyAlgorithm, keyPairBehind } from "../slot-keys.js";
import { V1_4 } from "../versions.js";
import { type Reader, WireError, type Writer } from "../wire.js";
import { writePqcAsym } from "./key-pair-info.js";

// SubCode
export const SUPPORTED_SUB_CODES = 0x00;
export const GET_BANK_INFO = 0x01;
export const GET_BANK_DETAILS = 0x02;
export const GET_CERTIFICATE_CHAIN = 0x03;
export const GET_CSR_SUB_CODE = 0x04;
export const MANAGE_BANK = 0x20;
export const MANAGE_SLOT = 0x21;
export const SET_CERTIFICATE_SUB_CODE = 0x22;

/** BankAttributes: connections that negotiated this algorithm use it. */
export const SELECTED = 1 << 0;
/** SlotAttributes: it holds a chain. */
export const PROVISIONED = 1 << 0;

const SERVED =
  (1 << SUPPORTED_SUB_CODES) | (1 << GET_BANK_INFO) | (1 << GET_BANK_DETAILS) | (1 << GET_CERTIFICATE_CHAIN);
const LISTED: readonly number[] = Object.freeze([
  ...[SUPPORTED_SUB_CODES, GET_BANK_INFO, GET_BANK_DETAILS, GET_CERTIFICATE_CHAIN, GET_CSR_SUB_CODE],
  ...[MANAGE_BANK, MANAGE_SLOT, SET_CERTIFICATE_SUB_CODE],
]);

const HEADER_LENGTH = 8;
const SLOT_ADDRESS_LENGTH = 8;
const SUB_CODES_LENGTH = 36;
const BANK_INFO_LENGTH = 8;
const BANK_ELEMENT_LENGTH = 4;
/** Three masks of PQC algorithms and what is reserved behind them included. */
const BANK_DETAILS_LENGTH = 20 + 3 * 5 + 4;
/** Without its digest. */
const SLOT_ELEMENT_LENGTH = 16;
const CHAIN_HEADER_LENGTH = 8;
const SLOT = 0x0f;
const SLOTS = 8;

export interface SlotAddress {
  readonly bank: number;
  /** 0 where the whole bank is meant. */
  readonly slot: number;
}

export interface SlotManagement {
  readonly subCode: number;
  /** Undefined for `SUPPORTED_SUB_CODES` and `GET_BANK_INFO`. */
  readonly address: SlotAddress | undefined;
}

/** Reads the SubCode, and leaves the reader at the structure, if there is one. */
function readHeader(r: Reader): { subCode: number; hasStructure: boolean } {
  const subCode = r.u8();
  r.skip(1);
  const offset = r.u16();
  r.skip(2);
  if (offset === 0) return { subCode, hasStructure: false };
  if (offset < HEADER_LENGTH) throw new WireError("MgmtStructOffset in the header");
  r.skip(offset - HEADER_LENGTH);
  return { subCode, hasStructure: true };
}

export function readSlotManagement(r: Reader): SlotManagement {
  const { subCode, hasStructure } = readHeader(r);
  const wantsStructure = subCode > GET_BANK_INFO;
  if (hasStructure !== wantsStructure) throw new WireError("MgmtStructOffset does not fit the SubCode");
  if (!wantsStructure) return { subCode, address: undefined };
  if (r.u16() !== SLOT_ADDRESS_LENGTH) throw new WireError("ReqLength of SlotAddress");
  r.skip(2);
  const bank = r.u8();
  const slot = r.u8() & SLOT;
  r.skip(2);
  return { subCode, address: { bank, slot } };
}

export function writeSlotManagement(w: Writer, { subCode, address }: SlotManagement): void {
  w.u8(subCode);
  w.u8(0);
  w.u16(address === undefined ? 0 : HEADER_LENGTH);
  w.u16(0);
  if (address === undefined) return;
  w.u16(SLOT_ADDRESS_LENGTH);
  w.u16(0);
  w.u8(address.bank);
  w.u8(address.slot);
  w.u16(0);
}

function writeHeader(w: Writer, subCode: number): void {
  w.u8(subCode);
  w.u8(0);
  w.u16(HEADER_LENGTH);
  w.u16(0);
}

interface Bank {
  /** KEY_PAIR_INFO's bit of the algorithm. */
  readonly asym: number;
  readonly identity: Identity;
  readonly chains: Chains;
}

/** Throws SpdmError if there is no such bank. */
function bankOf(c: Connection, id: number): Bank {
  const { hash, identity: selected, chains } = c.negotiated!;
  const entry = c.options.baseAsym[id];
  if (entry === undefined) throw new SpdmError(INVALID_REQUEST);
  const { algorithm, identity } = entry;
  return {
    asym: keyAlgorithm(algorithm),
    identity,
    chains: identity === selected ? chains : new Chains(identity, hash),
  };
}

function respondSubCodes(c: Connection, w: Writer): void {
  c.requireRoom(HEADER_LENGTH + SUB_CODES_LENGTH);
  writeHeader(w, SUPPORTED_SUB_CODES);
  w.u16(SUB_CODES_LENGTH);
  w.u16(0);
  w.u32(SERVED);
  w.zeros(4 + 24);
}

function respondBankInfo(c: Connection, w: Writer): void {
  const { baseAsym } = c.options;
  const length = BANK_INFO_LENGTH + BANK_ELEMENT_LENGTH * baseAsym.length;
  c.requireRoom(HEADER_LENGTH + length);
  writeHeader(w, GET_BANK_INFO);
  w.u16(length);
  w.u16(0);
  w.u8(baseAsym.length);
  w.zeros(3);
  for (let id = 0; id < baseAsym.length; id++) {
    w.u8(BANK_ELEMENT_LENGTH);
    w.u8(id);
    w.u8(baseAsym[id].identity.slotMask);
    w.u8(0); // nothing can be modified by SLOT_MANAGEMENT
  }
}

function respondBankDetails(c: Connection, w: Writer, id: number): void {
  const { hash, identity: selected } = c.negotiated!;
  const bank = bankOf(c, id);
  const { asym, identity, chains } = bank;
  const slots = [0, 1, 2, 3, 4, 5, 6, 7].filter((slot) => chains.has(slot));
  const elementLength = SLOT_ELEMENT_LENGTH + hash.outputLen;
  const length = BANK_DETAILS_LENGTH + elementLength * slots.length;
  c.requireRoom(HEADER_LENGTH + length);
  writeHeader(w, GET_BANK_DETAILS);
  w.u16(length);
  w.u8(id);
  w.u8(0);
  w.u16(slots.length);
  w.u8(identity === selected ? SELECTED : 0);
  w.u8(0);
  // Capabilities, current, available: it is of this algorithm and stays so.
  for (let i = 0; i < 3; i++) w.u32(asym);
  for (let i = 0; i < 3; i++) writePqcAsym(w, 0);
  w.zeros(4);
  for (const slot of slots) writeSlotElement(c, w, bank, slot);
}

function writeSlotElement(c: Connection, w: Writer, { asym, identity, chains }: Bank, slot: number): void {
  const { multiKey, hash } = c.negotiated!;
  const key = multiKey ? keyPairBehind(c.options.keyPairs!, asym, 0, slot) : undefined;
  w.u16(SLOT_ELEMENT_LENGTH + hash.outputLen);
  w.u8(slot);
  w.u8(0);
  w.u8(PROVISIONED);
  w.u8(key?.id ?? 0);
  w.u8(multiKey ? certificateModel(identity, slot) : 0);
  w.u8(0);
  w.u16(key?.pair.usage ?? 0);
  w.u16(0);
  w.u32(chains.length(slot));
  w.bytes(chains.digest(slot));
}

function respondChain(c: Connection, w: Writer, { bank, slot }: SlotAddress): void {
  const { chains } = bankOf(c, bank);
  if (slot >= SLOTS || !chains.has(slot)) throw new SpdmError(INVALID_REQUEST);
  const length = chains.length(slot);
  c.requireRoom(HEADER_LENGTH + CHAIN_HEADER_LENGTH + length);
  writeHeader(w, GET_CERTIFICATE_CHAIN);
  w.u32(length);
  w.u32(0);
  chains.read(slot, 0, w.view(length));
}

export const slotManagement: Exchange = Object.freeze({
  request: SLOT_MANAGEMENT,
  since: V1_4,
  after: NEGOTIATED,
  channels: OUTSIDE_SESSION | IN_SESSION,
  capability: 0,
  extCapability: SLOT_MGMT_CAP,
  peerCapability: 0,
  endsM1: false,
  respond(c, request, response) {
    const subCode = request.message[request.offset];
    if (!LISTED.includes(subCode)) throw new SpdmError(INVALID_REQUEST);
    if (subCode > GET_CERTIFICATE_CHAIN) throw new SpdmError(UNSUPPORTED_REQUEST, SLOT_MANAGEMENT);
    const { address } = readSlotManagement(request);
    if (address === undefined) {
      if (subCode === SUPPORTED_SUB_CODES) respondSubCodes(c, response);
      else respondBankInfo(c, response);
    } else if (subCode === GET_BANK_DETAILS) respondBankDetails(c, response, address.bank);
    else respondChain(c, response, address);
  },
} satisfies Exchange);
