/** Attestation of the board over a bus that corrupts, drops, repeats, delays and refuses frames. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { buildFirmware } from "../../boards/ast1030/build.js";
import { type Direction, type Fault, FaultyBus } from "../../cli/bus.js";
import { BMC_ADDRESS, type Board, startBoard } from "../../cli/emulator.js";
import { emulatedSmbus, MctpLink } from "../../cli/mctp-link.js";
import { attest } from "../../cli/requester/attest.js";
import { BOARD_ADDRESS, readAnchors } from "../../cli/target.js";
import { ECDSA_P256, SHA_256 } from "../../src/algorithms.js";
import { V1_2 } from "../../src/versions.js";
import { ROOTS, testFlash } from "./support/identity.js";

const limit = { timeout: 120_000 };

/** An address that nobody has: an answer that goes there is not acknowledged. */
const NOBODY = 0x42;
const FAULTS: readonly (readonly [direction: Direction, fault: Fault])[] = [
  ["toBoard", { kind: "corrupt" }],
  ["toBoard", { kind: "corrupt", offset: 9, mask: 0x80 }],
  ["toBoard", { kind: "drop" }],
  ["toBoard", { kind: "repeat" }],
  ["toBoard", { kind: "delay", delayMs: 300 }],
  ["toBoard", { kind: "refuse" }],
  ["toBoard", { kind: "orphan", address: NOBODY }],
  ["fromBoard", { kind: "corrupt" }],
  ["fromBoard", { kind: "drop" }],
  ["fromBoard", { kind: "repeat" }],
  ["fromBoard", { kind: "delay", delayMs: 300 }],
];

/** Frames at which the fault strikes: GET_CAPABILITIES, GET_CERTIFICATE, GET_MEASUREMENTS; ALGORITHMS and fragments. */
const STRIKES: Readonly<Record<Direction, readonly number[]>> = { toBoard: [4, 7, 9], fromBoard: [5, 20, 30] };

describe("attestation survives a frame that is", () => {
  let board: Board;

  before(async () => {
    await buildFirmware("psa");
    board = await startBoard({ flash: testFlash(), lifetimeMs: 300_000 });
  }, limit);

  after(() => board.close());

  for (const [direction, fault] of FAULTS) {
    test(`${JSON.stringify(fault)} on its way ${direction}`, limit, async () => {
      for (const strike of STRIKES[direction]) {
        let struck = 0;
        const bus = new FaultyBus(board.bus, (_frame, way, index) => {
          if (way !== direction || index !== strike) return undefined;
          struck++;
          return fault;
        });
        const link = new MctpLink(bus, emulatedSmbus(BMC_ADDRESS, BOARD_ADDRESS));
        await link.discover();
        const result = await attest(link, {
          version: V1_2,
          baseHash: SHA_256,
          baseAsym: ECDSA_P256,
          slot: 0,
          anchors: readAnchors(ROOTS),
          reference: undefined,
          onProgress() {},
        });
        assert.equal(struck, 1, `frame ${strike} was sent`);
        assert.deepEqual(result.reasons, [], `frame ${strike}`);
        assert.equal(result.verdict, "trusted");
      }
    });
  }
});
