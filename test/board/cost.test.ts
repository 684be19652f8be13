/** What an attestation and a session may cost the board, in instructions: counted, not timed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import budgets from "../../bench/budget.json" with { type: "json" };
import { type Cost, type MessageCost, measureAttestation, measureSession } from "../../bench/measure.js";

const outsideCrypto = ({ instructions, cryptoInstructions }: Cost) => instructions - cryptoInstructions;

test("an attestation with PSA costs the same every time, and stays within its budget", {
  timeout: 180_000,
}, async (t) => {
  const measured = await measureAttestation("psa");
  assert.deepEqual(await measureAttestation("psa"), measured);
  const { messages, total } = measured;
  t.diagnostic(`${total.instructions} instructions, ${outsideCrypto(total)} outside cryptography`);
  assert.equal(messages.length, 7);
  assert.ok(total.instructions <= budgets.psa.instructions, `${total.instructions} instructions`);
  assert.ok(outsideCrypto(total) <= budgets.psa.outsideCrypto, `${outsideCrypto(total)} outside cryptography`);
});

test("so does a session, whose key pair is made ahead", { timeout: 180_000 }, async (t) => {
  const measured = await measureSession("psa");
  assert.deepEqual(await measureSession("psa"), measured);
  const { messages, idleInstructions } = measured;
  const named = (name: string): MessageCost => messages.find((message) => message.name === name)!;
  const handshake = [named("KEY_EXCHANGE"), named("FINISH, secured")];
  const outside = outsideCrypto(handshake[0]) + outsideCrypto(handshake[1]);
  const carried = named("GET_CERTIFICATE, secured");
  const budget = budgets.session;
  t.diagnostic(`${handshake[0].instructions} instructions for KEY_EXCHANGE, ${handshake[1].instructions} for FINISH`);
  t.diagnostic(`${outside} outside cryptography, ${carried.instructions} for 1 KB secured, ${idleInstructions} ahead`);
  assert.ok(handshake[0].instructions <= budget.keyExchange, `KEY_EXCHANGE: ${handshake[0].instructions}`);
  assert.ok(outside <= budget.handshakeOutsideCrypto, `${outside} outside cryptography`);
  assert.ok(carried.instructions <= budget.securedKilobyte, `1 KB: ${carried.instructions}`);
  // One key pair before the session, and one after it for the next.
  assert.ok(idleInstructions > 14_000_000, `${idleInstructions} ahead`);
});
