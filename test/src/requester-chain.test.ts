import assert from "node:assert/strict";
import { test } from "node:test";
import { ECDSA_P256 } from "../../src/algorithms.js";
import { type RequesterTrust, verifyRequesterChain } from "../../src/requester-chain.js";
import { concat, fromHex, toHex } from "../support/bytes.js";
import { certificateOf, extension, sequence, tlv } from "../support/der.js";
import { CURVES, type Curve, chainOf, HASHES, leafKeyOf } from "../support/fixture.js";
import {
  flip,
  mutate,
  NOW,
  requesterPath,
  spdmChain,
  split,
  target,
  truncate,
  trusting,
  watched,
} from "../support/requester-chain.js";

const sha256 = HASHES[0].engine;
const [P256, P384] = CURVES;

/** Whether the path's chain, as SHA-256 names its root, is trusted. */
function trusts(curve: Curve, path: readonly Uint8Array[], trust: RequesterTrust, root = path[0]): boolean {
  return verifyRequesterChain(spdmChain(sha256, root, ...path), sha256, curve.algorithm, trust) !== undefined;
}

test("recorded requesters' chains, with their roots and without, under each hash", () => {
  for (const curve of CURVES) {
    const path = requesterPath(curve);
    const key = toHex(leafKeyOf(curve, path[2]));
    for (const { engine } of HASHES) {
      for (const certificates of [path, path.slice(1)]) {
        const chain = spdmChain(engine, path[0], ...certificates);
        const found = verifyRequesterChain(chain, engine, curve.algorithm, trusting([path[0]]));
        chain.fill(0);
        assert.equal(toHex(found!), key);
      }
    }
  }
});

test("one of several anchors is enough; an intermediate may be one, and a leaf, for itself alone", () => {
  const [root, intermediate, leaf] = requesterPath(P256);
  const [other] = requesterPath(P384);
  assert.ok(trusts(P256, [root, intermediate, leaf], trusting([other, root])));
  assert.ok(trusts(P256, [intermediate, leaf], trusting([intermediate])));
  assert.ok(trusts(P256, [leaf], trusting([intermediate]), intermediate));
  assert.ok(trusts(P256, [leaf], trusting([leaf])));
  assert.ok(!trusts(P256, [], trusting([leaf]), leaf));
});

test("no anchor, another, or not the one that the root hash names", () => {
  const path = requesterPath(P256);
  // Of the same name as the root, with another key.
  const [impostor] = split(chainOf(P256, 1));
  assert.notEqual(toHex(impostor), toHex(path[0]));
  for (const anchors of [[], [impostor], [path[1]], [path[2]], [requesterPath(P384)[0]], [new Uint8Array(0)]]) {
    assert.ok(!trusts(P256, path, trusting(anchors)));
    assert.ok(!trusts(P256, path.slice(1), trusting(anchors), path[0]));
  }
  assert.ok(!trusts(P256, path.slice(1), trusting([impostor]), impostor));
  assert.ok(!trusts(P256, path, trusting([path[0], impostor]), impostor));
});

test("an anchor that is no certificate leads nowhere", () => {
  const [root, intermediate, leaf] = requesterPath(P256);
  for (const anchor of [root.subarray(1), concat(root, Uint8Array.of(0)), Uint8Array.of(0x30, 0x00)])
    assert.ok(!trusts(P256, [intermediate, leaf], trusting([anchor]), anchor));
});

test("a root alone is no requester, nor is a path that ends in an authority", () => {
  const [root, intermediate] = requesterPath(P256);
  assert.ok(!trusts(P256, [root], trusting([root])));
  assert.ok(!trusts(P256, [root, intermediate], trusting([root])));
  assert.ok(!trusts(P256, [], trusting([root]), root));
});

test("a responder's chain is not a requester's", () => {
  const path = split(chainOf(P256, 0));
  assert.ok(!trusts(P256, path, trusting([path[0]])));
});

test("certificates out of order, left out, twice", () => {
  const [root, intermediate, leaf] = requesterPath(P256);
  for (const path of [
    [root, leaf],
    [root, leaf, intermediate],
    [root, intermediate, intermediate, leaf],
    [root, intermediate, leaf, leaf],
    [intermediate, root, leaf],
  ])
    assert.ok(!trusts(P256, path, trusting([root]), root));
});

test("the key is on the negotiated curve", () => {
  for (const { algorithm } of CURVES) {
    const path = requesterPath(P256);
    const key = verifyRequesterChain(spdmChain(sha256, path[0], ...path), sha256, algorithm, trusting([path[0]]));
    assert.equal(key !== undefined, algorithm === ECDSA_P256);
  }
});

test("engines and hashes that the board does not have", () => {
  const path = requesterPath(P384);
  const [p256, p384] = trusting([]).verifiers;
  assert.ok(trusts(P384, path, trusting([path[0]], { verifiers: [p384], hashes: [HASHES[1].engine] })));
  assert.ok(!trusts(P384, path, trusting([path[0]], { verifiers: [p256] })));
  assert.ok(!trusts(P384, path, trusting([path[0]], { hashes: [HASHES[0].engine, HASHES[2].engine] })));
});

test("a fault of an engine is the board's, not the chain's", () => {
  const path = requesterPath(P256);
  const engine = { ...P256.verifier, verify: () => assert.fail("engine") };
  const trust = trusting([path[0]], { verifiers: [{ algorithm: ECDSA_P256, engine }] });
  assert.throws(() => trusts(P256, path, trust), { message: "engine" });
});

test("Length and root hash", () => {
  const path = requesterPath(P256);
  const chain = spdmChain(sha256, path[0], ...path);
  const verify = (bytes: Uint8Array, hash = sha256) =>
    verifyRequesterChain(bytes, hash, ECDSA_P256, trusting([path[0]]));
  assert.ok(verify(chain));
  assert.equal(verify(concat(chain, Uint8Array.of(0))), undefined);
  assert.equal(verify(chain, HASHES[1].engine), undefined);
  assert.equal(verify(spdmChain(sha256, path[0], ...path, Uint8Array.of(0x30, 0x00))), undefined);
  assert.equal(verify(spdmChain(sha256, path[0], ...path, Uint8Array.of(0))), undefined);
  for (const [offset, change] of [
    [0, 1],
    [2, 1],
    [3, 1],
    [4, 1],
    [35, 0x80],
  ]) {
    const broken = chain.slice();
    broken[offset] ^= change;
    assert.equal(verify(broken), undefined);
  }
});

test("the calendar: both ends belong to the validity, no time is no trust", () => {
  const path = requesterPath(P256);
  const at = (seconds: number) => trusts(P256, path, trusting([path[0]], { calendar: () => seconds }));
  // 2020-01-01T00:00:00Z, 2099-12-31T23:59:59Z
  for (const seconds of [1577836800, NOW, 4102444799]) assert.ok(at(seconds));
  for (const seconds of [1577836799, 4102444800, 0, -1, Number.NaN]) assert.ok(!at(seconds));
  assert.ok(trusts(P256, path, trusting([path[0]], { calendar: undefined })));
});

test("ten certificates at most", () => {
  // A root that signs itself as often as one likes: the signatures are not real.
  const authority = [extension("551d13", "30030101ff", true), extension("551d0f", "03020204", true)];
  const root = certificateOf({ subject: "3003310130", extensions: authority });
  const renewed = certificateOf({ subject: "3003310130", serialNumber: "020102", extensions: authority });
  const leaf = certificateOf({ extensions: [extension("551d0f", "03020780")] });
  const engine = { ...P256.verifier, verify: () => true };
  const trust = trusting([root], { verifiers: [{ algorithm: ECDSA_P256, engine }] });
  const renewals = (count: number): Uint8Array[] => new Array(count).fill(renewed);
  assert.ok(trusts(P256, [root, ...renewals(8), leaf], trust));
  assert.ok(!trusts(P256, [root, ...renewals(9), leaf], trust));
  assert.ok(trusts(P256, [...renewals(9), leaf], trust, root));
  assert.ok(!trusts(P256, [...renewals(10), leaf], trust, root));
});

test("signatures are verified last, from the anchor down, and none after one that does not fit", () => {
  for (const curve of CURVES) {
    const [root, intermediate, leaf] = requesterPath(curve);
    let answers: boolean[] = [];
    const engine = watched(curve.verifier, (_, valid) => answers.push(valid));
    const trust = trusting([root], { verifiers: [{ algorithm: curve.algorithm, engine }] });
    const verify = (...path: Uint8Array[]): boolean => {
      answers = [];
      return trusts(curve, path, trust, root);
    };
    /** With the last byte of the signature's s changed. */
    const forged = (certificate: Uint8Array): Uint8Array => {
      const copy = certificate.slice();
      copy[copy.length - 1] ^= 1;
      return copy;
    };
    assert.ok(verify(root, intermediate, leaf));
    assert.deepEqual(answers, [true, true]);
    assert.ok(!verify(root, intermediate, forged(leaf)));
    assert.deepEqual(answers, [true, false]);
    assert.ok(!verify(root, forged(intermediate), leaf));
    assert.deepEqual(answers, [false]);
    assert.ok(!verify(forged(root), intermediate, leaf));
    assert.deepEqual(answers, [false]);
    assert.ok(!verify(root, intermediate, intermediate));
    assert.ok(!verify(root, intermediate, leaf.subarray(0, -1)));
    assert.deepEqual(answers, []);
  }
});

test("an r or s longer than the curve's order", () => {
  const root = certificateOf({ extensions: [extension("551d13", "30030101ff")], subject: "3003310130" });
  const leafWith = (r: string, s: string): Uint8Array => {
    const pair = sequence(tlv(0x02, fromHex(r)), tlv(0x02, fromHex(s)));
    const signature = toHex(tlv(0x03, Uint8Array.of(0), pair));
    return certificateOf({ signature, extensions: [extension("551d0f", "03020780")] });
  };
  let seen = "";
  const verify = (_key: Uint8Array, _digest: Uint8Array, signature: Uint8Array): boolean => {
    seen = toHex(signature);
    return true;
  };
  const trust = trusting([root], { verifiers: [{ algorithm: ECDSA_P256, engine: { ...P256.verifier, verify } }] });
  assert.ok(trusts(P256, [leafWith("01", `00${"ff".repeat(32)}`)], trust, root));
  assert.equal(seen, `${"00".repeat(31)}01${"ff".repeat(32)}`);
  assert.ok(trusts(P256, [leafWith("7f".repeat(32), "0102")], trust, root));
  assert.equal(seen, `${"7f".repeat(32)}${"00".repeat(30)}0102`);
  assert.ok(!trusts(P256, [leafWith("7f".repeat(33), "01")], trust, root));
  assert.ok(!trusts(P256, [leafWith("01", "01".repeat(33))], trust, root));
});

// The whole of it is in requester-chain-node.test.ts: this part also runs on XS.
test("truncated chains, chains with a bit flipped, and chains broken at random are refused, and nothing throws", () => {
  for (const curve of CURVES) {
    const chain = target(curve);
    truncate(chain, 41);
    flip(chain, 67);
    mutate(chain, 100, curve.algorithm);
  }
});
