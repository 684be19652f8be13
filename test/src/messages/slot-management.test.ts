/** The layouts are those of libspdm's open pull requests, written out by hand: nobody speaks it yet that could be recorded. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { INVALID_REQUEST, RESPONSE_TOO_LARGE, UNSUPPORTED_REQUEST } from "../../../src/errors.js";
import {
  readSlotHeader,
  readSlotManagement,
  slotManagement,
  writeSlotHeader,
  writeSlotManagement,
} from "../../../src/messages/slot-management.js";
import * as structures from "../../../src/slot-structures.js";
import { V1_3, V1_4 } from "../../../src/versions.js";
import { Reader, WireError, Writer } from "../../../src/wire.js";
import { concat, toHex, u16, u32 } from "../../support/bytes.js";
import { CURVES, digestOf, HASHES, negotiated, spdmChainOf } from "../../support/fixture.js";
import { multiKey } from "../../support/key-pairs.js";
import { mutations } from "../../support/mutations.js";
import * as requests from "../../support/requests.js";
import { Peer, sessionBoard } from "../../support/session.js";

const MULTI_KEY_CONN = { otherParams: 0x12 };
const SUITE = { baseHash: 1, baseAsym: 0x80, dataTransferSize: 0x1000 };
const sha256 = HASHES[0].engine;

/** The board's banks: 0 P-384, 1 P-256; slots 0, 1 and 4 in both. */
function managed() {
  const { exchanges, ...rest } = multiKey();
  return sessionBoard({}, { exchanges: [...exchanges!, slotManagement], ...rest });
}

const plain = (subCode: number): Uint8Array => Uint8Array.of(0x14, 0x88, subCode, 0, 0, 0, 0, 0);
const addressed = (subCode: number, bank: number, slot = 0): Uint8Array =>
  Uint8Array.of(0x14, 0x88, subCode, 0, 8, 0, 0, 0, 8, 0, 0, 0, bank, slot, 0, 0);

test("CAPABILITIES show it in ExtFlags, from 1.4 on, where the board lists it", () => {
  // GET_VERSION, VERSION, GET_CAPABILITIES, CAPABILITIES: ExtFlags are at 6 of the last.
  const at = 4 + 16 + 20 + 6;
  assert.equal(negotiated(V1_4, {}, managed()).vca[at], 1);
  assert.equal(negotiated(V1_3, {}, managed()).vca[at], 0);
  assert.equal(negotiated(V1_4).vca[at], 0);
  negotiated(V1_4).refused(plain(0), UNSUPPORTED_REQUEST, 0x88);
  negotiated(V1_3, {}, managed()).refused(Uint8Array.of(0x13, ...plain(0).subarray(1)), UNSUPPORTED_REQUEST, 0x88);
});

test("SupportedSubCodes and GetBankInfo", () => {
  const conversation = negotiated(V1_4, SUITE, managed());
  const header = (subCode: string) => `1408${subCode}0008000000`;
  assert.equal(toHex(conversation.answer(plain(0))), `${header("00")}24000000${"0f"}${"00".repeat(7 + 24)}`);
  assert.equal(toHex(conversation.answer(plain(1))), `${header("01")}1000000002000000${"04001300"}${"04011300"}`);
  new Peer(V1_4, managed()).open().answer(plain(1));
});

test("GetBankDetails: of the bank that was negotiated, and of the other", () => {
  for (const [bank, curve, asym, selected] of [
    [0, CURVES[1], 1 << 4, 1],
    [1, CURVES[0], 1 << 3, 0],
  ] as const) {
    for (const multi of [false, true]) {
      const conversation = negotiated(V1_4, { ...SUITE, ...(multi ? MULTI_KEY_CONN : {}) }, managed());
      const ids = curve === CURVES[1] ? [5, 5, 17] : [4, 4, 16];
      const elements = [0, 1, 4].map((slot, i) => {
        const chain = spdmChainOf(curve, slot, sha256);
        const key = multi ? [ids[i], 1, 0, 15, 0] : [0, 0, 0, 0, 0];
        const head = [...u16(48), slot, 0, 1, ...key, 0, 0, ...u32(chain.length)];
        return concat(Uint8Array.from(head), digestOf(sha256, chain));
      });
      const expected = concat(
        Uint8Array.of(0x14, 0x08, 2, 0, 8, 0, 0, 0),
        Uint8Array.from([...u16(39 + 3 * 48), bank, 0, 3, 0, selected, 0, ...u32(asym), ...u32(asym), ...u32(asym)]),
        Uint8Array.from([4, 0, 0, 0, 0, 4, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0]),
        ...elements,
      );
      assert.equal(toHex(conversation.answer(addressed(2, bank))), toHex(expected));
    }
  }
  negotiated(V1_4, SUITE, managed()).refused(addressed(2, 2), INVALID_REQUEST);
});

test("GetCertificateChain: every slot's of every bank, if it fits", () => {
  const conversation = negotiated(V1_4, SUITE, managed());
  for (const [bank, curve] of [
    [0, CURVES[1]],
    [1, CURVES[0]],
  ] as const) {
    for (const slot of [0, 1, 4]) {
      const chain = spdmChainOf(curve, slot, sha256);
      const head = [0x14, 0x08, 3, 0, 8, 0, 0, 0, ...u32(chain.length), 0, 0, 0, 0];
      const expected = concat(Uint8Array.from(head), chain);
      assert.equal(toHex(conversation.answer(addressed(3, bank, slot))), toHex(expected));
    }
  }
  for (const slot of [2, 7, 8, 15]) conversation.refused(addressed(3, 0, slot), INVALID_REQUEST);
  conversation.refused(addressed(3, 255), INVALID_REQUEST);
  const small = negotiated(V1_4, { ...SUITE, dataTransferSize: 400 }, managed());
  small.refused(addressed(3, 0), RESPONSE_TOO_LARGE);
});

test("SubCodes that change something are not served, others there are not", () => {
  const conversation = negotiated(V1_4, SUITE, managed());
  for (const subCode of [4, 0x20, 0x21, 0x22]) conversation.refused(addressed(subCode, 0), UNSUPPORTED_REQUEST, 0x88);
  for (const subCode of [5, 0x1f, 0x23, 0x40, 0xff]) conversation.refused(addressed(subCode, 0), INVALID_REQUEST);
});

test("structures are where MgmtStructOffset says, and are there if they have to be", () => {
  const conversation = negotiated(V1_4, SUITE, managed());
  const whole = addressed(2, 1);
  const answer = toHex(conversation.answer(whole));
  const moved = concat(whole.subarray(0, 8), Uint8Array.of(1, 2, 3), whole.subarray(8));
  moved[4] = 11;
  assert.equal(toHex(conversation.answer(moved)), answer);
  for (const offset of [0, 1, 7, 9, 0xff]) {
    const wrong = whole.slice();
    wrong[4] = offset;
    conversation.refused(wrong, INVALID_REQUEST);
  }
  conversation.refused(Uint8Array.of(...addressed(0, 0)), INVALID_REQUEST);
  for (const length of [7, 9]) {
    const wrong = whole.slice();
    wrong[8] = length;
    conversation.refused(wrong, INVALID_REQUEST);
  }
  for (let length = 4; length < whole.length; length++) {
    conversation.refused(whole.subarray(0, length), INVALID_REQUEST);
  }
});

test("it is in no transcript, and every bit flip is answered or refused", () => {
  const on = managed();
  const conversation = negotiated(V1_4, { ...SUITE, ...MULTI_KEY_CONN }, on);
  const b = [...conversation.pair(requests.getDigests(V1_4)), ...conversation.pair(requests.getCertificate(V1_4))];
  for (const whole of [plain(0), plain(1), addressed(2, 0), addressed(3, 1, 4)]) {
    for (let bit = 16; bit < 8 * whole.length; bit++) {
      const flipped = whole.slice();
      flipped[bit >> 3] ^= 1 << (bit & 7);
      const response = conversation.ask(flipped);
      if (response[1] === 0x7f) assert.ok([INVALID_REQUEST, UNSUPPORTED_REQUEST].includes(response[2]));
    }
  }
  assert.deepEqual(on.faults, []);
  const request = requests.challenge(V1_4);
  assert.ok(conversation.isM1(b, request, conversation.answer(request)));
});

test("requests encode as they decode", () => {
  for (const whole of [plain(0), plain(1), addressed(2, 3), addressed(3, 239, 7)]) {
    const r = new Reader(whole);
    r.skip(2);
    const w = new Writer(new Uint8Array(whole.length));
    w.bytes(whole.subarray(0, 2));
    writeSlotManagement(w, readSlotManagement(r));
    assert.equal(toHex(w.message), toHex(whole));
  }
});

test("responses encode as they decode; cut short or flipped they are read, or a WireError", () => {
  const conversation = negotiated(V1_4, { ...SUITE, ...MULTI_KEY_CONN }, managed());
  const codecs: readonly (readonly [request: Uint8Array, again: (r: Reader, w: Writer) => void])[] = [
    [plain(0), (r, w) => structures.writeSubCodes(w, structures.readSubCodes(r))],
    [plain(1), (r, w) => structures.writeBankInfo(w, structures.readBankInfo(r))],
    [addressed(2, 1), (r, w) => structures.writeBankDetails(w, structures.readBankDetails(r, 32), 32)],
    [
      addressed(3, 0, 4),
      (r, w) => {
        const chain = structures.readLong(r);
        structures.writeLongHeader(w, chain.length);
        w.bytes(chain);
      },
    ],
  ];
  for (const [request, again] of codecs) {
    const response = conversation.answer(request);
    const reencoded = (bytes: Uint8Array): Uint8Array => {
      const r = new Reader(bytes);
      const w = new Writer(new Uint8Array(response.length));
      w.bytes(r.bytes(2));
      const { subCode, hasStructure } = readSlotHeader(r);
      writeSlotHeader(w, subCode, hasStructure);
      again(r, w);
      return w.written();
    };
    assert.equal(toHex(reencoded(response)), toHex(response));
    for (const mutated of mutations(response)) {
      try {
        reencoded(mutated);
      } catch (error) {
        assert.ok(error instanceof WireError, String(error));
      }
    }
  }
});
