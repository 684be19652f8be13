/**
 * Whatever is asked, in whatever state: the answer is a response that decodes, or an ERROR with a code that exists;
 * nothing throws, nothing is told to the board as a fault, and nothing is longer than DataTransferSize.
 *
 * Covered: each request of a full attestation in each version, cut to each shorter length and with each single bit
 * flipped, at its place in the run, the run then going on to its end; and many random and half-random requests to one
 * responder. Signatures are filled in, not made: that they are right is for other tests.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Identity } from "../../hal/identity.js";
import * as errors from "../../src/errors.js";
import * as codes from "../../src/exchange.js";
import { readRecord } from "../../src/measurement-block.js";
import { readAlgorithms } from "../../src/messages/algorithms.js";
import { readCapabilities } from "../../src/messages/capabilities.js";
import { readCertificate } from "../../src/messages/certificate.js";
import { readChallenge, readChallengeAuth } from "../../src/messages/challenge.js";
import { readDigests } from "../../src/messages/digests.js";
import { readGetMeasurements, readMeasurements } from "../../src/messages/measurements.js";
import { readVendorDefined } from "../../src/messages/vendor-defined.js";
import { readVersion } from "../../src/messages/version.js";
import { V1_0, VERSIONS, type Version } from "../../src/versions.js";
import { Reader } from "../../src/wire.js";
import { toHex } from "../support/bytes.js";
import { type Board, board, HASHES } from "../support/fixture.js";
import { seeded } from "../support/random.js";
import * as requests from "../support/requests.js";

const DATA_TRANSFER_SIZE = 600;
const SIGNATURE_LENGTH = 64;
const SUITE = { hash: HASHES[0].engine, signatureLength: SIGNATURE_LENGTH };
const KNOWN_ERRORS: readonly number[] = Object.values(errors).filter((value) => typeof value === "number");

/** Slots 0 and 4 hold something that begins as a certificate does; nothing is secret and nothing is signed. */
const IDENTITY: Identity = {
  signatureLength: SIGNATURE_LENGTH,
  slotMask: 0x11,
  chainLength: () => 70,
  readChain(slot, offset, into) {
    for (let i = 0; i < into.length; i++) into[i] = offset + i === 0 ? 0x30 : offset + i === 1 ? 20 : slot;
  },
  sign: (slot, _, signature) => void signature.fill(slot),
};

const unsigned = (): Board =>
  board({
    baseHash: [HASHES[0]],
    baseAsym: [{ algorithm: 0x10, identity: IDENTITY }],
    dataTransferSize: DATA_TRANSFER_SIZE,
  });

/** A full attestation. */
function run(version: Version): Uint8Array[] {
  const tables = version === V1_0 ? [] : [[2, 0x20, 0x18] as const, [5, 0x21, 1] as const];
  return [
    requests.getVersion(),
    requests.getCapabilities(version, { dataTransferSize: 0x200 }),
    requests.negotiateAlgorithms(version, { extAsymCount: 1, tables }),
    requests.getDigests(version),
    requests.getCertificate(version, 4, 0, 64),
    requests.challenge(version, 0, 0xff),
    requests.getMeasurements(version, 0, 0),
    requests.getMeasurements(version, 1, 0xff, version === V1_0 ? 0 : 4),
    requests.vendorDefined(version, 7, [0x98, 0x1e], [1, 2, 3, 4]),
  ];
}

/** Reads all of a response that is not ERROR but its signature. */
function decode(request: Uint8Array, response: Reader): void {
  const version = response.message[0];
  const asked = new Reader(request);
  asked.skip(2);
  let signatureLength = 0;
  switch (request[1]) {
    case codes.GET_VERSION:
      assert.equal(readVersion(response).length, VERSIONS.length);
      break;
    case codes.GET_CAPABILITIES:
      readCapabilities(response, version);
      break;
    case codes.NEGOTIATE_ALGORITHMS:
      assert.equal(readAlgorithms(response, version).length, response.message.length);
      break;
    case codes.GET_DIGESTS:
      readDigests(response, version, SUITE, false);
      break;
    case codes.GET_CERTIFICATE:
      readCertificate(response, version);
      break;
    case codes.CHALLENGE:
      readChallengeAuth(response, readChallenge(asked, version), version, SUITE);
      signatureLength = SIGNATURE_LENGTH;
      break;
    case codes.GET_MEASUREMENTS: {
      const { record, blockCount } = readMeasurements(response, version);
      readRecord(record, blockCount);
      if (readGetMeasurements(asked, version).nonce !== undefined) signatureLength = SIGNATURE_LENGTH;
      break;
    }
    case codes.VENDOR_DEFINED_REQUEST:
      readVendorDefined(response, version);
      break;
    default:
      assert.fail("an answer to what is not served");
  }
  assert.equal(response.remaining, signatureLength);
}

const buffer = new Uint8Array(DATA_TRANSFER_SIZE + 64);

/** Asks, and asserts all that holds for any answer; whether it is not ERROR. */
function ask(on: Board, request: Uint8Array): boolean {
  const length = on.responder.respond(request, buffer);
  const response = buffer.subarray(0, length);
  const what = () => `${toHex(response)} to ${toHex(request)}`;
  if (length < 4 || length > DATA_TRANSFER_SIZE || on.faults.length !== 0) assert.fail(what());
  if (response[1] === codes.ERROR) {
    const extendedLength = response[2] === errors.RESPONSE_TOO_LARGE ? 4 : 0;
    const isKnown = KNOWN_ERRORS.includes(response[2]) && VERSIONS.includes(response[0]);
    if (!isKnown || length !== 4 + extendedLength) assert.fail(what());
    return false;
  }
  if (response[0] !== request[0] || response[1] !== codes.responseTo(request[1])) assert.fail(what());
  const reader = new Reader(response);
  reader.skip(2);
  decode(request, reader);
  return true;
}

/** Runs to request `at`, asks `mutated` in its place, and goes on to the end. */
function runWith(on: Board, valid: readonly Uint8Array[], at: number, mutated: Uint8Array): boolean {
  for (let i = 0; i < at; i++) assert.ok(ask(on, valid[i]));
  const isAnswered = ask(on, mutated);
  for (let i = at + 1; i < valid.length; i++) ask(on, valid[i]);
  return isAnswered;
}

for (const version of VERSIONS) {
  test(`1.${version - V1_0}: every request cut to every shorter length is refused`, () => {
    const on = unsigned();
    const valid = run(version);
    for (const [at, request] of valid.entries()) {
      for (let length = 0; length < request.length; length++) {
        assert.ok(!runWith(on, valid, at, request.subarray(0, length)), `${toHex(request)} cut to ${length}`);
      }
    }
    for (const request of valid) assert.ok(ask(on, request));
  });

  test(`1.${version - V1_0}: every request with every single bit flipped is answered or refused`, () => {
    const on = unsigned();
    const valid = run(version);
    let answeredCount = 0;
    let bitCount = 0;
    for (const [at, request] of valid.entries()) {
      for (let bit = 0; bit < request.length * 8; bit++) {
        const mutated = request.slice();
        mutated[bit >> 3] ^= 1 << (bit & 7);
        if (runWith(on, valid, at, mutated)) answeredCount++;
        bitCount++;
      }
    }
    for (const request of valid) assert.ok(ask(on, request));
    // Nonces and reserved fields may be anything; headers, lengths and choices may not.
    assert.ok(answeredCount > bitCount / 4 && answeredCount < bitCount - 100, `${answeredCount} of ${bitCount}`);
  });
}

test("random requests, random changes and random order", () => {
  const random = seeded(20260101);
  const on = unsigned();
  const runs = VERSIONS.map(run);
  let answeredCount = 0;
  let version = 0;
  const COUNT = 100_000;
  for (let i = 0; i < COUNT; i++) {
    const valid = runs[version];
    let request = valid[random(valid.length)].slice();
    const kind = random(8);
    if (kind === 0) {
      request = new Uint8Array(random(100));
      for (let at = 0; at < request.length; at++) request[at] = random(256);
    } else if (kind < 4) {
      for (let changes = random(4); changes >= 0; changes--) {
        request[random(request.length)] = [0, 0xff, 0x7f, 0x80, random(256)][random(5)];
      }
    } else if (kind === 4) {
      const longer = new Uint8Array(random(700));
      longer.set(request.subarray(0, longer.length));
      request = longer;
    } else if (random(50) === 0) {
      version = random(runs.length);
      for (const step of runs[version].slice(0, random(4))) ask(on, step);
      continue;
    }
    if (ask(on, request)) answeredCount++;
  }
  assert.ok(answeredCount > COUNT / 10 && answeredCount < (COUNT * 9) / 10, `${answeredCount} answered`);
  for (const request of runs[3]) assert.ok(ask(on, request));
});
