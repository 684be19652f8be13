/** Large messages between our requester and our responder, and a responder that lies about them. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { loadPsks } from "../../cli/identity.js";
import { type AttestOptions, attest } from "../../cli/requester/attest.js";
import { versionName } from "../../cli/requester/names.js";
import { V1_1, V1_2, V1_3, V1_4 } from "../../src/versions.js";
import { type Device, IDENTITIES, KEYS, OPTIONS, SESSION, TestLink } from "./answering.js";

const [, PSK] = loadPsks(join(KEYS, "psk.json"));
const SIZES = [42, 43, 64, 256];

/** Attests over a link on which no message may be longer than both sides said; counts chunks. */
async function chunked(device: Device, options: Partial<AttestOptions>) {
  const { dataTransferSize: own = 0x1200 } = options;
  const { dataTransferSize: theirs = 0x1200 } = device;
  const counts = { sent: 0, got: 0, longest: 0 };
  const link = new TestLink((response, request, type) => {
    const overhead = type === 6 ? 59 : 0;
    assert.ok(request.length <= theirs + overhead, `request of ${request.length} bytes`);
    assert.ok(response.length <= own + overhead, `response of ${response.length} bytes`);
    if (type === 5 && response[1] === 0x05) counts.sent++;
    if (type === 5 && response[1] === 0x06) counts.got++;
    counts.longest = Math.max(counts.longest, response.length);
    return response;
  }, device);
  const result = await attest(link, { ...OPTIONS, ...options });
  assert.deepEqual(result.reasons, []);
  assert.equal(result.verdict, "trusted");
  assert.equal(result.measurementsSigned, true);
  assert.equal(result.attempts, 1);
  return { counts, result };
}

describe("every exchange in chunks", () => {
  for (const version of [V1_2, V1_3, V1_4]) {
    for (const size of SIZES) {
      const name = `SPDM ${versionName(version)}, ${size} bytes`;
      const device = { dataTransferSize: size };
      const own = { version, dataTransferSize: size };

      test(`${name}: a session by KEY_EXCHANGE, keys updated`, async () => {
        const session = { ...SESSION, updateKeys: true };
        const { counts, result } = await chunked(device, { ...own, session });
        assert.ok(result.session!.keyUpdates.length === 3 && counts.got > 5);
        assert.equal(counts.sent > 0, size < 256);
      });

      test(`${name}: one by PSK_EXCHANGE`, async () => {
        const { result } = await chunked(device, { ...own, session: { ...SESSION, psk: PSK } });
        assert.equal(result.session!.openedBy, "PSK_EXCHANGE");
      });

      test(`${name}: a handshake in the clear`, async () => {
        const session = { ...SESSION, inTheClear: true };
        const { result } = await chunked({ ...device, inTheClear: true }, { ...own, session });
        assert.equal(result.session!.handshakeInTheClear, true);
      });

      for (const requested of [1, 2, 4]) {
        test(`${name}: mutual authentication, MutAuthRequested ${requested}, and basic`, async () => {
          const offer = { ...own, session: SESSION, identities: IDENTITIES };
          const { counts, result } = await chunked({ ...device, requested, basic: true }, offer);
          // 1.3 has no basic mutual authentication any more.
          assert.deepEqual(result.requester!.proofs, version < V1_3 ? ["CHALLENGE_AUTH", "FINISH"] : ["FINISH"]);
          // In records nobody sees them.
          assert.equal(counts.sent > 0, size < 256 || version < V1_3);
        });
      }
    }

    test(`SPDM ${versionName(version)}: only the one side's transfer size is small`, async () => {
      const { counts } = await chunked({ dataTransferSize: 42 }, { version, session: SESSION });
      assert.ok(counts.longest <= 42 + 59 && counts.sent > 0 && counts.got > 0);
      const other = await chunked({}, { version, dataTransferSize: 42, session: SESSION });
      assert.ok(other.counts.longest <= 42 + 59 && other.counts.sent > 0 && other.counts.got > 0);
    });
  }

  test("there are none where nothing is large, or before 1.2", async () => {
    const { counts } = await chunked({}, { session: SESSION });
    assert.deepEqual([counts.sent, counts.got], [0, 0]);
    const before = await chunked({}, { version: V1_1, session: SESSION });
    assert.deepEqual([before.counts.sent, before.counts.got], [0, 0]);
  });
});

/** Attests at 64 bytes what changes its chunk responses of code `code`, from its `from`th on; why it is not trusted. */
async function liar(
  code: number,
  lie: (response: Uint8Array, count: number) => Uint8Array | undefined,
  version = V1_2,
) {
  let count = 0;
  const change = (response: Uint8Array) => (response[1] === code ? (lie(response, count++) ?? response) : response);
  const link = new TestLink(change, { dataTransferSize: 64 });
  const { verdict, reasons } = await attest(link, { ...OPTIONS, version, dataTransferSize: 64, session: SESSION });
  assert.equal(verdict, "untrusted");
  assert.ok(count < 40);
  return reasons[0];
}

const set =
  (offset: number, value: number, at = 0) =>
  (response: Uint8Array, count: number) => {
    if (count === at) response[offset] = value;
    return undefined;
  };

describe("a responder that lies about chunks is not trusted", () => {
  const ACK = 0x05;
  const RESPONSE = 0x06;
  const cases: readonly (readonly [what: string, code: number, lie: Parameters<typeof liar>[1], reason: RegExp])[] = [
    ["another Handle", RESPONSE, set(3, 99), /^CHUNK_RESPONSE: wrong Handle$/],
    ["another ChunkSeqNo", RESPONSE, set(4, 7), /^CHUNK_RESPONSE: wrong ChunkSeqNo$/],
    ["a chunk again", RESPONSE, set(4, 0, 1), /^CHUNK_RESPONSE: wrong ChunkSeqNo$/],
    ["another version", RESPONSE, set(0, 0x13), /^CHUNK_RESPONSE: is another message$/],
    ["more than it brings", RESPONSE, set(8, 0xff), /^CHUNK_RESPONSE: (malformed|more than)/],
    ["less than it brings", RESPONSE, set(8, 0x28, 1), /^CHUNK_RESPONSE: longer than its fields$/],
    ["a message of gigabytes", RESPONSE, set(15, 0x40), /^CHUNK_RESPONSE: LargeMessageSize is more than we take$/],
    ["a large message that is small", RESPONSE, set(12, 42), /^CHUNK_RESPONSE: LargeMessageSize is not large$/],
    ["its last chunk too early", RESPONSE, set(2, 1, 1), /^CHUNK_RESPONSE: LastChunk too early$/],
    ["no last chunk", RESPONSE, (r) => r.fill(0, 2, 3), /^CHUNK_RESPONSE: more than LargeMessageSize$/],
    ["chunks of nothing", RESPONSE, (r) => r.fill(0, 8, 12).slice(0, r[4] === 0 ? 16 : 12), /chunk too short$/],
    ["an end in the header", RESPONSE, (r) => r.slice(0, 9), /^CHUNK_RESPONSE: malformed/],
    ["an end in the chunk", RESPONSE, (r) => r.slice(0, 30), /^CHUNK_RESPONSE: malformed/],
    ["more than we take at once", RESPONSE, (r) => Uint8Array.from([...r, 0]), /longer than our DataTransferSize$/],
    ["another Handle", ACK, set(3, 99), /^CHUNK_SEND_ACK: wrong Handle$/],
    ["another ChunkSeqNo", ACK, set(4, 9), /^CHUNK_SEND_ACK: wrong ChunkSeqNo$/],
    ["an end", ACK, (r) => r.slice(0, 5), /^CHUNK_SEND_ACK: malformed/],
    [
      "a response before the request is whole",
      ACK,
      (r) => Uint8Array.from([...r, 1, 2, 3, 4]),
      /before the last chunk$/,
    ],
    ["an early error without an error", ACK, set(2, 1), /^CHUNK_SEND_ACK: EarlyErrorDetected without an error$/],
    [
      "an early error that is large",
      ACK,
      (r) => Uint8Array.from([...r.fill(1, 2, 3), 0x12, 0x7f, 0x0f, 0, 1]),
      /^CHUNK_SEND_ACK: EarlyErrorDetected without an error$/,
    ],
    ["LargeResponse too early", ACK, () => Uint8Array.of(0x12, 0x7f, 0x0f, 0, 1), /LargeResponse too early$/],
  ];
  for (const [what, code, lie, reason] of cases) {
    test(`${code === ACK ? "CHUNK_SEND_ACK" : "CHUNK_RESPONSE"}: ${what}`, async () => {
      assert.match(await liar(code, lie), reason);
    });
  }

  test("1.4 has longer numbers", async () => {
    assert.match(await liar(RESPONSE, set(7, 1), V1_4), /wrong ChunkSeqNo$/);
    assert.match(await liar(ACK, set(7, 1), V1_4), /wrong ChunkSeqNo$/);
  });

  test("sizes that do not go together", async () => {
    for (const at of [12, 16]) {
      const small = (r: Uint8Array) => r.fill(0, at, at + 4).fill(41, at, at + 1);
      assert.match(await liar(0x61, small), /do not go together$/);
    }
  });
});
