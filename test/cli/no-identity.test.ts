/** What is said of devices that cannot be attested, since they have nothing to prove themselves with, or nothing we offer. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Link } from "../../cli/link.js";
import { attest } from "../../cli/requester/attest.js";
import { requestCsr } from "../../cli/requester/certificates.js";
import { ASYMS } from "../../cli/requester/names.js";
import { Impossible } from "../../cli/requester/verdict.js";
import { ML_DSA_65, SHA_512 } from "../../src/algorithms.js";
import { Chunks } from "../../src/chunks.js";
import { VERSIONS } from "../../src/versions.js";
import { board } from "../support/fixture.js";
import { sessionBoard } from "../support/session.js";
import { OPTIONS, SESSION } from "./answering.js";

/** A link to a board of the fixtures. */
function linkTo({ responder, dataTransferSize }: ReturnType<typeof board>): Link {
  const buffer = new Uint8Array(dataTransferSize);
  return {
    ...{ roundTripMs: 1, timeScale: 1, disturbanceCount: 0 },
    exchange: async (_type, message) => buffer.slice(0, responder.respond(message.slice(), buffer)),
    close: async () => {},
  };
}

const saying = (pattern: RegExp) => (error: unknown) => error instanceof Impossible && pattern.test(error.message);
const NO_IDENTITY = saying(
  /^the device has no identity: it shows neither certificates nor a public key; provision it first$/,
);

test("a device without keys shows no capabilities, and is said to have no identity", async () => {
  for (const on of [board({ baseAsym: [] }), sessionBoard({}, { baseAsym: [] })]) {
    for (const version of VERSIONS) await assert.rejects(attest(linkTo(on), { ...OPTIONS, version }), NO_IDENTITY);
    await assert.rejects(attest(linkTo(on), { ...OPTIONS, session: SESSION }), NO_IDENTITY);
    await assert.rejects(requestCsr(linkTo(on), { ...OPTIONS, anchors: [] }), NO_IDENTITY);
    assert.deepEqual(on.faults, []);
  }
  const chunking = board({ baseAsym: [], chunks: new Chunks({ maxSpdmMsgSize: 0x2000 }) });
  await assert.rejects(attest(linkTo(chunking), OPTIONS), NO_IDENTITY);
});

test("one that has an identity, but nothing of what is offered, is not said to have none", async () => {
  const others = saying(
    /^the responder refused NEGOTIATE_ALGORITHMS: InvalidRequest; it may have no key for any of ML-DSA-65, or none of SHA-384$/,
  );
  const offer = { ...OPTIONS, baseAsym: 0, pqcAsym: ML_DSA_65 };
  await assert.rejects(attest(linkTo(board()), offer), others);
  const many = saying(/; it may have no key for any of the 11 algorithms offered, or none of SHA-384$/);
  const all = Object.values(ASYMS).reduce((bits, bit) => bits | bit, 0);
  await assert.rejects(attest(linkTo(board({ baseHash: [] })), { ...OPTIONS, baseAsym: all }), many);
  const hashes = saying(/; it may have no key for any of P-384, or none of SHA-512$/);
  const on = board({ baseHash: [] });
  await assert.rejects(attest(linkTo(on), { ...OPTIONS, baseHash: SHA_512 }), hashes);
});
