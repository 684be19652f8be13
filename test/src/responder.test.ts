import assert from "node:assert/strict";
import { test } from "node:test";
import {
  INVALID_REQUEST,
  REQUEST_TOO_LARGE,
  UNEXPECTED_REQUEST,
  UNSPECIFIED,
  UNSUPPORTED_REQUEST,
  VERSION_MISMATCH,
} from "../../src/errors.js";
import {
  AFTER_CAPABILITIES,
  AFTER_VERSION,
  type Exchange,
  NEGOTIATED,
  NOT_STARTED,
  OUTSIDE_SESSION,
  type State,
} from "../../src/exchange.js";
import { algorithms } from "../../src/messages/algorithms.js";
import { capabilities } from "../../src/messages/capabilities.js";
import { challenge as challengeExchange } from "../../src/messages/challenge.js";
import { measurements } from "../../src/messages/measurements.js";
import { version as versionExchange } from "../../src/messages/version.js";
import { Responder } from "../../src/responder.js";
import { V1_0, V1_1, V1_2, V1_3, V1_4, VERSIONS, type Version } from "../../src/versions.js";
import { concat, readLe, toHex } from "../support/bytes.js";
import {
  board,
  Conversation,
  CURVES,
  digestOf,
  HASHES,
  negotiated,
  STATES,
  spdmChainOf,
  testIdentity,
} from "../support/fixture.js";
import {
  challenge,
  getCapabilities,
  getCertificate,
  getDigests,
  getMeasurements,
  getVersion,
  negotiateAlgorithms,
  vendorDefined,
} from "../support/requests.js";

for (const version of VERSIONS) {
  for (const curve of CURVES) {
    for (const { name, algorithm, engine } of HASHES) {
      test(`attestation in 1.${version - V1_0} with ${curve.name} and ${name}`, () => {
        const c = negotiated(version, { baseAsym: curve.algorithm, baseHash: algorithm });
        assert.equal(c.curve, curve);
        assert.equal(c.hash, engine);
        const b: Uint8Array[] = c.pair(getDigests(version));
        const digests = b[1];
        assert.equal(digests[3], 0x13);

        let chain: Uint8Array = new Uint8Array(0);
        do {
          b.push(...c.pair(getCertificate(version, 4, chain.length, 1000)));
          chain = concat(chain, b.at(-1)!.subarray(8));
        } while (readLe(b.at(-1)!, 6, 2) !== 0);
        assert.equal(toHex(chain), toHex(spdmChainOf(curve, 4, engine)));
        const digest = toHex(digestOf(engine, chain));
        assert.equal(digest, toHex(digests.subarray(4 + 2 * engine.outputLen)));

        const challenged = challenge(version, 4, 0xff);
        const auth = c.answer(challenged);
        assert.ok(c.isM1(b, challenged, auth, 4));
        assert.equal(toHex(auth.subarray(4, 4 + engine.outputLen)), digest);

        const count = c.pair(getMeasurements(version, 0, 0));
        const asked = getMeasurements(version, 1, 0xff, version === V1_0 ? 0 : 4);
        const measured = c.answer(asked);
        assert.ok(c.isL1(count, asked, measured, version === V1_0 ? 0 : 4));
        const record = measured.subarray(8, 8 + readLe(measured, 5, 3));
        const summary = auth.subarray(4 + engine.outputLen + 32, 4 + engine.outputLen * 2 + 32);
        assert.equal(toHex(summary), toHex(digestOf(engine, record)));
        assert.deepEqual(c.board.faults, []);
      });
    }
  }
}

test("all eight slots prove themselves", () => {
  const slots = [0, 1, 2, 3, 4, 5, 6, 7];
  const c = negotiated(V1_2, { baseAsym: 0x10, baseHash: 1 }, board({ slots }));
  for (const slot of slots) {
    const expected = spdmChainOf(c.curve, slot, c.hash);
    const certificate = c.pair(getCertificate(V1_2, slot));
    assert.equal(toHex(certificate[1].subarray(8)), toHex(expected));
    const challenged = challenge(V1_2, slot);
    const auth = c.answer(challenged);
    assert.equal(auth[3], 0xff);
    assert.ok(c.isM1(certificate, challenged, auth, slot));
    const asked = getMeasurements(V1_2, 1, 1, slot);
    assert.ok(c.isL1([], asked, c.answer(asked), slot));
  }
});

type Request = (version: Version) => Uint8Array;

/** The requests, with the state each is taken in; undefined: in any. */
const REQUESTS: readonly (readonly [name: string, request: Request, state: State | undefined])[] = [
  ["GET_VERSION", getVersion, undefined],
  ["GET_CAPABILITIES", getCapabilities, AFTER_VERSION],
  ["NEGOTIATE_ALGORITHMS", negotiateAlgorithms, AFTER_CAPABILITIES],
  ["GET_DIGESTS", getDigests, NEGOTIATED],
  ["GET_CERTIFICATE", getCertificate, NEGOTIATED],
  ["CHALLENGE", challenge, NEGOTIATED],
  ["GET_MEASUREMENTS", getMeasurements, NEGOTIATED],
  ["VENDOR_DEFINED_REQUEST", (version) => vendorDefined(version, 7, [0x98, 0x1e], [1]), NEGOTIATED],
];
const STATE_NAMES = ["before VERSION", "after VERSION", "after CAPABILITIES", "after ALGORITHMS"];

for (const [name, request, taken] of REQUESTS) {
  for (const state of STATES) {
    const isTaken = taken === undefined || taken === state;
    test(`${name} ${STATE_NAMES[state]} is ${isTaken ? "answered" : "an UnexpectedRequest"}`, () => {
      for (const version of VERSIONS) {
        // Until GET_CAPABILITIES has chosen, the version is 1.0.
        const spoken = state < AFTER_CAPABILITIES && !isTaken ? V1_0 : version;
        const c = new Conversation(version).reach(state);
        if (isTaken) c.answer(request(version));
        else {
          c.refused(request(spoken), UNEXPECTED_REQUEST, 0, spoken);
          // And nothing has come of it.
          c.reach(NEGOTIATED).answer(getDigests(version));
        }
      }
    });
  }
}

test("in a negotiated connection every other version is a VersionMismatch, in the negotiated one", () => {
  for (const version of VERSIONS) {
    for (const [name, request] of REQUESTS) {
      if (name === "GET_VERSION") continue;
      for (const other of [0x00, 0x0f, ...VERSIONS, 0x15, 0x22, 0xff]) {
        if (other === version) continue;
        const bytes = request(version);
        bytes[0] = other;
        negotiated(version).refused(bytes, VERSION_MISMATCH);
      }
    }
  }
});

test("ERROR is in 1.0 until a version is chosen, also after a new GET_VERSION", () => {
  const c = new Conversation(V1_3);
  c.refused(Uint8Array.of(V1_3, 0x05, 0, 0), UNSUPPORTED_REQUEST, 0x05, V1_0);
  c.reach(AFTER_VERSION);
  c.refused(Uint8Array.of(V1_3, 0xe4, 0, 0), UNSUPPORTED_REQUEST, 0xe4, V1_0);
  c.reach(NEGOTIATED);
  c.refused(Uint8Array.of(V1_3, 0xe4, 0, 0), UNSUPPORTED_REQUEST, 0xe4, V1_3);
  c.answer(getVersion());
  c.refused(getDigests(V1_3), VERSION_MISMATCH, 0, V1_0);
});

test("every code without an exchange is an UnsupportedRequest with the code, in every state", () => {
  const served = [0x81, 0x82, 0x83, 0x84, 0xe0, 0xe1, 0xe3, 0xfe];
  for (const state of STATES) {
    const c = new Conversation(V1_2).reach(state);
    for (let code = 0; code < 256; code++) {
      if (served.includes(code)) continue;
      c.refused(Uint8Array.of(V1_2, code, 0, 0), UNSUPPORTED_REQUEST, code, state >= AFTER_CAPABILITIES ? V1_2 : V1_0);
    }
  }
});

test("an exchange that the board does not list is an UnsupportedRequest, and its capability is not shown", () => {
  const on = board({ exchanges: [versionExchange, capabilities, algorithms, measurements] });
  const c = new Conversation(V1_2, {}, on).reach(AFTER_VERSION);
  assert.equal(readLe(c.answer(getCapabilities(V1_2)), 8, 4), 0x10);
  c.answer(negotiateAlgorithms(V1_2));
  for (const request of [getDigests(V1_2), getCertificate(V1_2), challenge(V1_2)]) {
    c.refused(request, UNSUPPORTED_REQUEST, request[1]);
  }
  c.answer(getMeasurements(V1_2));
});

test("an exchange is an UnsupportedRequest before the version that has it", () => {
  const later: Exchange = {
    request: 0x87,
    since: V1_3,
    after: NEGOTIATED,
    channels: OUTSIDE_SESSION,
    capability: 0,
    peerCapability: 0,
    endsM1: false,
    respond: (_, request, response) => response.bytes(request.bytes(2)),
  };
  const exchanges = [versionExchange, capabilities, algorithms, challengeExchange, later];
  for (const version of VERSIONS) {
    const c = negotiated(version, {}, board({ exchanges }));
    const request = Uint8Array.of(version, 0x87, 5, 6);
    if (version < V1_3) c.refused(request, UNSUPPORTED_REQUEST, 0x87);
    else assert.equal(toHex(c.answer(request)), toHex(Uint8Array.of(version, 0x07, 5, 6)));
  }
});

test("less than a header is an InvalidRequest", () => {
  for (const version of VERSIONS) {
    const c = negotiated(version);
    for (let length = 0; length < 4; length++) {
      for (const [, request] of REQUESTS) {
        const response = new Uint8Array(64);
        assert.equal(c.board.responder.respond(request(version).subarray(0, length), response), 4);
        assert.equal(toHex(response.subarray(0, 4)), toHex(Uint8Array.of(version, 0x7f, INVALID_REQUEST, 0)));
      }
    }
  }
});

test("a request beyond the board's DataTransferSize is a RequestTooLarge from 1.2 on, before an InvalidRequest", () => {
  for (const version of VERSIONS) {
    const c = negotiated(version, {}, board({ dataTransferSize: 256 }));
    const fits = new Uint8Array(256);
    fits.set(getDigests(version));
    c.answer(fits);
    const tooLong = concat(fits, new Uint8Array(1));
    c.refused(tooLong, version >= V1_2 ? REQUEST_TOO_LARGE : INVALID_REQUEST);
  }
});

test("a failing random source or key is Unspecified, is told to the board, and does not outlive the request", () => {
  for (const version of VERSIONS) {
    let isBroken = false;
    const random = (out: Uint8Array) => {
      if (isBroken) throw new Error("random source failed");
      out.fill(3);
    };
    const c = negotiated(version, {}, board({ random }));
    c.pair(getDigests(version));
    const unsigned = c.pair(getMeasurements(version, 0, 0));
    assert.equal(unsigned.length, 2);
    isBroken = true;
    for (const request of [getMeasurements(version), challenge(version)]) {
      assert.equal(toHex(c.ask(request)), toHex(Uint8Array.of(version, 0x7f, UNSPECIFIED, 0)));
    }
    assert.equal(c.board.faults.length, 2);
    isBroken = false;
    const request = getMeasurements(version);
    assert.ok(c.isL1([], request, c.answer(request)));
  }
});

test("a signature that fails spends M1 and L1", () => {
  let isBroken = false;
  const [curve] = CURVES;
  const identity = testIdentity(curve, [0]);
  const sign: typeof identity.sign = (...given) => {
    if (isBroken) throw new Error("no key");
    identity.sign(...given);
  };
  const on = board({ baseAsym: [{ algorithm: curve.algorithm, identity: { ...identity, sign } }] });
  const c = negotiated(V1_2, {}, on);
  for (const request of [challenge(V1_2), getMeasurements(V1_2)]) {
    c.answer(challenge(V1_2));
    c.pair(getDigests(V1_2));
    c.pair(getMeasurements(V1_2, 0));
    isBroken = true;
    assert.equal(toHex(c.ask(request)), toHex(Uint8Array.of(V1_2, 0x7f, UNSPECIFIED, 0)));
    isBroken = false;
    assert.ok(request[1] !== 0xe0 || c.isL1([], request, c.answer(request)));
    assert.ok(request[1] !== 0x83 || c.isM1([], request, c.answer(request)));
  }
  assert.equal(on.faults.length, 2);
});

test("GET_VERSION starts over from every state: what was negotiated is gone", () => {
  for (const state of STATES) {
    const on = board();
    new Conversation(V1_4, {}, on).reach(state);
    const c = new Conversation(V1_1, { baseAsym: 0x10, baseHash: 1 }, on).reach(AFTER_VERSION);
    for (const request of [getDigests, challenge, negotiateAlgorithms]) {
      c.refused(request(V1_0), UNEXPECTED_REQUEST, 0, V1_0);
      c.refused(request(V1_4), VERSION_MISMATCH, 0, V1_0);
    }
    c.reach(NEGOTIATED);
    const request = challenge(V1_1);
    assert.ok(c.isM1([], request, c.answer(request)));
  }
});

test("DataTransferSize of an earlier connection does not bind a later one", () => {
  const on = board();
  negotiated(V1_2, { dataTransferSize: 42 }, on);
  negotiated(V1_1, {}, on).answer(challenge(V1_1));
  negotiated(V1_2, {}, on).answer(challenge(V1_2));
});

test("responders do not share state", () => {
  const a = negotiated(V1_2);
  const b = new Conversation(V1_4).reach(AFTER_VERSION);
  a.pair(getDigests(V1_2));
  b.reach(NEGOTIATED);
  b.answer(challenge(V1_4));
  assert.equal(a.answer(getDigests(V1_2))[0], V1_2);
  assert.equal(new Conversation(V1_0).reach(NOT_STARTED).state, NOT_STARTED);
});

test("a board that lists measurements without having any is not made", () => {
  const options = {
    versions: VERSIONS,
    baseHash: HASHES,
    baseAsym: [],
    ctExponent: 20,
    dataTransferSize: 42,
    random() {},
  };
  new Responder({ ...options, exchanges: [versionExchange] });
  assert.throws(() => new Responder({ ...options, exchanges: [measurements] }), /^Error: no measurements to serve$/);
});
