import assert from "node:assert/strict";
import { test } from "node:test";
import { Reader, WireError, Writer } from "../../src/wire.js";
import { fromHex, toHex } from "../support/bytes.js";

test("fields are little-endian, read and written", () => {
  const message = fromHex("010302060504ffefbeadde0a0b0c");
  const r = new Reader(message);
  assert.equal(r.u8(), 0x01);
  assert.equal(r.u16(), 0x0203);
  assert.equal(r.u24(), 0x040506);
  assert.equal(r.skip(1), 6);
  assert.equal(r.u32(), 0xdeadbeef);
  assert.equal(r.remaining, 3);
  assert.equal(toHex(r.bytes(2)), "0a0b");
  assert.equal(toHex(r.consumed()), "010302060504ffefbeadde0a0b");
  assert.equal(r.u8(), 0x0c);

  const w = new Writer(new Uint8Array(14).fill(0xff));
  w.u8(0x01);
  w.u16(0x0203);
  w.u24(0x040506);
  assert.equal(w.skip(1), 6);
  w.u32(0xdeadbeef);
  w.bytes(fromHex("0a0b"));
  assert.equal(w.remaining, 1);
  assert.equal(toHex(w.written()), "010302060504ffefbeadde0a0b");
  w.view(1)[0] = 0x0c;
  assert.equal(toHex(w.message), toHex(message));
});

test("only the low bits of a value are written", () => {
  const w = new Writer(new Uint8Array(10));
  w.u8(0x1ff);
  w.u16(0x1fffe);
  w.u24(0x1fffffd);
  w.u32(-4);
  assert.equal(toHex(w.message), "fffefffdfffffcffffff");
});

test("reading past the end is a WireError and moves nothing, however large the length", () => {
  for (const length of [4, 5, 0xffffffff, Number.MAX_SAFE_INTEGER]) {
    const r = new Reader(new Uint8Array(4));
    r.skip(1);
    assert.throws(() => r.skip(length), WireError);
    assert.throws(() => r.bytes(length), WireError);
    assert.throws(() => r.u32(), WireError);
    assert.equal(r.offset, 1);
    r.skip(3);
    assert.throws(() => r.u8(), WireError);
    assert.equal(r.remaining, 0);
    assert.equal(r.bytes(0).length, 0);
  }
});

test("writing past the end is a RangeError: our own mistake", () => {
  const w = new Writer(new Uint8Array(3));
  w.u16(0);
  assert.throws(() => w.u16(0), RangeError);
  assert.throws(() => w.bytes(new Uint8Array(2)), RangeError);
  assert.throws(() => w.zeros(2), RangeError);
  assert.throws(() => w.view(0xffffffff), RangeError);
  assert.equal(w.offset, 2);
});

test("views alias the message, zeros clear what a buffer held", () => {
  const buffer = new Uint8Array(4).fill(0xaa);
  const w = new Writer(buffer);
  w.zeros(2);
  w.view(1)[0] = 1;
  assert.equal(toHex(buffer), "000001aa");
  new Reader(buffer).bytes(2)[0] = 7;
  assert.equal(buffer[0], 7);
});

test("a WireError has its name, and is an Error", () => {
  const error = new WireError("short");
  assert.ok(error instanceof Error);
  assert.equal(error.name, "WireError");
  assert.equal(error.message, "short");
});
