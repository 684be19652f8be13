/** What `spdm csr` and `spdm install` come to, for people and for machines. */
import { printable } from "./chain.js";
import type { Paint } from "./paint.js";
import { mark } from "./report.js";
import type { CsrResult, InstallResult } from "./requester/certificates.js";

/** The request in PEM, with a line's end. */
export function requestPem({ request }: Pick<CsrResult, "request">): string {
  const lines = Buffer.from(request)
    .toString("base64")
    .match(/.{1,64}/g)!;
  return ["-----BEGIN CERTIFICATE REQUEST-----", ...lines, "-----END CERTIFICATE REQUEST-----", ""].join("\n");
}

function heading(target: string, { version, algorithms }: CsrResult | InstallResult, paint: Paint): string {
  const parts = [`SPDM ${version}`, algorithms.baseAsym, algorithms.baseHash];
  return `${paint("bold", printable(target))}  ${parts.join(" · ")}`;
}

export const way = ({ session }: Pick<CsrResult, "session">): string =>
  session === undefined ? "in the clear" : `in a session by ${session.openedBy}`;

export function renderCsr(target: string, result: CsrResult, paint: Paint): string {
  const { request, subject, deviceInfo, vouchedBy } = result;
  const lines = [
    heading(target, result, paint),
    "",
    `${paint("bold", "Certification request")}  ${paint("dim", `${request.length} bytes, ${way(result)}`)}`,
    `    ${subject === "" ? "no subject" : `subject  ${subject}`}`,
    ...(deviceInfo === undefined ? ["    no device information"] : [`    device   ${deviceInfo}`]),
    `  ${mark(true, paint)} signed by the key that it names`,
    vouchedBy === undefined
      ? `  ${paint("yellow", "!")} nothing says that this key is the device's: give --root, or --session`
      : `  ${mark(true, paint)} the device's key, by ${vouchedBy}`,
  ];
  return `${lines.join("\n")}\n`;
}

export function renderInstall(target: string, result: InstallResult, paint: Paint): string {
  const { slot, erased, needsReset } = result;
  const done = erased ? "is empty" : "holds the chain";
  const outcome = needsReset ? `${done} from the device's next reset on` : `${done}, as DIGESTS shows`;
  const lines = [
    heading(target, result, paint),
    "",
    `  ${mark(true, paint)} slot ${slot} ${outcome}, set ${way(result)}`,
  ];
  return `${lines.join("\n")}\n`;
}

/** One JSON object; what is not known is null. */
export function csrJson(target: string, result: CsrResult): string {
  const { request: _, subject, deviceInfo, vouchedBy, session, ...rest } = result;
  const known = { deviceInfo: deviceInfo ?? null, vouchedBy: vouchedBy ?? null, session: session ?? null };
  return JSON.stringify({ target, ...rest, subject, ...known, request: requestPem(result) }, undefined, 2);
}

export function installJson(target: string, { session, ...rest }: InstallResult): string {
  return JSON.stringify({ target, ...rest, session: session ?? null }, undefined, 2);
}
