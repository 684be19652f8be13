/** The banks and slots of a responder by SLOT_MANAGEMENT, which is experimental: shown, and changed. */
import { SLOT_MGMT_CAP } from "../../src/capabilities.js";
import { equal } from "../../src/equal.js";
import { RESET_REQUIRED, SpdmError } from "../../src/errors.js";
import { SLOT_MANAGEMENT } from "../../src/exchange.js";
import type { Digests } from "../../src/messages/digests.js";
import * as codes from "../../src/messages/slot-management.js";
import { keyAlgorithm } from "../../src/slot-keys.js";
import type { BankDetails, BankElement, SlotAddress, SlotElement } from "../../src/slot-structures.js";
import * as structures from "../../src/slot-structures.js";
import { V1_4 } from "../../src/versions.js";
import type { Reader, Writer } from "../../src/wire.js";
import { type CertificateSummary, readCertificate, splitChain } from "../chain.js";
import type { Link } from "../link.js";
import { keyOf, placeOf } from "./certificate.js";
import type { CertificateOptions, CsrResult, Known, Reached } from "./certificates.js";
import * as certificates from "./certificates.js";
import { type Conversation, decode, requireEnd } from "./conversation.js";
import { ASYMS, errorName } from "./names.js";
import { Impossible, Untrusted } from "./verdict.js";

const NAME = "SLOT_MANAGEMENT_RESP";
const NO_BYTES = new Uint8Array(0);
const LENGTH_FIELD = 4;

/** What is to be done with the slot of `bank` that the options name. */
export type SlotChange =
  | { readonly operation: "csr" | "erase"; readonly bank: number }
  | { readonly operation: "install"; readonly bank: number; readonly chain: Uint8Array };

export interface SlotsOptions extends CertificateOptions {
  readonly change?: SlotChange | undefined;
}

/** A slot that holds a chain, whose digest fits it. */
export interface SlotResult extends SlotElement {
  /** Undefined if the last of the chain is no certificate that can be read. */
  readonly leaf: CertificateSummary | undefined;
}

export interface BankResult extends BankElement, Omit<BankDetails, "slots"> {
  readonly slots: readonly SlotResult[];
}

export interface SlotsResult extends Reached {
  /** As they are after the change. */
  readonly banks: readonly BankResult[];
  readonly change: { readonly operation: string; readonly bank: number; readonly needsReset: boolean } | undefined;
  /** Of "csr". */
  readonly csr: Pick<CsrResult, "request" | "subject" | "deviceInfo" | "vouchedBy"> | undefined;
}

/** Rejects with Impossible, Untrusted or a TimeoutError. */
export function manageSlots(link: Link, options: SlotsOptions): Promise<SlotsResult> {
  const wanted = {
    name: "SLOT_MANAGEMENT",
    since: V1_4,
    has: (c: Conversation) => (c.extFlags & SLOT_MGMT_CAP) !== 0,
  };
  return certificates.connected(link, options, wanted, async (c, reached, known) => {
    const { change, onProgress } = options;
    onProgress("SLOT_MANAGEMENT");
    const served = await read(c, codes.SUPPORTED_SUB_CODES, undefined, structures.readSubCodes);
    const required = [codes.GET_BANK_INFO, codes.GET_BANK_DETAILS, codes.GET_CERTIFICATE_CHAIN];
    if (required.some((code) => !served.includes(code))) throw new Untrusted(`${NAME}: lacks SubCodes there must be`);
    let needsReset = false;
    let csr: SlotsResult["csr"];
    if (change !== undefined) {
      requireServed(change, served);
      if (change.operation === "csr") csr = await requestCsr(c, options, change.bank, known, reached);
      else needsReset = await changeSlot(c, options, change, known);
    }
    const changed = change !== undefined && csr === undefined && !needsReset;
    // What DIGESTS showed before is another slot's now.
    const banks = await readBanks(c, known.baseAsym, changed ? undefined : known.digests);
    if (changed) requireChanged(c, banks, options.slot, change);
    const done = change && { operation: change.operation, bank: change.bank, needsReset };
    return { ...reached, banks, change: done, csr };
  });
}

const SUB_CODES: Readonly<Record<SlotChange["operation"], number>> = {
  csr: codes.GET_CSR_SUB_CODE,
  erase: codes.MANAGE_SLOT,
  install: codes.SET_CERTIFICATE_SUB_CODE,
};

function requireServed({ operation }: SlotChange, served: readonly number[]): void {
  if (!served.includes(SUB_CODES[operation]))
    throw new Impossible(
      `the responder's SLOT_MANAGEMENT has no way to ${operation === "csr" ? "request" : operation}`,
    );
}

type Write = (w: Writer) => void;

/** Sends a request and resolves to its response, behind the header, or to ERROR. */
async function tryToAsk(
  c: Conversation,
  subCode: number,
  address: SlotAddress | undefined,
  hasStructure: boolean,
  write: Write = () => {},
): Promise<Reader | SpdmError> {
  const answer = await c.tryToAsk(
    SLOT_MANAGEMENT,
    (w) => {
      codes.writeSlotManagement(w, { subCode, address });
      write(w);
    },
    true,
  );
  if (answer instanceof SpdmError) return answer;
  const { response } = answer;
  const header = decode(NAME, () => codes.readSlotHeader(response));
  if (header.subCode !== subCode) throw new Untrusted(`${NAME}: is of another SubCode`);
  if (header.hasStructure !== hasStructure) throw new Untrusted(`${NAME}: has not the structure of its SubCode`);
  return response;
}

/** The structure of a response; throws Impossible if the request is refused. */
async function read<T>(
  c: Conversation,
  subCode: number,
  address: SlotAddress | undefined,
  decodeStructure: (r: Reader) => T,
  write?: Write,
): Promise<T> {
  const response = await tryToAsk(c, subCode, address, true, write);
  if (response instanceof SpdmError)
    throw new Impossible(`the responder refused SLOT_MANAGEMENT: ${errorName(response.code)}`);
  const structure = decode(NAME, () => decodeStructure(response));
  requireEnd(NAME, response);
  return structure;
}

/** @param digests What the slots of the bank in use have to be. */
async function readBanks(c: Conversation, baseAsym: number, digests: Digests | undefined): Promise<BankResult[]> {
  const elements = await read(c, codes.GET_BANK_INFO, undefined, structures.readBankInfo);
  const banks: BankResult[] = [];
  for (const [i, element] of elements.entries()) {
    const { bank, slotMask, modifiableMask } = element;
    if (bank !== i || (modifiableMask & ~slotMask) !== 0) throw new Untrusted(`${NAME}: no banks that there can be`);
    const hashLength = c.suite!.hash.outputLen;
    const readDetails = (r: Reader) => structures.readBankDetails(r, hashLength);
    const details = await read(c, codes.GET_BANK_DETAILS, { bank, slot: 0 }, readDetails);
    checkDetails(element, details);
    if (isSelected(details)) checkSelected(details, baseAsym, digests);
    const slots: SlotResult[] = [];
    for (const slot of details.slots) slots.push({ ...slot, leaf: await readLeaf(c, bank, slot) });
    banks.push({ ...element, ...details, slots });
  }
  if (banks.filter(isSelected).length > 1) throw new Untrusted(`${NAME}: more than one bank is in use`);
  return banks;
}

export const isSelected = ({ attributes }: Pick<BankDetails, "attributes">): boolean =>
  (attributes & structures.SELECTED) !== 0;

/** Slots ascend, and are those of the bank. */
function checkDetails({ bank, slotMask }: BankElement, details: BankDetails): void {
  const { slots } = details;
  const fits = slots.every(
    ({ slot, attributes }, i) =>
      (attributes & structures.PROVISIONED) !== 0 &&
      (slotMask & (1 << slot)) !== 0 &&
      (i === 0 || slot > slots[i - 1].slot),
  );
  if (details.bank !== bank || !fits) throw new Untrusted(`${NAME}: no details that bank ${bank} can have`);
}

function checkSelected({ bank, asym, slots }: BankDetails, baseAsym: number, digests: Digests | undefined): void {
  if (asym !== keyAlgorithm(baseAsym))
    throw new Untrusted(`${NAME}: bank ${bank} is in use, but not of what was negotiated`);
  if (digests === undefined) return;
  const shown = ({ slot, digest }: SlotElement) =>
    (digests.slotMask & (1 << slot)) !== 0 && equal(digest, digests.digests[placeOf(digests, slot)]);
  if (!slots.every(shown)) throw new Untrusted(`${NAME}: bank ${bank} holds other chains than DIGESTS show`);
}

/** Reads a slot's chain, which has to fit its size and digest. */
async function readLeaf(c: Conversation, bank: number, element: SlotElement): Promise<CertificateSummary | undefined> {
  const { slot, size, digest } = element;
  const chain = await read(c, codes.GET_CERTIFICATE_CHAIN, { bank, slot }, structures.readLong);
  if (chain.length !== size || !equal(certificates.digestOf(c, chain), digest))
    throw new Untrusted(`certificate chain of slot ${slot}, bank ${bank}: does not match its size or digest`);
  try {
    const leaf = splitChain(chain.subarray(LENGTH_FIELD + c.suite!.hash.outputLen)).at(-1);
    return leaf && readCertificate(leaf).summary;
  } catch {
    return undefined;
  }
}

/** A request for a certificate of the bank's key. */
async function requestCsr(
  c: Conversation,
  options: SlotsOptions,
  bank: number,
  known: Known,
  { session }: Reached,
): Promise<NonNullable<SlotsResult["csr"]>> {
  const { slot } = options;
  const hashLength = c.suite!.hash.outputLen;
  const readDetails = (r: Reader) => structures.readBankDetails(r, hashLength);
  const details = await read(c, codes.GET_BANK_DETAILS, { bank, slot: 0 }, readDetails);
  const baseAsym = Object.values(ASYMS).find((bit) => keyAlgorithm(bit) === details.asym);
  if (details.asym === 0 || baseAsym === undefined) throw new Impossible(`bank ${bank} is of no algorithm known here`);
  const asked = {
    ...{ trackingTag: 0, overwrite: false, requesterInfo: NO_BYTES, opaque: NO_BYTES },
    ...certificates.keyPairOf(c, known, options),
  };
  const write = (w: Writer) => structures.writeSlotCsr(w, asked);
  const request = await read(c, codes.GET_CSR_SUB_CODE, { bank, slot }, structures.readLong, write);
  // Only the bank in use has certificates that were verified.
  const trusted = isSelected(details) ? known.trusted : undefined;
  const ofSlot = asked.keyPairId === (keyOf(known.digests, slot)?.keyPairId ?? 0);
  return { ...certificates.checkRequest(request, { baseAsym, trusted }, { slot, session }, ofSlot), request };
}

/** ManageSlot or SetCertificate; whether a reset has to follow. */
async function changeSlot(c: Conversation, options: SlotsOptions, change: SlotChange, known: Known): Promise<boolean> {
  const { slot } = options;
  let write: Write = (w) => structures.writeManageSlot(w, structures.ERASE_SLOT);
  if (change.operation === "install") {
    const chain = certificates.spdmChain(c, change.chain);
    const { keyPairId, model } = certificates.keyPairOf(c, known, options);
    write = (w) => structures.writeSlotCertificate(w, { model, keyPairId, chain });
  }
  const answer = await tryToAsk(c, SUB_CODES[change.operation], { bank: change.bank, slot }, false, write);
  if (!(answer instanceof SpdmError)) {
    requireEnd(NAME, answer);
    return false;
  }
  if (answer.code === RESET_REQUIRED) return true;
  throw new Impossible(`the responder refused SLOT_MANAGEMENT: ${errorName(answer.code)}`);
}

/** Throws Untrusted if the slot is not what it was set to. */
function requireChanged(c: Conversation, banks: readonly BankResult[], slot: number, change: SlotChange): void {
  const shown = banks[change.bank]?.slots.find((each) => each.slot === slot);
  const wanted =
    change.operation === "install" ? certificates.digestOf(c, certificates.spdmChain(c, change.chain)) : undefined;
  const fits = wanted === undefined ? shown === undefined : shown !== undefined && equal(shown.digest, wanted);
  if (!fits) throw new Untrusted(`${NAME}: slot ${slot} of bank ${change.bank} is not what it was set to`);
}
