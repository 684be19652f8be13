/** What an attestation comes to, for people and for machines. */
import { createHash } from "node:crypto";
import { MEAS_CAP } from "../src/capabilities.js";
import { responderFlagNames } from "./capability-names.js";
import { printable } from "./chain.js";
import { type DeviceReports, deviceSections } from "./device-report.js";
import type { LinkStatistics } from "./link.js";
import { coloured, type Paint, plain, seconds, wantsColour } from "./paint.js";
import type { Timing } from "./progress.js";
import { nameOf, PQC_ASYMS } from "./requester/names.js";
import {
  type Messages,
  type RequesterResult,
  requesterLines,
  type SessionResult,
  sessionSection,
} from "./session-report.js";
import { type TcbResult, tcbSections } from "./tcb-report.js";
import type { ChainTrust } from "./trust.js";

export { Progress, type ProgressListener, type Timing } from "./progress.js";
export type { Messages, SessionResult } from "./session-report.js";

export interface AttestationResult extends DeviceReports {
  readonly verdict: "trusted" | "untrusted";
  /** Empty if trusted; else why not, the first reason first. */
  readonly reasons: readonly string[];
  /** What was asked for, as on the command line. */
  readonly target?: string;
  readonly slot: number;
  /** As in "1.2"; what follows is undefined if the attestation ended before it. */
  readonly version?: string;
  readonly algorithms?: NegotiatedAlgorithms | undefined;
  /** The responder's flags. */
  readonly capabilities?: number;
  readonly chain?: ChainTrust;
  /** What its certificates say of the TCB, beside its measurements. */
  readonly tcb?: readonly TcbResult[];
  /** The key that it is known by, if that is not a chain's: DER SubjectPublicKeyInfo. */
  readonly publicKey?: { readonly algorithm: string; readonly encoded: Uint8Array };
  /** Whether the signature of CHALLENGE_AUTH was verified. */
  readonly challenged?: boolean;
  /** Whether the signature of MEASUREMENTS was verified. */
  readonly measurementsSigned?: boolean;
  readonly measurements: readonly MeasurementResult[];
  /** The secure session, if one was opened. */
  readonly session?: SessionResult;
  /** What we offered to prove ourselves with. */
  readonly requester?: RequesterResult;
  readonly messages?: Messages;
  /** 1, and one more for every time the link was so disturbed that all was done again. */
  readonly attempts: number;
  /** Of the last attempt. */
  readonly durationMs?: number;
  readonly timings?: readonly Timing[];
  readonly link?: LinkStatistics;
}

export interface NegotiatedAlgorithms {
  readonly baseHash: string;
  /** Of PqcAsymSel too. */
  readonly baseAsym: string;
  readonly measurementHash: string | undefined;
}

export interface MeasurementResult {
  readonly index: number;
  /** DMTFSpecMeasurementValueType in words. */
  readonly type: string;
  /** A raw bit stream, not a digest. */
  readonly raw: boolean;
  /** Hexadecimal. */
  readonly value: string;
  readonly status: "matches" | "differs" | "no reference";
  /** Hexadecimal; what the value was compared to. */
  readonly reference?: string;
}

/** Bytes of a value that fit on its line. */
const SHOWN_LENGTH = 12;

/** One JSON object; what is not known is null, so that every key is always there. */
export function toJson(result: AttestationResult): string {
  const { chain, capabilities } = result;
  const { verdict, reasons, target, slot, version, algorithms } = result;
  const { measurements, challenged, measurementsSigned, session, requester, messages } = result;
  const { supportedAlgorithms, log, deviceClass, ownInfo, events, attempts, durationMs, timings, link } = result;
  const object = {
    verdict,
    reasons,
    target: target ?? null,
    version: version ?? null,
    algorithms: algorithms ? { ...algorithms, measurementHash: algorithms.measurementHash ?? null } : null,
    capabilities: capabilities === undefined ? null : responderFlagNames(capabilities),
    slot: result.publicKey === undefined ? slot : null,
    chain: chain ? chainObject(chain) : null,
    publicKey: result.publicKey
      ? { algorithm: result.publicKey.algorithm, sha256: fingerprint(result.publicKey) }
      : null,
    tcb: result.tcb ?? [],
    deviceInfo: chain?.deviceInfo ?? null,
    challenged: challenged ?? false,
    measurementsSigned: measurementsSigned ?? false,
    measurements,
    supportedAlgorithms: supportedAlgorithms ?? null,
    log: log ?? null,
    deviceClass: deviceClass ?? null,
    ownInfo: ownInfo ?? null,
    events: events ?? null,
    session: session ? { ...session, dhe: session.dhe ?? null, kem: session.kem ?? null } : null,
    requester: requester ? { subject: requester.subject, proofs: requester.proofs } : null,
    messages: messages ?? null,
    attempts,
    durationMs: durationMs ?? null,
    timings: timings ?? [],
    link: link ?? null,
  };
  return JSON.stringify(object, undefined, 2);
}

function chainObject({ trusted, certificates, leafCurve, leafPqcAsym, leafPublicKey, responderAuth }: ChainTrust) {
  return {
    trusted,
    certificates,
    leafCurve: leafCurve ?? null,
    leafPqcAsym: leafPqcAsym === undefined ? null : nameOf(PQC_ASYMS, leafPqcAsym),
    leafPublicKey: leafPublicKey ? Buffer.from(leafPublicKey).toString("hex") : null,
    responderAuth,
  };
}

/** Prints the report, coloured if the stream is a terminal that wants colours (NO_COLOR and the like are heeded). */
export function printReport(result: AttestationResult, stream: NodeJS.WriteStream = process.stdout): void {
  stream.write(renderReport(result, wantsColour(stream)));
}

/** The report as text; its last line is the verdict. */
export function renderReport(result: AttestationResult, colour: boolean): string {
  const paint = colour ? coloured : plain;
  const sections = [
    heading(result, paint),
    chainSection(result, paint),
    ...tcbSections(result.tcb, mark(true, paint), mark(false, paint), paint),
    proofSection(result, paint),
    sessionSection(result, paint),
    measurementSection(result, paint),
    ...deviceSections(result, mark(true, paint), paint),
    reasonSection(result, paint),
    [...statistics(result, paint), verdictLine(result, paint)],
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => `${lines.join("\n")}\n`)
    .join("\n");
}

function heading({ target, version, algorithms, chain }: AttestationResult, paint: Paint): string[] {
  const spoken = version === undefined ? "no SPDM version agreed" : `SPDM ${version}`;
  const parts = [spoken, ...(algorithms ? [algorithms.baseAsym, algorithms.baseHash] : [])];
  // A name out of a chain that is not trusted is anybody's claim.
  const who = (chain?.trusted === true ? chain.deviceInfo : undefined) ?? target ?? "responder";
  const title = `${paint("bold", printable(who))}  ${parts.join(" · ")}`;
  return target === undefined || who === target ? [title] : [title, paint("dim", printable(target))];
}

/** SHA-256 of the key's encoding, in hexadecimal. */
const fingerprint = ({ encoded }: NonNullable<AttestationResult["publicKey"]>): string =>
  createHash("sha256").update(encoded).digest("hex");

function chainSection({ chain, slot, publicKey }: AttestationResult, paint: Paint): string[] {
  if (publicKey !== undefined) {
    const summary = paint("dim", "given beforehand, in place of certificates");
    return [
      `${paint("bold", "Public key")}  ${summary}`,
      `    ${publicKey.algorithm}  SHA-256 ${fingerprint(publicKey)}`,
    ];
  }
  if (chain === undefined) return [];
  const { certificates, reasons, responderAuth } = chain;
  const width = Math.max(0, ...certificates.map(({ subject }) => subject.length));
  const lines = certificates.map(({ subject, notAfter }, i) => {
    const faulty = reasons.some((reason) => reason.startsWith(`certificate ${i + 1} of ${certificates.length} `));
    const until = paint("dim", `until ${notAfter.slice(0, 10)}`);
    return `  ${mark(!faulty, paint)} ${printable(subject).padEnd(width)}  ${until}`;
  });
  const purpose = responderAuth ? "leaf is for SPDM responders" : "leaf names no SPDM purpose";
  const summary = chain.trusted ? `leads to a trust anchor; ${purpose}` : "not trusted";
  return [`${paint("bold", `Certificate chain, slot ${slot}`)}  ${paint("dim", summary)}`, ...lines];
}

function proofSection(result: AttestationResult, paint: Paint): string[] {
  const { challenged, session, measurementsSigned, requester } = result;
  const whose = result.publicKey === undefined ? "the leaf's key" : "that key";
  const signed = [
    ...(challenged === true ? [`CHALLENGE_AUTH over our nonce, by ${whose}`] : []),
    ...(session?.openedBy === "KEY_EXCHANGE" ? [`KEY_EXCHANGE_RSP over our random data, by ${whose}`] : []),
    ...(measurementsSigned === true ? [`MEASUREMENTS over our nonce, by ${whose}`] : []),
  ];
  const lines = signed.map((line) => `  ${mark(true, paint)} ${line}`);
  if (requester !== undefined) lines.push(...requesterLines(requester, mark(true, paint), paint));
  return lines.length === 0 ? [] : [paint("bold", "Signatures"), ...lines];
}

function measurementSection({ measurements, algorithms, capabilities }: AttestationResult, paint: Paint): string[] {
  if (measurements.length === 0) {
    if (capabilities === undefined || (capabilities & MEAS_CAP) !== 0) return [];
    return [`${paint("bold", "Measurements")}  ${paint("dim", "the responder takes none")}`];
  }
  const hash = algorithms?.measurementHash;
  const width = Math.max(...measurements.map(({ type }) => type.length));
  const lines = measurements.flatMap((measurement) => measurementLines(measurement, width, paint));
  return [`${paint("bold", "Measurements")}${hash === undefined ? "" : `  ${paint("dim", hash)}`}`, ...lines];
}

function measurementLines(
  { index, type, raw, value, status, reference }: MeasurementResult,
  width: number,
  paint: Paint,
) {
  const label = `${indexName(index).padStart(4)}  ${type.padEnd(width)}`;
  const length = raw ? paint("dim", `  raw, ${value.length / 2} bytes`) : "";
  if (status === "matches") {
    return [
      `  ${mark(true, paint)} ${label}  ${abbreviate(value)}  ${paint("green", "matches its reference")}${length}`,
    ];
  }
  if (status === "no reference")
    return [`    ${label}  ${abbreviate(value)}  ${paint("dim", "no reference")}${length}`];
  // Where they differ one wants to see all of both.
  return [
    `  ${mark(false, paint)} ${label}  ${paint("red", "differs from its reference")}`,
    `           is         ${value}`,
    `           should be  ${reference ?? ""}`,
  ];
}

/** The two indices that are not numbers in any order are known by their hexadecimal. */
function indexName(index: number): string {
  return index >= 0xf0 ? `0x${index.toString(16).toUpperCase()}` : String(index);
}

function abbreviate(hex: string): string {
  return hex.length > 2 * SHOWN_LENGTH ? `${hex.slice(0, 2 * SHOWN_LENGTH)}…` : hex.padEnd(2 * SHOWN_LENGTH + 1);
}

/** Only if there is more to say than the verdict's line does. */
function reasonSection({ reasons }: AttestationResult, paint: Paint): string[] {
  if (reasons.length < 2) return [];
  return [paint("bold", "Why not"), ...reasons.map((reason) => `  ${mark(false, paint)} ${printable(reason)}`)];
}

function statistics({ attempts, durationMs, link }: AttestationResult, paint: Paint): string[] {
  const parts: string[] = [];
  if (durationMs !== undefined) parts.push(`${seconds(durationMs)} from GET_VERSION on`);
  if (link !== undefined) parts.push(`${link.framesSent} frames sent, ${link.framesReceived} received`);
  if (link !== undefined && link.retries > 0) parts.push(`${link.retries} sent again`);
  if (attempts > 1) parts.push(`attempt ${attempts}`);
  return parts.length === 0 ? [] : [paint("dim", parts.join(" · "))];
}

function verdictLine({ verdict, reasons }: AttestationResult, paint: Paint): string {
  if (verdict === "trusted") return `verdict: ${paint(["bold", "green"], "trusted")}`;
  const more = reasons.length > 1 ? ` (and ${reasons.length - 1} more)` : "";
  return `verdict: ${paint(["bold", "red"], "untrusted")}: ${printable(reasons[0] ?? "no reason given")}${more}`;
}

export function mark(good: boolean, paint: Paint): string {
  return good ? paint("green", "✔") : paint("red", "✖");
}
