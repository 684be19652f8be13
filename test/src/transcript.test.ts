/**
 * What the signatures of a responder cover after this and that: M1 and L1 put together here from the raw messages,
 * and when each begins anew.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { INVALID_REQUEST } from "../../src/errors.js";
import { MeasurementRun, Transcript } from "../../src/transcript.js";
import { V1_1, V1_2, V1_4, VERSIONS, type Version } from "../../src/versions.js";
import { ascii, toHex } from "../support/bytes.js";
import { board, type Conversation, digestOf, HASHES, negotiated } from "../support/fixture.js";
import {
  challenge,
  getCertificate,
  getDigests,
  getMeasurements,
  negotiateAlgorithms,
  vendorDefined,
} from "../support/requests.js";

/** Asks for a signature and asserts that it covers `b`, the exchanges since M1 began. */
function assertM1(conversation: Conversation, ...b: readonly (readonly Uint8Array[])[]): void {
  const request = challenge(conversation.version, 0, 1);
  assert.ok(conversation.isM1(b.flat(), request, conversation.answer(request)));
}

/** Likewise for the measurements since L1 began. */
function assertL1(conversation: Conversation, ...m: readonly (readonly Uint8Array[])[]): void {
  const request = getMeasurements(conversation.version);
  assert.ok(conversation.isL1(m.flat(), request, conversation.answer(request)));
}

const digests = (c: Conversation) => c.pair(getDigests(c.version));
const portion = (c: Conversation, offset: number) => c.pair(getCertificate(c.version, 1, offset, 700));
const measure = (c: Conversation, operation = 0xff) => c.pair(getMeasurements(c.version, 0, operation));
const vendor = (version: Version) => vendorDefined(version, 7, [0x98, 0x1e], [1]);

function inEachVersion(name: string, body: (conversation: Conversation, version: Version) => void): void {
  test(name, () => {
    for (const version of VERSIONS) body(negotiated(version, { baseAsym: 0x10, baseHash: 1 }), version);
  });
}

inEachVersion("M1 is VCA and the challenge, if nothing else was asked", (c) => assertM1(c));

inEachVersion("M1 has digests and certificates in the order they were asked for", (c) => {
  assertM1(c, digests(c), portion(c, 0), portion(c, 700), portion(c, 5));
});

inEachVersion("M1 has certificates that were asked for without digests", (c) => assertM1(c, portion(c, 0)));

inEachVersion("each GET_DIGESTS begins M1 anew", (c) => {
  digests(c);
  portion(c, 0);
  assertM1(c, digests(c), portion(c, 700));
});

inEachVersion("CHALLENGE spends M1", (c) => {
  assertM1(c, digests(c));
  assertM1(c);
  assertM1(c, portion(c, 0));
});

inEachVersion("GET_MEASUREMENTS before authentication clears M1, after it does not", (c) => {
  digests(c);
  measure(c);
  assertM1(c);
  const asked = digests(c);
  measure(c);
  assertM1(c, asked);
});

inEachVersion("a refused GET_MEASUREMENTS clears M1 before authentication, too", (c, version) => {
  digests(c);
  c.refused(getMeasurements(version, 0, 0x77), INVALID_REQUEST);
  assertM1(c);
});

inEachVersion(
  "a refused CHALLENGE, GET_CERTIFICATE or other request is not part of M1 and does not clear it",
  (c, v) => {
    const asked = [digests(c)];
    c.refused(challenge(v, 7), INVALID_REQUEST);
    c.refused(getCertificate(v, 7), INVALID_REQUEST);
    c.ask(Uint8Array.of(v, 0xe4, 0, 0));
    asked.push(portion(c, 0));
    c.refused(getDigests(v).subarray(0, 3), INVALID_REQUEST);
    assertM1(c, ...asked);
  },
);

inEachVersion("a vendor's request is not part of M1 and does not clear it", (c, version) => {
  const asked = digests(c);
  c.answer(vendor(version));
  assertM1(c, asked);
});

inEachVersion("L1 has all measurements since it began, and from 1.2 on VCA before them", (c) => {
  assertL1(c);
  assertL1(c, measure(c, 0), measure(c, 1), measure(c, 2));
});

inEachVersion("a signature spends L1", (c) => {
  assertL1(c, measure(c));
  assertL1(c);
  assertL1(c, measure(c, 0));
});

inEachVersion("every other request that is answered ends L1", (c, version) => {
  for (const request of [getDigests(version), getCertificate(version), challenge(version), vendor(version)]) {
    measure(c);
    c.answer(request);
    assertL1(c);
  }
});

inEachVersion("every other request that is refused ends L1", (c, version) => {
  const refused = [
    getCertificate(version, 7),
    challenge(version, 7),
    negotiateAlgorithms(version),
    vendorDefined(version, 7, [0, 0], []),
    Uint8Array.of(version, 0xe4, 0, 0),
    Uint8Array.of(version, 0x81, 0),
    Uint8Array.of(0x1f, 0x81, 0, 0),
  ];
  for (const request of refused) {
    measure(c);
    assert.equal(c.ask(request)[1], 0x7f);
    assertL1(c);
  }
});

inEachVersion("every ERROR to GET_MEASUREMENTS ends L1", (c, version) => {
  const full = getMeasurements(version);
  const wrongVersion = full.slice();
  wrongVersion[0] = 0x1f;
  const tooLong = new Uint8Array(5000);
  tooLong.set(full);
  const refused = [
    getMeasurements(version, 0, 0x77),
    getMeasurements(version, 1, 0x77),
    full.subarray(0, 30),
    full.subarray(0, 3),
    wrongVersion,
    tooLong,
  ];
  for (const request of refused) {
    measure(c);
    assert.equal(c.ask(request)[1], 0x7f);
    assertL1(c);
  }
});

inEachVersion("M1 and L1 do not mix", (c) => {
  assertM1(c, digests(c));
  const asked = digests(c);
  assertL1(c, measure(c));
  assertM1(c, asked);
});

test("GET_VERSION forgets VCA, M1 and L1", () => {
  for (const version of VERSIONS) {
    for (const next of [V1_1, V1_2, V1_4]) {
      const on = board();
      const before = negotiated(version, { baseAsym: 0x80, baseHash: 2 }, on);
      digests(before);
      measure(before);
      const challenged = negotiated(next, { baseAsym: 0x10, baseHash: 1 }, on);
      assertM1(challenged);
      const measured = negotiated(next, { baseAsym: 0x10, baseHash: 4 }, on);
      assertL1(measured);
      // Authentication is forgotten as well: measurements clear M1 again.
      digests(measured);
      measure(measured);
      assertM1(measured);
    }
  }
});

test("GET_VERSION forgets authentication", () => {
  const on = board();
  assertM1(negotiated(V1_2, {}, on));
  const again = negotiated(V1_2, {}, on);
  digests(again);
  measure(again);
  assertM1(again);
});

test("the longest VCA fits", () => {
  const tables = [2, 3, 4, 5, 6, 7].map((type) => [type, 0x20, 1] as const);
  const flags = 26310;
  const c = negotiated(V1_4, { tables, extAsymCount: 9, extHashCount: 9, flags });
  assert.equal(c.vca.length, 248);
  assertM1(c);
});

test("forks of a transcript are independent of each other", () => {
  for (const { engine } of HASHES) {
    const transcript = new Transcript();
    transcript.addVca(ascii("version "));
    transcript.addVca(ascii("algorithms "));
    transcript.settle(engine);
    const finish = (hash: ReturnType<Transcript["fork"]>) => {
      const digest = new Uint8Array(engine.outputLen);
      hash.digestInto(digest);
      return toHex(digest);
    };
    transcript.addM1(ascii("b "), ascii("B "));
    const run = new MeasurementRun();
    const l1 = run.take(transcript, V1_2);
    l1.update(ascii("m"));
    run.keep(l1);
    assert.ok(run.begun);
    assert.equal(finish(run.take(transcript, V1_2)), toHex(digestOf(engine, ascii("version algorithms m"))));
    assert.equal(finish(transcript.takeM1()), toHex(digestOf(engine, ascii("version algorithms b B "))));
    assert.equal(finish(transcript.takeM1()), toHex(digestOf(engine, ascii("version algorithms "))));
    assert.equal(finish(run.take(transcript, V1_1)), toHex(digestOf(engine)));
    assert.ok(!run.begun);
  }
});
