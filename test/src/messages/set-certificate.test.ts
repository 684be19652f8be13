/** SET_CERTIFICATE: what is installed is shown, what is not good is refused, and what was there stays then. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  DATA_TOO_LARGE,
  INVALID_REQUEST,
  OPERATION_FAILED,
  RESET_REQUIRED,
  UNEXPECTED_REQUEST,
  UNSPECIFIED,
  UNSUPPORTED_REQUEST,
} from "../../../src/errors.js";
import { AFTER_CAPABILITIES } from "../../../src/exchange.js";
import { setCertificate } from "../../../src/messages/set-certificate.js";
import { V1_1, V1_2, V1_3, V1_4, type Version } from "../../../src/versions.js";
import { concat, readLe, toHex, u32 } from "../../support/bytes.js";
import {
  changeableBoard,
  ENGINES,
  eraseRequest,
  IN_SESSIONS,
  recalling,
  setCertificateRequest,
  TRUSTED,
} from "../../support/certificate-slots.js";
import {
  board,
  Conversation as Connection,
  type Conversation,
  CURVES,
  chainOf,
  digestOf,
  HASHES,
  negotiated,
  spdmChainOf,
} from "../../support/fixture.js";
import { requesterPath, spdmChain, split } from "../../support/requester-chain.js";
import { getCertificate, getDigests, getVersion } from "../../support/requests.js";
import { EXCHANGES, Peer, sessionBoard } from "../../support/session.js";

const VERSIONS: readonly Version[] = [V1_2, V1_3, V1_4];
const P384 = CURVES[1];

/** Digests in DIGESTS, by slot. */
function digestsOf(c: Conversation, response = c.answer(getDigests(c.version))): Map<number, string> {
  const map = new Map<number, string>();
  let at = 4;
  for (let slot = 0; slot < 8; slot++) {
    if ((response[3] & (1 << slot)) === 0) continue;
    map.set(slot, toHex(response.subarray(at, at + c.hash.outputLen)));
    at += c.hash.outputLen;
  }
  return map;
}

const given = (c: Conversation, slot: number): Uint8Array => spdmChainOf(P384, slot, c.hash);
const digestIn = (c: Conversation, chain: Uint8Array): string => toHex(digestOf(c.hash, chain));

test("a chain is shown where it was installed, and signs there", () => {
  for (const v of VERSIONS) {
    const c = negotiated(v, {}, changeableBoard());
    const before = digestsOf(c);
    const chain = given(c, 4);
    for (const slot of [0, 4, 7]) {
      assert.equal(toHex(c.answer(setCertificateRequest(v, slot, chain))), toHex(Uint8Array.of(v, 0x6e, slot, 0)));
      const after = digestsOf(c);
      assert.equal(after.get(slot), digestIn(c, chain));
      assert.equal(after.get(1), before.get(1));
      const shown = c.answer(getCertificate(v, slot));
      assert.equal(toHex(shown.subarray(8)), toHex(chain));
    }
    // Another connection sees the same.
    c.answer(getVersion());
    const again = new Connection(v, {}, c.board).reach(3);
    assert.equal(digestsOf(again).get(7), digestIn(c, chain));
  }
});

test("CHALLENGE is signed by the key of the chain that was installed last", () => {
  for (const v of VERSIONS) {
    const c = negotiated(v, {}, changeableBoard());
    c.answer(setCertificateRequest(v, 0, given(c, 4)));
    const b = [...c.pair(getDigests(v)), ...c.pair(getCertificate(v, 0))];
    const request = concat(Uint8Array.of(v, 0x83, 0, 0), new Uint8Array(v >= V1_3 ? 40 : 32));
    assert.ok(c.isM1(b, request, c.answer(request), 4));
  }
});

test("elsewhere than in a trusted environment: in sessions, and not slot 0", () => {
  for (const v of VERSIONS) {
    const peer = new Peer(v, changeableBoard({ policy: IN_SESSIONS }));
    const c = peer.conversation;
    for (const slot of [0, 1, 7]) c.refused(setCertificateRequest(v, slot, given(c, 4)), UNEXPECTED_REQUEST);
    for (const usesPsk of [false, true]) {
      const session = peer.open(usesPsk);
      session.refused(setCertificateRequest(v, 0, given(c, 4)), UNEXPECTED_REQUEST);
      session.answer(setCertificateRequest(v, 2, given(c, 4)));
      assert.equal(digestsOf(c, session.answer(getDigests(v))).get(2), digestIn(c, given(c, 4)));
      assert.ok(session.isAlive);
    }
    const handshake = peer.keyExchange();
    handshake.refused(setCertificateRequest(v, 2, given(c, 4)), UNEXPECTED_REQUEST);
  }
});

test("requesters that must have proved themselves: pre-shared keys do, anonymous sessions do not", () => {
  const peer = new Peer(V1_3, changeableBoard({ policy: { ...IN_SESSIONS, provenRequesters: true } }));
  const request = setCertificateRequest(V1_3, 2, given(peer.conversation, 0));
  peer.open().refused(request, UNEXPECTED_REQUEST);
  peer.open(true).answer(request);
});

test("erasing", () => {
  const c = negotiated(V1_3, {}, changeableBoard());
  c.answer(eraseRequest(4));
  assert.deepEqual([...digestsOf(c).keys()], [0, 1]);
  c.refused(getCertificate(V1_3, 4), INVALID_REQUEST);
  c.answer(eraseRequest(4)); // there is nothing, as was asked for
  c.refused(concat(eraseRequest(1), Uint8Array.of(0)), INVALID_REQUEST);
  c.refused(setCertificateRequest(V1_3, 0x81 | 0x10, new Uint8Array(0)), INVALID_REQUEST);
  assert.deepEqual([...digestsOf(c).keys()], [0, 1]);
  // The slot is still one that takes a chain, and its key is still the device's.
  assert.equal(c.answer(getDigests(V1_3))[2], 0xff);
  c.answer(setCertificateRequest(V1_3, 6, given(c, 4)));
  // 1.2 knows no Erase: the bit is reserved, and a chain is missing.
  const old = negotiated(V1_2, {}, changeableBoard());
  old.refused(Uint8Array.of(V1_2, 0xee, 0x84, 0), INVALID_REQUEST);
});

test("fields: slots, key pairs and models that are not to be named", () => {
  for (const v of VERSIONS) {
    const c = negotiated(v, {}, changeableBoard());
    const chain = given(c, 0);
    for (const slot of [8, 9, 15]) c.refused(setCertificateRequest(v, slot, chain), INVALID_REQUEST);
    if (v === V1_2) {
      c.answer(setCertificateRequest(v, 0x71, chain, 0xff)); // reserved
    } else {
      for (const model of [1, 2, 3, 4, 7])
        c.refused(setCertificateRequest(v, (model << 4) | 1, chain), INVALID_REQUEST);
      c.refused(setCertificateRequest(v, 1, chain, 1), INVALID_REQUEST);
    }
  }
});

test("a slot's size: what GET_CERTIFICATE says of it fits, and a byte more is refused, and nothing is lost", () => {
  for (const v of VERSIONS) {
    const { length } = chainOf(P384, 0);
    const c = negotiated(v, {}, changeableBoard({ capacity: length }));
    const most = 4 + c.hash.outputLen + length;
    if (v >= V1_3) assert.equal(readLe(c.answer(getCertificate(v, 5, 0, 0, 1)), 6, 2), most);
    c.answer(setCertificateRequest(v, 5, given(c, 0)));
    const small = negotiated(v, {}, changeableBoard({ capacity: length - 1 }));
    const before = digestsOf(small);
    const request = setCertificateRequest(v, 0, given(small, 0));
    if (v === V1_4) assert.equal(toHex(small.refused(request, DATA_TOO_LARGE)), toHex(Uint8Array.from(u32(most - 1))));
    else small.refused(request, v === V1_2 ? UNSPECIFIED : OPERATION_FAILED);
    assert.deepEqual(digestsOf(small), before);
  }
});

test("a medium that fails, and one that needs a reset", () => {
  for (const v of VERSIONS) {
    const save = () => {
      throw new Error("worn out");
    };
    const c = negotiated(v, {}, changeableBoard({ save }));
    const before = digestsOf(c);
    c.refused(setCertificateRequest(v, 1, given(c, 4)), UNSPECIFIED);
    if (v >= V1_3) c.refused(eraseRequest(1, v), OPERATION_FAILED);
    assert.deepEqual(digestsOf(c), before);

    const on = changeableBoard({ needsReset: true });
    const later = negotiated(v, {}, on);
    const request = setCertificateRequest(v, 4, given(later, 0));
    later.refused(request, RESET_REQUIRED);
    later.refused(getDigests(v), RESET_REQUIRED);
    later.refused(getCertificate(v, 4), RESET_REQUIRED);
    later.answer(getCertificate(v, 0));
    for (const identity of on.identities) identity.reset();
    const after = new Connection(v, {}, on).reach(3);
    assert.equal(digestsOf(after).get(4), digestIn(after, given(after, 0)));
  }
});

test("chains that are not the device's, not a path, or of another model", () => {
  const c = negotiated(V1_3, {}, changeableBoard());
  const before = digestsOf(c);
  const refused = (chain: Uint8Array, code = UNSPECIFIED) => c.refused(setCertificateRequest(V1_3, 1, chain), code);
  const [root, intermediate, leaf] = split(chainOf(P384, 0));
  const chain = (...certificates: Uint8Array[]) => spdmChain(c.hash, root, ...certificates);

  refused(spdmChain(c.hash, requesterPath(P384)[0], ...requesterPath(P384))); // a requester's, with another key
  refused(spdmChainOf(CURVES[0], 0, c.hash)); // the device's, of another algorithm
  refused(chain(root, leaf));
  refused(chain(root, intermediate));
  refused(chain(leaf, intermediate, root));
  refused(chain(root, intermediate, leaf, leaf));
  refused(chain(intermediate, leaf)); // whose RootHash names no certificate of the chain
  refused(spdmChain(c.hash, intermediate, intermediate, leaf)); // whose first certificate is no root
  refused(spdmChain(HASHES[0].engine, root, root, intermediate, leaf)); // RootHash by another hash
  refused(chain(root, intermediate, leaf.subarray(0, -1)));
  refused(chain(), INVALID_REQUEST);
  for (let length = 0; length < 4 + c.hash.outputLen; length += 7)
    refused(chain(root).subarray(0, length), INVALID_REQUEST);
  assert.deepEqual(digestsOf(c), before);

  c.answer(setCertificateRequest(V1_3, 1, concat(chain(root, intermediate, leaf), Uint8Array.of(1, 2, 3)))); // trailing
  const expired = negotiated(V1_3, {}, changeableBoard({ calendar: () => 0 }));
  expired.refused(setCertificateRequest(V1_3, 1, given(expired, 0)), UNSPECIFIED);
});

test("every truncation and every bit flip of a request: refused, or the same chain is installed", () => {
  for (const v of VERSIONS) {
    // P-256's signatures take less time.
    const offer = { baseAsym: 0x10 };
    const c = negotiated(v, offer, changeableBoard({ verifiers: recalling() }));
    const chain = spdmChainOf(CURVES[0], 4, c.hash);
    const request = setCertificateRequest(v, 1, chain);
    c.answer(setCertificateRequest(v, 4, chain));
    const before = digestsOf(c);
    for (let length = 4; length < request.length; length++) {
      assert.equal(c.ask(request.subarray(0, length))[1], 0x7f, `${length} bytes`);
    }
    assert.deepEqual(digestsOf(c), before);
    const step = v === V1_3 ? 1 : 23;
    for (let bit = 32; bit < 8 * request.length; bit += step) {
      const broken = request.slice();
      broken[bit >> 3] ^= 1 << (bit & 7);
      const reserved = v < V1_4 && (bit >> 3 === 6 || bit >> 3 === 7);
      const response = c.ask(broken);
      assert.equal(response[1], reserved ? 0x6e : 0x7f, `bit ${bit}: ${toHex(response)}`);
    }
    for (let bit = 0; bit < 32; bit++) {
      const broken = request.slice();
      broken[bit >> 3] ^= 1 << (bit & 7);
      if (bit >> 3 !== 1) c.ask(broken);
    }
    assert.deepEqual(c.board.faults, []);
  }
});

test("1.1 has none, nor has a board without slots to change; and not before ALGORITHMS", () => {
  const c = negotiated(V1_1, {}, changeableBoard());
  c.refused(setCertificateRequest(V1_1, 1, given(c, 0)), UNSUPPORTED_REQUEST, 0xee);
  negotiated(V1_2, {}, sessionBoard()).refused(setCertificateRequest(V1_2, 1, given(c, 0)), UNSUPPORTED_REQUEST, 0xee);
  const early = new Connection(V1_2, {}, changeableBoard()).reach(AFTER_CAPABILITIES);
  early.refused(setCertificateRequest(V1_2, 1, given(c, 0)), UNEXPECTED_REQUEST);
  const exchange = setCertificate({ ...ENGINES, policy: TRUSTED });
  assert.throws(() => board({ exchanges: [...EXCHANGES.slice(0, 7), exchange] }), /no certificate slots/);
  assert.throws(() => board({ exchanges: [...EXCHANGES.slice(0, 3), exchange] }), /no certificates/);
});
