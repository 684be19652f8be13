/**
 * Writes classic pcap files of link type 291 (MCTP), which DMTF's spdm-dump reads.
 *
 * Why not a package: the npm registry's one for this, pcap-generator, renders a list that is complete beforehand and
 * has seen one release; a capture must be on disk when the program dies, and needs two headers.
 *
 * File header, little-endian: magic a1b2c3d4 | version 2.4 | zone 0 | accuracy 0 | snapshot length | link type.
 * Packet header: seconds | microseconds | bytes here | bytes on the wire. Packet: MCTP header, message type, message.
 */
import { closeSync, openSync, writeSync } from "node:fs";
import { Writer } from "../src/wire.js";

const MAGIC = 0xa1b2c3d4;
const LINK_TYPE_MCTP = 291;
/** spdm-dump takes no file that allows more. */
const SNAPSHOT_LENGTH = 0x10000;
const FILE_HEADER_LENGTH = 24;
const PACKET_HEADER_LENGTH = 16;
/** One packet that is the first and the last of its message; no endpoint IDs. As DMTF's emulator writes it. */
const MCTP_HEADER = Object.freeze([0x00, 0x00, 0x00, 0xc0]);

export class PcapWriter {
  #file: number | undefined;

  /** Makes or replaces the file at `path`; throws what the file system throws. */
  constructor(path: string) {
    this.#file = openSync(path, "w");
    const w = new Writer(new Uint8Array(FILE_HEADER_LENGTH));
    w.u32(MAGIC);
    w.u16(2);
    w.u16(4);
    w.zeros(8);
    w.u32(SNAPSHOT_LENGTH);
    w.u32(LINK_TYPE_MCTP);
    writeSync(this.#file, w.written());
  }

  /**
   * Writes one whole message at once, so that the file is sound after every call. Of a message too long for the format
   * its beginning is kept.
   * @param type MCTP message type: 5 SPDM, 6 secured.
   * @param timeMs Since 1970, fractions allowed.
   */
  write(type: number, message: Uint8Array, timeMs = performance.timeOrigin + performance.now()): void {
    if (this.#file === undefined) throw new Error("the capture is closed");
    const length = MCTP_HEADER.length + 1 + message.length;
    const kept = Math.min(length, SNAPSHOT_LENGTH);
    const timeUs = Math.floor(timeMs * 1000);
    const w = new Writer(new Uint8Array(PACKET_HEADER_LENGTH + kept));
    w.u32(Math.floor(timeUs / 1e6));
    w.u32(timeUs % 1e6);
    w.u32(kept);
    w.u32(length);
    for (const byte of MCTP_HEADER) w.u8(byte);
    w.u8(type);
    w.bytes(message.subarray(0, kept - MCTP_HEADER.length - 1));
    writeSync(this.#file, w.written());
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}
