/** What a responder that answers ResponseNotReady first comes to with `spdm attest`: the same trust, only later. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { attest } from "../../cli/requester/attest.js";
import { versionName } from "../../cli/requester/names.js";
import type { Responder } from "../../src/responder.js";
import { V1_0, V1_1, V1_2, V1_4, VERSIONS, type Version } from "../../src/versions.js";
import { type Device, IDENTITIES, OPTIONS, SESSION, TestLink } from "./answering.js";

/** What asks for cryptography, once each. */
const SLOW = [0x81, 0x82, 0x83, 0xe0, 0xe4, 0xe5];

/**
 * Attests a responder that defers by 8 ms, and counts its ResponseNotReadys outside of sessions. Where `idles`, it works
 * when it is idle, before it is asked again; else when it is asked.
 */
async function deferred(version: Version, idles: boolean, device: Device = {}, options: Partial<typeof OPTIONS> = {}) {
  const notReady: number[] = [];
  let responder: Responder | undefined;
  const link = new TestLink(
    (response, request, type) => {
      if (type === 5 && response[1] === 0x7f && response[2] !== 0x0f) {
        assert.equal(response[2], 0x42, `ERROR 0x${response[2].toString(16)} to 0x${request[1].toString(16)}`);
        assert.deepEqual([response.length, response[4], response[5]], [8, 13, request[1]]);
        notReady.push(request[1]);
      }
      if (idles) responder!.idle();
      return response;
    },
    {
      deferMs: 8,
      ready: (one) => {
        responder = one;
      },
      ...device,
    },
  );
  const session = version === V1_0 ? undefined : SESSION;
  const result = await attest(link, { ...OPTIONS, version, session, ...options });
  assert.deepEqual(result.reasons, []);
  return notReady;
}

describe("a responder that defers what takes time is trusted", () => {
  for (const version of VERSIONS) {
    for (const idles of [true, false]) {
      test(`SPDM ${versionName(version)}, ${idles ? "worked ahead" : "asked for"}`, async () => {
        const codes = await deferred(version, idles);
        const outside = version === V1_0 ? SLOW.slice(0, 4) : [0x81, 0x82, 0x83, 0xe4];
        assert.deepEqual([...new Set(codes)], outside);
      });
    }
  }

  test("with a handshake in the clear, FINISH included", async () => {
    for (const version of [V1_1, V1_2, V1_4]) {
      const codes = await deferred(version, true, { inTheClear: true }, { session: { ...SESSION, inTheClear: true } });
      assert.ok(codes.includes(0xe5));
    }
  });

  test("that proves itself and wants proof, in every way", async () => {
    for (const version of [V1_1, V1_2, V1_4]) {
      for (const requested of [1, 2, 4]) {
        await deferred(version, true, { requested, basic: true }, { identities: IDENTITIES });
      }
    }
  });

  test("whose answers come in chunks, in the session too", async () => {
    for (const version of [V1_2, V1_4]) {
      for (const idles of [true, false]) {
        await deferred(version, idles, { dataTransferSize: 64 }, { dataTransferSize: 64, session: SESSION });
      }
    }
  });
});
