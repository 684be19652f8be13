/** The suite over Node's own cryptography: what the suite demands is not what we alone believe. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as engines from "../support/node-crypto.js";
import { cryptoSuite } from "./suite.js";

const { sha256, sha384, sha512, secp256r1, secp384r1, secp521r1, aes128Gcm, aes256Gcm, chacha20Poly1305, random } =
  engines;
cryptoSuite({
  hashes: { sha256, sha384, sha512 },
  sha3: engines,
  agreements: { secp256r1, secp384r1, secp521r1 },
  aeads: { aes128Gcm, aes256Gcm, chacha20Poly1305 },
  random,
});

test("a key given as Node's Buffer is copied, too", () => {
  const secret = Buffer.alloc(32, 7);
  const [key, same] = [aes256Gcm.create(secret), aes256Gcm.create(secret)];
  key.destroy();
  assert.deepEqual(secret, Buffer.alloc(32, 7));
  secret.fill(0);
  const tags = [same, aes256Gcm.create(new Uint8Array(32).fill(7))].map((each) => {
    const tag = new Uint8Array(16);
    each.seal(new Uint8Array(12), new Uint8Array(8), new Uint8Array(0), tag);
    return tag;
  });
  assert.deepEqual(tags[0], tags[1]);
});
