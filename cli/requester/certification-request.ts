/** A device's certification request (PKCS #10) as it came: what is in it, and whether it is one at all. */
import * as oid from "../../certs/oids.js";
import * as x509 from "../../certs/x509.js";
import { Der, INTEGER, SEQUENCE } from "../../src/der.js";
import { WireError } from "../../src/wire.js";
import { ECDSA_WITH_SHA256, ECDSA_WITH_SHA384, ECDSA_WITH_SHA512 } from "../../src/x509.js";
import { otherName, printable } from "../chain.js";

const SIGNATURE_ALGORITHMS: readonly string[] = Object.freeze([
  ECDSA_WITH_SHA256,
  ECDSA_WITH_SHA384,
  ECDSA_WITH_SHA512,
]);
/** A certification request of an ECDSA key: DER, which @peculiar/x509 does not insist on. Throws WireError. */
export function readRequest(request: Uint8Array, signatureLength: number) {
  const all = new Der(request).openLast(SEQUENCE);
  const info = all.element(SEQUENCE);
  const algorithm = SIGNATURE_ALGORITHMS.indexOf(all.characters(SEQUENCE));
  const value = all.wholeBits().openLast(SEQUENCE);
  all.close();
  const signature = new Uint8Array(signatureLength);
  for (const end of [signatureLength / 2, signatureLength]) {
    const number = value.unsigned();
    if (number.length > signatureLength / 2) throw new WireError("signature too long");
    signature.set(number, end - number.length);
  }
  value.close();
  if (algorithm < 0) throw new WireError("signature algorithm");
  const fields = new Der(info).open(SEQUENCE);
  if (fields.characters(INTEGER) !== "\0") throw new WireError("version");
  const subject = fields.element(SEQUENCE);
  return { info, subject, key: fields.element(SEQUENCE), bits: [256, 384, 512][algorithm], signature };
}

/** Safe to print. */
export function nameText(name: Uint8Array): string {
  try {
    return printable(new x509.Name(Uint8Array.from(name)).toString());
  } catch {
    return "unreadable";
  }
}

/** Undefined also where extensions are none: DMTF's emulator, up to libspdm 4.0, forgets what stands around their values. */
export function deviceInfoIn(request: Uint8Array): string | undefined {
  try {
    const { extensions } = new x509.Pkcs10CertificateRequest(Uint8Array.from(request));
    const names = extensions.find(({ type }) => type === oid.SUBJECT_ALT_NAME);
    return names && otherName(names, oid.DEVICE_INFO);
  } catch {
    return undefined;
  }
}
