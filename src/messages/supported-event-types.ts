/**
 * GET_SUPPORTED_EVENT_TYPES (0xE2) and SUPPORTED_EVENT_TYPES (0x62), DSP0274 1.3
 *
 * | message  | offset | field                       | size |
 * | request  | 2      | reserved                    | 2    |
 * | response | 2      | EventGroupCount             | 1    |
 * |          | 3      | reserved                    | 1    |
 * |          | 4      | SupportedEventGroupsListLen | 4    |
 * |          | 8      | SupportedEventGroupsList    | n    | see src/event-groups.ts
 */
import { EVENT_CAP } from "../capabilities.js";
import { INVALID_REQUEST, SpdmError } from "../errors.js";
import {
  DMTF_GROUP_VERSION,
  type EventGroup,
  eventGroupsLength,
  readEventGroups,
  requireEvents,
  writeEventGroups,
} from "../event-groups.js";
import { type Exchange, GET_SUPPORTED_EVENT_TYPES, IN_SESSION, NEGOTIATED } from "../exchange.js";
import { DMTF } from "../vendor.js";
import { V1_3 } from "../versions.js";
import type { Reader, Writer } from "../wire.js";

const HEADER_LENGTH = 8;

export function readGetSupportedEventTypes(r: Reader): void {
  r.skip(2);
}

export function writeGetSupportedEventTypes(w: Writer): void {
  w.zeros(2);
}

export function readSupportedEventTypes(r: Reader): EventGroup[] {
  const count = r.u8();
  r.skip(1);
  return readEventGroups(r.bytes(r.u32()), count);
}

export function writeSupportedEventTypes(w: Writer, groups: readonly EventGroup[]): void {
  w.u8(groups.length);
  w.u8(0);
  w.u32(eventGroupsLength(groups));
  writeEventGroups(w, groups);
}

export const supportedEventTypes: Exchange = Object.freeze({
  request: GET_SUPPORTED_EVENT_TYPES,
  since: V1_3,
  after: NEGOTIATED,
  channels: IN_SESSION,
  capability: EVENT_CAP,
  peerCapability: 0,
  endsM1: false,
  requires: requireEvents,
  respond(c, request, response) {
    readGetSupportedEventTypes(request);
    if (request.remaining !== 0) throw new SpdmError(INVALID_REQUEST);
    const { types } = c.options.events!;
    const group = { standardId: DMTF, vendorId: new Uint8Array(0), version: DMTF_GROUP_VERSION, attributes: 0, types };
    c.requireRoom(HEADER_LENGTH + eventGroupsLength([group]));
    writeSupportedEventTypes(response, [group]);
  },
} satisfies Exchange);
