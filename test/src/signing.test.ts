import assert from "node:assert/strict";
import { test } from "node:test";
import type { Hash, HashAlgorithm } from "../../hal/crypto.js";
import { CHALLENGE_AUTH_CONTEXT, MEASUREMENTS_CONTEXT, signedDigest } from "../../src/signing.js";
import { V1_0, V1_1, V1_2, V1_3, V1_4, VERSIONS } from "../../src/versions.js";
import { ascii, concat, fromHex, toHex } from "../support/bytes.js";
import { digestOf, HASHES } from "../support/fixture.js";

/** A hash that shows what was hashed: its digest is the last 4 bytes, and `seen` is all of it. */
function transparent(seen: Uint8Array[]): HashAlgorithm {
  const create = (): Hash => {
    let data = new Uint8Array(0) as Uint8Array;
    return {
      update: (more) => {
        data = concat(data, more);
      },
      digestInto: (out) => {
        seen.push(data);
        out.set(data.subarray(-4));
      },
      clone: create,
      destroy: () => {},
    };
  };
  return { outputLen: 4, blockLen: 4, create };
}

test("to 1.1 the transcript itself is signed, from 1.2 on the combined prefix and its hash", () => {
  for (const version of VERSIONS) {
    const seen: Uint8Array[] = [];
    const hash = transparent(seen);
    const transcript = hash.create();
    transcript.update(fromHex("0102030405"));
    const digest = signedDigest(version, hash, MEASUREMENTS_CONTEXT, transcript);
    assert.equal(toHex(seen[0]), "0102030405");
    assert.equal(toHex(digest), "02030405");
    assert.equal(seen.length, version <= V1_1 ? 1 : 2);
  }
});

test("the combined prefix: the version four times, zeros, then the context", () => {
  const cases: [number, string, string, number][] = [
    [V1_2, CHALLENGE_AUTH_CONTEXT, "dmtf-spdm-v1.2.*", 4],
    [V1_3, MEASUREMENTS_CONTEXT, "dmtf-spdm-v1.3.*", 6],
    [V1_4, CHALLENGE_AUTH_CONTEXT, "dmtf-spdm-v1.4.*", 4],
  ];
  for (const [version, context, name, zeroCount] of cases) {
    const seen: Uint8Array[] = [];
    const hash = transparent(seen);
    const transcript = hash.create();
    transcript.update(fromHex("aabbccdd"));
    signedDigest(version, hash, context, transcript);
    const prefix = concat(ascii(name.repeat(4)), new Uint8Array(zeroCount), ascii(context));
    assert.equal(prefix.length, 100);
    assert.equal(toHex(seen[1]), `${toHex(prefix)}aabbccdd`);
  }
  assert.equal(CHALLENGE_AUTH_CONTEXT, "responder-challenge_auth signing");
  assert.equal(MEASUREMENTS_CONTEXT, "responder-measurements signing");
});

test("real hashes are handed over whole and spent", () => {
  for (const { engine } of HASHES) {
    const transcript = engine.create();
    transcript.update(ascii("abc"));
    const digest = signedDigest(V1_0, engine, CHALLENGE_AUTH_CONTEXT, transcript);
    assert.equal(toHex(digest), toHex(digestOf(engine, ascii("abc"))));
    assert.equal(digest.length, engine.outputLen);
    assert.throws(() => transcript.update(ascii("d")));
  }
});
