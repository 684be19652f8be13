/** What holds for chains to aliases (DSP0274 1.3, "Certificates and certificate chains"), and what they say of the TCB. */
import { fromBER, ObjectIdentifier, Sequence } from "asn1js";
import * as oid from "../certs/oids.js";
import { readTcbInfo, type TcbInfo } from "../src/tcb-info.js";
import type { Certificate } from "./chain.js";

/** A certificate's TcbInfo. */
export interface CertifiedTcb {
  /** Whose it is, as text that is safe to print. */
  readonly subject: string;
  readonly info: TcbInfo;
}

/** Undefined without the extension; throws an Error if it cannot be read. */
export function tcbInfoIn({ extensions, subject }: Certificate): CertifiedTcb | undefined {
  const extension = extensions.get(oid.TCB_INFO);
  return extension === undefined ? undefined : { subject, info: readTcbInfo(new Uint8Array(extension.value)) };
}

/** That it cannot be read is an Error, as of `tcbInfoIn`. */
export function tcbFaults(certificate: Certificate): string[] {
  tcbInfoIn(certificate);
  return [];
}

/**
 * Faults of a leaf that is an alias, because the responder says so (`claimed`) or its TcbInfo does: what names the hardware
 * has to be the device's certificate, which issued it, and not what comes and goes with firmware.
 */
export function aliasFaults(leaf: Certificate, authorities: readonly Certificate[], claimed: boolean): string[] {
  if (!claimed && !leaf.extensions.has(oid.TCB_INFO)) return [];
  const faults: string[] = [];
  if (namesHardware(leaf)) faults.push("is an alias, and names the hardware as only a device certificate may");
  if (!authorities.some(namesHardware))
    faults.push("is an alias, and no device certificate before it names the hardware");
  return faults;
}

/** Whether the SPDM extension, a sequence of sequences that begin with an identifier, has the hardware identity. */
function namesHardware({ extensions }: Certificate): boolean {
  const extension = extensions.get(oid.SPDM_EXTENSION);
  if (extension === undefined) return false;
  const list = fromBER(extension.value).result;
  if (!(list instanceof Sequence)) throw new Error("SPDM's extension is no sequence");
  return list.valueBlock.value.some((entry) => {
    const id = entry instanceof Sequence ? entry.valueBlock.value[0] : undefined;
    return id instanceof ObjectIdentifier && id.valueBlock.toString() === oid.HARDWARE_IDENTITY;
  });
}
