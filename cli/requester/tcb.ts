/** What certificates say of the TCB, beside what the device reports of itself. */
import { createHash } from "node:crypto";
import { FIRMWARE_CONFIGURATION, type MeasurementBlock, RAW_BIT_STREAM } from "../../src/measurement-block.js";
import type { Algorithms } from "../../src/messages/algorithms.js";
import * as tcb from "../../src/tcb-info.js";
import type { CertifiedTcb } from "../alias-trust.js";
import { printable } from "../chain.js";
import type { MeasurementResult } from "../report.js";
import type { FwidResult, TcbResult } from "../tcb-report.js";
import { MEASUREMENT_HASHES, nameOf } from "./names.js";

const FWID_HASHES: Readonly<Record<string, number>> = Object.freeze({
  "SHA-256": tcb.FWID_SHA_256,
  "SHA-384": tcb.FWID_SHA_384,
  "SHA-512": tcb.FWID_SHA_512,
  "SHA3-256": tcb.FWID_SHA3_256,
  "SHA3-384": tcb.FWID_SHA3_384,
  "SHA3-512": tcb.FWID_SHA3_512,
});
/** OperationalFlags, in order of their bits. */
const FLAGS: readonly string[] = [
  ...["not configured", "not secure", "recovery", "debug", "not replay protected", "not integrity protected"],
  ...["not measured at run time", "not immutable", "not part of the TCB"],
];

/** Signed measurements, and how they compare with their references. */
export interface Reported {
  readonly blocks: readonly MeasurementBlock[];
  readonly results: readonly MeasurementResult[];
  /** Whether there are references at all. */
  readonly judged: boolean;
}

/**
 * TcbInfos beside the measurements, if the device signs any. Its firmware answers for these with a key of its own, but not
 * for what its certificate says, which whatever started it has signed: each FWID has to be among the measurements of
 * firmware and configuration, and, if there are references, with one. What is not goes to `reasons`.
 */
export function compareTcb(
  certified: readonly CertifiedTcb[],
  reported: Reported | undefined,
  chosen: Algorithms,
  reasons: string[],
): TcbResult[] {
  return certified.map(({ subject, info }) => {
    const fwids = (info.fwids ?? []).map((fwid, i) => {
      const result = find(fwid, reported, chosen);
      const which = `TcbInfo of ${subject}: FWID ${i + 1}, ${result.hash} ${result.digest.slice(0, 16)}…,`;
      if (result.status === "not reported")
        reasons.push(`${which} is none of the measurements that the device reports`);
      if (result.status === "no reference")
        reasons.push(`${which} is measurement ${result.measurement}, which has no reference value`);
      return result;
    });
    return { ...words(info), certificate: subject, fwids };
  });
}

function find(fwid: tcb.Fwid, reported: Reported | undefined, chosen: Algorithms): FwidResult {
  const hash = nameOf(FWID_HASHES, fwid.hash);
  const digest = Buffer.from(fwid.digest).toString("hex");
  if (reported === undefined) return { hash, digest, status: "not compared" };
  const { blocks, results, judged } = reported;
  const measuredIn = nameOf(MEASUREMENT_HASHES, chosen.measurementHash);
  const found = blocks.filter(({ valueType, value }) => {
    if ((valueType & ~RAW_BIT_STREAM) > FIRMWARE_CONFIGURATION) return false;
    const isRaw = (valueType & RAW_BIT_STREAM) !== 0;
    const own = isRaw ? createHash(hash.replace("SHA-", "SHA")).update(value).digest() : Buffer.from(value);
    return (isRaw || measuredIn === hash) && own.equals(fwid.digest);
  });
  if (found.length === 0) return { hash, digest, status: "not reported" };
  const referred = found.find(({ index }) => results.some((result) => result.index === index && hasReference(result)));
  const measurement = (referred ?? found[0]).index;
  return { hash, digest, measurement, status: judged && referred === undefined ? "no reference" : "reported" };
}

const hasReference = ({ status }: MeasurementResult): boolean => status !== "no reference";

function words({ vendor, model, version, svn, layer, index, flags }: tcb.TcbInfo) {
  const text = (bytes: Uint8Array | undefined) =>
    bytes === undefined ? undefined : printable(Buffer.from(bytes).toString("utf8"));
  const known = {
    vendor: text(vendor),
    model: text(model),
    version: text(version),
    svn: svn === undefined ? undefined : BigInt(`0x${Buffer.from(svn).toString("hex")}`).toString(),
    layer,
    index,
    flags: flags === undefined ? undefined : flagNames(flags),
  };
  return Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined)) as Omit<
    TcbResult,
    "certificate" | "fwids"
  >;
}

function flagNames(flags: number): string[] {
  const names: string[] = [];
  for (let bit = 0; bit < 32; bit++) if ((flags & (1 << bit)) !== 0) names.push(FLAGS[bit] ?? `bit ${bit}`);
  return names;
}
