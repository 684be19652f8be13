/** SLOT_MANAGEMENT's SubCodes that change slots; the layouts are those of libspdm's open pull requests, by hand. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { sha384 } from "../../hal/portable/crypto.js";
import {
  DATA_TOO_LARGE,
  INVALID_REQUEST,
  OPERATION_FAILED,
  RESET_REQUIRED,
  UNEXPECTED_REQUEST,
  UNSPECIFIED,
  UNSUPPORTED_REQUEST,
} from "../../src/errors.js";
import { AFTER_CAPABILITIES } from "../../src/exchange.js";
import type { SetCertificatePolicy } from "../../src/messages/set-certificate.js";
import { managedSlots, writeSlotManagement } from "../../src/messages/slot-management.js";
import { slotChanges } from "../../src/slot-changes.js";
import {
  readManageSlot,
  readSlotAddress,
  readSlotCertificate,
  readSlotCsr,
  writeManageSlot,
  writeSlotCertificate,
  writeSlotCsr,
} from "../../src/slot-structures.js";
import { V1_3, V1_4 } from "../../src/versions.js";
import { Reader, Writer } from "../../src/wire.js";
import { concat, readLe, toHex, u16, u32 } from "../support/bytes.js";
import {
  type ChangeableOptions,
  changeableBoard,
  ENGINES,
  IN_SESSIONS,
  recalling,
  TRUSTED,
} from "../support/certificate-slots.js";
import { Conversation as Connection, type Conversation, CURVES, negotiated, spdmChainOf } from "../support/fixture.js";
import { getCertificate, getDigests } from "../support/requests.js";
import { EXCHANGES, Peer, sessionBoard } from "../support/session.js";

const [P256, P384] = CURVES;
const GET_CSR = 4;
const ERASE = 0x21;
const SET = 0x22;
const DONE = (subCode: number) => `1408${subCode.toString(16)}0000000000`;

/** Banks: 0 P-384, which is negotiated, 1 P-256; slots 0, 1 and 4 in both. */
function managed({ policy = TRUSTED, verifiers = ENGINES.verifiers, ...slots }: ChangeableOptions = {}) {
  const { identities } = changeableBoard({ policy, ...slots });
  const baseAsym = [P384, P256].map(({ algorithm }, i) => ({ algorithm, identity: identities[i] }));
  const changes = slotChanges({ ...ENGINES, verifiers, policy, csrHash: sha384 });
  return { ...sessionBoard({}, { baseAsym, exchanges: [...EXCHANGES, managedSlots(changes)] }), identities };
}

/** A request with SlotAddress, and what is behind it. */
const addressed = (subCode: number, bank: number, slot: number, ...rest: readonly Uint8Array[]): Uint8Array =>
  concat(Uint8Array.of(0x14, 0x88, subCode, 0, 8, 0, 0, 0, 8, 0, 0, 0, bank, slot, 0, 0), ...rest);
const eraseSlot = (bank: number, slot: number, operation = 1) =>
  addressed(ERASE, bank, slot, Uint8Array.of(operation, 0, 0, 0));
const setChain = (bank: number, slot: number, chain: Uint8Array, model = 0, keyPairId = 0, length = chain.length) =>
  addressed(SET, bank, slot, Uint8Array.from([...u32(length), model, keyPairId, 0, 0]), chain);
const askCsr = (bank: number, keyPairId = 0, attributes = 0, info = new Uint8Array(0), opaque = new Uint8Array(0)) =>
  addressed(
    GET_CSR,
    bank,
    0,
    Uint8Array.from([keyPairId, attributes, 0, 0, ...u16(info.length), ...u16(opaque.length)]),
    info,
    opaque,
  );
const plain = (subCode: number): Uint8Array => Uint8Array.of(0x14, 0x88, subCode, 0, 0, 0, 0, 0);
const chainIn = (c: Conversation, bank: number, slot: number): Uint8Array =>
  c.answer(addressed(3, bank, slot)).subarray(16);
const OFFER = { dataTransferSize: 0x1000 };

test("SupportedSubCodes list them, GetBankInfo the slots that there are and those that can be changed", () => {
  for (const [policy, mask] of [
    [TRUSTED, "ff"],
    [IN_SESSIONS, "fe"],
  ] as const) {
    const c = negotiated(V1_4, OFFER, managed({ policy }));
    assert.equal(toHex(c.answer(plain(0))), `1408000008000000${"24000000"}${"1f00000006000000"}${"00".repeat(24)}`);
    assert.equal(toHex(c.answer(plain(1))), `1408010008000000${"1000000002000000"}0400ff${mask}0401ff${mask}`);
  }
});

test("SetCertificate: a chain is where it was set, in the bank that was negotiated and in the other", () => {
  const on = managed();
  const c = negotiated(V1_4, OFFER, on);
  for (const [bank, curve] of [
    [0, P384],
    [1, P256],
  ] as const) {
    const chain = spdmChainOf(curve, 4, c.hash);
    assert.equal(toHex(c.answer(setChain(bank, 6, chain))), DONE(SET));
    assert.deepEqual(chainIn(c, bank, 6), chain);
    assert.equal(on.identities[bank].slotMask & 0x40, 0x40);
  }
  // DIGESTS and CERTIFICATE show it at once.
  assert.equal(c.answer(getDigests(V1_4))[3], 0x53);
  const shown = c.answer(getCertificate(V1_4, 6)).subarray(8);
  assert.equal(toHex(shown), toHex(spdmChainOf(P384, 4, c.hash)));
});

test("ManageSlot: an erased slot is empty, and there still", () => {
  const on = managed();
  const c = negotiated(V1_4, OFFER, on);
  for (const bank of [0, 1]) {
    assert.equal(toHex(c.answer(eraseSlot(bank, 1))), DONE(ERASE));
    c.refused(addressed(3, bank, 1), INVALID_REQUEST);
    c.refused(eraseSlot(bank, 1), INVALID_REQUEST);
    assert.equal(on.identities[bank].slotMask, 0x11);
  }
  assert.equal(toHex(c.answer(plain(1)).subarray(16)), "0400ffff0401ffff");
  assert.equal(c.answer(getDigests(V1_4))[3], 0x11);
  for (const operation of [0, 2, 0xff]) c.refused(eraseSlot(0, 0, operation), INVALID_REQUEST);
});

test("GetCSR: of the bank's key, whichever was negotiated; the slot does not count", () => {
  const c = negotiated(V1_4, OFFER, managed());
  for (const [bank, oid] of [
    [0, "2b81040022"],
    [1, "2a8648ce3d030107"],
  ] as const) {
    const answer = c.answer(askCsr(bank));
    assert.equal(toHex(answer.subarray(0, 8)), "1408040008000000");
    assert.equal(readLe(answer, 8, 4), answer.length - 16);
    assert.equal(readLe(answer, 12, 4), 0);
    assert.ok(toHex(answer.subarray(16)).includes(oid));
  }
  c.refused(askCsr(2), INVALID_REQUEST);
  c.refused(askCsr(0, 1), INVALID_REQUEST);
  c.refused(askCsr(0, 0, 1), INVALID_REQUEST);
  c.refused(askCsr(0, 0, 0x08), INVALID_REQUEST);
  c.refused(askCsr(0, 0, 0, Uint8Array.of(0x30, 0)), INVALID_REQUEST);
  c.refused(askCsr(0, 0, 0, new Uint8Array(0), Uint8Array.of(1)), INVALID_REQUEST);
});

test("who may change what is as with SET_CERTIFICATE", () => {
  const attempt = (policy: SetCertificatePolicy) => {
    const on = managed({ policy });
    const peer = new Peer(V1_4, on, OFFER);
    const session = peer.open(true);
    const chain = spdmChainOf(P384, 0, peer.conversation.hash);
    const tried = (ask: (request: Uint8Array) => Uint8Array) =>
      [
        setChain(0, 0, chain),
        setChain(1, 5, spdmChainOf(P256, 0, peer.conversation.hash)),
        eraseSlot(0, 0),
        eraseSlot(1, 1),
      ].map((request) => {
        const answer = ask(request);
        return answer[1] === 0x7f ? answer[2] : 0;
      });
    return [tried((request) => peer.conversation.ask(request)), tried((request) => session.ask(request))];
  };
  const no = UNEXPECTED_REQUEST;
  assert.deepEqual(attempt(IN_SESSIONS), [
    [no, no, no, no],
    [no, 0, no, 0],
  ]);
  assert.deepEqual(attempt({ ...IN_SESSIONS, slotsInSessions: 0xff, provenRequesters: true }), [
    [no, no, no, no],
    [0, 0, 0, 0],
  ]);
  assert.deepEqual(attempt({ ...IN_SESSIONS, slotsInSessions: 0 }), [
    [no, no, no, no],
    [no, no, no, no],
  ]);
  assert.deepEqual(attempt(TRUSTED)[0], [0, 0, 0, 0]);
});

test("not in a handshake, before ALGORITHMS, or before 1.4", () => {
  const on = managed();
  for (const request of [eraseSlot(0, 1), askCsr(0), setChain(0, 6, new Uint8Array(52))]) {
    const handshake = new Peer(V1_4, on, OFFER).pskExchange();
    handshake.refused(request, UNEXPECTED_REQUEST);
    new Connection(V1_4, {}, on).reach(AFTER_CAPABILITIES).refused(request, UNEXPECTED_REQUEST);
    const older = Uint8Array.of(0x13, ...request.subarray(1));
    negotiated(V1_3, OFFER, on).refused(older, UNSUPPORTED_REQUEST, 0x88);
  }
  assert.equal(on.identities[0].slotMask, 0x13);
});

test("a chain of another key, another root hash, another algorithm, or of no path is refused, and nothing changes", () => {
  const on = managed();
  const c = negotiated(V1_4, OFFER, on);
  const good = spdmChainOf(P384, 0, c.hash);
  const altered = (at: number) => {
    const chain = good.slice();
    chain[at < 0 ? chain.length + at : at] ^= 1;
    return chain;
  };
  for (const chain of [altered(4), altered(60), altered(-1), spdmChainOf(P256, 0, c.hash)])
    c.refused(setChain(0, 6, chain), UNSPECIFIED);
  // Length is not CertLength, or there are no certificates.
  for (const chain of [altered(0), good.subarray(0, -1), concat(good, Uint8Array.of(0)), good.subarray(0, 3)])
    c.refused(setChain(0, 6, chain), INVALID_REQUEST);
  c.refused(setChain(0, 6, good, 0, 0, good.length + 1), INVALID_REQUEST);
  c.refused(setChain(0, 6, good, 0, 0, 0xffffffff), INVALID_REQUEST);
  c.refused(setChain(0, 6, good, 1), INVALID_REQUEST);
  c.refused(setChain(0, 6, good, 0, 1), INVALID_REQUEST);
  for (const slot of [8, 15]) c.refused(setChain(0, slot, good), INVALID_REQUEST);
  c.refused(setChain(2, 0, good), INVALID_REQUEST);
  assert.deepEqual(
    on.identities.map(({ slotMask }) => slotMask),
    [0x13, 0x13],
  );
  // What trails the structure is not looked at.
  c.answer(concat(setChain(0, 6, good), Uint8Array.of(1, 2)));
});

test("a chain beyond the slot's room, a medium that fails, and one that needs a reset", () => {
  const small = negotiated(V1_4, OFFER, managed({ capacity: 100 }));
  const good = spdmChainOf(P384, 0, small.hash);
  assert.equal(readLe(small.refused(setChain(0, 6, good), DATA_TOO_LARGE), 0, 4), 4 + small.hash.outputLen + 100);
  const failing = negotiated(V1_4, OFFER, managed({ save: () => assert.fail("worn out") }));
  failing.refused(setChain(0, 6, good), UNSPECIFIED);
  failing.refused(eraseSlot(0, 1), OPERATION_FAILED);
  const on = managed({ needsReset: true });
  const later = negotiated(V1_4, OFFER, on);
  later.refused(setChain(0, 6, good), RESET_REQUIRED);
  later.refused(eraseSlot(1, 1), RESET_REQUIRED);
  assert.deepEqual(
    on.identities.map(({ slotMask }) => slotMask),
    [0x13, 0x13],
  );
  for (const identity of on.identities) identity.reset();
  assert.deepEqual(
    on.identities.map(({ slotMask }) => slotMask),
    [0x53, 0x11],
  );
});

test("ManageBank is not served; a board without slots to change does not list the others", () => {
  const c = negotiated(V1_4, OFFER, managed());
  c.refused(addressed(0x20, 0, 0, Uint8Array.of(1, 0, 0, 0, 0x10, 0, 0, 0, 0)), UNSUPPORTED_REQUEST, 0x88);
  const changes = slotChanges({ ...ENGINES, policy: TRUSTED, csrHash: sha384 });
  assert.throws(() => sessionBoard({}, { exchanges: [...EXCHANGES, managedSlots(changes)] }), /no certificate slots/);
});

test("every truncation is refused, and every bit flip answered or refused", () => {
  const on = managed({ verifiers: recalling() });
  const c = negotiated(V1_4, OFFER, on);
  const good = spdmChainOf(P384, 0, c.hash);
  for (const whole of [eraseSlot(1, 4), askCsr(0), setChain(0, 6, good)]) {
    for (let length = 4; length < whole.length; length += length < 60 ? 1 : 97)
      c.refused(whole.subarray(0, length), INVALID_REQUEST);
    for (let bit = 16; bit < 8 * Math.min(whole.length, 120); bit++) {
      const flipped = whole.slice();
      flipped[bit >> 3] ^= 1 << (bit & 7);
      const answer = c.ask(flipped);
      if (answer[1] === 0x7f)
        assert.ok([INVALID_REQUEST, UNSUPPORTED_REQUEST, UNSPECIFIED].includes(answer[2]), toHex(answer));
    }
  }
  assert.deepEqual(on.faults, []);
});

test("nothing of it is in a transcript", () => {
  const on = managed();
  const c = negotiated(V1_4, OFFER, on);
  const b = c.pair(getDigests(V1_4));
  c.answer(eraseSlot(1, 1));
  c.answer(askCsr(0));
  const challenge = Uint8Array.of(0x14, 0x83, 0, 0, ...new Uint8Array(40).fill(4));
  assert.ok(c.isM1(b, challenge, c.answer(challenge)));
});

test("structures of requests encode as they decode", () => {
  const info = Uint8Array.of(0x30, 1, 2);
  for (const whole of [
    eraseSlot(3, 7),
    askCsr(239, 5, 0xab, info, Uint8Array.of(9)),
    setChain(1, 2, Uint8Array.of(1, 2, 3, 4, 5), 3, 17),
  ]) {
    const r = new Reader(whole);
    r.skip(10 - 2);
    const subCode = whole[2];
    const w = new Writer(new Uint8Array(whole.length));
    w.bytes(whole.subarray(0, 2));
    writeSlotManagement(w, { subCode, address: readSlotAddress(r) });
    if (subCode === ERASE) writeManageSlot(w, readManageSlot(r));
    else if (subCode === GET_CSR) writeSlotCsr(w, readSlotCsr(r));
    else writeSlotCertificate(w, readSlotCertificate(r));
    assert.equal(r.remaining, 0);
    assert.equal(toHex(w.written()), toHex(whole));
  }
});
