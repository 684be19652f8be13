import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { PcapWriter } from "../../cli/pcap.js";

const folder = mkdtempSync(join(tmpdir(), "spdm-pcap-"));
const path = join(folder, "capture.pcap");
after(() => rmSync(folder, { recursive: true }));

test("golden bytes, on disk after every write", () => {
  const pcap = new PcapWriter(path);
  let expected = "d4c3b2a1 0200 0400 00000000 00000000 00000100 23010000".replaceAll(" ", "");
  assert.equal(readFileSync(path, "hex"), expected);
  pcap.write(5, Uint8Array.of(0x10, 0x84, 0, 0), 1_700_000_000_123.456);
  expected += "00f15365 40e20100 09000000 09000000 000000c0 05 10840000".replaceAll(" ", "");
  assert.equal(readFileSync(path, "hex"), expected);
  pcap.write(6, Uint8Array.of(0xff), 1000);
  expected += "01000000 00000000 06000000 06000000 000000c0 06 ff".replaceAll(" ", "");
  assert.equal(readFileSync(path, "hex"), expected);
  pcap.close();
  pcap.close();
  assert.throws(() => pcap.write(5, new Uint8Array(1)), /closed/);
});

test("a recorded conversation comes out as DMTF's emulator wrote it, save for times", () => {
  const recorded = new URL("../vectors/v1.2-p384-chunked.json", import.meta.url);
  const { frames } = JSON.parse(readFileSync(recorded, "utf8")) as { frames: { type: number; data: string }[] };
  const pcap = new PcapWriter(path);
  for (const { type, data } of frames) pcap.write(type, Buffer.from(data, "hex"));
  pcap.close();
  const capture = readFileSync(path);
  let offset = 24;
  for (const { type, data } of frames) {
    const length = capture.readUInt32LE(offset + 8);
    assert.equal(capture.readUInt32LE(offset + 12), length);
    const packet = capture.subarray(offset + 16, offset + 16 + length).toString("hex");
    assert.equal(packet, `000000c0${type.toString(16).padStart(2, "0")}${data}`);
    offset += 16 + length;
  }
  assert.equal(offset, capture.length);
});

test("without a time it is now", () => {
  const pcap = new PcapWriter(path);
  pcap.write(5, new Uint8Array(4));
  pcap.close();
  const seconds = readFileSync(path).readUInt32LE(24);
  assert.ok(Math.abs(seconds - Date.now() / 1000) < 60);
});

test("of a message too long for the format its beginning is kept, and its length told", () => {
  const pcap = new PcapWriter(path);
  pcap.write(5, new Uint8Array(0x10000).fill(0xaa));
  pcap.close();
  const capture = readFileSync(path);
  assert.equal(capture.length, 24 + 16 + 0x10000);
  assert.deepEqual([capture.readUInt32LE(32), capture.readUInt32LE(36)], [0x10000, 0x10005]);
  assert.equal(capture.at(-1), 0xaa);
});
