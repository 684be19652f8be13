/** Runs on XS with hal/psa linked in (psa.test.ts): the suite, what only PSA has, and the exchange with Node. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as psa from "../../hal/psa/psa.js";
import { ascii, fromHex, toHex } from "../support/bytes.js";
import { cryptoSuite } from "./suite.js";
import { P256, P384 } from "./vectors.js";

const { sha256, sha384, sha512, p256, p384, secp256r1, secp384r1, secp521r1 } = psa;
const { aes128Gcm, aes256Gcm, chacha20Poly1305, random } = psa;

cryptoSuite({
  hashes: { sha256, sha384, sha512 },
  signatures: {
    p256,
    p384,
    p256Signer: (scalar) => psa.importKey(256, scalar),
    p384Signer: (scalar) => psa.importKey(384, scalar),
  },
  agreements: { secp256r1, secp384r1, secp521r1 },
  aeads: { aes128Gcm, aes256Gcm, chacha20Poly1305 },
  random,
});

const digest = new Uint8Array(48).fill(7);

function publicKeyOf(key: psa.SigningKey): Uint8Array {
  const out = new Uint8Array(key.signatureLength);
  key.publicKey(out);
  return out;
}

function signs(key: psa.SigningKey): boolean {
  const signature = new Uint8Array(key.signatureLength);
  key.sign(digest, signature);
  return (key.signatureLength === 64 ? p256 : p384).verify(publicKeyOf(key), digest, signature);
}

test("generated keys sign, and differ", () => {
  for (const bits of [256, 384] as const) {
    const [a, b] = [psa.generateKey(bits), psa.generateKey(bits)];
    assert.ok(signs(a) && signs(b));
    assert.notEqual(toHex(publicKeyOf(a)), toHex(publicKeyOf(b)));
    a.destroy();
    a.destroy();
    assert.throws(() => signs(a));
    assert.ok(signs(b));
  }
});

test("persistent keys outlive their objects, until they are destroyed", () => {
  assert.equal(psa.openKey(1), undefined);
  const made = psa.generateKey(384, 1);
  const imported = psa.importKey(256, fromHex(P256.scalar), 0x3fffffff);
  const publicKey = toHex(publicKeyOf(made));
  assert.equal(toHex(publicKeyOf(imported)), P256.publicKey);
  assert.throws(() => psa.generateKey(384, 1), RangeError);
  made.close();
  imported.close();
  assert.throws(() => signs(made));

  const opened = psa.openKey(1)!;
  assert.equal(toHex(publicKeyOf(opened)), publicKey);
  assert.ok(signs(opened) && signs(psa.openKey(0x3fffffff)!));
  opened.destroy();
  assert.equal(psa.openKey(1), undefined);
  psa.openKey(0x3fffffff)!.destroy();
  assert.equal(psa.openKey(0x3fffffff), undefined);
});

test("storage: as many keys as it has slots, and again", () => {
  for (let round = 0; round < 3; round++) {
    const keys = [1, 2, 3, 4, 5, 6, 7, 8].map((id) => psa.importKey(384, fromHex(P384.scalar), id));
    assert.throws(() => psa.generateKey(256, 9));
    assert.equal(psa.openKey(9), undefined);
    for (const key of keys) key.destroy();
  }
});

test("key identifiers outside the range of users", () => {
  for (const id of [0, -1, 0x40000000, 0x7fffffff]) assert.throws(() => psa.generateKey(256, id), RangeError);
  for (const id of [0, -1, 9, 0x40000123]) assert.equal(psa.openKey(id), undefined);
});

test("arguments that are missing or of another kind", () => {
  const hash = sha256.create();
  const signer = psa.generateKey(256);
  const wrong: unknown[] = [undefined, null, 1, "text", {}, [1, 2], new Uint16Array(4)];
  for (const value of wrong) {
    const data = value as Uint8Array;
    assert.throws(() => hash.update(data), TypeError);
    assert.throws(() => hash.digestInto(data), TypeError);
    assert.throws(() => signer.sign(data, new Uint8Array(64)), TypeError);
    assert.throws(() => p256.verify(data, digest, new Uint8Array(64)), TypeError);
    assert.throws(() => random(data), TypeError);
    assert.throws(() => aes128Gcm.create(data), TypeError);
    assert.throws(() => secp256r1.generate(data), TypeError);
  }
  for (const method of [hash.update, hash.digestInto, hash.destroy] as ((data: Uint8Array) => unknown)[])
    for (const self of [undefined, {}, signer, aes128Gcm.create(new Uint8Array(16))])
      assert.throws(() => method.call(self as never, new Uint8Array(64)));
  assert.throws(() => signer.sign.call(hash as never, digest, new Uint8Array(64)));
});

test("objects that nobody destroys are collected, with what they hold in C", () => {
  for (let i = 0; i < 20_000; i++) sha512.create().update(digest);
  for (let i = 0; i < 400; i++) aes256Gcm.create(new Uint8Array(32)); // PSA has 40 slots for keys
  for (let i = 0; i < 100; i++) secp256r1.generate(new Uint8Array(64));
});

test("all the keys that a board with four sessions has at once, beside others that wait for collection", () => {
  const list = <Key>(length: number, make: (index: number) => Key) => Array.from({ length }, (_, index) => make(index));
  const aeadKey = () => aes256Gcm.create(new Uint8Array(32));
  list(40, aeadKey);
  const identities = list(16, (index) => psa.generateKey(index % 2 === 0 ? 256 : 384));
  const others = [...list(16, aeadKey), ...list(2, () => secp521r1.generate(new Uint8Array(132)))];
  for (const key of identities) {
    aeadKey();
    assert.ok(signs(key)); // a slot for the public key
  }
  for (const key of [...identities, ...others]) key.destroy();
});

interface Exchange {
  readonly signatures: { bits: number; publicKey: string; digest: string; signature: string }[];
  readonly sealed: {
    name: string;
    key: string;
    nonce: string;
    data: string;
    text: string;
    cipher: string;
    tag: string;
  }[];
}

declare const EXCHANGE: Exchange;
declare function print(text: string): void;

const AEADS = { aes128Gcm, aes256Gcm, chacha20Poly1305 };

test("takes Node's signatures", () => {
  assert.ok(EXCHANGE.signatures.length > 0);
  for (const { bits, publicKey, digest, signature } of EXCHANGE.signatures) {
    const verifier = bits === 256 ? p256 : p384;
    assert.equal(verifier.verify(fromHex(publicKey), fromHex(digest), fromHex(signature)), true);
  }
});

test("opens and seals as Node does", () => {
  assert.ok(EXCHANGE.sealed.length > 0);
  for (const { name, key, nonce, data, text, cipher, tag } of EXCHANGE.sealed) {
    const engine = AEADS[name as keyof typeof AEADS].create(fromHex(key));
    const buffer = fromHex(cipher);
    assert.equal(engine.open(fromHex(nonce), fromHex(data), buffer, fromHex(tag)), true);
    assert.equal(toHex(buffer), text);
    const made = new Uint8Array(16);
    engine.seal(fromHex(nonce), fromHex(data), buffer, made);
    assert.equal(toHex(buffer) + toHex(made), cipher + tag);
    engine.destroy();
  }
});

test("gives Node signatures", () => {
  const message = ascii("from PSA");
  for (const bits of [256, 384] as const)
    for (const [name, hash] of Object.entries({ sha256, sha384, sha512 })) {
      const key = psa.generateKey(bits);
      const running = hash.create();
      running.update(message);
      const out = new Uint8Array(hash.outputLen);
      running.digestInto(out);
      const signature = new Uint8Array(key.signatureLength);
      key.sign(out, signature);
      print(`signature ${bits} ${name} ${toHex(publicKeyOf(key))} ${toHex(signature)}`);
    }
});
