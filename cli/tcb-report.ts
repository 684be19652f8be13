/** What certificates say of the TCB (TCG's DiceTcbInfo), for people. */
import type { Paint } from "./paint.js";

export interface FwidResult {
  /** As in "SHA-384". */
  readonly hash: string;
  /** Hexadecimal. */
  readonly digest: string;
  /** Index of the measurement that it is. */
  readonly measurement?: number;
  /** "no reference": it is a measurement that has none, while others have. */
  readonly status: "reported" | "not reported" | "no reference" | "not compared";
}

/** Text is safe to print; what a TcbInfo does not have is left out. */
export interface TcbResult {
  /** Subject of the certificate that says so. */
  readonly certificate: string;
  readonly vendor?: string;
  readonly model?: string;
  readonly version?: string;
  /** Decimal. */
  readonly svn?: string;
  readonly layer?: number;
  readonly index?: number;
  /** OperationalFlags that are set, in words; undefined if the certificate is silent about them. */
  readonly flags?: readonly string[];
  readonly fwids: readonly FwidResult[];
}

/** Bytes of a digest that fit on its line. */
const SHOWN_LENGTH = 12;

/** `good` and `bad`: what marks lines. */
export function tcbSections(results: readonly TcbResult[] = [], good: string, bad: string, paint: Paint): string[][] {
  return results.map((result) => {
    const { vendor, model, version, svn, layer, index, flags } = result;
    const facts = [
      ...[vendor, model, version].filter((text) => text !== undefined),
      ...(svn === undefined ? [] : [`SVN ${svn}`]),
      ...(layer === undefined ? [] : [`layer ${layer}`]),
      ...(index === undefined ? [] : [`index ${index}`]),
      ...(flags ?? []),
    ];
    return [
      `${paint("bold", "TCB")}  ${paint("dim", `by the certificate of ${result.certificate}`)}`,
      ...(facts.length === 0 ? [] : [`    ${facts.join(" · ")}`]),
      ...result.fwids.map((fwid) => fwidLine(fwid, good, bad, paint)),
    ];
  });
}

function fwidLine({ hash, digest, measurement, status }: FwidResult, good: string, bad: string, paint: Paint): string {
  const label = `FWID  ${hash}  ${digest.slice(0, 2 * SHOWN_LENGTH)}…`;
  if (status === "reported") return `  ${good} ${label}  ${paint("green", `is measurement ${measurement}`)}`;
  if (status === "not compared") return `    ${label}  ${paint("dim", "the device reports no signed measurements")}`;
  const why = status === "not reported" ? "no measurement is that" : `measurement ${measurement} has no reference`;
  return `  ${bad} ${label}  ${paint("red", why)}`;
}
