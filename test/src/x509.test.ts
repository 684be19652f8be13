import assert from "node:assert/strict";
import { test } from "node:test";
import { ECDSA_P256, ECDSA_P384 } from "../../src/algorithms.js";
import { WireError } from "../../src/wire.js";
import { type Certificate, DIGITAL_SIGNATURE, KEY_CERT_SIGN, readCertificate } from "../../src/x509.js";
import { ascii, fromHex, toHex } from "../support/bytes.js";
import { certificateOf, extension, PARTS, type Parts, tlv } from "../support/der.js";

const KEY_USAGE = "551d0f";
const SUBJECT_ALT_NAME = "551d11";
const BASIC_CONSTRAINTS = "551d13";
const EXTENDED_KEY_USAGE = "551d25";
const RESPONDER_AUTH = "060a2b06010401831c821203";
const REQUESTER_AUTH = "060a2b06010401831c821204";
const CLIENT_AUTH = "06082b06010505070302";

const read = (changes: Partial<Parts> = {}): Certificate => readCertificate(certificateOf(changes));
const extended = (...extensions: readonly Uint8Array[]) => read({ extensions }).permissions;

function refuses(...changes: readonly Partial<Parts>[]): void {
  for (const change of changes) assert.throws(() => read(change), WireError, Object.values(change).join());
}

const refusesExtensions = (...lists: readonly (readonly Uint8Array[])[]) =>
  refuses(...lists.map((extensions) => ({ extensions })));

/** Validity from `notBefore` to `notAfter`, both UTCTime if 13 characters long. */
function validity(notBefore: string, notAfter: string): string {
  const time = (text: string) => tlv(text.length === 13 ? 0x17 : 0x18, ascii(text));
  return toHex(tlv(0x30, time(notBefore), time(notAfter)));
}

test("the fields of a certificate", () => {
  const der = certificateOf();
  const certificate = readCertificate(der);
  assert.equal(toHex(certificate.signed), toHex(der.subarray(2 + Number(der[1] === 0x81), der.length - 12 - 11)));
  assert.equal(certificate.digestLength, 32);
  assert.equal(toHex(certificate.r), "77");
  assert.equal(toHex(certificate.s), "33");
  assert.equal(toHex(certificate.issuer), PARTS.issuer.slice(4));
  assert.equal(toHex(certificate.subject), PARTS.subject.slice(4));
  assert.equal(certificate.notBefore, 1577836800);
  assert.equal(certificate.notAfter, 2524607999);
  assert.equal(certificate.algorithm, ECDSA_P256);
  assert.equal(toHex(certificate.publicKey), "11".repeat(32) + "22".repeat(32));
  assert.deepEqual(certificate.permissions, {
    ca: false,
    constrained: false,
    pathLength: 0xff,
    keyUsage: undefined,
    requesterAuth: false,
    responderAuth: false,
  });
  certificate.publicKey[0] = 0;
  assert.ok(toHex(der).includes(`0400${"11".repeat(31)}`), "a view");
});

test("only version 3, and nothing that is left over", () => {
  refuses(
    { version: "" },
    { version: "a003020101" },
    { version: "a003020103" },
    { version: "a00402020002" },
    { version: "a006020102020102" },
    { serialNumber: "" },
    { tail: "810200ffa3023000" },
    { trailing: "0500" },
    { tail: "" },
    { tail: "a300" },
    { tail: "a30430000500" },
    { tail: "a30230000500" },
    { tail: "a2023000" },
  );
  assert.throws(() => readCertificate(new Uint8Array(0)), WireError);
  assert.throws(() => readCertificate(fromHex(`${toHex(certificateOf())}00`)), WireError);
});

test("ECDSA with SHA-2, the same inside and outside, without parameters", () => {
  for (const [last, length] of [
    ["02", 32],
    ["03", 48],
    ["04", 64],
  ]) {
    const algorithm = `300a06082a8648ce3d0403${last}`;
    assert.equal(read({ innerAlgorithm: algorithm, outerAlgorithm: algorithm }).digestLength, length);
  }
  for (const algorithm of [
    "300a06082a8648ce3d040301", // SHA-224
    "300906072a8648ce3d0401", // SHA-1
    "300c06082a8648ce3d0403020500", // parameters
    "300d06092a864886f70d01010b0500", // RSA
    "3000",
  ])
    refuses({ innerAlgorithm: algorithm, outerAlgorithm: algorithm });
  refuses({ innerAlgorithm: "300a06082a8648ce3d040303" }, { outerAlgorithm: "300a06082a8648ce3d040303" });
});

test("signatures of two positive, minimal integers", () => {
  assert.equal(toHex(read({ signature: "030a00300702020080020101" }).r), "80");
  refuses(
    { signature: "0309003006020100020133" },
    { signature: "0309003006020133020100" },
    { signature: "03090030060201f7020133" },
    { signature: "030a00300702020077020133" },
    { signature: "0306003003020133" },
    { signature: "030c003009020133020133020133" },
    { signature: "030b0030060201770201330500" },
    { signature: "0309013006020177020134" },
    { signature: "04083006020177020133" },
    { signature: "030100" },
    { signature: "0300" },
  );
});

test("an issuer has a name; a subject need not", () => {
  refuses({ issuer: "3000" });
  assert.equal(read({ subject: "3000" }).subject.length, 0);
});

test("keys on P-256 and P-384, named, uncompressed", () => {
  const p384 = `3076301006072a8648ce3d020106052b8104002203620004${"33".repeat(96)}`;
  const { algorithm, publicKey } = read({ publicKey: p384 });
  assert.equal(algorithm, ECDSA_P384);
  assert.equal(toHex(publicKey), "33".repeat(96));
  const p256 = (length: string, point: string) => `30${length}301306072a8648ce3d020106082a8648ce3d030107${point}`;
  refuses(
    { publicKey: p256("39", `03220002${"11".repeat(32)}`) },
    { publicKey: p256("59", `03420006${"11".repeat(64)}`) },
    { publicKey: p256("59", `03420104${"11".repeat(64)}`) },
    { publicKey: p256("58", `03410004${"11".repeat(63)}`) },
    { publicKey: p256("5a", `03430004${"11".repeat(65)}`) },
    { publicKey: p256("5b", `03420004${"11".repeat(64)}0500`) },
    { publicKey: p256("17", "030100") },
    { publicKey: p256("16", "0300") },
    // The curves' sizes exchanged; secp256k1; P-521; parameters of its own; none; Ed25519.
    { publicKey: `3056301006072a8648ce3d020106052b8104002203420004${"11".repeat(64)}` },
    { publicKey: `3056301006072a8648ce3d020106052b8104000a03420004${"11".repeat(64)}` },
    { publicKey: `30819b301006072a8648ce3d020106052b81040023038186000${"4".padEnd(265, "1")}` },
    { publicKey: `3051300b06072a8648ce3d0201300003420004${"11".repeat(64)}` },
    { publicKey: `304f300906072a8648ce3d020103420004${"11".repeat(64)}` },
    { publicKey: `302a300506032b6570032100${"11".repeat(32)}` },
  );
});

test("dates", () => {
  const seconds = (notBefore: string) => read({ validity: validity(notBefore, "99991231235959Z") }).notBefore;
  assert.equal(seconds("700101000000Z"), 0);
  assert.equal(seconds("691231235959Z"), -1);
  assert.equal(seconds("500101000000Z"), -631152000);
  assert.equal(seconds("491231235959Z"), 2524607999);
  assert.equal(seconds("19700101000000Z"), 0);
  assert.equal(seconds("20500101000000Z"), 2524608000);
  assert.equal(seconds("20000229123456Z"), 951827696);
  assert.equal(seconds("20000301000000Z"), 951868800);
  assert.equal(seconds("240229000000Z"), 1709164800);
  assert.equal(seconds("99991231235959Z"), 253402300799);
  // Ends may meet.
  read({ validity: validity("260601000000Z", "20260601000000Z") });
});

test("dates that are none", () => {
  for (const text of [
    "230229000000Z",
    "21000229000000Z",
    "230431000000Z",
    "230400000000Z",
    "230001000000Z",
    "231301000000Z",
    "231232000000Z",
    "230101240000Z",
    "230101006000Z",
    "230101000060Z",
    "23010100000-Z",
    "2301010000:0Z",
    "2301 1000000Z",
    "/90101000000Z",
    ":00101000000Z",
    "2:0101000000Z",
    "20230101000000Z0",
    "230101000000z",
    "2301010000Z",
    "230101000000",
    "230101000000+0000",
    "20230101000000.5Z",
    "20230101000000",
    "",
  ])
    refuses({ validity: validity(text, "99991231235959Z") });
  refuses(
    { validity: validity("260601000001Z", "260601000000Z") },
    // UTCTime with four digits of year, GeneralizedTime with two; another type; one time; three.
    { validity: "3020170f32303233303130313030303030305a170d3439313233313233353935395a" },
    { validity: "301e180d3230303130313030303030305a170d3439313233313233353935395a" },
    { validity: "301e130d3230303130313030303030305a170d3439313233313233353935395a" },
    { validity: "300f170d3230303130313030303030305a" },
    { validity: `302d${"170d3230303130313030303030305a".repeat(3)}` },
  );
});

test("basic constraints", () => {
  const constraints = (value: string) => extended(extension(BASIC_CONSTRAINTS, value, true));
  const read = (value: string) => [constraints(value).ca, constraints(value).pathLength];
  assert.deepEqual(read("3000"), [false, 0xff]);
  assert.deepEqual(read("30030101ff"), [true, 0xff]);
  assert.deepEqual(read("30060101ff020100"), [true, 0]);
  assert.deepEqual(read("30060101ff02017f"), [true, 0x7f]);
  for (const value of [
    "3003010100", // FALSE is left out in DER
    "3003010101",
    "3003020100", // a path length without authority
    "30060101ff0201ff",
    "30070101ff02020100",
    "30080101ff0201000500",
    "30000500",
    "0101ff",
    "",
  ])
    refusesExtensions([extension(BASIC_CONSTRAINTS, value)]);
});

test("key usage", () => {
  const usage = (value: string) => extended(extension(KEY_USAGE, value, true)).keyUsage;
  assert.equal(usage("03020780"), DIGITAL_SIGNATURE);
  assert.equal(usage("03020204"), KEY_CERT_SIGN);
  assert.equal(usage("03020106"), KEY_CERT_SIGN | 0x02);
  assert.equal(usage("0303078080"), DIGITAL_SIGNATURE);
  assert.equal(usage("0303070080"), 0);
  for (const value of [
    "030100",
    "0300",
    "03020080",
    "03020700",
    "03020781",
    "03020880",
    "03022081",
    "030207c0",
    "0304078080800500",
    "030407808080",
    "020101",
    "030207800500",
  ])
    refusesExtensions([extension(KEY_USAGE, value)]);
});

test("extended key usages", () => {
  const purposes = (...list: readonly string[]) => {
    const { requesterAuth, responderAuth } = extended(
      extension(EXTENDED_KEY_USAGE, toHex(tlv(0x30, ...list.map(fromHex)))),
    );
    return [requesterAuth, responderAuth];
  };
  assert.deepEqual(purposes(CLIENT_AUTH), [false, false]);
  assert.deepEqual(purposes(REQUESTER_AUTH), [true, false]);
  assert.deepEqual(purposes(RESPONDER_AUTH, CLIENT_AUTH), [false, true]);
  assert.deepEqual(purposes(CLIENT_AUTH, RESPONDER_AUTH, REQUESTER_AUTH), [true, true]);
  for (const value of ["3000", "", "3003020101", `300c${REQUESTER_AUTH}0500`, `300e${REQUESTER_AUTH}0500`])
    refusesExtensions([extension(EXTENDED_KEY_USAGE, value)]);
});

test("extensions in any order, each once, 16 at most", () => {
  const list = [
    extension("2a03", "0500"),
    extension(EXTENDED_KEY_USAGE, `300c${REQUESTER_AUTH}`),
    extension(SUBJECT_ALT_NAME, "3000", true),
    extension(KEY_USAGE, "03020780"),
    extension(BASIC_CONSTRAINTS, "30030101ff"),
  ];
  const expected = {
    ca: true,
    constrained: true,
    pathLength: 0xff,
    keyUsage: DIGITAL_SIGNATURE,
    requesterAuth: true,
    responderAuth: false,
  };
  assert.deepEqual(extended(...list), expected);
  assert.deepEqual(extended(...list.reverse()), expected);
  for (const again of list) refusesExtensions([...list, again]);

  const many = Array.from({ length: 17 }, (_, i) => extension(`2a${(0x10 + i).toString(16)}`, ""));
  extended(...many.slice(1));
  refusesExtensions(many);
});

test("a critical extension must be known", () => {
  // 2.5.29.30 nameConstraints, .36 policyConstraints, .14 subjectKeyIdentifier; SPDM's own.
  for (const type of ["551d1e", "551d24", "551d0e", "2b06010401831c821206", "", "551d0f00", "551d"]) {
    extended(extension(type, "3000"));
    refusesExtensions([extension(type, "3000", true)]);
  }
});

test("extensions of another shape", () => {
  for (const digits of ["0500", "3000", "30040602aabb", "30090602aabb0101000400", "300b0602aabb0101ff0400050000"])
    refusesExtensions([fromHex(digits)]);
  refusesExtensions(
    [fromHex("30080602aabb04000500")],
    [extension(`2a${"aa".repeat(64)}`, "")],
    [fromHex("30060602aabb0300")],
  );
});
