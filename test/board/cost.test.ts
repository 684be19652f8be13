/** What an attestation may cost the board, in instructions: counted, not timed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import budgets from "../../bench/budget.json" with { type: "json" };
import { measureAttestation } from "../../bench/measure.js";

test("an attestation with PSA costs the same every time, and stays within its budget", {
  timeout: 180_000,
}, async (t) => {
  const measured = await measureAttestation("psa");
  assert.deepEqual(await measureAttestation("psa"), measured);
  const { messages, attestation } = measured;
  const { instructions, cryptoInstructions } = attestation;
  const outsideCrypto = instructions - cryptoInstructions;
  t.diagnostic(`${instructions} instructions, ${outsideCrypto} outside cryptography`);
  assert.equal(messages.length, 7);
  assert.ok(instructions <= budgets.psa.instructions, `${instructions} instructions`);
  assert.ok(outsideCrypto <= budgets.psa.outsideCrypto, `${outsideCrypto} outside cryptography`);
});
