/** Secure sessions with the firmware on the emulated board, over its I2C bus. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import budgets from "../../boards/ast1030/budget.json" with { type: "json" };
import { buildFirmware } from "../../boards/ast1030/build.js";
import { PSA } from "../../boards/ast1030/configuration.js";
import { firmwareVersion } from "../../boards/configuration.js";
import type { SessionPolicy } from "../../certs/identity-image.js";
import { type Direction, type Fault, FaultyBus } from "../../cli/bus.js";
import { BMC_ADDRESS, type Board, startBoard } from "../../cli/emulator.js";
import { MUTUAL } from "../../cli/identity.js";
import { emulatedSmbus, MctpLink } from "../../cli/mctp-link.js";
import { negotiateAlgorithms } from "../../cli/requester/algorithms.js";
import { type AttestOptions, attest } from "../../cli/requester/attest.js";
import { askChain, askDigests } from "../../cli/requester/certificate.js";
import { agreeVersion, exchangeCapabilities } from "../../cli/requester/connect.js";
import { Conversation } from "../../cli/requester/conversation.js";
import { endSession, sendHeartbeat } from "../../cli/requester/in-session.js";
import { AEADS, DHES, versionName } from "../../cli/requester/names.js";
import { proverOf } from "../../cli/requester/prover.js";
import { openSession } from "../../cli/requester/session.js";
import { BOARD_ADDRESS, readAnchors } from "../../cli/target.js";
import { verifyChain } from "../../cli/trust.js";
import { p384, sha384 } from "../../hal/portable/crypto.js";
import { ECDSA_P384, SHA_384 } from "../../src/algorithms.js";
import { NO_SUMMARY } from "../../src/measurement-block.js";
import { SECURED_TYPE } from "../../src/record.js";
import { V1_0, V1_2, V1_3, V1_4, VERSIONS } from "../../src/versions.js";
import { PSK, REQUESTER, ROOTS, testFlash } from "./support/identity.js";

const limit = { timeout: 180_000 };
const SESSION = { dhe: DHES.secp384r1, aead: AEADS["AES-256-GCM"], inTheClear: false, updateKeys: false };
const OFFER = { version: V1_3, baseHash: SHA_384, baseAsym: ECDSA_P384, session: SESSION };
const WITH_SESSIONS = VERSIONS.filter((version) => version !== V1_0);
const SESSION_COUNT = 4;

before(() => buildFirmware("psa").then(() => undefined), limit);

function boot(policy: Partial<SessionPolicy> = {}): Promise<Board> {
  return startBoard({ flash: testFlash(policy), lifetimeMs: 600_000 });
}

async function trusted(link: MctpLink, options: Partial<AttestOptions>) {
  await link.discover();
  const result = await attest(link, {
    ...OFFER,
    slot: 0,
    anchors: readAnchors(ROOTS),
    reference: undefined,
    onProgress() {},
    ...options,
  });
  assert.deepEqual(result.reasons, []);
  assert.equal(result.verdict, "trusted");
  assert.equal(result.measurements.length, result.version! >= "1.3" ? 7 : 6);
  return result;
}

const linkTo = (board: Board): MctpLink => new MctpLink(board.bus, emulatedSmbus(BMC_ADDRESS, BOARD_ADDRESS));

describe("the board, in a secure session", () => {
  let board: Board;

  before(async () => {
    board = await boot();
  }, limit);

  after(() => board.close());

  for (const version of WITH_SESSIONS) {
    const name = `SPDM ${versionName(version)}`;

    test(`${name}, KEY_EXCHANGE and all key updates`, limit, async () => {
      const { session } = await trusted(linkTo(board), { version, session: { ...SESSION, updateKeys: true } });
      assert.equal(session!.openedBy, "KEY_EXCHANGE");
      assert.equal(session!.heartbeatPeriod, PSA.heartbeatPeriod);
      assert.deepEqual(session!.keyUpdates, ["ours", "both", "the responder's, as it asked"]);
    });

    test(`${name}, PSK_EXCHANGE`, limit, async () => {
      const { session } = await trusted(linkTo(board), { version, session: { ...SESSION, psk: PSK } });
      assert.equal(session!.openedBy, "PSK_EXCHANGE");
    });
  }

  for (const [version, session] of [
    [V1_3, undefined],
    [V1_4, SESSION],
  ] as const) {
    test(`logs what it measured, and says what it is, ${session ? "in a session" : "signed"}`, limit, async () => {
      const reports = { log: true, deviceClass: true };
      const { log, deviceClass } = await trusted(linkTo(board), { version, reports, ...(session ? { session } : {}) });
      assert.deepEqual(
        log!.map(({ type, covered }) => [type, covered]),
        [
          ["mutable firmware", true],
          ["firmware configuration", true],
          ["firmware version", true],
          ["secure version number", true],
          ["informational", true],
        ],
      );
      assert.equal(log![2].value, Buffer.from(firmwareVersion(PSA)).toString("hex"));
      assert.equal(deviceClass!.signed, true);
      assert.equal(deviceClass!.identifiers[0].subordinateIds[1], Buffer.from(PSA.name).toString("hex"));
    });
  }

  for (const [dhe, aead] of [
    ["secp256r1", "AES-128-GCM"],
    ["secp521r1", "ChaCha20-Poly1305"],
  ]) {
    test(`${dhe}, ${aead}`, limit, async () => {
      const { session } = await trusted(linkTo(board), {
        session: { ...SESSION, dhe: DHES[dhe], aead: AEADS[aead] },
      });
      assert.equal(session!.dhe, dhe);
      assert.equal(session!.aead, aead);
    });
  }
});

/** Where a frame has its MCTP message's type, if the message begins in it. */
const TYPE_AT = 8;
const FAULTS: readonly (readonly [direction: Direction, fault: Fault])[] = [
  ["toBoard", { kind: "corrupt" }],
  ["toBoard", { kind: "drop" }],
  ["toBoard", { kind: "repeat" }],
  ["fromBoard", { kind: "corrupt" }],
  ["fromBoard", { kind: "drop" }],
  ["fromBoard", { kind: "repeat" }],
];
/** Records at which the fault strikes: FINISH, the first in the session, and one with measurements. */
const STRIKES = [0, 1, 2];

describe("an attestation in a session survives a record that is", () => {
  let board: Board;

  before(async () => {
    board = await boot();
  }, limit);

  after(() => board.close());

  for (const [direction, fault] of FAULTS) {
    test(`${JSON.stringify(fault)} on its way ${direction}`, limit, async () => {
      for (const strike of STRIKES) {
        let records = 0;
        const bus = new FaultyBus(board.bus, (frame, way) => {
          if (way !== direction || frame[TYPE_AT] !== SECURED_TYPE) return undefined;
          return records++ === strike ? fault : undefined;
        });
        await trusted(new MctpLink(bus, emulatedSmbus(BMC_ADDRESS, BOARD_ADDRESS)), {});
        assert.ok(records > strike, `record ${strike} was sent`);
      }
    });
  }
});

describe("the board, provisioned to", () => {
  const provisioned = (name: string, policy: Partial<SessionPolicy>, check: (board: Board) => Promise<void>) =>
    test(name, limit, async () => {
      const board = await boot(policy);
      try {
        await check(board);
      } finally {
        await board.close();
      }
    });

  for (const [how, requested] of Object.entries(MUTUAL)) {
    if (how === "none") continue;
    provisioned(`ask requesters for proof, ${how}`, { requested }, async (board) => {
      for (const version of WITH_SESSIONS) {
        const { requester } = await trusted(linkTo(board), { version, identities: REQUESTER });
        assert.deepEqual(requester!.proofs, ["FINISH"]);
      }
    });
  }

  provisioned(
    "ask for proof in CHALLENGE_AUTH too, and to shake hands in the clear",
    {
      requested: MUTUAL.encapsulated,
      basic: true,
      inTheClear: true,
    },
    async (board) => {
      for (const inTheClear of [false, true]) {
        const session = { ...SESSION, inTheClear };
        const result = await trusted(linkTo(board), { version: V1_2, identities: REQUESTER, session });
        assert.deepEqual(result.requester!.proofs, ["CHALLENGE_AUTH", "FINISH"]);
        assert.equal(result.session!.handshakeInTheClear, inTheClear);
      }
    },
  );

  provisioned("authenticate records without encrypting them", { macOnly: true }, async (board) => {
    const { session } = await trusted(linkTo(board), {});
    assert.equal(session!.encrypted, false);
  });

  provisioned("give no context of its own with pre-shared keys", { pskWithoutContext: true }, async (board) => {
    const { session } = await trusted(linkTo(board), { session: { ...SESSION, psk: PSK } });
    assert.equal(session!.openedBy, "PSK_EXCHANGE");
  });
});

test("four sessions at once, of requesters that proved themselves, within the heap's budget", limit, async (t) => {
  const board = await boot({ requested: MUTUAL.encapsulated });
  const link = linkTo(board);
  const c = new Conversation(link);
  try {
    await link.discover();
    const offer = { ...OFFER, identities: REQUESTER };
    await agreeVersion(c, offer);
    await exchangeCapabilities(c, offer);
    const chosen = await negotiateAlgorithms(c, offer);
    const { digest, certificates, rootHash } = await askChain(c, 0, await askDigests(c, 0));
    const trust = verifyChain({ certificates, rootHash, hash: sha384, anchors: readAnchors(ROOTS), at: new Date() });
    const key = { verifier: p384, publicKey: trust.leafPublicKey! };
    const parties = { slot: 0, chainDigest: digest, key, prover: proverOf(c, chosen, offer) };
    const open = () => {
      c.session = undefined;
      return openSession(c, SESSION, chosen, parties, NO_SUMMARY);
    };
    const sessions = [];
    for (let count = 0; count < SESSION_COUNT; count++) sessions.push((await open()).session);
    await assert.rejects(open(), /the responder refused KEY_EXCHANGE: SessionLimitExceeded/);
    for (const session of [...sessions].reverse()) {
      c.session = session;
      await sendHeartbeat(c);
    }
    await board.idle();
    const heapPeak = await board.readWord(board.symbols.heapPeakLength);
    t.diagnostic(`heap: ${heapPeak} B at most`);
    assert.ok(heapPeak <= budgets.psa.heapLength, `heap ${heapPeak}`);
    for (const session of sessions) {
      c.session = session;
      await endSession(c);
    }
    await open();
    await endSession(c);
  } finally {
    c.close();
    await board.close();
  }
});
