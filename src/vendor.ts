/**
 * Who defined something: the standards body or vendor-defined header, SVH (DSP0274 1.3, "Standards body or vendor-defined
 * header").
 *
 * | offset | field       | size |
 * | 0      | ID          | 1    | registry or standards body
 * | 1      | VendorIDLen | 1    | n, by ID
 * | 2      | VendorID    | n    |
 */
import { type Reader, WireError, type Writer } from "./wire.js";

/** The ID of DMTF itself, whose VendorID is empty. */
export const DMTF = 0;

/** Bytes of VendorID by ID (DSP0274 1.3 table "Registry or standards body ID"); CBOR's, 10, varies. */
const VENDOR_ID_LENGTHS: readonly number[] = /* @__PURE__ */ Object.freeze([0, 2, 2, 2, 4, 4, 2, 2, 2, 0, -1, 2]);
const MAX_CBOR_ID_LENGTH = 9;

export interface Vendor {
  readonly standardId: number;
  readonly vendorId: Uint8Array;
}

/** Reads VendorIDLen, 1 byte, and VendorID; throws WireError if a registry that is known has others. */
export function readVendorId(r: Reader, standardId: number): Uint8Array {
  const length = r.u8();
  const expected = standardId < VENDOR_ID_LENGTHS.length ? VENDOR_ID_LENGTHS[standardId] : length;
  if (length !== expected && (expected !== -1 || length > MAX_CBOR_ID_LENGTH)) {
    throw new WireError("VendorID not of its registry's length");
  }
  return r.bytes(length);
}

export function readVendor(r: Reader): Vendor {
  const standardId = r.u8();
  return { standardId, vendorId: readVendorId(r, standardId) };
}

/** Bytes that `writeVendor` writes. */
export const vendorLength = ({ vendorId }: Vendor): number => 2 + vendorId.length;

export function writeVendor(w: Writer, { standardId, vendorId }: Vendor): void {
  w.u8(standardId);
  w.u8(vendorId.length);
  w.bytes(vendorId);
}
