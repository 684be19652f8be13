/**
 * A board with secure sessions, and a requester's side of them. Messages are written out by hand; keys and records are
 * made by the classes of src/ that the recorded sessions are tested with.
 */
import assert from "node:assert/strict";
import type { KeyAgreement, KeyDecapsulation } from "../../hal/crypto.js";

import { portablePskStore } from "../../hal/portable/psk.js";
import { AES_256_GCM, CHACHA20_POLY1305, SECP256R1, SECP384R1 } from "../../src/algorithms.js";
import type { KeyPair } from "../../src/ephemeral-keys.js";
import { HandshakeSecret } from "../../src/key-schedule.js";
import { algorithms } from "../../src/messages/algorithms.js";
import { capabilities } from "../../src/messages/capabilities.js";
import { certificate } from "../../src/messages/certificate.js";
import { challenge } from "../../src/messages/challenge.js";
import { digests } from "../../src/messages/digests.js";
import { deliverEncapsulatedResponse, getEncapsulatedRequest } from "../../src/messages/encapsulated.js";
import { endSession } from "../../src/messages/end-session.js";
import { finish } from "../../src/messages/finish.js";
import { heartbeat } from "../../src/messages/heartbeat.js";
import { keyExchange } from "../../src/messages/key-exchange.js";
import { keyUpdate } from "../../src/messages/key-update.js";
import { measurements } from "../../src/messages/measurements.js";
import { pskExchange } from "../../src/messages/psk-exchange.js";
import { pskFinish } from "../../src/messages/psk-finish.js";
import { vendorDefined } from "../../src/messages/vendor-defined.js";
import { version } from "../../src/messages/version.js";
import { RECORD_OVERHEAD } from "../../src/record.js";
import { ESTABLISHED, REQUESTER, Session } from "../../src/session.js";
import type { Application, SecureSessions } from "../../src/sessions.js";
import { V1_1, V1_2, type Version } from "../../src/versions.js";
import { ascii, concat, readLe, toHex, u16 } from "./bytes.js";
import { type Board, board, Conversation, digestOf, type Offer, REVERSER, spdmChainOf } from "./fixture.js";
import { deterministicRandom } from "./random.js";
import { aes256Gcm, chacha20Poly1305, secp256r1, secp384r1 } from "./session-engines.js";

/** ENCRYPT, MAC, KEY_EX, PSK, ENCAP, HBEAT, KEY_UPD: what most tests want. */
export const SESSION_FLAGS = 0x76c0;
export const IN_THE_CLEAR_FLAG = 0x8000;
export const MUT_AUTH_FLAGS = 0x0106;

export const PSK = { hint: ascii("hint"), key: ascii("a key that both sides were given beforehand") };
const NO_BYTES = new Uint8Array(0);

/** Echoes whatever it gets, as MCTP message type 0x42; an empty message gets no answer. */
export const ECHO: Application = {
  type: 0x42,
  respond(request, reply) {
    reply.set(request);
    return request.length;
  },
};

/** Time as tests want it, in milliseconds. */
export class TestClock {
  now = 0;
  readonly read = (): number => this.now | 0;
}

export const EXCHANGES = Object.freeze([
  ...[version, capabilities, algorithms, digests, certificate, challenge, measurements, keyExchange, finish],
  ...[pskExchange, pskFinish, heartbeat, keyUpdate, endSession, getEncapsulatedRequest, deliverEncapsulatedResponse],
  vendorDefined([REVERSER]),
]);

/** A board that serves sessions; `sessions` changes what it brings for them. */
export function sessionBoard(sessions: Partial<SecureSessions> = {}, changes: Parameters<typeof board>[0] = {}): Board {
  const random = deterministicRandom(3);
  return board({
    exchanges: EXCHANGES,
    sessions: {
      dhe: [
        { algorithm: SECP256R1, engine: secp256r1(random) },
        { algorithm: SECP384R1, engine: secp384r1(random) },
      ],
      aead: [
        { algorithm: AES_256_GCM, engine: aes256Gcm },
        { algorithm: CHACHA20_POLY1305, engine: chacha20Poly1305 },
      ],
      psk: portablePskStore([PSK]),
      applications: [ECHO],
      ...sessions,
    },
    ...changes,
  });
}

/** AlgStructs of a requester that wants sessions, and perhaps proves itself. */
export function sessionTables(groups = SECP256R1, mutual = false): [number, number, number][] {
  const tables: [number, number, number][] = [
    [2, 0x20, groups],
    [3, 0x20, AES_256_GCM],
  ];
  if (mutual) tables.push([4, 0x20, 0x90]);
  return [...tables, [5, 0x20, 1]];
}

export interface PeerOptions extends Offer {
  /** The board's secp256r1, if that is not the real one. */
  readonly group?: KeyAgreement;
  /** In its place. */
  readonly kem?: KeyDecapsulation;
}

/** OpaqueData with DSP0277's SupportedVersions; from the layouts, not by src/opaque.ts. */
export function supportedVersions(v: Version, versions: readonly number[] = [0x1200], aeadLimit?: number): Uint8Array {
  const header = v < V1_2 ? [0x46, 0x54, 0x4d, 0x44, 1, aeadLimit === undefined ? 1 : 2, 0, 0] : [0, 0, 0, 0];
  if (v >= V1_2) header[0] = aeadLimit === undefined ? 1 : 2;
  const data = [1, 1, versions.length, ...versions.flatMap(u16)];
  const element = [0, 0, ...u16(data.length), ...data];
  while (element.length % 4 !== 0) element.push(0);
  const limit = aeadLimit === undefined ? [] : [0, 0, 3, 0, 1, 2, aeadLimit, 0];
  return Uint8Array.from([...header, ...element, ...limit]);
}

export interface KeyExchangeFields {
  summaryType?: number;
  slot?: number;
  sessionId?: number;
  policy?: number;
  exchangeData: Uint8Array;
  opaque?: Uint8Array;
}

export function keyExchangeRequest(v: Version, m: KeyExchangeFields): Uint8Array {
  const { summaryType = 0, slot = 0, sessionId = 0x1111, policy = 0, opaque = supportedVersions(v) } = m;
  const head = [v, 0xe4, summaryType, slot, ...u16(sessionId), policy, 0];
  const random = Uint8Array.from({ length: 32 }, (_, i) => i ^ 0x5a);
  return concat(Uint8Array.from(head), random, m.exchangeData, Uint8Array.from(u16(opaque.length)), opaque);
}

export interface PskExchangeFields {
  summaryType?: number;
  sessionId?: number;
  hint?: Uint8Array;
  context?: Uint8Array;
  opaque?: Uint8Array;
}

export function pskExchangeRequest(v: Version, m: PskExchangeFields = {}): Uint8Array {
  const { summaryType = 0, sessionId = 0x2222, hint = PSK.hint, opaque = supportedVersions(v) } = m;
  const { context = new Uint8Array(32).fill(9) } = m;
  const lengths = [hint, context, opaque].flatMap(({ length }) => u16(length));
  return concat(Uint8Array.from([v, 0xe6, summaryType, 0, ...u16(sessionId), ...lengths]), hint, context, opaque);
}

/** One session, from the requester's end. */
export class SessionEnd {
  readonly peer: Peer;
  readonly session: Session;
  /** TH as far as it is. */
  th: Uint8Array;
  /** What KEY_EXCHANGE_RSP or PSK_EXCHANGE_RSP said. */
  readonly opening: Uint8Array;

  constructor(peer: Peer, session: Session, th: Uint8Array, opening: Uint8Array) {
    this.peer = peer;
    this.session = session;
    this.th = th;
    this.opening = opening;
  }

  /** The record that carries `data`, which begins with the MCTP message type. */
  seal(data: Uint8Array): Uint8Array {
    const out = new Uint8Array(data.length + RECORD_OVERHEAD);
    out.set(data, this.session.dataOffset);
    return out.slice(0, this.session.seal(out, data.length));
  }

  /** What the responder answers to a record as it is; empty for silence. */
  exchange(record: Uint8Array): Uint8Array {
    return this.peer.secured(record);
  }

  /** Application data of the answer to application data, or undefined for silence. */
  askData(data: Uint8Array): Uint8Array | undefined {
    const answer = this.exchange(this.seal(data));
    if (answer.length === 0) return undefined;
    const opened = this.session.open(answer);
    assert.ok(opened !== undefined, "the answer does not open");
    return opened.slice();
  }

  /** The response to an SPDM message. */
  ask(message: readonly number[] | Uint8Array): Uint8Array {
    const data = this.askData(concat(Uint8Array.of(5), Uint8Array.from(message)));
    assert.ok(data !== undefined && data[0] === 5, "no answer");
    return data.subarray(1);
  }

  /** The response, which must be none of ERROR. */
  answer(message: readonly number[] | Uint8Array): Uint8Array {
    const response = this.ask(message);
    assert.equal(response[1], message[1] & 0x7f, `ERROR ${toHex(response)} to ${toHex(Uint8Array.from(message))}`);
    return response;
  }

  refused(message: readonly number[] | Uint8Array, code: number, data = 0): void {
    const { version: v } = this.peer.conversation;
    assert.equal(toHex(this.ask(message).subarray(0, 4)), toHex(Uint8Array.of(v, 0x7f, code, data)));
    assert.deepEqual(this.peer.board.faults, []);
  }

  get version(): Version {
    return this.peer.conversation.version;
  }

  heartbeat(): void {
    assert.equal(toHex(this.answer([this.version, 0xe8, 0, 0])), toHex(Uint8Array.of(this.version, 0x68, 0, 0)));
  }

  /** A session that is there answers GET_DIGESTS, and one that is not is silent. */
  get isAlive(): boolean {
    const data = this.askData(Uint8Array.of(5, this.version, 0x81, 0, 0));
    return data !== undefined && data[2] === 0x01;
  }

  /** FINISH, or PSK_FINISH, without a signature; `tamper` changes it before it is sent. */
  finishRequest(tamper: (message: Uint8Array) => void = () => {}): Uint8Array {
    const { version: v } = this;
    const code = this.session.usesPsk ? 0xe7 : 0xe5;
    const head = Uint8Array.of(v, code, 0, 0, ...(v >= 0x14 ? [0, 0] : []));
    const th = concat(this.th, head);
    const request = concat(head, this.session.ownVerifyData(this.peer.hashed(th)));
    tamper(request);
    this.th = concat(th, request.subarray(head.length));
    return request;
  }

  /** Ends the handshake by `request`, in the channel it belongs to. */
  finish(request: Uint8Array = this.finishRequest()): this {
    const isClear = this.session.inTheClear;
    const response = isClear ? this.peer.conversation.answer(request) : this.answer(request);
    this.th = concat(this.th, response);
    this.establish();
    return this;
  }

  establish(): void {
    this.session.finishHandshake(this.peer.hashed(this.th));
    this.session.establish();
  }

  /** UpdateKey (1) or UpdateAllKeys (2), and VerifyNewKey. */
  updateKeys(operation: number): void {
    const record = this.seal(Uint8Array.of(5, this.version, 0xe9, operation, 7));
    if (operation === 2) this.session.updatePeerKey();
    const ack = this.session.open(this.exchange(record));
    assert.equal(toHex(ack!), toHex(Uint8Array.of(5, this.version, 0x69, operation, 7)));
    if (operation === 2) this.session.verifyPeerKey();
    this.session.updateOwnKey();
    this.answer([this.version, 0xe9, 3, 8]);
  }

  end(attributes = 0): void {
    this.answer([this.version, 0xec, attributes, 0]);
  }
}

/** A KEM's key pair as those of groups are. */
function kemPair(kem: KeyDecapsulation): KeyPair {
  const publicKey = new Uint8Array(kem.encapsulationKeyLength);
  const key = kem.generate(publicKey);
  const agree = (ciphertext: Uint8Array, secret: Uint8Array) => key.decapsulate(ciphertext, secret);
  return { key: { agree, destroy: () => key.destroy() }, publicKey };
}

/** A requester that opens sessions. */
export class Peer {
  readonly board: Board;
  readonly conversation: Conversation;
  readonly group: KeyAgreement;
  /** What TH has of DIGESTS: the first response in multi-key connections. */
  digests: Uint8Array = NO_BYTES;
  /** What TH has the digest of instead of the slot's chain, if it is not that. */
  chainInTh: Uint8Array | undefined;
  readonly kem: KeyDecapsulation | undefined;
  readonly #flags: number;
  readonly #random = deterministicRandom(5);

  constructor(v: Version = V1_2, on: Board = sessionBoard(), offer: PeerOptions = {}) {
    this.board = on;
    this.group = offer.group ?? secp256r1(deterministicRandom(4));
    this.kem = offer.kem;
    this.#flags = offer.flags ?? SESSION_FLAGS;
    const defaults = { flags: this.#flags, tables: v >= V1_1 ? sessionTables() : [] };
    this.conversation = new Conversation(v, { ...defaults, ...offer }, on).reach(3);
  }

  hashed(bytes: Uint8Array): Uint8Array {
    return digestOf(this.conversation.hash, bytes);
  }

  /** What the responder makes of a record; empty for silence. */
  secured(record: Uint8Array): Uint8Array {
    const out = new Uint8Array(this.board.dataTransferSize + RECORD_OVERHEAD);
    return out.slice(0, this.board.responder.respondSecured(record.slice(), out));
  }

  #session(secret: HandshakeSecret, id: number, usesPsk: boolean, inTheClear: boolean): Session {
    return new Session({
      id,
      role: REQUESTER,
      usesPsk,
      inTheClear,
      protection: { aead: aes256Gcm, encrypts: (this.#flags & 0x40) !== 0, recordLimit: 2 ** 53 },
      random: this.#random,
      secret,
      th: this.conversation.hash.create(),
    });
  }

  get #schedule() {
    const { version: v, hash } = this.conversation;
    return { version: v, hash };
  }

  keyPair(): KeyPair {
    if (this.kem !== undefined) return kemPair(this.kem);
    const publicKey = new Uint8Array(this.group.publicKeyLength);
    return { key: this.group.generate(publicKey), publicKey };
  }

  /** KEY_EXCHANGE, by a new key pair or `pair`; the handshake waits for FINISH. */
  keyExchange(fields: Omit<KeyExchangeFields, "exchangeData"> & { pair?: KeyPair } = {}): SessionEnd {
    const { conversation: c, group, kem } = this;
    const answerLength = kem?.ciphertextLength ?? group.publicKeyLength;
    const { key, publicKey: exchangeData } = fields.pair ?? this.keyPair();
    const request = keyExchangeRequest(c.version, { ...fields, exchangeData });
    const response = c.answer(request);
    const shared = new Uint8Array((kem ?? group).sharedSecretLength);
    assert.ok(key.agree(response.subarray(40, 40 + answerLength), shared));
    const inTheClear = (this.#flags & IN_THE_CLEAR_FLAG) !== 0 && this.boardIsClear;
    const end = response.length - (inTheClear ? 0 : c.hash.outputLen);
    const chain = this.chainInTh ?? spdmChainOf(c.curve, fields.slot ?? 0, c.hash);
    const th = concat(c.vca, this.digests, this.hashed(chain), request, response.subarray(0, end));
    const id = (readLe(response, 4, 2) << 16) | readLe(request, 4, 2);
    const session = this.#session(HandshakeSecret.ofAgreement(this.#schedule, shared), id >>> 0, false, inTheClear);
    session.startHandshake(this.hashed(th));
    if (!inTheClear) {
      assert.equal(toHex(response.subarray(end)), toHex(session.peerVerifyData(this.hashed(th))));
    }
    return new SessionEnd(this, session, concat(th, response.subarray(end)), response);
  }

  /** Whether the board has HANDSHAKE_IN_THE_CLEAR_CAP, from its CAPABILITIES. */
  get boardIsClear(): boolean {
    // VCA: GET_VERSION (4), VERSION, GET_CAPABILITIES, CAPABILITIES: the second 0x61 is the one.
    const hex = toHex(this.conversation.vca);
    const at = hex.indexOf(`${this.conversation.version.toString(16)}61`) / 2;
    return (readLe(this.conversation.vca, at + 8, 4) & IN_THE_CLEAR_FLAG) !== 0;
  }

  /** PSK_EXCHANGE; the handshake waits for PSK_FINISH unless the responder brings no context. */
  pskExchange(fields: PskExchangeFields = {}, key: Uint8Array = PSK.key): SessionEnd {
    const { conversation: c } = this;
    const request = pskExchangeRequest(c.version, fields);
    const response = c.answer(request);
    const end = response.length - c.hash.outputLen;
    const th = concat(c.vca, request, response.subarray(0, end));
    const psk = portablePskStore([{ hint: NO_BYTES, key }]).find(NO_BYTES)!;
    const id = (readLe(response, 4, 2) << 16) | readLe(request, 4, 2);
    const session = this.#session(HandshakeSecret.ofPsk(this.#schedule, psk), id >>> 0, true, false);
    session.startHandshake(this.hashed(th));
    assert.equal(toHex(response.subarray(end)), toHex(session.peerVerifyData(this.hashed(th))));
    const opened = new SessionEnd(this, session, concat(th, response.subarray(end)), response);
    if (readLe(response, 8, 2) === 0) opened.establish();
    return opened;
  }

  /** A session that is established, by KEY_EXCHANGE or by PSK_EXCHANGE. */
  open(usesPsk = false, sessionId?: number): SessionEnd {
    const fields = sessionId === undefined ? {} : { sessionId };
    const opened = usesPsk ? this.pskExchange(fields) : this.keyExchange(fields);
    return opened.session.phase === ESTABLISHED ? opened : opened.finish();
  }
}
