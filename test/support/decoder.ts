/** Decodes recorded messages with the codecs of src/messages, and encodes them again. */
import assert from "node:assert/strict";
import { MULTI_KEY_CONN } from "../../src/algorithms.js";
import {
  CHALLENGE,
  GET_CAPABILITIES,
  GET_CERTIFICATE,
  GET_DIGESTS,
  GET_MEASUREMENTS,
  GET_VERSION,
  NEGOTIATE_ALGORITHMS,
} from "../../src/exchange.js";
import * as algorithms from "../../src/messages/algorithms.js";
import * as capabilities from "../../src/messages/capabilities.js";
import * as certificate from "../../src/messages/certificate.js";
import * as challenge from "../../src/messages/challenge.js";
import * as digests from "../../src/messages/digests.js";
import * as measurements from "../../src/messages/measurements.js";
import { readGetVersion, readVersion, writeGetVersion, writeVersion } from "../../src/messages/version.js";
import type { Version } from "../../src/versions.js";
import { Reader, Writer } from "../../src/wire.js";
import { type Curve, curveOf, hashOf } from "./fixture.js";
import type { Pair, Recording } from "./vectors.js";

const versionOf = (recording: Recording): Version => 0x10 | Number(recording.spdmVersion[2]);

/** What decoding needs to know of the connection; the requests of a pair set it as they go by. */
export class Decoder {
  readonly version: Version;
  readonly curve: Curve;
  readonly suite;
  multiKey = false;

  constructor(recording: Recording) {
    const asym = recording.algorithms.baseAsym === "ECDSA_P256" ? 0x10 : 0x80;
    this.version = versionOf(recording);
    this.curve = curveOf(asym);
    this.suite = {
      hash: hashOf(recording.algorithms.baseHash === "SHA_256" ? 1 : 2),
      signatureLength: this.curve.verifier.signatureLength,
    };
  }

  /** Decodes and encodes a pair; undefined if there is no codec. */
  reencoded(pair: Pair): readonly [request: Uint8Array, response: Uint8Array] | undefined {
    const request = new Reader(pair.request);
    const response = new Reader(pair.response);
    const writers = [
      new Writer(pair.request.slice().fill(0xee)),
      new Writer(pair.response.slice().fill(0xee)),
    ] as const;
    for (const [i, reader] of [request, response].entries()) {
      writers[i].u8(reader.u8());
      writers[i].u8(reader.u8());
    }
    const signatureLength = this.#pair(pair.request[1], request, response, ...writers);
    if (signatureLength === undefined) return undefined;
    assert.equal(request.remaining, 0);
    assert.equal(response.remaining, signatureLength);
    writers[1].bytes(response.bytes(signatureLength));
    return [writers[0].written(), writers[1].written()];
  }

  /** Bytes of signature that are left, or undefined for an unknown code. */
  #pair(code: number, request: Reader, response: Reader, w: Writer, answer: Writer): number | undefined {
    const { version, suite } = this;
    switch (code) {
      case GET_VERSION:
        readGetVersion(request);
        writeGetVersion(w);
        writeVersion(answer, readVersion(response));
        return 0;
      case GET_CAPABILITIES:
        capabilities.writeGetCapabilities(w, capabilities.readGetCapabilities(request, version), version);
        capabilities.writeCapabilities(answer, capabilities.readCapabilities(response, version), version);
        return 0;
      case NEGOTIATE_ALGORITHMS: {
        const offered = algorithms.readNegotiateAlgorithms(request, version);
        this.multiKey = (offered.otherParams & MULTI_KEY_CONN) !== 0;
        algorithms.writeNegotiateAlgorithms(w, offered, version);
        algorithms.writeAlgorithms(answer, algorithms.readAlgorithms(response, version), version);
        return 0;
      }
      case GET_DIGESTS:
        digests.readGetDigests(request);
        digests.writeGetDigests(w);
        digests.writeDigests(answer, digests.readDigests(response, version, suite, this.multiKey), version);
        return 0;
      case GET_CERTIFICATE:
        certificate.writeGetCertificate(w, certificate.readGetCertificate(request, version));
        certificate.writeCertificate(answer, certificate.readCertificate(response, version));
        return 0;
      case CHALLENGE: {
        const asked = challenge.readChallenge(request, version);
        challenge.writeChallenge(w, asked, version);
        challenge.writeChallengeAuth(answer, challenge.readChallengeAuth(response, asked, version, suite), version);
        return suite.signatureLength;
      }
      case GET_MEASUREMENTS: {
        const asked = measurements.readGetMeasurements(request, version);
        measurements.writeGetMeasurements(w, asked, version);
        measurements.writeMeasurements(answer, measurements.readMeasurements(response, version), version);
        return asked.nonce === undefined ? 0 : suite.signatureLength;
      }
      default:
        return undefined;
    }
  }
}
