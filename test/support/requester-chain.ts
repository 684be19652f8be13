/** A requester's certificate chain, what trusts it, and what a hostile one would make of it. */
import assert from "node:assert/strict";
import type { HashAlgorithm, Verifier } from "../../hal/crypto.js";
import { type RequesterTrust, verifyRequesterChain } from "../../src/requester-chain.js";
import { concat, fromHex, toHex, u32 } from "./bytes.js";
import { CURVES, type Curve, digestOf, HASHES } from "./fixture.js";
import { seeded } from "./random.js";
import chains from "./requester-chains.json" with { type: "json" };

/** 2026-06-01 */
export const NOW = 1780272000;

/** Certificates that lie one behind the other, each longer than 255 bytes. */
export function split(der: Uint8Array): Uint8Array[] {
  const certificates: Uint8Array[] = [];
  for (let offset = 0; offset < der.length; ) {
    assert.equal(der[offset + 1], 0x82);
    const end = offset + 4 + der[offset + 2] * 256 + der[offset + 3];
    certificates.push(der.subarray(offset, end));
    offset = end;
  }
  return certificates;
}

/** Root, intermediate, leaf: bundle_requester.certchain.der of test/vectors/keys. */
export function requesterPath(curve: Curve): Uint8Array[] {
  return split(fromHex(curve.name === "P-256" ? chains.p256 : chains.p384));
}

/** A chain as SPDM has it. */
export function spdmChain(hash: HashAlgorithm, root: Uint8Array, ...certificates: readonly Uint8Array[]): Uint8Array {
  const rest = concat(digestOf(hash, root), ...certificates);
  return concat(Uint8Array.from(u32(4 + rest.length)), rest);
}

/** All that a board can have, and `changes`. */
export function trusting(anchors: readonly Uint8Array[], changes: Partial<RequesterTrust> = {}): RequesterTrust {
  return {
    anchors,
    verifiers: CURVES.map(({ algorithm, verifier }) => ({ algorithm, engine: verifier })),
    hashes: HASHES.map(({ engine }) => engine),
    calendar: () => NOW,
    ...changes,
  };
}

/** `verifier`, which tells `told` of each signature it is asked about, and what it says to it. */
export function watched(verifier: Verifier, told: (signature: string, valid: boolean) => void): Verifier {
  return {
    ...verifier,
    verify(publicKey, digest, signature) {
      const valid = verifier.verify(publicKey, digest, signature);
      told(toHex(concat(publicKey, digest, signature)), valid);
      return valid;
    },
  };
}

/** A sound chain, its trust, and a verifier that knows its signatures by heart: real ones take too long to fuzz with. */
export interface Target {
  readonly chain: Uint8Array;
  /** Whether `chain`, a broken one, is refused. */
  refuses(chain: Uint8Array): boolean;
}

export function target(curve: Curve): Target {
  const hash = HASHES[0].engine;
  const path = requesterPath(curve);
  const chain = spdmChain(hash, path[0], ...path);
  const known: string[] = [];
  const learning = watched(curve.verifier, (signature, valid) => valid && known.push(signature));
  const { algorithm } = curve;
  const verify = (bytes: Uint8Array, engine: Verifier) =>
    verifyRequesterChain(bytes, hash, algorithm, trusting([path[0]], { verifiers: [{ algorithm, engine }] }));
  assert.ok(verify(chain, learning));
  assert.equal(known.length, 2);
  const recalling: Verifier = {
    ...curve.verifier,
    verify: (key, digest, signature) => known.includes(toHex(concat(key, digest, signature))),
  };
  assert.ok(verify(chain, recalling));
  return { chain, refuses: (bytes) => verify(bytes, recalling) === undefined };
}

function withLength(chain: Uint8Array): Uint8Array {
  if (chain.length >= 4) chain.set(u32(chain.length));
  return chain;
}

/** Cuts `chain` off every `step` bytes, once as it is, once with a Length that fits. */
export function truncate({ chain, refuses }: Target, step: number): void {
  for (let length = 0; length < chain.length; length += step) {
    assert.ok(refuses(chain.slice(0, length)), `${length} bytes`);
    assert.ok(refuses(withLength(chain.slice(0, length))), `${length} bytes, with their Length`);
  }
}

/** Flips every `step`th bit, which should have no divisor in common with 8. */
export function flip({ chain, refuses }: Target, step: number): void {
  for (let bit = 0; bit < 8 * chain.length; bit += step) {
    const broken = chain.slice();
    broken[bit >> 3] ^= 1 << (bit & 7);
    assert.ok(refuses(broken), `bit ${bit}`);
  }
}

/** Breaks `chain` in `rounds` random ways: bytes changed, cut out, copied from elsewhere, put in. */
export function mutate({ chain, refuses }: Target, rounds: number, seed: number): void {
  const random = seeded(seed);
  const original = toHex(chain);
  for (let round = 0; round < rounds; round++) {
    let broken: Uint8Array = chain.slice();
    for (let times = 1 + random(3); times > 0 && broken.length !== 0; times--) {
      const at = random(broken.length);
      const length = 1 + random(random(4) === 0 ? broken.length - at : 4);
      const from = random(broken.length);
      const kind = random(4);
      if (kind === 0) broken[at] = random(256);
      else if (kind === 1) broken = concat(broken.subarray(0, at), broken.subarray(at + length));
      else if (kind === 2) broken.set(broken.slice(from, from + length).subarray(0, broken.length - at), at);
      else broken = concat(broken.subarray(0, at), broken.subarray(from, from + length), broken.subarray(at));
    }
    if (random(4) !== 0) broken = withLength(broken);
    if (!refuses(broken) && toHex(broken) !== original) assert.fail(`round ${round}: ${toHex(broken)}`);
  }
}
