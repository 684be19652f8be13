/** What a report says of what a device tells of itself: its log, its class, its events. */
import { printable } from "./chain.js";
import type { Paint } from "./paint.js";

export interface LogEntryResult {
  /** MELIndex. */
  readonly index: number;
  /** Index of the measurement that covers it, 0 for none. */
  readonly measurement: number;
  /** DMTFSpecMeasurementValueType in words. */
  readonly type: string;
  readonly raw: boolean;
  /** Hexadecimal. */
  readonly value: string;
  /** Whether the signed measurements vouch for it. */
  readonly covered: boolean;
}

export interface DeviceClassResult {
  readonly signed: boolean;
  readonly identifiers: readonly {
    readonly registry: string;
    /** Hexadecimal, as the next. */
    readonly vendorId: string;
    readonly subordinateIds: readonly string[];
  }[];
}

/** Whether the responder wanted to know what we are, and had it signed. */
export interface OwnInfoResult {
  readonly asked: boolean;
  readonly signed: boolean;
}

export interface EventsResult {
  /** What was subscribed to. */
  readonly types: readonly string[];
  readonly received: readonly { readonly instance: number; readonly type: string; readonly detail: string }[];
}

/** All that a responder has, by name. */
export interface SupportedAlgorithms {
  readonly signatures: readonly string[];
  readonly hashes: readonly string[];
  /** Of key agreement. */
  readonly groups: readonly string[];
  readonly kems: readonly string[];
  readonly aeads: readonly string[];
  /** What requesters may prove themselves by. */
  readonly requesterSignatures: readonly string[];
}

export interface DeviceReports {
  readonly supportedAlgorithms?: SupportedAlgorithms;
  readonly log?: readonly LogEntryResult[];
  readonly deviceClass?: DeviceClassResult;
  readonly ownInfo?: OwnInfoResult;
  readonly events?: EventsResult;
}

/** Bytes that fit on a line: of hexadecimal, and of text. */
const SHOWN_LENGTH = 12;
const SHOWN_TEXT = 64;

/** One section for each that was asked for. */
export function deviceSections(
  { supportedAlgorithms, log, deviceClass, ownInfo, events }: DeviceReports,
  mark: string,
  paint: Paint,
): string[][] {
  return [
    supportedAlgorithms === undefined ? [] : algorithmSection(supportedAlgorithms, paint),
    log === undefined ? [] : logSection(log, mark, paint),
    deviceClass === undefined ? [] : classSection(deviceClass, mark, paint),
    ownInfo === undefined ? [] : [`${paint("bold", "Our own class")}  ${paint("dim", ownInfoText(ownInfo))}`],
    events === undefined ? [] : eventSection(events, paint),
  ];
}

/** Of each kind what there is; those that there is nothing of are left out. */
function algorithmSection(supported: SupportedAlgorithms, paint: Paint): string[] {
  const kinds: readonly (readonly [string, readonly string[]])[] = [
    ["signatures", supported.signatures],
    ["hashes", supported.hashes],
    ["DHE groups", supported.groups],
    ["KEMs", supported.kems],
    ["AEADs", supported.aeads],
    ["requesters'", supported.requesterSignatures],
  ];
  const lines = kinds
    .filter(([, names]) => names.length > 0)
    .map(([kind, names]) => `    ${kind.padEnd(11)}  ${names.join(", ")}`);
  return [`${paint("bold", "Algorithms")}  ${paint("dim", "all that the responder has, as it says")}`, ...lines];
}

function logSection(log: readonly LogEntryResult[], mark: string, paint: Paint): string[] {
  const covered = log.filter((entry) => entry.covered).length;
  const summary = `${covered} of ${log.length} entries covered by signed measurements`;
  const width = Math.max(0, ...log.map(({ type }) => type.length));
  const lines = log.map((entry) => {
    const by = entry.covered ? paint("green", `in measurement ${entry.measurement}`) : paint("dim", "not covered");
    return `  ${entry.covered ? mark : " "} ${String(entry.index).padStart(4)}  ${entry.type.padEnd(width)}  ${by}  ${shown(entry.value, entry.raw)}`;
  });
  return [`${paint("bold", "Measurement log")}  ${paint("dim", summary)}`, ...lines];
}

function classSection({ signed, identifiers }: DeviceClassResult, mark: string, paint: Paint): string[] {
  const summary = signed ? "over our nonce, by the leaf's key" : "unsigned: anybody's claim";
  const lines = identifiers.map((one) => `  ${signed ? mark : " "} ${identifierText(one)}`);
  return [`${paint("bold", "Device class")}  ${paint("dim", summary)}`, ...lines];
}

/** One line that any terminal can show. */
export function identifierText({
  registry,
  vendorId,
  subordinateIds,
}: DeviceClassResult["identifiers"][number]): string {
  const ids = [...(vendorId === "" ? [] : [`0x${vendorId}`]), ...subordinateIds.map((id) => shown(id, true))];
  return [registry, ...ids].join(" · ");
}

function ownInfoText({ asked, signed }: OwnInfoResult): string {
  if (!asked) return "the responder did not ask for it";
  return `told, since the responder asked for it, ${signed ? "signed by our leaf's key" : "unsigned"}`;
}

function eventSection({ types, received }: EventsResult, paint: Paint): string[] {
  const width = Math.max(0, ...received.map(({ type }) => type.length));
  const lines = received.map(
    ({ instance, type, detail }) => `    ${String(instance).padStart(4)}  ${type.padEnd(width)}  ${printable(detail)}`,
  );
  const none = received.length === 0 ? [`    ${paint("dim", "none came")}`] : [];
  return [`${paint("bold", "Events")}  ${paint("dim", types.join(", "))}`, ...lines, ...none];
}

/** Text if a raw value is, else hexadecimal. */
function shown(hex: string, raw: boolean): string {
  const text = Buffer.from(hex, "hex").toString("latin1");
  if (raw && /^[ -~]+$/.test(text)) {
    return `"${text.length > SHOWN_TEXT ? `${text.slice(0, SHOWN_TEXT)}…` : text}"`;
  }
  return hex.length > 2 * SHOWN_LENGTH ? `${hex.slice(0, 2 * SHOWN_LENGTH)}…` : hex;
}
