/** A requester that proves itself: the test requester of test/vectors/keys, and its answers to encapsulated requests. */
import assert from "node:assert/strict";
import type { Identity } from "../../hal/identity.js";
import { ECDSA_P256, ECDSA_P384 } from "../../src/algorithms.js";
import { type MutualAuthenticationPolicy, mutualAuthentication } from "../../src/mutual-authentication.js";
import { FINISH_CONTEXT, REQUESTER_CHALLENGE_AUTH_CONTEXT, signedDigest } from "../../src/signing.js";
import { V1_2, V1_3, type Version } from "../../src/versions.js";
import { concat, fromHex, readLe, u16 } from "./bytes.js";
import { CURVES, type Curve, curveOf, digestOf } from "./fixture.js";
import { deterministicRandom } from "./random.js";
import { requesterPath, spdmChain, trusting } from "./requester-chain.js";
import chains from "./requester-chains.json" with { type: "json" };
import { MUT_AUTH_FLAGS, Peer, SESSION_FLAGS, type SessionEnd, sessionBoard, sessionTables } from "./session.js";

/** Asks something in the channel that is meant. */
export type Ask = (message: Uint8Array) => Uint8Array;

const provisioned = (curve: Curve): Pick<Identity, "slotMask" | "chainLength" | "readChain"> => {
  const chain = concat(...requesterPath(curve));
  return {
    slotMask: 1,
    chainLength: () => chain.length,
    readChain: (_slot, offset, into) => into.set(chain.subarray(offset, offset + into.length)),
  };
};

/** The responder's side of it: trusts the roots of test/vectors/keys. */
export function mutual(policy: Partial<MutualAuthenticationPolicy> = {}) {
  const anchors = CURVES.map((curve) => requesterPath(curve)[0]);
  return mutualAuthentication({
    trust: trusting(anchors),
    requested: 0,
    basic: false,
    mandatory: false,
    provisioned: CURVES.map((curve) => ({ algorithm: curve.algorithm, chains: provisioned(curve) })),
    ...policy,
  });
}

/** A board that asks requesters to prove themselves. */
export const mutualBoard = (
  policy: Partial<MutualAuthenticationPolicy>,
  sessions: Parameters<typeof sessionBoard>[0] = {},
) => sessionBoard(sessions, { mutualAuthentication: mutual(policy) });

/** A requester that can: its flags, and algorithms for its own signatures. */
export function authenticatingPeer(v: Version, on: ReturnType<typeof sessionBoard>, flags = SESSION_FLAGS): Peer {
  const tables = sessionTables();
  tables.splice(2, 0, [4, 0x20, ECDSA_P384]);
  return new Peer(v, on, { flags: flags | MUT_AUTH_FLAGS, tables });
}

export class Prover {
  readonly version: Version;
  readonly curve: Curve;
  readonly hash;
  /** In SPDM's form. */
  readonly chain: Uint8Array;
  /** MutB and MutC. */
  m1: Uint8Array;
  /** Changes a response before it is delivered. */
  tamper: (response: Uint8Array) => Uint8Array = (response) => response;
  /** Bytes of chain that one CERTIFICATE carries. */
  portion = 1000;
  readonly asked: number[] = [];
  readonly #signer;

  constructor(peer: Peer, algorithm = ECDSA_P384) {
    const { conversation: c } = peer;
    this.version = c.version;
    this.hash = c.hash;
    this.curve = curveOf(algorithm);
    const [root, ...rest] = requesterPath(this.curve);
    this.chain = spdmChain(c.hash, root, root, ...rest);
    // From 1.2 on it begins with VCA.
    this.m1 = c.version >= V1_2 ? c.vca : new Uint8Array(0);
    const key = fromHex(algorithm === ECDSA_P256 ? chains.p256Key : chains.p384Key);
    this.#signer = this.curve.signer(key, deterministicRandom(6));
  }

  sign(context: string, transcript: Uint8Array): Uint8Array {
    const running = this.hash.create();
    running.update(transcript);
    const signature = new Uint8Array(this.#signer.signatureLength);
    this.#signer.sign(signedDigest(this.version, this.hash, context, running), signature);
    return signature;
  }

  digests(): Uint8Array {
    const supported = this.version >= V1_3 ? 1 : 0;
    return concat(Uint8Array.of(this.version, 0x01, supported, 1), digestOf(this.hash, this.chain));
  }

  certificate(request: Uint8Array): Uint8Array {
    const offset = readLe(request, 4, 2);
    const length = Math.min(readLe(request, 6, 2), this.portion, this.chain.length - offset);
    const head = [this.version, 0x02, 0, 0, ...u16(length), ...u16(this.chain.length - offset - length)];
    return concat(Uint8Array.from(head), this.chain.subarray(offset, offset + length));
  }

  challengeAuth(): Uint8Array {
    const body = concat(
      Uint8Array.of(this.version, 0x03, 0, 1),
      digestOf(this.hash, this.chain),
      new Uint8Array(32).fill(3),
      Uint8Array.of(0, 0),
    );
    return concat(body, this.sign(REQUESTER_CHALLENGE_AUTH_CONTEXT, concat(this.m1, body)));
  }

  #answer(request: Uint8Array): Uint8Array {
    this.asked.push(request[1]);
    this.m1 = concat(this.m1, request);
    let response: Uint8Array;
    if (request[1] === 0x81) response = this.digests();
    else if (request[1] === 0x82) response = this.certificate(request);
    else if (request[1] === 0x83) response = this.challengeAuth();
    else response = Uint8Array.of(this.version, 0x7f, 0x07, request[1]);
    response = this.tamper(response);
    this.m1 = concat(this.m1, response);
    return response;
  }

  /** Fetches encapsulated requests until there is none; returns the last response, ACK or ERROR. */
  prove(ask: Ask, unasked = false): Uint8Array {
    const { version: v } = this;
    let id = 0;
    let answer: Uint8Array;
    if (unasked) answer = this.tamper(this.digests());
    else {
      const response = ask(Uint8Array.of(v, 0xea, 0, 0));
      if (response[1] === 0x7f) return response;
      assert.equal(response[1], 0x6a);
      id = response[2];
      answer = this.#answer(response.subarray(4));
    }
    for (;;) {
      const ack = ask(concat(Uint8Array.of(v, 0xeb, id, 0), answer));
      if (ack[1] === 0x7f) return ack;
      assert.equal(ack[1], 0x6b);
      const start = v >= V1_2 ? 8 : 4;
      if (v >= V1_2) assert.equal(ack[4], id);
      if (ack[3] === 0) {
        assert.equal(ack.length, start);
        return ack;
      }
      assert.equal(ack[3], 1);
      assert.equal(ack[2], id + 1);
      id = ack[2];
      answer = this.#answer(ack.subarray(start));
    }
  }

  /** FINISH with this requester's signature. */
  finish(session: SessionEnd, tamper: (message: Uint8Array) => void = () => {}): Uint8Array {
    const { version: v } = this;
    const head = Uint8Array.of(v, 0xe5, 1, 0, ...(v >= 0x14 ? [0, 0] : []));
    const th = concat(session.th, digestOf(this.hash, this.chain), head);
    const signature = this.sign(FINISH_CONTEXT, th);
    const covered = concat(th, signature);
    const proof = session.session.ownVerifyData(session.peer.hashed(covered));
    const request = concat(head, signature, proof);
    tamper(request);
    session.th = concat(covered, proof);
    return request;
  }
}
