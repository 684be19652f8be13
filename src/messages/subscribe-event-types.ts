/**
 * SUBSCRIBE_EVENT_TYPES (0xF0) and SUBSCRIBE_EVENT_TYPES_ACK (0x70), DSP0274 1.3
 *
 * | message  | offset | field                    | size |
 * | request  | 2      | SubscribeEventGroupCount | 1    | 0: to none, and the request ends behind the next
 * |          | 3      | reserved                 | 1    |
 * |          | 4      | SubscribeListLen         | 4    |
 * |          | 8      | SubscribeList            | n    | see src/event-groups.ts
 * | response | 2      | reserved                 | 2    |
 */
import { EVENT_CAP } from "../capabilities.js";
import type { Connection } from "../connection.js";
import { INVALID_REQUEST, SpdmError } from "../errors.js";
import {
  ALL_TYPES,
  DMTF_GROUP_VERSION,
  type EventGroup,
  eventGroupsLength,
  isDmtf,
  readEventGroups,
  requireEvents,
  writeEventGroups,
} from "../event-groups.js";
import { type Exchange, IN_SESSION, NEGOTIATED, SUBSCRIBE_EVENT_TYPES } from "../exchange.js";
import { V1_3 } from "../versions.js";
import type { Reader, Writer } from "../wire.js";

export function readSubscribeEventTypes(r: Reader): EventGroup[] {
  const count = r.u8();
  r.skip(1);
  return count === 0 ? [] : readEventGroups(r.bytes(r.u32()), count);
}

export function writeSubscribeEventTypes(w: Writer, groups: readonly EventGroup[]): void {
  w.u8(groups.length);
  w.u8(0);
  if (groups.length === 0) return;
  w.u32(eventGroupsLength(groups));
  writeEventGroups(w, groups);
}

export function readSubscribeEventTypesAck(r: Reader): void {
  r.skip(2);
}

function writeSubscribeEventTypesAck(w: Writer): void {
  w.zeros(2);
}

/** The types of DMTF's that the groups name, undefined for all; throws SpdmError for what the board does not have. */
function chosen(c: Connection, groups: readonly EventGroup[]): readonly number[] | undefined {
  if (groups.length === 0) return [];
  const [group] = groups;
  const { types, version, attributes } = group;
  const all = (attributes & ALL_TYPES) !== 0;
  const known = groups.length === 1 && isDmtf(group) && version === DMTF_GROUP_VERSION;
  // All, and some besides, or none at all, is neither.
  if (!known || all === types.length > 0) throw new SpdmError(INVALID_REQUEST);
  if (!types.every((type) => c.options.events!.types.includes(type))) throw new SpdmError(INVALID_REQUEST);
  return all ? undefined : types;
}

export const subscribeEventTypes: Exchange = Object.freeze({
  request: SUBSCRIBE_EVENT_TYPES,
  since: V1_3,
  after: NEGOTIATED,
  channels: IN_SESSION,
  capability: EVENT_CAP,
  peerCapability: 0,
  endsM1: false,
  requires: requireEvents,
  respond(c, request, response, session) {
    const types = chosen(c, readSubscribeEventTypes(request));
    if (request.remaining !== 0) throw new SpdmError(INVALID_REQUEST);
    const events = c.options.events!;
    events.require(c);
    writeSubscribeEventTypesAck(response);
    events.subscribe(session!, types);
  },
} satisfies Exchange);
