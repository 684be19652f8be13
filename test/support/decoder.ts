/** Decodes recorded messages with the codecs of src/messages, and encodes them again. */
import assert from "node:assert/strict";
import { ML_DSA_65, MULTI_KEY_CONN } from "../../src/algorithms.js";
import { HANDSHAKE_IN_THE_CLEAR_CAP } from "../../src/capabilities.js";
import {
  CHALLENGE,
  CHUNK_GET,
  CHUNK_SEND,
  DELIVER_ENCAPSULATED_RESPONSE,
  END_SESSION,
  FINISH,
  GET_CAPABILITIES,
  GET_CERTIFICATE,
  GET_CSR,
  GET_DIGESTS,
  GET_ENCAPSULATED_REQUEST,
  GET_ENDPOINT_INFO,
  GET_KEY_PAIR_INFO,
  GET_MEASUREMENT_EXTENSION_LOG,
  GET_MEASUREMENTS,
  GET_VERSION,
  HEARTBEAT,
  KEY_EXCHANGE,
  KEY_UPDATE,
  NEGOTIATE_ALGORITHMS,
  PSK_EXCHANGE,
  PSK_FINISH,
  SET_CERTIFICATE,
  SET_KEY_PAIR_INFO,
} from "../../src/exchange.js";
import * as algorithms from "../../src/messages/algorithms.js";
import * as capabilities from "../../src/messages/capabilities.js";
import * as certificate from "../../src/messages/certificate.js";
import * as challenge from "../../src/messages/challenge.js";
import * as chunk from "../../src/messages/chunk.js";
import * as csr from "../../src/messages/csr.js";
import * as digests from "../../src/messages/digests.js";
import * as encapsulated from "../../src/messages/encapsulated.js";
import * as endSession from "../../src/messages/end-session.js";
import * as endpointInfo from "../../src/messages/endpoint-info.js";
import * as finish from "../../src/messages/finish.js";
import * as heartbeat from "../../src/messages/heartbeat.js";
import * as keyExchange from "../../src/messages/key-exchange.js";
import * as keyPairInfo from "../../src/messages/key-pair-info.js";
import * as keyUpdate from "../../src/messages/key-update.js";
import * as log from "../../src/messages/measurement-extension-log.js";
import * as measurements from "../../src/messages/measurements.js";
import * as pskExchange from "../../src/messages/psk-exchange.js";
import * as pskFinish from "../../src/messages/psk-finish.js";
import * as setCertificate from "../../src/messages/set-certificate.js";
import * as setKeyPairInfo from "../../src/messages/set-key-pair-info.js";
import { readGetVersion, readVersion, writeGetVersion, writeVersion } from "../../src/messages/version.js";
import * as opaque from "../../src/opaque.js";
import type { Version } from "../../src/versions.js";
import { Reader, Writer } from "../../src/wire.js";
import { toHex } from "./bytes.js";
import { type Curve, curveOf, hashOf } from "./fixture.js";
import { mlDsaOf } from "./ml-dsa.js";
import type { Pair, Recording } from "./vectors.js";

export const versionOf = (recording: Recording): Version => 0x10 | Number(recording.spdmVersion[2]);

function exchangeLengths({ algorithms: { dhe, kem } }: Recording): readonly [number, number] {
  if (kem === "ML_KEM_768") return [1184, 1088];
  return dhe === "SECP_256_R1" ? [64, 64] : [96, 96];
}

/** The algorithm of the responder's signatures. */
export function asymOf({ algorithms: { baseAsym, pqcAsym } }: Recording): Curve {
  if (pqcAsym === "ML_DSA_65") return mlDsaOf(ML_DSA_65);
  return curveOf(baseAsym === "ECDSA_P256" ? 0x10 : 0x80);
}

/** What decoding needs to know of the connection; the requests of a pair set it as they go by. */
export class Decoder {
  readonly version: Version;
  readonly curve: Curve;
  readonly suite;
  multiKey = false;
  /** Whether HANDSHAKE_IN_THE_CLEAR leaves ResponderVerifyData to FINISH_RSP. */
  readonly inTheClear: boolean;
  /** Of ExchangeData, in request and response. */
  readonly exchangeLengths: readonly [number, number];

  constructor(recording: Recording) {
    this.version = versionOf(recording);
    const { capabilities: flags } = recording;
    this.inTheClear = ((flags.requester ?? 0) & flags.responder & HANDSHAKE_IN_THE_CLEAR_CAP) !== 0;
    this.exchangeLengths = exchangeLengths(recording);
    this.curve = asymOf(recording);
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

  #reencodeEncapsulated(r: Reader, w: Writer): void {
    const { requestId, message } = encapsulated.readEncapsulated(r);
    encapsulated.writeEncapsulatedHeader(w, requestId);
    w.bytes(message);
  }

  #reencodeChunk(r: Reader, w: Writer): void {
    const header = chunk.readChunkHeader(r, this.version);
    chunk.writeChunkHeader(w, header, this.version);
    if (header.sequence === 0) w.u32(r.u32());
    w.bytes(r.bytes(header.length));
  }

  /** SupportedVersions of the requester, VersionSelection of the responder. */
  #reencodeOpaque(asked: Uint8Array, told: Uint8Array): void {
    const { version } = this;
    const w = new Writer(new Uint8Array(asked.length));
    opaque.writeSupportedVersions(w, opaque.readSupportedVersions(asked, version), version);
    assert.equal(toHex(w.written()), toHex(asked));
    const answer = new Writer(new Uint8Array(told.length));
    opaque.writeVersionSelection(answer, opaque.readVersionSelection(told, version), version);
    assert.equal(toHex(answer.written()), toHex(told));
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
      case GET_MEASUREMENT_EXTENSION_LOG:
        log.writeGetMeasurementExtensionLog(w, log.readGetMeasurementExtensionLog(request));
        log.writeMeasurementExtensionLog(answer, log.readMeasurementExtensionLog(response));
        return 0;
      case GET_ENDPOINT_INFO: {
        const asked = endpointInfo.readGetEndpointInfo(request);
        endpointInfo.writeGetEndpointInfo(w, asked);
        const told = endpointInfo.readEndpointInfo(response, asked.nonce !== undefined);
        endpointInfo.writeEndpointInfo(answer, told);
        const info = new Writer(new Uint8Array(told.info.length));
        endpointInfo.writeDeviceClasses(info, endpointInfo.readDeviceClasses(told.info));
        assert.equal(toHex(info.written()), toHex(told.info));
        return asked.nonce === undefined ? 0 : suite.signatureLength;
      }
      case CHUNK_SEND:
        this.#reencodeChunk(request, w);
        chunk.writeChunkSendAck(answer, chunk.readChunkSendAck(response, version), version);
        answer.bytes(response.bytes(response.remaining));
        return 0;
      case CHUNK_GET:
        chunk.writeChunkGet(w, chunk.readChunkGet(request, version), version);
        this.#reencodeChunk(response, answer);
        return 0;
      case KEY_EXCHANGE: {
        const asked = keyExchange.readKeyExchange(request, version, this.exchangeLengths[0]);
        keyExchange.writeKeyExchange(w, asked, version);
        const told = keyExchange.readKeyExchangeResponse(response, asked, suite, this.exchangeLengths[1]);
        keyExchange.writeKeyExchangeResponse(answer, told);
        this.#reencodeOpaque(asked.opaque, told.opaque);
        return suite.signatureLength + (this.inTheClear ? 0 : suite.hash.outputLen);
      }
      case FINISH:
        finish.writeFinish(w, finish.readFinish(request, version), version);
        w.bytes(request.bytes(request.remaining));
        finish.writeFinishResponse(answer, finish.readFinishResponse(response, version), version);
        return this.inTheClear ? suite.hash.outputLen : 0;
      case PSK_EXCHANGE: {
        const asked = pskExchange.readPskExchange(request, version);
        pskExchange.writePskExchange(w, asked, version);
        const told = pskExchange.readPskExchangeResponse(response, asked, suite);
        pskExchange.writePskExchangeResponse(answer, told);
        this.#reencodeOpaque(asked.opaque, told.opaque);
        return suite.hash.outputLen;
      }
      case PSK_FINISH:
        pskFinish.writePskFinish(w, pskFinish.readPskFinish(request, version), version);
        w.bytes(request.bytes(suite.hash.outputLen));
        pskFinish.writePskFinish(answer, pskFinish.readPskFinish(response, version), version);
        return 0;
      case HEARTBEAT:
        for (const r of [request, response]) heartbeat.readHeartbeat(r);
        for (const writer of [w, answer]) heartbeat.writeHeartbeat(writer);
        return 0;
      case KEY_UPDATE:
        keyUpdate.writeKeyUpdate(w, keyUpdate.readKeyUpdate(request));
        keyUpdate.writeKeyUpdate(answer, keyUpdate.readKeyUpdate(response));
        return 0;
      case END_SESSION:
        endSession.writeEndSession(w, endSession.readEndSession(request));
        endSession.readEndSessionAck(response);
        endSession.writeEndSessionAck(answer);
        return 0;
      case GET_CSR:
        csr.writeGetCsr(w, csr.readGetCsr(request, version), version);
        csr.writeCsr(answer, csr.readCsr(response));
        return 0;
      case SET_CERTIFICATE:
        setCertificate.writeSetCertificate(w, setCertificate.readSetCertificate(request, version), version);
        setCertificate.writeSetCertificateResponse(answer, setCertificate.readSetCertificateResponse(response));
        return 0;
      case GET_ENCAPSULATED_REQUEST: {
        encapsulated.readGetEncapsulatedRequest(request);
        encapsulated.writeGetEncapsulatedRequest(w);
        this.#reencodeEncapsulated(response, answer);
        return 0;
      }
      case DELIVER_ENCAPSULATED_RESPONSE: {
        this.#reencodeEncapsulated(request, w);
        const ack = encapsulated.readEncapsulatedResponseAck(response, version);
        encapsulated.writeAckHeader(answer, ack, version);
        answer.bytes(ack.payload);
        return 0;
      }
      case GET_KEY_PAIR_INFO:
        keyPairInfo.writeGetKeyPairInfo(w, keyPairInfo.readGetKeyPairInfo(request));
        keyPairInfo.writeKeyPairInfo(answer, keyPairInfo.readKeyPairInfo(response, version), version);
        return 0;
      case SET_KEY_PAIR_INFO:
        setKeyPairInfo.writeSetKeyPairInfo(w, setKeyPairInfo.readSetKeyPairInfo(request, version), version);
        setKeyPairInfo.readSetKeyPairInfoAck(response);
        setKeyPairInfo.writeSetKeyPairInfoAck(answer);
        return 0;
      default:
        return undefined;
    }
  }
}
