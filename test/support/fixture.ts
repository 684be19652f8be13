/**
 * A responder to test: keys and chains of the recorded conversations, measurements that a test may change, a random
 * source that repeats, and a requester's side that keeps every message.
 */
import assert from "node:assert/strict";
import type { HashAlgorithm } from "../../hal/crypto.js";
import type { Identity } from "../../hal/identity.js";
import type { Measurement, Measurements } from "../../hal/measurements.js";
import { p256, p256Signer, p384, p384Signer, sha256, sha384, sha512 } from "../../hal/portable/crypto.js";
import { portableIdentity, type Slot } from "../../hal/portable/identity.js";
import { ECDSA_P256, ECDSA_P384, MEASUREMENT_SHA_384, SHA_256, SHA_384, SHA_512 } from "../../src/algorithms.js";
import { AFTER_CAPABILITIES, AFTER_VERSION, NEGOTIATED, NOT_STARTED, type State } from "../../src/exchange.js";
import * as block from "../../src/measurement-block.js";
import { algorithms } from "../../src/messages/algorithms.js";
import { capabilities } from "../../src/messages/capabilities.js";
import { certificate } from "../../src/messages/certificate.js";
import { challenge } from "../../src/messages/challenge.js";
import { digests } from "../../src/messages/digests.js";
import { measurements } from "../../src/messages/measurements.js";
import { type VendorHandler, vendorDefined } from "../../src/messages/vendor-defined.js";
import { version } from "../../src/messages/version.js";
import { type Options, Responder } from "../../src/responder.js";
import { V1_2, V1_4, VERSIONS, type Version } from "../../src/versions.js";
import { ascii, concat, fromHex, readLe, toHex } from "./bytes.js";
import identities from "./identities.json" with { type: "json" };
import { type MlDsa, mlDsaOf } from "./ml-dsa.js";
import { deterministicRandom } from "./random.js";
import * as requests from "./requests.js";

export const DATA_TRANSFER_SIZE = 4096;

export const HASHES = Object.freeze([
  { name: "SHA-256", algorithm: SHA_256, engine: sha256 as HashAlgorithm },
  { name: "SHA-384", algorithm: SHA_384, engine: sha384 as HashAlgorithm },
  { name: "SHA-512", algorithm: SHA_512, engine: sha512 as HashAlgorithm },
]);

/**
 * Test keys of test/vectors/keys, by slot: DER chains and private scalars. Slot 1 has slot 0's key, slot 4 its own.
 * `spki` is what stands before X and Y in a certificate.
 */
export const CURVES = Object.freeze([
  {
    name: "P-256",
    algorithm: ECDSA_P256,
    signer: p256Signer,
    verifier: p256,
    spki: "3059301306072a8648ce3d020106082a8648ce3d03010703420004",
    data: identities.p256,
  },
  {
    name: "P-384",
    algorithm: ECDSA_P384,
    signer: p384Signer,
    verifier: p384,
    spki: "3076301006072a8648ce3d020106052b8104002203620004",
    data: identities.p384,
  },
]);
export type Curve = (typeof CURVES)[number] | MlDsa;

export const hashOf = (algorithm: number): HashAlgorithm => HASHES.find((h) => h.algorithm === algorithm)!.engine;
export const curveOf = (algorithm: number): Curve => CURVES.find((c) => c.algorithm === algorithm)!;

export function digestOf(hash: HashAlgorithm, ...parts: readonly Uint8Array[]): Uint8Array {
  const running = hash.create();
  for (const part of parts) running.update(part);
  const digest = new Uint8Array(hash.outputLen);
  running.digestInto(digest);
  return digest;
}

type SlotData = Readonly<Record<string, string>>;
const source = (data: SlotData, slot: number): string => (String(slot) in data ? String(slot) : "0");

/** The DER certificates in a slot; slots without a chain of their own share slot 0's. */
export const chainOf = (curve: Curve, slot: number): Uint8Array =>
  fromHex((curve.data.chains as SlotData)[source(curve.data.chains, slot)]);

/** A chain as SPDM has it: length, root hash, certificates. The root is cut off the bundle by its DER length. */
export function spdmChainOf(curve: Curve, slot: number, hash: HashAlgorithm): Uint8Array {
  const der = chainOf(curve, slot);
  assert.equal(der[1], 0x82);
  const root = der.subarray(0, 4 + der[2] * 256 + der[3]);
  const length = 4 + hash.outputLen + der.length;
  return concat(Uint8Array.of(length, length >>> 8, 0, 0), digestOf(hash, root), der);
}

/** X and Y of the last certificate's public key. */
export function leafKeyOf(curve: Curve, chain: Uint8Array): Uint8Array {
  const text = toHex(chain);
  const at = text.lastIndexOf(curve.spki);
  assert.notEqual(at, -1, "no public key of this curve");
  const start = (at + curve.spki.length) / 2;
  return chain.slice(start, start + curve.verifier.publicKeyLength);
}

export function testIdentity(curve: Curve, slots: readonly number[]): Identity {
  const random = deterministicRandom(2);
  const all = slots.map((slot): [number, Slot] => {
    const key = fromHex((curve.data.keys as SlotData)[source(curve.data.keys, slot)]);
    return [slot, { chain: chainOf(curve, slot), signer: curve.signer(key, random) }];
  });
  return portableIdentity(new Map(all));
}

/** "dmtf-spdm-v1.N.*" four times and the context, right-aligned in 36 bytes: made here again, not by src/signing.ts. */
function combinedPrefix(v: Version, context: string): Uint8Array {
  const once = ascii(`dmtf-spdm-v1.${v - 0x10}.*`);
  return concat(once, once, once, once, new Uint8Array(36 - context.length), ascii(context));
}

function measurement(index: number, valueType: number, tcb: boolean, raw: Uint8Array, rawLength = raw.length) {
  return {
    index,
    valueType,
    tcb,
    rawLength,
    readRaw: (into: Uint8Array) => into.set(raw),
    digest: (hash: HashAlgorithm, into: Uint8Array) => into.set(digestOf(hash, raw)),
  } satisfies Measurement;
}

export const FIRMWARE = ascii("firmware, which is measured and not shown");
export const CONFIGURATION = ascii("configuration: debug off");
export const MANIFEST = ascii("manifest");

export class TestMeasurements implements Measurements {
  generation = 1;
  readonly list: readonly Measurement[] = [
    measurement(1, block.IMMUTABLE_ROM, true, ascii("rom"), 0),
    measurement(2, block.MUTABLE_FIRMWARE, true, FIRMWARE, 0),
    measurement(3, block.FIRMWARE_CONFIGURATION, false, CONFIGURATION),
    measurement(0x10, block.SECURE_VERSION_NUMBER, true, Uint8Array.of(7, 0, 0, 0, 0, 0, 0, 0)),
    measurement(block.MANIFEST_INDEX, block.MEASUREMENT_MANIFEST, false, MANIFEST),
    measurement(block.DEVICE_MODE_INDEX, block.DEVICE_MODE, false, Uint8Array.of(4, 0, 0, 0, 4, ...new Uint8Array(11))),
  ];
}

/** CXL's registry (7), vendor 0x1E98: answers the payload reversed. */
export const REVERSER: VendorHandler = {
  standardId: 7,
  vendorId: Uint8Array.of(0x98, 0x1e),
  respond(payload, response) {
    response.set(payload.slice().reverse());
    return payload.length;
  },
};

export interface Board {
  readonly responder: Responder;
  readonly measurements: TestMeasurements;
  /** What `onFault` was told. */
  readonly faults: unknown[];
  readonly dataTransferSize: number;
}

/** A board with all exchanges; what `changes` says is different. */
export function board(changes: Partial<Options> & { slots?: readonly number[] } = {}): Board {
  const { slots = [0, 1, 4], ...options } = changes;
  const source = new TestMeasurements();
  const faults: unknown[] = [];
  const responder = new Responder({
    versions: VERSIONS,
    baseHash: [HASHES[1], HASHES[2], HASHES[0]],
    baseAsym: [CURVES[1], CURVES[0]].map((curve) => ({
      algorithm: curve.algorithm,
      identity: testIdentity(curve, slots),
    })),
    measurements: { algorithm: MEASUREMENT_SHA_384, engine: sha384, source },
    random: deterministicRandom(),
    ctExponent: 20,
    dataTransferSize: DATA_TRANSFER_SIZE,
    exchanges: [
      version,
      capabilities,
      algorithms,
      digests,
      certificate,
      challenge,
      measurements,
      vendorDefined([REVERSER]),
    ],
    onFault: (error) => faults.push(error),
    ...options,
  });
  return { responder, measurements: source, faults, dataTransferSize: options.dataTransferSize ?? DATA_TRANSFER_SIZE };
}

/** What a requester offers, beside the version. */
export interface Offer extends requests.CapabilityFields, requests.AlgorithmFields {}

/** A requester's side of one connection. */
export class Conversation {
  readonly board: Board;
  readonly version: Version;
  readonly offer: Offer;
  /** Of the first three exchanges. */
  vca: Uint8Array = new Uint8Array(0);
  state: State = NOT_STARTED;
  /** What ALGORITHMS chose. */
  hash: HashAlgorithm = sha256;
  curve: Curve = CURVES[0];

  constructor(version: Version, offer: Offer = {}, on: Board = board()) {
    this.board = on;
    this.version = version;
    this.offer = offer;
  }

  /** The response to `request`; asserts what holds for every response. */
  ask(request: Uint8Array): Uint8Array {
    const buffer = new Uint8Array(this.board.dataTransferSize);
    const length = this.board.responder.respond(request, buffer);
    assert.ok(length >= 4 && length <= buffer.length, `length ${length}`);
    const response = buffer.slice(0, length);
    // RESPOND_IF_READY has the response to another request.
    const answers = request[1] === 0xff || response[1] === 0x7f || response[1] === (request[1] & 0x7f);
    assert.ok(answers, `code 0x${response[1].toString(16)}`);
    return response;
  }

  /** `request` with its response, which must not be ERROR. */
  pair(request: Uint8Array): Uint8Array[] {
    return [request, this.answer(request)];
  }

  /** The response to `request`, which must not be ERROR, in the request's version. */
  answer(request: Uint8Array): Uint8Array {
    const response = this.ask(request);
    assert.notEqual(response[1], 0x7f, `ERROR ${toHex(response)} to ${toHex(request)}`);
    assert.equal(response[0], request[0]);
    return response;
  }

  /** Asserts that `request` is refused with ERROR in this version, with `code` and `data`; returns what follows them. */
  refused(request: Uint8Array, code: number, data = 0, inVersion: Version = this.version): Uint8Array {
    const response = this.ask(request);
    assert.equal(toHex(response.subarray(0, 4)), toHex(Uint8Array.of(inVersion, 0x7f, code, data)));
    assert.deepEqual(this.board.faults, []);
    return response.subarray(4);
  }

  /** Goes on with the first three requests until the connection is in `state`. */
  reach(state: State): this {
    const { version: v, offer } = this;
    const steps = [
      requests.getVersion(),
      requests.getCapabilities(v, offer),
      requests.negotiateAlgorithms(v, { ...offer }),
    ];
    for (const request of steps.slice(this.state, state)) {
      const response = this.answer(request);
      this.vca = concat(this.vca, request, response);
      this.state++;
      if (this.state === NEGOTIATED) {
        const pqcAsym = this.version >= V1_4 ? readLe(response, 20, 4) : 0;
        this.curve = pqcAsym === 0 ? curveOf(readLe(response, 12, 4)) : mlDsaOf(pqcAsym);
        this.hash = hashOf(readLe(response, 16, 4));
      }
    }
    return this;
  }

  /** Whether `response` ends in the slot's signature over `transcript`, computed with nothing of src/. */
  #isSigned(context: string, slot: number, transcript: readonly Uint8Array[], response: Uint8Array): boolean {
    const { curve, hash } = this;
    const end = response.length - curve.verifier.signatureLength;
    const key = leafKeyOf(curve, chainOf(curve, slot));
    let signed = digestOf(hash, ...transcript, response.subarray(0, end));
    if (this.version >= V1_2) signed = concat(combinedPrefix(this.version, context), signed);
    if (this.version >= V1_2 && !curve.verifier.takesContent) signed = digestOf(hash, signed);
    return curve.verifier.verify(key, signed, response.subarray(end), { hash, context });
  }

  /** Whether CHALLENGE_AUTH `response` is signed over VCA, `b` and `request`. */
  isM1(b: readonly Uint8Array[], request: Uint8Array, response: Uint8Array, slot = 0): boolean {
    return this.#isSigned("responder-challenge_auth signing", slot, [this.vca, ...b, request], response);
  }

  /** Whether KEY_EXCHANGE_RSP `response`, up to its signature, is signed over VCA, the slot's chain and `request`. */
  isTh1(request: Uint8Array, response: Uint8Array, slot = 0): boolean {
    const chainHash = digestOf(this.hash, spdmChainOf(this.curve, slot, this.hash));
    return this.#isSigned("responder-key_exchange_rsp signing", slot, [this.vca, chainHash, request], response);
  }

  /** Whether MEASUREMENTS `response` is signed over VCA, from 1.2 on, `before` and `request`. */
  isL1(before: readonly Uint8Array[], request: Uint8Array, response: Uint8Array, slot = 0): boolean {
    const a = this.version >= V1_2 ? [this.vca] : [];
    return this.#isSigned("responder-measurements signing", slot, [...a, ...before, request], response);
  }

  /** Whether ENDPOINT_INFO `response` is signed over VCA and `request`. */
  isIl1(request: Uint8Array, response: Uint8Array, slot = 0): boolean {
    return this.#isSigned("responder-endpoint_info signing", slot, [this.vca, request], response);
  }
}

export const STATES: readonly State[] = [NOT_STARTED, AFTER_VERSION, AFTER_CAPABILITIES, NEGOTIATED];

/** A connection that has negotiated. */
export const negotiated = (v: Version, offer: Offer = {}, on: Board = board()): Conversation =>
  new Conversation(v, offer, on).reach(NEGOTIATED);
