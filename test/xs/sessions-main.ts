/** Runs on XS with hal/psa linked in (sessions.test.ts). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { portableIdentity } from "../../hal/portable/identity.js";
import { importKey } from "../../hal/psa/psa.js";
import { ECDSA_P256 } from "../../src/algorithms.js";
import { V1_2 } from "../../src/versions.js";
import { fromHex } from "../support/bytes.js";
import { CURVES, chainOf } from "../support/fixture.js";
import { Peer, sessionBoard } from "../support/session.js";
import { heapUse } from "./heap.js";
import "../src/certificates-multi-key.test.js";
import "../src/records.test.js";
import "../src/sessions.test.js";

declare const SESSION_COUNT: number;
declare function print(text: string): void;

test("sessions opened and closed leave nothing on the heap", () => {
  const [curve] = CURVES;
  const signer = importKey(256, fromHex(curve.data.keys[0]));
  const identity = portableIdentity(new Map([[0, { chain: chainOf(curve, 0), signer }]]));
  const on = sessionBoard({}, { baseAsym: [{ algorithm: ECDSA_P256, identity }] });
  const peer = new Peer(V1_2, on);
  const uses: number[] = [];
  for (let i = 0; i < SESSION_COUNT; i++) {
    const session = peer.open(i % 2 === 1);
    session.updateKeys(2);
    assert.ok(session.isAlive);
    session.end();
    if (i % 1000 === 999) uses.push(heapUse());
  }
  print(`heap after each 1000 sessions: ${uses.join(", ")} B`);
  // The first thousand finds all that is made once.
  for (const use of uses) assert.ok(use <= uses[0] + 1024, `${use} B after ${uses[0]} B`);
  signer.close();
});
