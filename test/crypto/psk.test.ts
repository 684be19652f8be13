import assert from "node:assert/strict";
import { createHmac, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { sha256, sha384, sha512 } from "../../hal/portable/crypto.js";
import { portablePskStore } from "../../hal/portable/psk.js";
import { fromHex, toHex } from "../support/bytes.js";

const hint = Uint8Array.of(1, 2, 3);

describe("pre-shared keys in memory", () => {
  test("RFC 5869, test case 1", () => {
    const psk = portablePskStore([{ hint, key: new Uint8Array(22).fill(0x0b) }]).find(hint)!;
    const prk = new Uint8Array(32);
    psk.extract(sha256, fromHex("000102030405060708090a0b0c"), prk);
    assert.equal(toHex(prk), "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5");
  });

  test("HMAC as Node makes it, and nothing behind it", () => {
    const key = randomBytes(64);
    const psk = portablePskStore([{ hint, key }]).find(hint)!;
    for (const [name, hash] of Object.entries({ sha256, sha384, sha512 })) {
      const salt = randomBytes(hash.outputLen);
      const out = new Uint8Array(80).fill(7);
      psk.extract(hash, salt, out);
      assert.equal(toHex(out.subarray(0, hash.outputLen)), createHmac(name, salt).update(key).digest("hex"));
      assert.ok(out.subarray(hash.outputLen).every((byte) => byte === 7));
      assert.throws(() => psk.extract(hash, salt, new Uint8Array(hash.outputLen - 1)), RangeError);
    }
  });

  for (const version of ["1.1", "1.2", "1.3", "1.4"])
    test(`the handshake secret of the recorded session, SPDM ${version}`, () => {
      const vector = new URL(`../vectors/v${version}-p384-psk.json`, import.meta.url);
      const { psk, sessions } = JSON.parse(readFileSync(vector, "utf8"));
      const out = new Uint8Array(48);
      const store = portablePskStore([{ hint: fromHex(psk.hint), key: fromHex(psk.value) }]);
      store.find(fromHex(psk.hint))!.extract(sha384, fromHex(sessions[0].salt0), out);
      assert.equal(toHex(out), sessions[0].handshakeSecret);
    });

  test("an empty hint names the only key, others the one that has them", () => {
    const key = new Uint8Array(32);
    const other = { hint: Uint8Array.of(1, 2), key };
    const none = new Uint8Array(0);
    assert.ok(portablePskStore([{ hint, key }]).find(none));
    assert.ok(portablePskStore([other, { hint, key }]).find(hint));
    assert.equal(portablePskStore([other, { hint, key }]).find(none), undefined);
    assert.equal(portablePskStore([]).find(none), undefined);
    assert.equal(portablePskStore([other]).find(hint), undefined);
    assert.equal(portablePskStore([{ hint, key }]).find(Uint8Array.of(1, 2, 4)), undefined);
  });
});
