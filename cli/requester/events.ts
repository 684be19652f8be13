import { setTimeout } from "node:timers/promises";
import { ENCAP_CAP, EVENT_CAP } from "../../src/capabilities.js";
import { NO_PENDING_REQUESTS, SpdmError } from "../../src/errors.js";
import { ALL_TYPES, type EventGroup, isDmtf } from "../../src/event-groups.js";
import { GET_SUPPORTED_EVENT_TYPES, SUBSCRIBE_EVENT_TYPES } from "../../src/exchange.js";
import { readSubscribeEventTypesAck, writeSubscribeEventTypes } from "../../src/messages/subscribe-event-types.js";
import { readSupportedEventTypes, writeGetSupportedEventTypes } from "../../src/messages/supported-event-types.js";
import { V1_3 } from "../../src/versions.js";
import type { EventsResult } from "../device-report.js";
import { type Conversation, decode, requireEnd } from "./conversation.js";
import { fetchRequestsIfAny } from "./encapsulated.js";
import { errorName, eventDetail, eventTypeName, registryName, versionName } from "./names.js";
import { Impossible } from "./verdict.js";

const POLL_MS = 500;

/** Subscribes to all events that the responder has, and fetches those that come within `seconds`. */
export async function watchEvents(c: Conversation, seconds: number): Promise<EventsResult> {
  if (c.version < V1_3) throw new Impossible(`SPDM ${versionName(c.version)} has no events`);
  if (c.session === undefined) throw new Impossible("events are sent in sessions only");
  if ((c.flags & EVENT_CAP) === 0 || !c.both(ENCAP_CAP)) throw new Impossible("the responder sends no events");
  const groups = await askEventTypes(c);
  c.events = [];
  await subscribe(c, groups);
  const end = performance.now() + seconds * 1000;
  for (;;) {
    await poll(c);
    const left = end - performance.now();
    if (left <= 0) break;
    await setTimeout(Math.min(POLL_MS, left));
  }
  return {
    types: groups.flatMap(({ types, ...group }) => types.map((type) => typeName(group, type))),
    received: c.events.map(({ instanceId, group, type, detail }) => ({
      instance: instanceId,
      type: typeName(group, type),
      detail: isDmtf(group) ? eventDetail(type, detail) : Buffer.from(detail).toString("hex"),
    })),
  };
}

async function askEventTypes(c: Conversation): Promise<EventGroup[]> {
  const { response } = await c.ask(GET_SUPPORTED_EVENT_TYPES, writeGetSupportedEventTypes);
  const groups = decode("SUPPORTED_EVENT_TYPES", () => readSupportedEventTypes(response));
  requireEnd("SUPPORTED_EVENT_TYPES", response);
  return groups;
}

async function subscribe(c: Conversation, supported: readonly EventGroup[]): Promise<void> {
  const groups = supported.map((group) => ({ ...group, attributes: ALL_TYPES, types: [] }));
  const { response } = await c.ask(SUBSCRIBE_EVENT_TYPES, (w) => writeSubscribeEventTypes(w, groups));
  decode("SUBSCRIBE_EVENT_TYPES_ACK", () => readSubscribeEventTypesAck(response));
  requireEnd("SUBSCRIBE_EVENT_TYPES_ACK", response);
}

async function poll(c: Conversation): Promise<void> {
  const answers = await fetchRequestsIfAny(c);
  if (answers instanceof SpdmError && answers.code !== NO_PENDING_REQUESTS)
    throw new Impossible(`the responder refused GET_ENCAPSULATED_REQUEST: ${errorName(answers.code)}`);
}

const typeName = (group: Pick<EventGroup, "standardId" | "vendorId">, type: number): string =>
  isDmtf(group) ? eventTypeName(type) : `${registryName(group.standardId)} type ${type}`;
