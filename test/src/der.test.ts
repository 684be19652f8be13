import assert from "node:assert/strict";
import { test } from "node:test";
import { BIT_STRING, Der, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE } from "../../src/der.js";
import { WireError } from "../../src/wire.js";
import { concat, fromHex, toHex } from "../support/bytes.js";
import { tlv } from "../support/der.js";
import { seeded } from "../support/random.js";

const der = (digits: string): Der => new Der(fromHex(digits));

function refuses(read: (der: Der) => unknown, ...encodings: readonly string[]): void {
  for (const encoding of encodings) assert.throws(() => read(der(encoding)), WireError, encoding);
}

test("elements are read in order, as views, and what is in them by readers of their own", () => {
  const message = fromHex("3009020105040201020500");
  const outer = new Der(message);
  assert.ok(outer.isNext(SEQUENCE));
  const inner = outer.open(SEQUENCE);
  assert.equal(toHex(inner.element(INTEGER)), "020105");
  assert.ok(!inner.isNext(INTEGER));
  const contents = inner.contents(OCTET_STRING);
  assert.equal(toHex(contents), "0102");
  message[7] = 9;
  assert.equal(contents[0], 9);
  assert.throws(() => inner.close(), WireError);
  assert.equal(inner.contents(0x05).length, 0);
  inner.close();
  assert.ok(!inner.isNext(0x05));
  outer.skip(outer.remaining);
  outer.close();
});

test("lengths, short and in up to three bytes", () => {
  for (const length of [0, 1, 0x7f, 0x80, 0xff, 0x100, 0xffff]) {
    const element = tlv(OCTET_STRING, new Uint8Array(length));
    const reader = new Der(concat(element, fromHex("05")));
    assert.equal(reader.element(OCTET_STRING).length, element.length);
    assert.equal(reader.remaining, 1);
    assert.equal(new Der(element).contents(OCTET_STRING).length, length);
  }
  const long = new Uint8Array(5 + 0x10000);
  long.set(fromHex("0483010000"));
  assert.equal(new Der(long).contents(OCTET_STRING).length, 0x10000);
});

test("lengths that are indefinite, not minimal, longer than three bytes or than what is there", () => {
  const zeros = "00".repeat(0x100);
  refuses(
    (reader) => reader.contents(OCTET_STRING),
    `0480${zeros}`,
    `047f${"00".repeat(0x7e)}`,
    `04817f${zeros}`,
    `04820080${zeros}`,
    `048200ff${zeros}`,
    `0483000100${zeros}`,
    `048400000100${zeros}`,
    `04850000000080${zeros}`,
    `0484ffffffff${zeros}`,
    `0488ffffffffffffffff${zeros}`,
    `04ff${zeros}`,
    "0401",
    "0481",
    "048201",
    "0482010000",
    "04",
    "",
  );
});

test("nothing reaches beyond its parent", () => {
  refuses((reader) => reader.open(SEQUENCE).contents(INTEGER), "3003020205050500", "30020201050500");
});

test("another tag than what is wanted", () => {
  refuses((reader) => reader.open(SEQUENCE), "3100", "1000", "b000", "7000", "0500");
});

test("an element that must be the last", () => {
  assert.equal(der("3002050005").open(SEQUENCE).openLast(0x05).remaining, 0);
  refuses((reader) => reader.openLast(SEQUENCE), "300000", "30000500");
});

test("contents as characters, 64 at most", () => {
  assert.equal(der("0603550022").characters(OBJECT_IDENTIFIER), "\x55\x00\x22");
  assert.equal(der("0602ff80").characters(OBJECT_IDENTIFIER), "\xff\x80");
  assert.equal(der("0600").characters(OBJECT_IDENTIFIER), "");
  assert.equal(der(`0640${"aa".repeat(64)}`).characters(OBJECT_IDENTIFIER).length, 64);
  refuses((reader) => reader.characters(OBJECT_IDENTIFIER), `0641${"aa".repeat(65)}`);
});

test("BOOLEAN DEFAULT FALSE: absent or TRUE", () => {
  assert.ok(der("0101ff").flag());
  const absent = der("020101");
  assert.ok(!absent.flag());
  assert.equal(absent.offset, 0);
  assert.ok(!der("").flag());
  refuses((reader) => reader.flag(), "010100", "010101", "0100", "0102ffff");
});

test("INTEGERs that are not negative, and minimal", () => {
  for (const [encoding, magnitude] of [
    ["020100", "00"],
    ["020101", "01"],
    ["02017f", "7f"],
    ["02020080", "80"],
    ["02020100", "0100"],
    ["020900ffffffffffffffff", "ffffffffffffffff"],
  ])
    assert.equal(toHex(der(encoding).unsigned()), magnitude);
  refuses((reader) => reader.unsigned(), "0200", "020180", "0201ff", "02020000", "0202007f", "0203000080", "030101");
});

test("BIT STRINGs of whole bytes", () => {
  const bits = der("0303000102").wholeBits();
  assert.equal(toHex(bits.bytes(2)), "0102");
  bits.close();
  assert.equal(der("030100").wholeBits().remaining, 0);
  refuses((reader) => reader.wholeBits(), "0300", "03020180", "03020880", "040100");
});

test("random bytes: a WireError, or an element that ends within them", () => {
  const random = seeded(11);
  const tags = [SEQUENCE, OCTET_STRING, INTEGER, BIT_STRING];
  for (let round = 0; round < 5000; round++) {
    const message = new Uint8Array(random(12));
    for (let i = 0; i < message.length; i++) message[i] = random(3) === 0 ? random(256) : random(4) + 0x80 * random(2);
    message[0] = tags[random(4)];
    try {
      const reader = new Der(message);
      const element = reader.element(message[0]);
      assert.ok(element.length >= 2 && element.length === reader.offset && reader.offset <= message.length);
    } catch (error) {
      assert.ok(error instanceof WireError);
    }
  }
});
