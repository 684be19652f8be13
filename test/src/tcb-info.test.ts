import assert from "node:assert/strict";
import { test } from "node:test";
import type { Measurements } from "../../hal/measurements.js";
import { sha384 } from "../../hal/portable/crypto.js";
import { rawMeasurement } from "../../hal/portable/measurement.js";
import * as types from "../../src/measurement-types.js";
import { readTcbInfo, type TcbInfo, tcbInfoOf, writeTcbInfo } from "../../src/tcb-info.js";
import { WireError } from "../../src/wire.js";
import { ascii, fromHex, toHex } from "../support/bytes.js";
import { octets, sequence, tlv } from "../support/der.js";

const text = ascii;
const bytes = (length: number, value: number) => new Uint8Array(length).fill(value);

/** As `openssl asn1parse -genconf` makes it of these fields. */
const FIELDS =
  "800441434d4581065749444745548205312e322e3383020180840101850100" +
  `a66e303d06096086480165030402020430${"aa".repeat(48)}302d06096086480165030402010420${"bb".repeat(32)}87020450`;
const GOLDEN = fromHex(`308193${FIELDS}`);
const INFO: TcbInfo = {
  vendor: text("ACME"),
  model: text("WIDGET"),
  version: text("1.2.3"),
  svn: Uint8Array.of(1, 0x80),
  layer: 1,
  index: 0,
  fwids: [
    { hash: 2, digest: bytes(48, 0xaa) },
    { hash: 1, digest: bytes(32, 0xbb) },
  ],
  flags: 0b1010,
};

const plain = (info: TcbInfo): unknown =>
  JSON.parse(JSON.stringify(info, (_, value) => (value instanceof Uint8Array ? toHex(value) : value)));

function refuses(value: Uint8Array, what?: string): void {
  assert.throws(() => readTcbInfo(value), WireError, what);
}

test("another implementation's bytes", () => {
  assert.equal(toHex(writeTcbInfo(INFO)), toHex(GOLDEN));
  assert.deepEqual(plain(readTcbInfo(GOLDEN)), plain(INFO));
  // With vendorInfo and type, which are left alone; and flagsMask and integrityRegisters.
  assert.deepEqual(plain(readTcbInfo(fromHex(`30819a${FIELDS}88020102890103`))), plain(INFO));
  assert.deepEqual(plain(readTcbInfo(fromHex(`30819c${FIELDS}8a020780ab033001ff`))), plain(INFO));
});

test("whatever is left out stays out", () => {
  assert.deepEqual(plain(readTcbInfo(fromHex("3000"))), {});
  assert.equal(toHex(writeTcbInfo({})), "3000");
  for (const key of Object.keys(INFO) as (keyof TcbInfo)[]) {
    const { [key]: _, ...rest } = INFO;
    assert.deepEqual(plain(readTcbInfo(writeTcbInfo(rest))), plain(rest), key);
    const only = { [key]: INFO[key] };
    assert.deepEqual(plain(readTcbInfo(writeTcbInfo(only))), plain(only), key);
  }
});

test("flags are named bits, as short as they can be", () => {
  for (const [flags, encoded] of [
    [0, "870100"],
    [1, "87020780"],
    [8, "87020410"],
    [0xff, "870200ff"],
    [0x80, "87020001"],
  ] as const) {
    assert.equal(toHex(writeTcbInfo({ flags })), `30${(encoded.length / 2).toString(16).padStart(2, "0")}${encoded}`);
    assert.equal(readTcbInfo(writeTcbInfo({ flags })).flags, flags);
  }
  // fixedWidth, bit 31.
  assert.equal(readTcbInfo(fromHex("3007870500800000 01".replace(" ", ""))).flags, 1 | (1 << 31));
  for (const wrong of ["3003870107", "3002 8700", "300487020880", "3008870600000000 0000"]) {
    refuses(fromHex(wrong.replaceAll(" ", "")), wrong);
  }
});

test("numbers", () => {
  assert.equal(readTcbInfo(writeTcbInfo({ layer: 0xffff })).layer, 0xffff);
  assert.equal(toHex(readTcbInfo(writeTcbInfo({ svn: bytes(8, 0) })).svn!), "00");
  assert.equal(toHex(readTcbInfo(writeTcbInfo({ svn: bytes(8, 0xff) })).svn!), "ff".repeat(8));
  for (const wrong of ["30038301ff", "300483020001", "30028300", "30068404 01000000".replace(" ", "")]) {
    refuses(fromHex(wrong), wrong);
  }
});

test("FWIDs are of SHA-2 or SHA-3, as long as these are, and not none", () => {
  const fwid = (hash: number, length: number) =>
    sequence(tlv(0xa6, sequence(tlv(0x06, fromHex("608648016503040200").fill(hash, 8)), octets(bytes(length, 1)))));
  for (const [hash, length] of [
    [1, 32],
    [2, 48],
    [3, 64],
    [8, 32],
    [9, 48],
    [10, 64],
  ]) {
    assert.equal(readTcbInfo(fwid(hash, length)).fwids![0].hash, hash);
    refuses(fwid(hash, length - 1));
    refuses(fwid(hash, 0));
  }
  refuses(fwid(0, 0));
  refuses(fwid(7, 0));
  refuses(fwid(4, 28));
  refuses(sequence(tlv(0xa6)));
  refuses(sequence(tlv(0xa6, sequence(tlv(0x06, fromHex("2a0304")), octets(bytes(48, 1))))));
  const one = sequence(tlv(0x06, fromHex("608648016503040201")), octets(bytes(32, 1)));
  assert.equal(readTcbInfo(sequence(tlv(0xa6, ...Array(32).fill(one)))).fwids!.length, 32);
  refuses(sequence(tlv(0xa6, ...Array(33).fill(one))));
});

test("no field twice, none out of order, nothing unknown, nothing behind", () => {
  for (const wrong of [
    "3006800141800142",
    "3006810141800142",
    "3003 8c0100",
    "3003 0c0141",
    "3003 a00141",
    "3000 00",
    "3103 800141",
  ]) {
    refuses(fromHex(wrong.replace(" ", "")), wrong);
  }
});

test("every truncation is refused, and no flipped bit does worse", () => {
  for (let length = 0; length < GOLDEN.length; length++) refuses(GOLDEN.subarray(0, length), String(length));
  for (let bit = 0; bit < 8 * GOLDEN.length; bit++) {
    const flipped = GOLDEN.slice();
    flipped[bit >> 3] ^= 1 << (bit & 7);
    try {
      readTcbInfo(flipped);
    } catch (error) {
      assert.ok(error instanceof WireError, `bit ${bit}: ${error}`);
    }
  }
});

/** A device of everything that TcbInfo is made of, and of what it is not. */
function measured(debug: number, told = 3): Measurements {
  const mode = Uint8Array.of(4, 0, 0, 0, 4, 0, 0, 0, told, 0, 0, 0, debug, 0, 0, 0);
  return {
    generation: 0,
    list: [
      rawMeasurement(1, types.MUTABLE_FIRMWARE, true, text("code")),
      rawMeasurement(2, types.FIRMWARE_CONFIGURATION, true, text("configuration")),
      rawMeasurement(3, types.FIRMWARE_VERSION, true, text("1.0 of it")),
      rawMeasurement(4, types.SECURE_VERSION_NUMBER, true, Uint8Array.of(1, 2, 0, 0, 0, 0, 0, 0)),
      rawMeasurement(5, types.HARDWARE_CONFIGURATION, true, text("hardware")),
      rawMeasurement(6, types.MUTABLE_FIRMWARE, false, text("an application")),
      rawMeasurement(17, types.HASH_EXTEND, false, text("log")),
      rawMeasurement(0xfe, types.DEVICE_MODE, true, mode),
    ],
  };
}

test("what measurements say of the TCB", () => {
  const info = tcbInfoOf(measured(0), sha384, text("model"));
  assert.deepEqual(plain(info), {
    model: toHex(text("model")),
    version: toHex(text("1.0 of it")),
    svn: "0000000000000201",
    layer: 1,
    fwids: ["code", "configuration"].map((each) => ({ hash: 2, digest: toHex(sha384(text(each))) })),
    flags: 0,
  });
  assert.equal(tcbInfoOf(measured(1), sha384, text("")).flags, 8);
  assert.equal(tcbInfoOf(measured(0, 0), sha384, text("")).flags, undefined);
  assert.deepEqual(plain(tcbInfoOf({ generation: 0, list: [] }, sha384, text("m"))), { model: "6d", layer: 1 });
});
