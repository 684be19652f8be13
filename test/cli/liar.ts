/** A responder that lies and signs its lies with its own key. */
import { loadIdentity } from "../../cli/identity.js";
import { p384Signer, sha384 } from "../../hal/portable/crypto.js";
import { ECDSA_P384 } from "../../src/algorithms.js";
import {
  CHALLENGE_AUTH_CONTEXT,
  KEY_EXCHANGE_RSP_CONTEXT,
  MEASUREMENTS_CONTEXT,
  signedDigest,
} from "../../src/signing.js";
import { MeasurementRun, Transcript } from "../../src/transcript.js";
import type { Version } from "../../src/versions.js";
import { deterministicRandom } from "../support/random.js";
import { type Alter, KEYS } from "./answering.js";

const SIGNATURE_LENGTH = 96;

/** Changes a response in place, or makes another one of it. */
export type Lie = (response: Uint8Array) => Uint8Array | undefined;

export const set =
  (offset: number, value: number): Lie =>
  (response) => {
    response[offset] = value;
    return undefined;
  };

/**
 * What `lies`, by response code, make of responses in the clear, signed by slot 0's key to P-384 under SHA-384; its
 * transcripts are the requester's. KEY_EXCHANGE_RSP is signed as in handshakes in the clear, where nothing follows it.
 */
export function signed(version: Version, lies: Readonly<Record<number, Lie>>): Alter {
  const { credentials } = loadIdentity(KEYS);
  const { key } = credentials.find(({ slot, algorithm }) => slot === 0 && algorithm === ECDSA_P384)!;
  const signer = p384Signer(key, deterministicRandom());
  const transcript = new Transcript(2048);
  let chainDigest: Uint8Array = new Uint8Array(0);
  const sign = (m: ReturnType<Transcript["fork"]>, context: string, request: Uint8Array, told: Uint8Array) => {
    m.update(request);
    m.update(told.subarray(0, -SIGNATURE_LENGTH));
    signer.sign(signedDigest(version, sha384, context, m), told.subarray(-SIGNATURE_LENGTH));
  };
  return (response, request, type) => {
    if (type !== 5) return response;
    const told = lies[response[1]]?.(response) ?? response;
    const code = told[1];
    if (code === 0x04) transcript.reset();
    if ([0x04, 0x61, 0x63].includes(code)) {
      transcript.addVca(request);
      transcript.addVca(told);
    }
    if (code === 0x63) transcript.settle(sha384);
    if (code === 0x01 || code === 0x02) transcript.addM1(request, told);
    if (code === 0x01) chainDigest = told.slice(4, 4 + sha384.outputLen);
    if (code === 0x03) sign(transcript.takeM1(), CHALLENGE_AUTH_CONTEXT, request, told);
    if (code === 0x60) sign(new MeasurementRun().take(transcript, version), MEASUREMENTS_CONTEXT, request, told);
    if (code === 0x64) {
      const th = transcript.fork();
      th.update(chainDigest);
      sign(th, KEY_EXCHANGE_RSP_CONTEXT, request, told);
    }
    return told;
  };
}
