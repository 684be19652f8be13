/**
 * GET_VERSION (0x84) and VERSION (0x04), DSP0274 1.3 §10.3; both always in 1.0
 *
 * | offset | VERSION field           | size  |
 * | 2      | reserved                | 3     |
 * | 5      | VersionNumberEntryCount | 1     |
 * | 6      | VersionNumberEntry      | 2 * n |  major b15–12, minor b11–8, update b7–4, alpha b3–0
 */
import { AFTER_VERSION, type Exchange, GET_VERSION, OUTSIDE_SESSION } from "../exchange.js";
import { V1_0, type Version } from "../versions.js";
import type { Reader, Writer } from "../wire.js";

export function readGetVersion(r: Reader): void {
  r.skip(2);
}

export function writeGetVersion(w: Writer): void {
  w.zeros(2);
}

/** The entries as they stand; `versionOf` takes the SPDMVersion out of one. */
export function readVersion(r: Reader): number[] {
  r.skip(3);
  const entries: number[] = [];
  for (let count = r.u8(); count > 0; count--) entries.push(r.u16());
  return entries;
}

export function writeVersion(w: Writer, entries: readonly number[]): void {
  w.zeros(3);
  w.u8(entries.length);
  for (const entry of entries) w.u16(entry);
}

/** The SPDMVersion of a VersionNumberEntry. */
export const versionOf = (entry: number): Version => entry >>> 8;

export const version: Exchange = Object.freeze({
  request: GET_VERSION,
  since: V1_0,
  after: undefined,
  channels: OUTSIDE_SESSION,
  capability: 0,
  peerCapability: 0,
  endsM1: false,
  respond(c, request, response) {
    readGetVersion(request);
    writeVersion(
      response,
      c.options.versions.map((v) => v << 8),
    );

    c.reset();
    c.transcript.addVca(request.consumed());
    c.transcript.addVca(response.written());
    c.state = AFTER_VERSION;
  },
} satisfies Exchange);
