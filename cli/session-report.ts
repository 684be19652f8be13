/** What a report says of a secure session. */
import { printable } from "./chain.js";
import type { Paint } from "./paint.js";

export interface SessionResult {
  readonly openedBy: "KEY_EXCHANGE" | "PSK_EXCHANGE";
  /** Version of DSP0277, as in "1.2". */
  readonly securedMessages: string;
  /** Undefined where a pre-shared key opened it, or a KEM. */
  readonly dhe: string | undefined;
  readonly kem?: string | undefined;
  readonly aead: string;
  /** Else its records are authenticated only. */
  readonly encrypted: boolean;
  readonly handshakeInTheClear: boolean;
  /** Seconds; 0: none. */
  readonly heartbeatPeriod: number;
  /** Whose keys were updated, in order. */
  readonly keyUpdates: readonly string[];
}

export interface RequesterResult {
  /** Of the leaf. */
  readonly subject: string;
  /** The messages that we signed. */
  readonly proofs: readonly string[];
}

/** Requests by name, in order, each with its response. */
export interface Messages {
  readonly inTheClear: readonly string[];
  readonly inTheSession: readonly string[];
}

/** Where values begin. */
const INDENT = 20;
/** Lists go on in the next line behind it. */
const WIDTH = 100;

/** What we signed, if there was a chance of it. */
export function requesterLines({ subject, proofs }: RequesterResult, mark: string, paint: Paint): string[] {
  if (proofs.length === 0) return [`    ${paint("dim", "none of ours: the responder did not ask for one")}`];
  return [`  ${mark} ours in ${proofs.join(" and ")}, by the key of ${printable(subject)}`];
}

export function sessionSection(
  result: { session?: SessionResult; requester?: RequesterResult; messages?: Messages },
  paint: Paint,
): string[] {
  const { session, requester, messages } = result;
  if (session === undefined) return [];
  const { securedMessages, dhe, kem, aead, encrypted, heartbeatPeriod, keyUpdates } = session;
  const terms = [...[dhe, kem].filter((name) => name !== undefined), aead, `secured messages ${securedMessages}`].join(
    " · ",
  );
  const facts: [string, readonly string[]][] = [
    ["opened by", [`${session.openedBy}: ${provers(session, requester)}`]],
    ["records", [encrypted ? "encrypted and authenticated" : "authenticated only: who listens can read them"]],
    ["handshake", [handshake(session)]],
    ["heartbeat", [heartbeatPeriod === 0 ? "none" : `answered; due every ${heartbeatPeriod} s`]],
    ["keys updated", [keyUpdates.length === 0 ? "none" : keyUpdates.join("; ")]],
    ["in the clear", counted(messages?.inTheClear ?? [])],
    ["in the session", counted(messages?.inTheSession ?? [])],
  ];
  const lines = facts.flatMap(([name, values]) => {
    const [first, ...rest] = wrapped(values);
    return [`    ${name.padEnd(INDENT - 4)}${first}`, ...rest.map((line) => `${" ".repeat(INDENT)}${line}`)];
  });
  return [`${paint("bold", "Secure session")}  ${paint("dim", terms)}`, ...lines];
}

function provers({ openedBy }: SessionResult, requester: RequesterResult | undefined): string {
  if (openedBy === "PSK_EXCHANGE") return "both proved to have the pre-shared key";
  const both = requester?.proofs.includes("FINISH") === true;
  return `the responder proved itself, ${both ? "and so did we" : "we did not"}`;
}

function handshake({ openedBy, handshakeInTheClear, encrypted }: SessionResult): string {
  if (handshakeInTheClear) return "in the clear";
  return `${encrypted ? "encrypted" : "authenticated"} behind ${openedBy}_RSP`;
}

/** Each name once, where it first was, with how often it was. */
function counted(names: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, count]) => (count === 1 ? name : `${name} ×${count}`));
}

/** The values with commas between them, in lines; at least one. */
function wrapped(values: readonly string[]): string[] {
  const lines = [""];
  for (const [i, value] of values.entries()) {
    const text = i === values.length - 1 ? value : `${value},`;
    const line = lines[lines.length - 1];
    if (line === "") lines[lines.length - 1] = text;
    else if (INDENT + line.length + 1 + text.length <= WIDTH) lines[lines.length - 1] = `${line} ${text}`;
    else lines.push(text);
  }
  return lines;
}
