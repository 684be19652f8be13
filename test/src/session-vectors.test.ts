/**
 * The recorded sessions: TH put together from the messages as they came, with each signature and verify data over it; and
 * each record opened and sealed, byte for byte, by a `Session` for each side.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Hash } from "../../hal/crypto.js";
import { portablePskStore } from "../../hal/portable/psk.js";
import { MULTI_KEY_CONN } from "../../src/algorithms.js";
import { HANDSHAKE_IN_THE_CLEAR_CAP } from "../../src/capabilities.js";
import * as codes from "../../src/exchange.js";
import { HandshakeSecret } from "../../src/key-schedule.js";
import { UPDATE_ALL_KEYS, UPDATE_KEY, VERIFY_NEW_KEY } from "../../src/messages/key-update.js";
import { REQUESTER, RESPONDER, Session } from "../../src/session.js";
import {
  FINISH_CONTEXT,
  KEY_EXCHANGE_RSP_CONTEXT,
  REQUESTER_CHALLENGE_AUTH_CONTEXT,
  verify,
} from "../../src/signing.js";
import { Transcript } from "../../src/transcript.js";
import { V1_2, V1_4 } from "../../src/versions.js";
import { concat, fromHex, readLe, toHex } from "../support/bytes.js";
import { asymOf } from "../support/decoder.js";
import { digestOf, hashOf, leafKeyOf } from "../support/fixture.js";
import { aes128Gcm, aes256Gcm, chacha20Poly1305 } from "../support/node-crypto.js";
import {
  dataIn,
  messagesOf,
  type Pair,
  pairsOf,
  type RecordedSession,
  type Recording,
  SESSION_RECORDINGS,
} from "../support/vectors.js";

const AEADS: Readonly<Record<string, typeof aes128Gcm>> = {
  AES_128_GCM: aes128Gcm,
  AES_256_GCM: aes256Gcm,
  CHACHA20_POLY1305: chacha20Poly1305,
};

const NO_BYTES = new Uint8Array(0);

/** What holds for all of a recording. */
class Facts {
  readonly recording: Recording;
  readonly version: number;
  readonly hash;
  readonly curve;
  readonly signatureLength: number;
  readonly inTheClear: boolean;

  constructor(recording: Recording) {
    const { algorithms, capabilities, spdmVersion } = recording;
    this.recording = recording;
    this.version = 0x10 | Number(spdmVersion[2]);
    this.hash = hashOf(algorithms.baseHash === "SHA_256" ? 1 : 2);
    this.curve = asymOf(recording);
    this.signatureLength = this.curve.verifier.signatureLength;
    const both = (capabilities.requester ?? 0) & capabilities.responder;
    this.inTheClear = (both & HANDSHAKE_IN_THE_CLEAR_CAP) !== 0;
  }

  handshakeSecret({ sharedSecret, sharedSecretKind }: RecordedSession): HandshakeSecret {
    const schedule = { version: this.version, hash: this.hash };
    const shared = fromHex(sharedSecret);
    if (sharedSecretKind !== "psk") return HandshakeSecret.ofAgreement(schedule, shared);
    return HandshakeSecret.ofPsk(schedule, portablePskStore([{ hint: NO_BYTES, key: shared }]).find(NO_BYTES)!);
  }

  /** The digest of a running hash as far as it is. */
  soFar(th: Hash): Uint8Array {
    const digest = new Uint8Array(this.hash.outputLen);
    th.clone().digestInto(digest);
    return digest;
  }
}

/** Leads TH through a recording as a responder does. */
class Handshakes {
  readonly facts: Facts;
  readonly transcript = new Transcript(1000);
  readonly chains = new Map<number, Uint8Array>();
  requesterChain: Uint8Array = NO_BYTES;
  /** What TH has of DIGESTS, in multi-key connections. */
  digests: Uint8Array = NO_BYTES;
  encapsulatedDigests: Uint8Array = NO_BYTES;
  /** VCA, MutB and MutC. */
  mutualM1: Hash | undefined;
  multiKeyResponder = false;
  multiKeyRequester = false;
  readonly ths = new Map<number, Hash>();
  startedCount = 0;
  signatureCount = 0;
  proofCount = 0;

  constructor(recording: Recording) {
    this.facts = new Facts(recording);
  }

  take(pair: Pair): void {
    const { request, response, session } = pair;
    const { transcript, facts } = this;
    switch (request[1]) {
      case codes.GET_VERSION:
        transcript.reset();
        break;
      case codes.NEGOTIATE_ALGORITHMS:
        this.multiKeyResponder = facts.version >= 0x13 && (request[7] & MULTI_KEY_CONN) !== 0;
        this.multiKeyRequester = facts.version >= 0x13 && (response[7] & MULTI_KEY_CONN) !== 0;
        break;
      case codes.GET_DIGESTS:
        if (this.multiKeyResponder && this.digests.length === 0) this.digests = response;
        break;
      case codes.GET_CERTIFICATE: {
        // 1.4's large form has its lengths behind the small one's.
        const start = facts.version >= V1_4 && (request[2] & 0x80) !== 0 ? 16 : 8;
        const slot = request[2] & 0x0f;
        const offset = start === 16 ? readLe(request, 8, 4) : readLe(request, 4, 2);
        const before = offset === 0 ? NO_BYTES : this.chains.get(slot)!;
        this.chains.set(slot, concat(before, response.subarray(start)));
        break;
      }
      case codes.KEY_EXCHANGE:
        this.#keyExchange(pair);
        break;
      case codes.PSK_EXCHANGE:
        this.#pskExchange(pair);
        break;
      case codes.FINISH:
      case codes.PSK_FINISH:
        this.#finish(pair, session ?? this.startedCount - 1);
        break;
      case codes.GET_ENCAPSULATED_REQUEST:
        if (response[1] === codes.ERROR) break;
        this.mutualM1 = transcript.fork();
        this.mutualM1.update(response.subarray(4));
        break;
      case codes.DELIVER_ENCAPSULATED_RESPONSE:
        this.#delivered(request.subarray(4));
        this.mutualM1?.update(response.subarray(facts.version >= V1_2 ? 8 : 4));
        break;
    }
    if ([codes.GET_VERSION, codes.GET_CAPABILITIES, codes.NEGOTIATE_ALGORITHMS].includes(request[1])) {
      transcript.addVca(request);
      transcript.addVca(response);
    }
    if (request[1] === codes.NEGOTIATE_ALGORITHMS) transcript.settle(facts.hash);
  }

  #delivered(message: Uint8Array): void {
    if (message[1] === 0x01) {
      this.requesterChain = NO_BYTES;
      this.encapsulatedDigests = this.multiKeyRequester ? message : NO_BYTES;
    }
    const start = this.facts.version >= V1_4 && (message[2] & 0x80) !== 0 ? 16 : 8;
    if (message[1] === 0x02) this.requesterChain = concat(this.requesterChain, message.subarray(start));
    if (message[1] !== 0x03) {
      this.mutualM1?.update(message);
      return;
    }
    const end = message.length - this.facts.signatureLength;
    const m1 = this.mutualM1!;
    m1.update(message.subarray(0, end));
    this.#signed("CHALLENGE_AUTH", REQUESTER_CHALLENGE_AUTH_CONTEXT, m1, this.requesterChain, message.subarray(end));
  }

  #session(index: number): RecordedSession {
    return this.facts.recording.sessions[index];
  }

  #keyExchange({ request, response }: Pair): void {
    const { facts, transcript } = this;
    const session = this.#session(this.startedCount++);
    const proofLength = facts.inTheClear ? 0 : facts.hash.outputLen;
    const end = response.length - proofLength - facts.signatureLength;
    const th = transcript.fork();
    th.update(this.digests);
    th.update(digestOf(facts.hash, this.chains.get(request[3])!));
    th.update(request);
    th.update(response.subarray(0, end));
    const signature = response.subarray(end, end + facts.signatureLength);
    this.#signed("KEY_EXCHANGE_RSP", KEY_EXCHANGE_RSP_CONTEXT, th, this.chains.get(request[3])!, signature);
    th.update(signature);
    assert.equal(toHex(facts.soFar(th)), session.th1Hash);
    if (proofLength > 0) this.#proved(session, "responder", th, response.subarray(end + facts.signatureLength));
    this.ths.set(session.index, th);
  }

  #pskExchange({ request, response }: Pair): void {
    const { facts } = this;
    const session = this.#session(this.startedCount++);
    const end = response.length - facts.hash.outputLen;
    const th = this.transcript.fork();
    th.update(request);
    th.update(response.subarray(0, end));
    assert.equal(toHex(facts.soFar(th)), session.th1Hash);
    this.#proved(session, "responder", th, response.subarray(end));
    this.ths.set(session.index, th);
  }

  #finish({ request, response }: Pair, index: number): void {
    const { facts } = this;
    const session = this.#session(index);
    const th = this.ths.get(index)!;
    const isSigned = request[1] === codes.FINISH && (request[2] & 1) !== 0;
    const proof = request.length - facts.hash.outputLen;
    const end = isSigned ? proof - facts.signatureLength : proof;
    if (isSigned) {
      th.update(this.encapsulatedDigests);
      th.update(digestOf(facts.hash, this.requesterChain));
    }
    th.update(request.subarray(0, end));
    if (isSigned) {
      this.#signed("FINISH", FINISH_CONTEXT, th, this.requesterChain, request.subarray(end, proof));
      th.update(request.subarray(end, proof));
    }
    this.#proved(session, "requester", th, request.subarray(proof));
    const isClear = facts.inTheClear && request[1] === codes.FINISH;
    const answerEnd = response.length - (isClear ? facts.hash.outputLen : 0);
    th.update(response.subarray(0, answerEnd));
    if (isClear) this.#proved(session, "responder", th, response.subarray(answerEnd));
    assert.equal(toHex(facts.soFar(th)), session.th2Hash);
  }

  /** Compares TH with the next recorded signature of this kind, and verifies it. */
  #signed(op: string, context: string, th: Hash, chain: Uint8Array, signature: Uint8Array): void {
    const { recording, version, hash, curve, soFar } = this.facts;
    const hex = toHex(signature);
    const recorded = recording.signatures.find((s) => s.op === op && s.signature === hex);
    assert.ok(recorded !== undefined, `${op} is not recorded`);
    assert.equal(toHex(soFar.call(this.facts, th)), recorded.messageHash);
    this.signatureCount++;
    assert.ok(verify(curve.verifier, leafKeyOf(curve, chain), { version, hash, context }, th.clone(), signature));
  }

  /** Compares TH with what the recorded verify data are over, and makes these; then TH has them too. */
  #proved(session: RecordedSession, by: string, th: Hash, proof: Uint8Array): void {
    const { facts } = this;
    const recorded = facts.recording.hmacs.find((h) => h.session === session.index && h.by === by)!;
    const digest = facts.soFar(th);
    assert.equal(toHex(digest), recorded.data);
    const secret = facts.handshakeSecret(session);
    const th1 = fromHex(session.th1Hash);
    const own = by === "requester" ? secret.requestSecret(th1) : secret.responseSecret(th1);
    assert.equal(toHex(own.verifyData(digest)), toHex(proof));
    th.update(proof);
    this.proofCount++;
  }
}

for (const recording of SESSION_RECORDINGS) {
  test(`${recording.name}: every TH, signature and verify data of the handshakes`, () => {
    const handshakes = new Handshakes(recording);
    for (const pair of pairsOf(messagesOf(recording).messages)) handshakes.take(pair);
    assert.equal(handshakes.startedCount, recording.sessions.length);
    assert.equal(handshakes.proofCount, recording.hmacs.length);
    const signed = recording.signatures.filter(
      ({ by, op }) => op === "KEY_EXCHANGE_RSP" || op === "FINISH" || (op === "CHALLENGE_AUTH" && by === "requester"),
    );
    assert.equal(handshakes.signatureCount, signed.length);
  });
}

/** Both ends of one recorded session; `padding` is what the next record is padded with. */
class Ends {
  readonly facts: Facts;
  readonly recorded: RecordedSession;
  readonly requester: Session;
  readonly responder: Session;
  padding: Uint8Array = NO_BYTES;

  constructor(facts: Facts, recorded: RecordedSession) {
    this.facts = facts;
    this.recorded = recorded;
    [this.requester, this.responder] = [REQUESTER, RESPONDER].map((role) => {
      const session = new Session({
        id: readLe(fromHex(recorded.sessionId), 0, 4),
        role,
        usesPsk: recorded.sharedSecretKind === "psk",
        inTheClear: false,
        protection: { aead: AEADS[facts.recording.algorithms.aead!], encrypts: true, recordLimit: 2 ** 53 },
        // As many bytes as the padding, and in the last byte how many these are.
        random: (out) => {
          out.set(this.padding);
          out[out.length - 1] = this.padding.length;
        },
        secret: facts.handshakeSecret(recorded),
        th: facts.hash.create(),
      });
      session.startHandshake(fromHex(recorded.th1Hash));
      return session;
    });
  }

  /** Opens a record with one end, and has the other make it again. */
  check(record: Recording["records"][number]): void {
    const isRequest = record.dir === "request";
    const wire = concat(fromHex(record.aad), fromHex(record.ciphertext), fromHex(record.tag));
    const data = dataIn(record);
    const [from, to] = isRequest ? [this.requester, this.responder] : [this.responder, this.requester];
    if (!isRequest && data[0] === 5) this.#beforeResponse(data.subarray(1));

    const opened = to.open(wire.slice());
    assert.ok(opened !== undefined, `record of frame ${record.n} does not open`);
    assert.equal(toHex(opened), toHex(data));

    this.padding = fromHex(record.plaintext).subarray(2 + data.length);
    const out = new Uint8Array(wire.length + 64);
    out.set(data, from.dataOffset);
    assert.equal(toHex(out.subarray(0, from.seal(out, data.length))), toHex(wire), `record of frame ${record.n}`);
    if (!isRequest && data[0] === 5) this.#afterResponse(data.subarray(1));
    if (isRequest && data[0] === 5) this.#afterRequest(data.subarray(1));
  }

  /** KEY_UPDATE changes the requester's key behind the request, and the responder's before the response to it. */
  #afterRequest(message: Uint8Array): void {
    if (message[1] !== codes.KEY_UPDATE) return;
    if (message[2] === VERIFY_NEW_KEY) this.responder.verifyPeerKey();
    else this.responder.updatePeerKey();
  }

  #beforeResponse(message: Uint8Array): void {
    if (message[1] !== codes.responseTo(codes.KEY_UPDATE) || message[2] !== UPDATE_ALL_KEYS) return;
    this.responder.updateOwnKey();
    this.requester.updatePeerKey();
  }

  #afterResponse(message: Uint8Array): void {
    if ([0x65, 0x67].includes(message[1])) this.establish();
    if (message[1] !== codes.responseTo(codes.KEY_UPDATE)) return;
    if (message[2] === UPDATE_KEY || message[2] === UPDATE_ALL_KEYS) this.requester.updateOwnKey();
    if (message[2] === UPDATE_ALL_KEYS) this.requester.verifyPeerKey();
  }

  establish(): void {
    for (const end of [this.requester, this.responder]) {
      if (end.phase !== 0) continue;
      end.finishHandshake(fromHex(this.recorded.th2Hash));
      end.establish();
    }
  }
}

for (const recording of SESSION_RECORDINGS) {
  test(`${recording.name}: every record opens, and seals to the same bytes`, () => {
    const facts = new Facts(recording);
    const ends = recording.sessions.map((session) => new Ends(facts, session));
    const clearFinishes = pairsOf(messagesOf(recording).messages).filter(
      ({ request, session }) => request[1] === codes.FINISH && session === undefined,
    );
    assert.equal(clearFinishes.length > 0, facts.inTheClear);
    for (const record of recording.records) {
      const end = ends[record.session];
      // A handshake in the clear leaves no record behind that would show where it ended.
      if (facts.inTheClear && !end.recorded.kind.startsWith("PSK")) end.establish();
      end.check(record);
    }
    const updated = recording.sessions.flatMap(({ keyUpdates }) => keyUpdates).length;
    assert.ok(recording.records.length >= 18 && updated >= recording.sessions.length);
  });
}
