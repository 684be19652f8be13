import assert from "node:assert/strict";
import { test } from "node:test";
import type { ECDSA } from "@noble/curves/abstract/weierstrass.js";
import type { KeyAgreement } from "../../hal/crypto.js";
import { concat, fromHex, toHex } from "../support/bytes.js";

/** `curve` is noble's, which does the same sums in the open. */
export function agreementSuite(name: string, curve: ECDSA, engine: KeyAgreement): void {
  const length = engine.sharedSecretLength;
  const { Point } = curve;
  type Point = typeof Point.BASE;
  const encode = (point: Point): Uint8Array => point.toBytes(false).slice(1);
  const x = (point: Point): Uint8Array => encode(point).slice(0, length);
  const decode = (publicKey: Uint8Array): Point => Point.fromHex(`04${toHex(publicKey)}`);
  /** Whether a whole byte more is zero than in most. */
  const short = (shared: Uint8Array): boolean =>
    shared.subarray(0, length - (Point.Fp.BITS >>> 3) + 1).every((byte) => byte === 0);

  function generate() {
    const publicKey = new Uint8Array(engine.publicKeyLength);
    return { key: engine.generate(publicKey), publicKey };
  }

  test(`${name}: both sides agree`, () => {
    assert.deepEqual([engine.publicKeyLength, length], [2 * length, Point.Fp.BYTES]);
    const [a, b] = [generate(), generate()];
    assert.notEqual(toHex(a.publicKey), toHex(b.publicKey));
    const [left, right] = [new Uint8Array(length), new Uint8Array(length)];
    assert.equal(a.key.agree(b.publicKey, left), true);
    assert.equal(b.key.agree(a.publicKey, right), true);
    assert.equal(toHex(left), toHex(right));
    assert.notEqual(toHex(left), toHex(new Uint8Array(length)));
  });

  test(`${name}: with known points, and leading zeros kept`, () => {
    const { key, publicKey } = generate();
    // The peer's key is i, its public key i·G: the secret is i·A, and both are one addition away from the last.
    const ours = decode(publicKey);
    let peer = Point.BASE;
    let shared = ours;
    for (let i = 1; ; i++) {
      const known = x(shared);
      if (i === 1 || short(known)) {
        const secret = new Uint8Array(length + 1).fill(0x55);
        assert.equal(key.agree(encode(peer), secret), true);
        assert.equal(toHex(secret), `${toHex(known)}55`);
        if (short(known)) break;
      }
      peer = peer.add(Point.BASE);
      shared = shared.add(ours);
    }
  });

  test(`${name}: what is no point of the curve is refused, and nothing is written`, () => {
    const { key } = generate();
    const peer = encode(Point.BASE);
    const offCurve = peer.slice();
    offCurve[2 * length - 1] ^= 1;
    const outside = peer.slice();
    outside.fill(0xff, 0, length); // X is not below p
    // The same point with its X not reduced, where there are bits to spare for it: P-521.
    const excess = (Point.BASE.x + Point.Fp.ORDER).toString(16).padStart(2 * length, "0");
    const unreduced = excess.length === 2 * length ? [concat(fromHex(excess), peer.subarray(length))] : [];
    const zero = new Uint8Array(2 * length);
    const lengths = [peer.subarray(1), peer.subarray(0, length), new Uint8Array(0), new Uint8Array(2 * length + 1)];
    const secret = new Uint8Array(length).fill(0x55);
    for (const wrong of [offCurve, outside, ...unreduced, zero, new Uint8Array(2 * length).fill(0xff), ...lengths]) {
      assert.equal(key.agree(wrong, secret), false);
      assert.equal(toHex(secret), "55".repeat(length));
    }
    assert.equal(key.agree(peer, secret), true);
  });

  test(`${name}: short buffers are refused; a destroyed key agrees no more`, () => {
    assert.throws(() => engine.generate(new Uint8Array(2 * length - 1)), RangeError);
    const { key } = generate();
    const peer = encode(Point.BASE);
    assert.throws(() => key.agree(peer, new Uint8Array(length - 1)), RangeError);
    key.destroy();
    key.destroy();
    assert.throws(() => key.agree(peer, new Uint8Array(length)));
  });
}
