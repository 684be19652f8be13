/**
 * SLOT_MANAGEMENT (0x88) and SLOT_MANAGEMENT_RESP (0x08), DSP0274 1.4
 *
 * | offset | request field      | size | offset | response field     | size |
 * | 2      | SubCode            | 1    | 2      | SubCode            | 1    |
 * | 3      | reserved           | 1    | 3      | reserved           | 1    |
 * | 4      | MgmtStructOffset   | 2    | 4      | MgmtStructOffset   | 2    | 0: there is no structure
 * | 6      | reserved           | 2    | 6      | reserved           | 2    |
 * |        | structure          |      |        | structure          |      | by SubCode: src/slot-structures.ts
 *
 * No published peer speaks it yet, so it is experimental: layouts and behaviour are those of DMTF libspdm's open pull requests
 * 3670 and 3668, and of the guide in 3637, as they were in August 2026. What these leave open, or have another way, is ours:
 * the CSR is of the bank that is addressed, not of the negotiated one; a slot that is there, but empty, is in SlotMask and not
 * in BankDetails. Boards list the exchange, and show SLOT_MGMT_CAP, only if they want it in spite of that.
 *
 * A bank is the slots under one asymmetric algorithm: here, those of one identity, by its place in the board's list. Its
 * algorithm is what it is, so that there is no ManageBank.
 */
import type { Identity } from "../../hal/identity.js";
import { SLOT_MGMT_CAP } from "../capabilities.js";
import { Chains } from "../chain.js";
import type { Connection, ResponderOptions } from "../connection.js";
import { INVALID_REQUEST, SpdmError, UNSUPPORTED_REQUEST } from "../errors.js";
import { type Exchange, IN_SESSION, NEGOTIATED, OUTSIDE_SESSION, SLOT_MANAGEMENT } from "../exchange.js";
import type { Session } from "../session.js";
import { certificateModel, keyAlgorithm, keyPairBehind } from "../slot-keys.js";
import {
  bankDetailsLength,
  bankInfoLength,
  LENGTH_HEADER,
  PROVISIONED,
  readSlotAddress,
  SELECTED,
  type SlotAddress,
  type SlotElement,
  SUB_CODES_STRUCTURE,
  writeBankDetails,
  writeBankInfo,
  writeLongHeader,
  writeSlotAddress,
  writeSubCodes,
} from "../slot-structures.js";
import { V1_4 } from "../versions.js";
import { type Reader, WireError, type Writer } from "../wire.js";

// SubCode
export const SUPPORTED_SUB_CODES = 0x00;
export const GET_BANK_INFO = 0x01;
export const GET_BANK_DETAILS = 0x02;
export const GET_CERTIFICATE_CHAIN = 0x03;
export const GET_CSR_SUB_CODE = 0x04;
export const MANAGE_BANK = 0x20;
export const MANAGE_SLOT = 0x21;
export const SET_CERTIFICATE_SUB_CODE = 0x22;

const READING: readonly number[] = Object.freeze([
  SUPPORTED_SUB_CODES,
  GET_BANK_INFO,
  GET_BANK_DETAILS,
  GET_CERTIFICATE_CHAIN,
]);
/** That the specification lists, beside those. */
const CHANGING: readonly number[] = Object.freeze([
  GET_CSR_SUB_CODE,
  MANAGE_BANK,
  MANAGE_SLOT,
  SET_CERTIFICATE_SUB_CODE,
]);

export const HEADER_LENGTH = 8;
const SLOTS = 8;

export interface SlotManagement {
  readonly subCode: number;
  /** Undefined for `SUPPORTED_SUB_CODES` and `GET_BANK_INFO`. */
  readonly address: SlotAddress | undefined;
}

/** Reads the SubCode, and leaves the reader at the structure, if there is one. */
export function readSlotHeader(r: Reader): { subCode: number; hasStructure: boolean } {
  const subCode = r.u8();
  r.skip(1);
  const offset = r.u16();
  r.skip(2);
  if (offset === 0) return { subCode, hasStructure: false };
  if (offset < HEADER_LENGTH) throw new WireError("MgmtStructOffset in the header");
  r.skip(offset - HEADER_LENGTH);
  return { subCode, hasStructure: true };
}

export function writeSlotHeader(w: Writer, subCode: number, hasStructure: boolean): void {
  w.u8(subCode);
  w.u8(0);
  w.u16(hasStructure ? HEADER_LENGTH : 0);
  w.u16(0);
}

/** Leaves the reader behind SlotAddress, where there is one. */
export function readSlotManagement(r: Reader): SlotManagement {
  const { subCode, hasStructure } = readSlotHeader(r);
  if (hasStructure !== subCode > GET_BANK_INFO) throw new WireError("MgmtStructOffset does not fit the SubCode");
  return { subCode, address: hasStructure ? readSlotAddress(r) : undefined };
}

/** Writes all up to SlotAddress. */
export function writeSlotManagement(w: Writer, { subCode, address }: SlotManagement): void {
  writeSlotHeader(w, subCode, address !== undefined);
  if (address !== undefined) writeSlotAddress(w, address);
}

/** How a board's slots are changed: what `slotChanges` makes. */
export interface SlotChanges {
  /** Its SubCodes, ascending. */
  readonly subCodes: readonly number[];
  /** As `Exchange.requires`. */
  requires(options: ResponderOptions, flags: number): number;
  /** Bit n set: slot n can be changed, be it in sessions only. */
  modifiable(identity: Identity): number;
  /** Serves one of its SubCodes; `request` stands behind SlotAddress. */
  respond(
    c: Connection,
    identity: Identity,
    asked: SlotManagement & { readonly address: SlotAddress },
    request: Reader,
    response: Writer,
    session: Session | undefined,
  ): void;
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

function respondSubCodes(c: Connection, w: Writer, changes: SlotChanges | undefined): void {
  c.requireRoom(HEADER_LENGTH + SUB_CODES_STRUCTURE);
  writeSlotHeader(w, SUPPORTED_SUB_CODES, true);
  writeSubCodes(w, [...READING, ...(changes?.subCodes ?? [])]);
}

function respondBankInfo(c: Connection, w: Writer, changes: SlotChanges | undefined): void {
  const { baseAsym } = c.options;
  c.requireRoom(HEADER_LENGTH + bankInfoLength(baseAsym.length));
  writeSlotHeader(w, GET_BANK_INFO, true);
  const banks = baseAsym.map(({ identity }, bank) => ({
    bank,
    slotMask: identity.slotMask | (identity.certificateSlots?.supportedMask ?? 0),
    modifiableMask: changes?.modifiable(identity) ?? 0,
  }));
  writeBankInfo(w, banks);
}

function respondBankDetails(c: Connection, w: Writer, id: number): void {
  const { hash, identity: selected } = c.negotiated!;
  const bank = bankOf(c, id);
  const { asym, identity, chains } = bank;
  const slots = [0, 1, 2, 3, 4, 5, 6, 7].filter((slot) => chains.has(slot));
  c.requireRoom(HEADER_LENGTH + bankDetailsLength(slots.length, hash.outputLen));
  writeSlotHeader(w, GET_BANK_DETAILS, true);
  const details = {
    bank: id,
    attributes: identity === selected ? SELECTED : 0,
    // It is of this algorithm and stays so.
    ...{ asymCapabilities: asym, asym, availableAsym: asym },
    ...{ pqcAsymCapabilities: 0, pqcAsym: 0, availablePqcAsym: 0 },
    slots: slots.map((slot) => slotElement(c, bank, slot)),
  };
  writeBankDetails(w, details, hash.outputLen);
}

function slotElement(c: Connection, { asym, identity, chains }: Bank, slot: number): SlotElement {
  const { multiKey } = c.negotiated!;
  const key = multiKey ? keyPairBehind(c.options.keyPairs!, asym, 0, slot) : undefined;
  return {
    slot,
    attributes: PROVISIONED,
    keyPairId: key?.id ?? 0,
    certificateInfo: multiKey ? certificateModel(identity, slot) : 0,
    usage: key?.pair.usage ?? 0,
    size: chains.length(slot),
    digest: chains.digest(slot),
  };
}

function respondChain(c: Connection, w: Writer, { bank, slot }: SlotAddress): void {
  const { chains } = bankOf(c, bank);
  if (slot >= SLOTS || !chains.has(slot)) throw new SpdmError(INVALID_REQUEST);
  const length = chains.length(slot);
  c.requireRoom(HEADER_LENGTH + LENGTH_HEADER + length);
  writeSlotHeader(w, GET_CERTIFICATE_CHAIN, true);
  writeLongHeader(w, length);
  chains.read(slot, 0, w.view(length));
}

function exchange(changes: SlotChanges | undefined): Exchange {
  return {
    request: SLOT_MANAGEMENT,
    since: V1_4,
    after: NEGOTIATED,
    channels: OUTSIDE_SESSION | IN_SESSION,
    capability: 0,
    extCapability: SLOT_MGMT_CAP,
    peerCapability: 0,
    endsM1: false,
    requires: (options, flags) => changes?.requires(options, flags) ?? 0,
    respond(c, request, response, session) {
      const subCode = request.message[request.offset];
      if (!READING.includes(subCode) && changes?.subCodes.includes(subCode) !== true) {
        if (!CHANGING.includes(subCode)) throw new SpdmError(INVALID_REQUEST);
        throw new SpdmError(UNSUPPORTED_REQUEST, SLOT_MANAGEMENT);
      }
      const { address } = readSlotManagement(request);
      if (subCode === SUPPORTED_SUB_CODES) respondSubCodes(c, response, changes);
      else if (subCode === GET_BANK_INFO) respondBankInfo(c, response, changes);
      else if (subCode === GET_BANK_DETAILS) respondBankDetails(c, response, address!.bank);
      else if (subCode === GET_CERTIFICATE_CHAIN) respondChain(c, response, address!);
      else {
        const { identity } = bankOf(c, address!.bank);
        changes!.respond(c, identity, { subCode, address: address! }, request, response, session);
      }
    },
  };
}

/** That only reads: SubCodes 0 to 3. */
export const slotManagement: Exchange = Object.freeze(exchange(undefined));

/** That changes slots too, as `changes` has it. */
export const managedSlots = (changes: SlotChanges): Exchange => exchange(changes);
