/**
 * The recorded conversations, between DMTF's own requester and responder: each message that src/messages knows decodes
 * and encodes back to the same bytes, and src/transcript.ts and src/signing.ts, led as a responder leads them, come to
 * the recorded hashes and to digests that the recorded signatures fit.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Hash } from "../../hal/crypto.js";
import {
  CHALLENGE,
  ERROR,
  GET_CAPABILITIES,
  GET_CERTIFICATE,
  GET_DIGESTS,
  GET_ENDPOINT_INFO,
  GET_MEASUREMENTS,
  GET_VERSION,
  NEGOTIATE_ALGORITHMS,
} from "../../src/exchange.js";
import { readRecord } from "../../src/measurement-block.js";
import { readError, writeError } from "../../src/messages/error.js";
import { CHALLENGE_AUTH_CONTEXT, ENDPOINT_INFO_CONTEXT, MEASUREMENTS_CONTEXT, verify } from "../../src/signing.js";
import { MeasurementRun, Transcript } from "../../src/transcript.js";
import { V1_2 } from "../../src/versions.js";
import { Reader, Writer } from "../../src/wire.js";
import { readLe, toHex } from "../support/bytes.js";
import { Decoder } from "../support/decoder.js";
import { board, digestOf, leafKeyOf } from "../support/fixture.js";
import { messagesOf, type Pair, pairsOf, RECORDINGS, type Recording } from "../support/vectors.js";

/**
 * What is in each recording: pairs of messages that src/ has codecs for, pairs it has none for, ERROR messages,
 * messages of an application, and signatures of a responder that are checked. Written down, so that none is skipped.
 */
const CONTENT: Readonly<Record<string, readonly number[]>> = {
  "v1.0-p256-nosession": [11, 0, 0, 0, 2],
  "v1.0-p384-nosession": [11, 0, 0, 0, 2],
  "v1.1-p384-kex-encrypted": [29, 0, 0, 4, 4],
  "v1.1-p384-psk": [20, 0, 0, 2, 3],
  "v1.2-p256-kex-encrypted": [29, 0, 0, 4, 4],
  "v1.2-p256-mutauth-w-encap": [39, 0, 0, 4, 4],
  "v1.2-p384-chunked": [38, 0, 12, 6, 5],
  "v1.2-p384-chunked-allcaps": [57, 0, 15, 6, 5],
  "v1.2-p384-kex-encrypted": [29, 0, 0, 4, 4],
  "v1.2-p384-psk": [20, 0, 0, 2, 3],
  "v1.3-p384-allcaps": [85, 0, 0, 6, 9],
  "v1.3-p384-kex-encrypted": [29, 0, 0, 4, 4],
  "v1.3-p384-mutauth-digests": [37, 0, 0, 4, 4],
  "v1.3-p384-psk": [20, 0, 0, 2, 3],
  "v1.4-mldsa65-mlkem768-kex": [25, 0, 5, 4, 4],
  "v1.4-p256-kex-encrypted": [29, 0, 0, 4, 4],
  "v1.4-p384-kex-encrypted": [29, 0, 0, 4, 4],
  "v1.4-p384-psk": [20, 0, 0, 2, 3],
};

for (const recording of RECORDINGS) {
  test(`${recording.name}: every message decodes and encodes back`, () => {
    const { messages, applicationCount } = messagesOf(recording);
    const pairs = pairsOf(messages);
    const decoder = new Decoder(recording);
    let decodedCount = 0;
    for (const pair of pairs) {
      const encoded = decoder.reencoded(pair);
      if (encoded === undefined) continue;
      decodedCount++;
      assert.equal(toHex(encoded[0]), toHex(pair.request), `request of frame ${pair.n}`);
      assert.equal(toHex(encoded[1]), toHex(pair.response), `response of frame ${pair.n}`);
    }
    let errorCount = 0;
    for (const { bytes } of messages) {
      if (bytes[1] !== ERROR) continue;
      errorCount++;
      const w = new Writer(new Uint8Array(bytes.length));
      w.bytes(bytes.subarray(0, 2));
      const r = new Reader(bytes);
      r.skip(2);
      writeError(w, readError(r));
      assert.equal(toHex(w.message), toHex(bytes));
    }
    assert.deepEqual(
      [decodedCount, pairs.length - decodedCount, errorCount, applicationCount],
      CONTENT[recording.name].slice(0, 4),
    );
  });
}

/** Leads the transcripts as a responder would, and compares them at each signature. */
class Walk {
  readonly recording: Recording;
  readonly decoder: Decoder;
  readonly transcript = new Transcript();
  readonly measured = new MeasurementRun();
  /** L1 of each session that measures. */
  readonly l1 = new Map<number, Hash>();
  /** SPDM chains as they came, by slot. */
  readonly chains = new Map<number, Uint8Array>();
  authenticated = false;
  checkedCount = 0;

  constructor(recording: Recording) {
    this.recording = recording;
    this.decoder = new Decoder(recording);
  }

  take(pair: Pair): void {
    const { transcript } = this;
    const code = pair.request[1];
    if (code === GET_ENDPOINT_INFO) {
      if (pair.session === undefined) this.measured.reset();
      else this.l1.delete(pair.session);
      this.#verify(pair, this.transcript.fork(), "ENDPOINT_INFO", ENDPOINT_INFO_CONTEXT);
      return;
    }
    if (code === GET_CERTIFICATE) this.chains.set(pair.request[2] & 0x0f, pair.response.subarray(8));
    if (pair.session !== undefined) {
      this.#inSession(pair, pair.session);
      return;
    }
    if (code !== GET_MEASUREMENTS) this.measured.reset();
    switch (code) {
      case GET_VERSION:
        transcript.reset();
        this.#addVca(pair);
        break;
      case GET_CAPABILITIES:
        this.#addVca(pair);
        break;
      case NEGOTIATE_ALGORITHMS:
        this.#addVca(pair);
        transcript.settle(this.decoder.suite.hash);
        break;
      case GET_DIGESTS:
        transcript.resetM1();
        transcript.addM1(pair.request, pair.response);
        break;
      case GET_CERTIFICATE:
        transcript.addM1(pair.request, pair.response);
        break;
      case CHALLENGE:
        this.#verify(pair, transcript.takeM1(), "CHALLENGE_AUTH", CHALLENGE_AUTH_CONTEXT);
        this.authenticated = true;
        break;
      case GET_MEASUREMENTS:
        if (!this.authenticated) transcript.resetM1();
        this.#measured(pair, this.measured.take(transcript, this.decoder.version), (l1) => this.measured.keep(l1));
        break;
      default:
        // Sessions, encapsulated requests and the like: before authentication, M1 begins anew after each.
        if (!this.authenticated) transcript.resetM1();
    }
  }

  #addVca(pair: Pair): void {
    this.transcript.addVca(pair.request);
    this.transcript.addVca(pair.response);
  }

  #inSession(pair: Pair, session: number): void {
    const { version, suite } = this.decoder;
    if (pair.request[1] !== GET_MEASUREMENTS) this.l1.delete(session);
    else {
      const l1 = this.l1.get(session) ?? (version >= V1_2 ? this.transcript.fork() : suite.hash.create());
      this.l1.delete(session);
      this.#measured(pair, l1, (kept) => this.l1.set(session, kept));
    }
  }

  /** A signature spends L1; without one it is kept. */
  #measured(pair: Pair, l1: Hash, keep: (l1: Hash) => void): void {
    if ((pair.request[2] & 1) !== 0) {
      this.#verify(pair, l1, "MEASUREMENTS", MEASUREMENTS_CONTEXT);
      return;
    }
    l1.update(pair.request);
    l1.update(pair.response);
    keep(l1);
  }

  #verify(pair: Pair, transcript: Hash, op: string, context: string): void {
    const { version, suite, curve } = this.decoder;
    const recorded = this.recording.signatures.find((s) => s.n === pair.n && s.op === op && s.by === "responder");
    assert.ok(recorded !== undefined, `no signature recorded in frame ${pair.n}`);
    const end = pair.response.length - suite.signatureLength;
    transcript.update(pair.request);
    transcript.update(pair.response.subarray(0, end));
    const hashed = new Uint8Array(suite.hash.outputLen);
    transcript.clone().digestInto(hashed);
    assert.equal(toHex(hashed), recorded.messageHash, `transcript of frame ${pair.n}`);

    const signature = pair.response.subarray(end);
    assert.equal(toHex(signature), recorded.signature);
    const key = leafKeyOf(curve, this.chains.get(recorded.slot)!);
    const signing = { version, hash: suite.hash, context };
    const other = transcript.clone();
    other.update(Uint8Array.of(0));
    assert.ok(verify(curve.verifier, key, signing, transcript, signature), `signature of frame ${pair.n}`);
    assert.ok(!verify(curve.verifier, key, signing, other, signature));
    this.checkedCount++;
  }
}

for (const recording of RECORDINGS) {
  test(`${recording.name}: every transcript and signature of the responder comes out`, () => {
    const walk = new Walk(recording);
    for (const pair of pairsOf(messagesOf(recording).messages)) walk.take(pair);
    assert.equal(walk.checkedCount, CONTENT[recording.name][4]);
    const ops = ["CHALLENGE_AUTH", "ENDPOINT_INFO", "MEASUREMENTS"];
    const recorded = recording.signatures.filter(({ by, op }) => by === "responder" && ops.includes(op));
    assert.equal(walk.checkedCount, recorded.length);
  });
}

/** The requests that our responder serves out of session, with what DMTF's answered. */
function served(recording: Recording): Pair[] {
  const codes = [GET_VERSION, GET_CAPABILITIES, NEGOTIATE_ALGORITHMS, GET_DIGESTS, GET_CERTIFICATE, CHALLENGE];
  codes.push(GET_MEASUREMENTS);
  const pairs = pairsOf(messagesOf(recording).messages);
  return pairs.filter(({ session, request }) => session === undefined && codes.includes(request[1]));
}

for (const recording of RECORDINGS) {
  // With chunks, which long signatures need too, CERTIFICATE has other portions; and we have no multi-key connections, which one recording asks for.
  if (["chunked", "allcaps", "mldsa65"].some((part) => recording.name.includes(part))) continue;
  test(`${recording.name}: our responder takes each request, and gives the same digests and chains`, () => {
    const { responder, faults } = board({ slots: [0, 1] });
    const { name } = recording;
    const buffer = new Uint8Array(4096);
    let sameCount = 0;
    for (const { n, request, response } of served(recording)) {
      const answer = toHex(buffer.subarray(0, responder.respond(request, buffer)));
      assert.equal(answer.slice(2, 4), toHex(response.subarray(1, 2)), `${name}, frame ${n}: ${answer}`);
      if (request[1] !== GET_DIGESTS && request[1] !== GET_CERTIFICATE) continue;
      assert.equal(answer, toHex(response));
      sameCount++;
    }
    assert.equal(sameCount, 6);
    assert.deepEqual(faults, []);
  });
}

test("MeasurementSummaryHash of all, as recorded, is the base hash of the measurement record", () => {
  for (const recording of RECORDINGS) {
    const { suite } = new Decoder(recording);
    const pairs = served(recording);
    const challenged = pairs.find(({ request }) => request[1] === CHALLENGE)!;
    const { response } = pairs.find(({ request }) => request[1] === GET_MEASUREMENTS)!;
    assert.equal(challenged.request[3], 0xff);
    const start = 4 + suite.hash.outputLen + 32;
    const summary = challenged.response.subarray(start, start + suite.hash.outputLen);
    const record = response.subarray(8, 8 + readLe(response, 5, 3));
    assert.equal(toHex(digestOf(suite.hash, record)), toHex(summary));
    assert.equal(readRecord(record, response[4]).length, 8);
  }
});
