/**
 * The SubCodes of SLOT_MANAGEMENT that change slots, and that ask for a certification request: GetCSR, ManageSlot,
 * SetCertificate, on the slots of any bank, by the rules of GET_CSR and SET_CERTIFICATE. Experimental, as all of it is: see
 * src/messages/slot-management.ts. Requests that have to wait for a reset are GET_CSR's only.
 */
import type { CertificateSlots } from "../hal/certificate-slots.js";
import type { HashAlgorithm } from "../hal/crypto.js";
import type { Identity } from "../hal/identity.js";
import type { Connection } from "./connection.js";
import { INVALID_REQUEST, OPERATION_FAILED, SpdmError, UNEXPECTED_REQUEST, UNSUPPORTED_REQUEST } from "./errors.js";
import { SLOT_MANAGEMENT } from "./exchange.js";
import { requireCertificateSlots } from "./installable-chain.js";
import { certificationRequestOf } from "./messages/csr.js";
import { allows, checkKeyPair, finishChange, install, type SetCertificatePolicy } from "./messages/set-certificate.js";
import {
  GET_CSR_SUB_CODE,
  HEADER_LENGTH,
  MANAGE_SLOT,
  SET_CERTIFICATE_SUB_CODE,
  type SlotChanges,
  writeSlotHeader,
} from "./messages/slot-management.js";
import type { PathEngines } from "./requester-chain.js";
import {
  ERASE_SLOT,
  LENGTH_HEADER,
  readManageSlot,
  readSlotCertificate,
  readSlotCsr,
  type SlotAddress,
  writeLongHeader,
} from "./slot-structures.js";
import { Reader, type Writer } from "./wire.js";

const SLOTS = 8;

export interface SlotChangesOptions extends PathEngines {
  /** As that of SET_CERTIFICATE. */
  readonly policy: SetCertificatePolicy;
  /** SHA-256, SHA-384 or SHA-512: what certification requests are signed over. */
  readonly csrHash: HashAlgorithm;
}

export function slotChanges({ policy, csrHash, ...engines }: SlotChangesOptions): SlotChanges {
  return {
    subCodes: [GET_CSR_SUB_CODE, MANAGE_SLOT, SET_CERTIFICATE_SUB_CODE],
    requires: requireCertificateSlots,
    modifiable({ certificateSlots }) {
      const supported = certificateSlots?.supportedMask ?? 0;
      return policy.trustedEnvironment ? supported : supported & policy.slotsInSessions;
    },
    respond(c, identity, { subCode, address }, request, response, session) {
      const slots = identity.certificateSlots;
      if (slots === undefined) throw new SpdmError(UNSUPPORTED_REQUEST, SLOT_MANAGEMENT);
      if (subCode === GET_CSR_SUB_CODE) {
        respondCsr(c, identity, slots, csrHash, request, response);
        return;
      }
      const { slot } = address;
      const bit = 1 << slot;
      if (slot >= SLOTS || (slots.supportedMask & bit) === 0) throw new SpdmError(INVALID_REQUEST);
      if (!allows(policy, bit, session)) throw new SpdmError(UNEXPECTED_REQUEST);
      if (subCode === MANAGE_SLOT) erase(identity, slots, address, request);
      else setChain(c, slots, address, engines, request);
      finishChange(c, identity, slots, bit);
      writeSlotHeader(response, subCode, false);
    },
  };
}

/** Of the bank's key; the slot does not count. */
function respondCsr(
  c: Connection,
  identity: Identity,
  slots: CertificateSlots,
  hash: HashAlgorithm,
  request: Reader,
  response: Writer,
): void {
  const asked = readSlotCsr(request);
  if (asked.trackingTag !== 0) throw new SpdmError(INVALID_REQUEST);
  const made = certificationRequestOf(c, identity, slots, asked, hash);
  c.requireRoom(HEADER_LENGTH + LENGTH_HEADER + made.length);
  writeSlotHeader(response, GET_CSR_SUB_CODE, true);
  writeLongHeader(response, made.length);
  response.bytes(made);
}

function erase(identity: Identity, slots: CertificateSlots, { slot }: SlotAddress, request: Reader): void {
  if (readManageSlot(request) !== ERASE_SLOT || (identity.slotMask & (1 << slot)) === 0)
    throw new SpdmError(INVALID_REQUEST);
  if (!slots.erase(slot)) throw new SpdmError(OPERATION_FAILED);
}

function setChain(
  c: Connection,
  slots: CertificateSlots,
  { slot }: SlotAddress,
  engines: PathEngines,
  request: Reader,
): void {
  const asked = { ...readSlotCertificate(request), slot, erase: false };
  checkKeyPair(c, slots, asked);
  // Length and CertLength are of the same bytes.
  if (new Reader(asked.chain).u32() !== asked.chain.length) throw new SpdmError(INVALID_REQUEST);
  install(c, slots, asked, engines);
}
