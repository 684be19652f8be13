/** DER, and X.509 certificates of it, as tests want them: sound ones, and such as no library would make. */
import { concat, fromHex } from "./bytes.js";

/** An element with the shortest length. */
export function tlv(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const body = concat(...contents);
  const { length } = body;
  const header =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, Math.floor(length / 256), length % 256];
  return concat(Uint8Array.of(tag, ...header), body);
}

export const sequence = (...contents: readonly Uint8Array[]): Uint8Array => tlv(0x30, ...contents);
export const octets = (...contents: readonly Uint8Array[]): Uint8Array => tlv(0x04, ...contents);

const TRUE = fromHex("0101ff");

/** `type` and `value` in hexadecimal digits, `value` without the OCTET STRING around it. */
export function extension(type: string, value: string, critical = false): Uint8Array {
  const flag = critical ? TRUE : new Uint8Array(0);
  return sequence(tlv(0x06, fromHex(type)), flag, octets(fromHex(value)));
}

/** What a certificate is made of: elements with their headers, in hexadecimal digits. */
export interface Parts {
  readonly version: string;
  readonly serialNumber: string;
  readonly innerAlgorithm: string;
  readonly issuer: string;
  readonly validity: string;
  readonly subject: string;
  readonly publicKey: string;
  /** The extensions with all around them; `extensions` is what is in them otherwise. */
  readonly tail?: string;
  readonly extensions: readonly Uint8Array[];
  readonly outerAlgorithm: string;
  readonly signature: string;
  readonly trailing: string;
}

export const PARTS: Parts = Object.freeze({
  version: "a003020102",
  serialNumber: "020101",
  innerAlgorithm: "300a06082a8648ce3d040302",
  issuer: "3003310130",
  validity: "301e170d3230303130313030303030305a170d3439313233313233353935395a",
  subject: "3003310131",
  publicKey: `3059301306072a8648ce3d020106082a8648ce3d03010703420004${"11".repeat(32)}${"22".repeat(32)}`,
  extensions: [],
  outerAlgorithm: "300a06082a8648ce3d040302",
  signature: "0309003006020177020133",
  trailing: "",
});

/** A certificate whose signature means nothing. */
export function certificateOf(changes: Partial<Parts> = {}): Uint8Array {
  const p = { ...PARTS, ...changes };
  const before = [p.version, p.serialNumber, p.innerAlgorithm, p.issuer, p.validity, p.subject, p.publicKey];
  const tail = p.tail === undefined ? tlv(0xa3, sequence(...p.extensions)) : fromHex(p.tail);
  const tbs = sequence(...before.map(fromHex), tail);
  return sequence(tbs, fromHex(p.outerAlgorithm), fromHex(p.signature), fromHex(p.trailing));
}
