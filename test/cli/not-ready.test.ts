/** Responders that are not ready: waited for as they say, and not believed if they say what cannot be. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { attest } from "../../cli/requester/attest.js";
import { versionName } from "../../cli/requester/names.js";
import { Impossible } from "../../cli/requester/verdict.js";
import { VERSIONS } from "../../src/versions.js";
import { OPTIONS, SESSION, TestLink } from "./answering.js";

/** A link to a responder that answers each of `codes` so many rounds late, with a new token each time. */
function late(codes: readonly number[], rounds: number, lie: (error: Uint8Array) => Uint8Array = (e) => e) {
  const count = { asked: 0 };
  let kept: { response: Uint8Array; code: number; token: number; left: number } | undefined;
  const notReady = (version: number) => {
    const { code, token } = kept!;
    return lie(Uint8Array.of(version, 0x7f, 0x42, 0, 9, code, token, 2));
  };
  const link = new TestLink((response, request, type) => {
    if (type !== 5) return response;
    if (request[1] === 0xff) {
      count.asked++;
      assert.deepEqual([...request], [response[0], 0xff, kept!.code, kept!.token]);
      kept!.token++;
      if (--kept!.left > 0) return notReady(request[0]);
      return kept!.response;
    }
    if (!codes.includes(request[1])) return response;
    kept = { response, code: request[1], token: 0x30, left: rounds };
    return notReady(request[0]);
  });
  return { link, count };
}

const SLOW = [0x81, 0x82, 0x83, 0xe0, 0xe4];

describe("a responder that is not ready", () => {
  for (const version of VERSIONS) {
    test(`SPDM ${versionName(version)}: is asked again until it is, and what it signed is the same`, async () => {
      const { link, count } = late(SLOW, 3);
      const session = version === VERSIONS[0] ? undefined : SESSION;
      const result = await attest(link, { ...OPTIONS, version, session });
      assert.deepEqual(result.reasons, []);
      assert.equal(count.asked, 3 * 4);
    });
  }

  const lies: readonly (readonly [what: string, change: (e: Uint8Array) => Uint8Array, reason: RegExp])[] = [
    ["for a time nobody can shift by", (e) => e.fill(32, 4, 5), /RDTExponent is out of range$/],
    ["for another request", (e) => e.fill(0x81, 5, 6), /is for another request$/],
    ["and forgets it at once", (e) => e.fill(1, 7), /RDTM is out of range$/],
    ["and does not say for what", (e) => e.slice(0, 7), /malformed/],
  ];
  for (const [what, change, reason] of lies) {
    test(`is not believed: ${what}`, async () => {
      const { reasons } = await attest(late([0x83], 1, change).link, OPTIONS);
      assert.match(reasons[0], reason);
    });
  }

  test("is not believed where nothing takes time", async () => {
    for (const code of [0x84, 0xe1, 0xe3]) {
      const { reasons } = await attest(late([code], 1).link, OPTIONS);
      assert.match(reasons[0], /nothing to wait for$/);
    }
  });

  test("is given up if it is never ready, or says that it takes too long", async () => {
    const { link, count } = late([0x83], 1000);
    await assert.rejects(attest(link, OPTIONS), Impossible);
    assert.equal(count.asked, 16);
    const slow = late([0x83], 1, (e) => e.fill(31, 4, 5));
    await assert.rejects(attest(slow.link, OPTIONS), Impossible);
    assert.equal(slow.count.asked, 0);
  });
});
