/** GET_CSR: requests that OpenSSL would take (csr-node.test.ts asks it), and what a requester may wish for in them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { sha384 } from "../../../hal/portable/crypto.js";
import { Der, SEQUENCE } from "../../../src/der.js";
import {
  BUSY,
  INVALID_REQUEST,
  RESET_REQUIRED,
  RESPONSE_TOO_LARGE,
  UNEXPECTED_REQUEST,
  UNSUPPORTED_REQUEST,
} from "../../../src/errors.js";
import { V1_1, V1_2, V1_3, V1_4, type Version } from "../../../src/versions.js";
import { ascii, concat, fromHex, readLe, toHex } from "../../support/bytes.js";
import {
  changeableBoard,
  getCsr,
  IN_SESSIONS,
  setCertificateRequest,
  Waiting,
} from "../../support/certificate-slots.js";
import { extension, sequence, tlv } from "../../support/der.js";
import {
  type Conversation,
  CURVES,
  type Curve,
  chainOf,
  digestOf,
  leafKeyOf,
  negotiated,
  spdmChainOf,
} from "../../support/fixture.js";
import { Peer, sessionBoard } from "../../support/session.js";

const VERSIONS: readonly Version[] = [V1_2, V1_3, V1_4];
const [P256, P384] = CURVES;
const NO_ATTRIBUTES = tlv(0xa0);
const ZERO = tlv(0x02, Uint8Array.of(0));

/** CSR's certification request; asserts that it fills the message. */
function requestIn(response: Uint8Array): Uint8Array {
  assert.equal(readLe(response, 2, 2), 0);
  assert.equal(readLe(response, 6, 2), 0);
  assert.equal(readLe(response, 4, 2), response.length - 8);
  return response.subarray(8);
}

const spkiOf = (curve: Curve, slot: number): Uint8Array =>
  concat(fromHex(curve.spki), leafKeyOf(curve, chainOf(curve, slot)));

/** The fields of a certification request that is signed, with SHA-384, by the key of `curve` in slot 0. */
function verified(curve: Curve, der: Uint8Array) {
  const all = new Der(der).openLast(SEQUENCE);
  const info = all.element(SEQUENCE);
  assert.equal(toHex(all.element(SEQUENCE)), "300a06082a8648ce3d040303");
  const value = all.wholeBits().openLast(SEQUENCE);
  all.close();
  const half = curve.verifier.signatureLength / 2;
  const signature = new Uint8Array(2 * half);
  for (const end of [half, 2 * half]) {
    const number = value.unsigned();
    signature.set(number, end - number.length);
  }
  value.close();
  assert.ok(curve.verifier.verify(leafKeyOf(curve, chainOf(curve, 0)), digestOf(sha384, info), signature));
  const fields = new Der(info).openLast(SEQUENCE);
  assert.equal(toHex(fields.element(0x02)), "020100");
  const subject = toHex(fields.element(SEQUENCE));
  assert.equal(toHex(fields.element(SEQUENCE)), toHex(spkiOf(curve, 0)));
  const attributes = toHex(fields.contents(0xa0));
  fields.close();
  return { subject, attributes };
}

const info = (curve: Curve, subject: Uint8Array, attributes = NO_ATTRIBUTES, spki = spkiOf(curve, 0)): Uint8Array =>
  sequence(ZERO, subject, spki, attributes);

/** CN= */
const named = (name: string): Uint8Array =>
  sequence(tlv(0x31, sequence(tlv(0x06, fromHex("550403")), tlv(0x0c, ascii(name)))));

test("what the device's certificate says of it, under the negotiated key", () => {
  for (const v of VERSIONS) {
    for (const curve of CURVES) {
      const c = negotiated(v, { baseAsym: curve.algorithm }, changeableBoard());
      const { subject, attributes } = verified(curve, requestIn(c.answer(getCsr(v))));
      const leaf = toHex(chainOf(curve, 0));
      assert.ok(leaf.includes(subject) && subject.length > 4);
      assert.match(attributes, /^[\da-f]{4,8}06092a864886f70d01090e/);
      assert.ok(attributes.includes("300c0603551d130101ff04023000")); // no authority
      assert.ok(attributes.includes("300e0603551d0f0101ff040403020780")); // digitalSignature
      for (const kept of ["0603551d11", "0603551d25", "060a2b06010401831c821206"]) {
        assert.ok(leaf.includes(kept) && attributes.includes(kept), kept);
      }
      for (const not of ["0603551d23", "0603551d0e"]) assert.ok(!attributes.includes(not), not);
    }
  }
});

test("in sessions too, where none may be set as well; the connection goes on as before", () => {
  const peer = new Peer(V1_3, changeableBoard({ policy: IN_SESSIONS }));
  const session = peer.open();
  verified(peer.conversation.curve, requestIn(session.answer(getCsr(V1_3))));
  peer.keyExchange().refused(getCsr(V1_3), UNEXPECTED_REQUEST);
  const c = negotiated(V1_3, {}, changeableBoard());
  const request = concat(Uint8Array.of(V1_3, 0x83, 0, 0), new Uint8Array(40));
  const b = c.pair(Uint8Array.of(V1_3, 0x81, 0, 0));
  c.answer(getCsr(V1_3));
  assert.ok(c.isM1(b, request, c.answer(request)));
});

test("a requester's subject and attributes are taken over", () => {
  const c = negotiated(V1_3, { baseAsym: P256.algorithm }, changeableBoard());
  const password = sequence(tlv(0x06, fromHex("2a864886f70d010907")), tlv(0x31, tlv(0x0c, ascii("a password"))));
  const late = sequence(tlv(0x06, fromHex("2a03")), tlv(0x31, tlv(0x04), tlv(0x05)));
  const wish = info(P256, named("my device"), tlv(0xa0, password, late));
  const { subject, attributes } = verified(P256, requestIn(c.answer(getCsr(V1_3, { info: wish }))));
  assert.equal(subject, toHex(named("my device")));
  const places = [late, password].map((each) => attributes.indexOf(toHex(each)));
  const own = attributes.indexOf("06092a864886f70d01090e");
  // A set in DER is in order.
  assert.ok(places[0] === 0 && places[0] < places[1] && places[1] < own, `${places} ${own}`);
  // An empty subject wishes for nothing.
  const unnamed = verified(P256, requestIn(c.answer(getCsr(V1_3, { info: info(P256, sequence()) }))));
  assert.ok(toHex(chainOf(P256, 0)).includes(unnamed.subject));
});

test("a RequesterInfo that is none, or asks for what is not its requester's", () => {
  const c = negotiated(V1_3, { baseAsym: P256.algorithm }, changeableBoard());
  const refused = (bad: Uint8Array) => c.refused(getCsr(V1_3, { info: bad }), INVALID_REQUEST);
  const subject = named("x");
  const extensionRequest = sequence(
    tlv(0x06, fromHex("2a864886f70d01090e")),
    tlv(0x31, sequence(extension("551d13", "30030101ff", true))),
  );
  refused(sequence(tlv(0x02, Uint8Array.of(1)), subject, spkiOf(P256, 0), NO_ATTRIBUTES));
  refused(info(P256, subject, tlv(0xa0, extensionRequest)));
  refused(info(P256, subject, NO_ATTRIBUTES, spkiOf(P256, 4)));
  refused(info(P256, subject, NO_ATTRIBUTES, spkiOf(P384, 0)));
  refused(sequence(ZERO, subject, spkiOf(P256, 0))); // without attributes
  refused(concat(info(P256, subject), Uint8Array.of(0)));
  refused(info(P256, sequence(sequence())));
  refused(info(P256, sequence(tlv(0x31))));
  refused(info(P256, sequence(tlv(0x31, sequence(tlv(0x06, fromHex("550403")))))));
  refused(info(P256, subject, tlv(0xa0, sequence(tlv(0x06, fromHex("2a03"))))));
  refused(info(P256, subject, tlv(0xa0, sequence(tlv(0x06, fromHex("2a03")), tlv(0x31)))));
  refused(
    info(P256, subject, tlv(0xa0, sequence(tlv(0x06, fromHex("2a03")), tlv(0x31, Uint8Array.of(0x1f, 0x81, 0))))),
  );
  refused(Uint8Array.of(0x30, 0x80, 0, 0));
});

test("every truncation and bit flip of a request: ERROR, or a request that verifies", () => {
  for (const v of VERSIONS) {
    const c = negotiated(v, { baseAsym: P256.algorithm }, changeableBoard());
    const request = getCsr(v, { info: info(P256, named("device")), opaque: Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0) });
    c.answer(request);
    for (let length = 4; length < request.length; length++) {
      c.refused(request.subarray(0, length), INVALID_REQUEST);
    }
    for (let bit = 16; bit < 8 * request.length; bit++) {
      const broken = request.slice();
      broken[bit >> 3] ^= 1 << (bit & 7);
      const response = c.ask(broken);
      if (response[1] !== 0x7f) verified(P256, requestIn(response));
    }
    assert.deepEqual(c.board.faults, []);
  }
});

test("lengths that reach behind the message, and a request that has no room", () => {
  for (const v of VERSIONS) {
    const c = negotiated(v, { dataTransferSize: 400 }, changeableBoard());
    const size = c.refused(getCsr(v), RESPONSE_TOO_LARGE);
    assert.ok(readLe(size, 0, 4) > 400);
    for (const [infoLength, opaqueLength] of [
      [0xffff, 0],
      [0, 0xffff],
      [0xffff, 0xffff],
      [1, 0],
      [0, 8],
    ]) {
      const request = getCsr(v);
      request.set([infoLength & 0xff, infoLength >> 8, opaqueLength & 0xff, opaqueLength >> 8], 4);
      c.refused(request, INVALID_REQUEST);
    }
  }
});

test("opaque data: well formed, and only where they have a format", () => {
  const good = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0);
  const c = negotiated(V1_3, {}, changeableBoard());
  c.answer(getCsr(V1_3, { opaque: good }));
  c.refused(getCsr(V1_3, { opaque: Uint8Array.of(0, 0, 0, 0) }), INVALID_REQUEST);
  c.refused(getCsr(V1_3, { opaque: new Uint8Array(1028) }), INVALID_REQUEST);
  const without = negotiated(V1_3, { otherParams: 0 }, changeableBoard());
  without.refused(getCsr(V1_3, { opaque: good }), INVALID_REQUEST);
  without.answer(getCsr(V1_3));
});

test("key pairs, models and tags are not named where there is no choice", () => {
  for (const v of [V1_3, V1_4]) {
    const c = negotiated(v, {}, changeableBoard());
    c.refused(getCsr(v, { keyPairId: 1 }), INVALID_REQUEST);
    for (const param2 of [1, 2, 3, 7, 1 << 3, 7 << 3, (1 << 3) | 0x80])
      c.refused(getCsr(v, { param2 }), INVALID_REQUEST);
    c.answer(getCsr(v, { param2: 0x80 }));
  }
  negotiated(V1_2, {}, changeableBoard()).answer(getCsr(V1_2, { keyPairId: 0xff, param2: 0xff })); // reserved
});

test("slots that were emptied leave nothing to say, but the key", () => {
  const c = negotiated(V1_3, { baseAsym: P256.algorithm }, changeableBoard());
  // Slot 4 has another key, but says what the device is as long as it is there.
  for (const slot of [0, 1]) c.answer(Uint8Array.of(V1_3, 0xee, 0x80 | slot, 0));
  assert.ok(verified(P256, requestIn(c.answer(getCsr(V1_3)))).subject.includes(toHex(ascii("slot 4"))));
  c.answer(Uint8Array.of(V1_3, 0xee, 0x84, 0));
  const { subject, attributes } = verified(P256, requestIn(c.answer(getCsr(V1_3))));
  assert.equal(subject, "3000");
  assert.ok(!attributes.includes("0603551d11"));
  // Installed elsewhere, slot 0's chain speaks for the key again.
  c.answer(setCertificateRequest(V1_3, 6, spdmChainOf(P256, 0, c.hash)));
  assert.notEqual(verified(P256, requestIn(c.answer(getCsr(V1_3)))).subject, "3000");
});

test("1.1 has none, nor has a board without slots to change", () => {
  negotiated(V1_1, {}, changeableBoard()).refused(getCsr(V1_1), UNSUPPORTED_REQUEST, 0xed);
  negotiated(V1_2, {}, sessionBoard()).refused(getCsr(V1_2), UNSUPPORTED_REQUEST, 0xed);
});

const tagged = (tag: number): number => tag << 3;

function afterReset(c: Conversation, pending: Waiting): void {
  pending.reset();
  c.state = 0;
  c.reach(3);
}

test("a device that needs a reset: tags from 1.3 on", () => {
  for (const v of [V1_3, V1_4]) {
    const pending = new Waiting();
    const c = negotiated(v, { baseAsym: P256.algorithm }, changeableBoard({ pending }));
    const wish = { info: info(P256, named("x")) };
    c.refused(getCsr(v, { param2: tagged(1) }), UNEXPECTED_REQUEST);
    c.refused(getCsr(v), RESET_REQUIRED, 1);
    c.refused(getCsr(v, wish), RESET_REQUIRED, 2);
    c.refused(getCsr(v, { ...wish, param2: tagged(2) }), BUSY);
    afterReset(c, pending);
    verified(P256, requestIn(c.answer(getCsr(v, { param2: tagged(1) }))));
    const { subject } = verified(P256, requestIn(c.answer(getCsr(v, { ...wish, param2: tagged(2) }))));
    assert.equal(subject, toHex(named("x")));
    c.refused(getCsr(v, { param2: tagged(2) }), INVALID_REQUEST); // another one's tag
    c.refused(getCsr(v, { param2: tagged(3) }), UNEXPECTED_REQUEST);
    // Places of those that were handed out come last, for one that was lost on its way.
    for (const tag of [3, 4, 5, 6, 7, 1, 2]) c.refused(getCsr(v), RESET_REQUIRED, tag);
    c.refused(getCsr(v), BUSY);
    c.refused(getCsr(v, { param2: tagged(1) | 0x80 }), INVALID_REQUEST);
    c.refused(getCsr(v, { param2: 0x80 }), RESET_REQUIRED, 1);
    c.refused(getCsr(v, { param2: tagged(2) }), UNEXPECTED_REQUEST);
  }
});

test("a device that needs a reset: what can never be made does not wait for one", () => {
  const pending = new Waiting();
  const c = negotiated(V1_3, { baseAsym: P256.algorithm }, changeableBoard({ pending }));
  const foreign = spkiOf(P256, 0);
  foreign[foreign.length - 1] ^= 1;
  c.refused(getCsr(V1_3, { info: info(P256, named("x"), NO_ATTRIBUTES, foreign) }), INVALID_REQUEST);
  c.refused(getCsr(V1_3), RESET_REQUIRED, 1);
});

test("a device that needs a reset: 1.2 asks the same again", () => {
  const pending = new Waiting();
  const c = negotiated(V1_2, { baseAsym: P256.algorithm }, changeableBoard({ pending }));
  const wish = { info: info(P256, named("x")) };
  c.refused(getCsr(V1_2), RESET_REQUIRED);
  c.refused(getCsr(V1_2), RESET_REQUIRED);
  c.refused(getCsr(V1_2, wish), RESET_REQUIRED);
  afterReset(c, pending);
  c.refused(getCsr(V1_2), RESET_REQUIRED);
  afterReset(c, pending);
  verified(P256, requestIn(c.answer(getCsr(V1_2))));
});
