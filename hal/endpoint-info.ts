/**
 * What class of device an endpoint is, in the terms of one registry or standards body (DSP0274 1.3, "Device class
 * identifier").
 */
export interface DeviceClass {
  /** Registry or standards body ID, 0 for DMTF itself, up to 255. */
  readonly standardId: number;
  /** As long as its registry says; DMTF's has none. */
  readonly vendorId: Uint8Array;
  /** From the general to the particular, as its registry or vendor has it; each up to 255 bytes. */
  readonly subordinateIds: readonly Uint8Array[];
}
