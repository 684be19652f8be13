/** What `spdm slots` comes to, for people and for machines. */
import { requestPem, way } from "./certificate-report.js";
import { printable } from "./chain.js";
import type { Paint } from "./paint.js";
import { mark } from "./report.js";
import { KEY_ALGORITHMS, namesOf, PQC_ASYMS } from "./requester/names.js";
import { type BankResult, isSelected, type SlotResult, type SlotsResult } from "./requester/slots.js";

const slotsOf = (mask: number): number[] => [0, 1, 2, 3, 4, 5, 6, 7].filter((slot) => (mask & (1 << slot)) !== 0);
const algorithmOf = ({ asym, pqcAsym }: BankResult): string =>
  [...namesOf(KEY_ALGORITHMS, asym), ...namesOf(PQC_ASYMS, pqcAsym)].join(", ") || "no algorithm";
const heldBy = ({ slots }: BankResult): number => slots.reduce((mask, { slot }) => mask | (1 << slot), 0);

/** The banks as text; its last line says what was done, and how far to believe it. */
export function renderSlots(target: string, result: SlotsResult, paint: Paint): string {
  const { version, algorithms, banks } = result;
  const heading = `${paint("bold", printable(target))}  SPDM ${version} · ${algorithms.baseAsym} · ${algorithms.baseHash}`;
  const sections = [[heading], ...banks.map((bank) => bankSection(bank, paint)), outcome(result, paint)];
  return sections.map((lines) => `${lines.join("\n")}\n`).join("\n");
}

function bankSection(bank: BankResult, paint: Paint): string[] {
  const used = isSelected(bank) ? paint("dim", "  in use here") : "";
  const empty = slotsOf(bank.slotMask & ~heldBy(bank));
  const changeable = slotsOf(bank.modifiableMask);
  const rest = [
    ...(empty.length === 0 ? [] : [`empty: ${empty.join(", ")}`]),
    changeable.length === 0 ? "none can be changed" : `can be changed: ${changeable.join(", ")}`,
  ];
  return [
    `${paint("bold", `Bank ${bank.bank}`)}  ${algorithmOf(bank)}${used}`,
    ...bank.slots.map((slot) => slotLine(slot, paint)),
    `    ${paint("dim", rest.join("; "))}`,
  ];
}

function slotLine({ slot, size, keyPairId, leaf }: SlotResult, paint: Paint): string {
  const key = keyPairId === 0 ? "" : `  key pair ${keyPairId}`;
  const whose = leaf === undefined ? "certificates that cannot be read" : leaf.subject;
  const until = leaf === undefined ? "" : paint("dim", `  until ${leaf.notAfter.slice(0, 10)}`);
  return `  ${mark(true, paint)} slot ${slot}  ${String(size).padStart(5)} bytes${key}  ${whose}${until}`;
}

function outcome(result: SlotsResult, paint: Paint): string[] {
  const { banks, change, csr, session, slot } = result;
  const told = session === undefined ? "told in the clear: nobody signed it" : `told ${way(result)}`;
  const last = `${banks.length} bank${banks.length === 1 ? "" : "s"}, ${told}`;
  if (change === undefined) return [last];
  if (csr !== undefined) {
    return [
      `  ${mark(true, paint)} certification request of bank ${change.bank}'s key, signed by it, ${csr.request.length} bytes`,
      csr.vouchedBy === undefined
        ? `  ${paint("yellow", "!")} nothing says that this key is the device's: give --root, or --session`
        : `  ${mark(true, paint)} the device's key, by ${csr.vouchedBy}`,
      last,
    ];
  }
  const done = change.operation === "erase" ? "is empty" : "holds the chain";
  const when = change.needsReset ? " from the device's next reset on" : "";
  return [`  ${mark(true, paint)} slot ${slot} of bank ${change.bank} ${done}${when}`, last];
}

/** One JSON object; what is not known is null. */
export function slotsJson(target: string, result: SlotsResult): string {
  const { version, algorithms, session, banks, slot, change, csr } = result;
  const listed = banks.map((bank) => ({
    bank: bank.bank,
    algorithm: algorithmOf(bank),
    inUse: isSelected(bank),
    slots: bank.slots.map(({ slot: number, size, keyPairId, digest, leaf }) => ({
      slot: number,
      bytes: size,
      keyPair: keyPairId,
      digest: Buffer.from(digest).toString("hex"),
      leaf: leaf ?? null,
    })),
    empty: slotsOf(bank.slotMask & ~heldBy(bank)),
    changeable: slotsOf(bank.modifiableMask),
  }));
  const request = csr && { subject: csr.subject, vouchedBy: csr.vouchedBy ?? null, request: requestPem(csr) };
  const object = {
    ...{ target, version, algorithms, session: session ?? null, banks: listed },
    change: change === undefined ? null : { slot, ...change },
    csr: request ?? null,
  };
  return JSON.stringify(object, undefined, 2);
}
