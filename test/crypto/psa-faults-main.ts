/** Runs on XS with psa-faults.c linked in (psa.test.ts). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { secp256r1 } from "../../hal/psa/psa.js";

test("ephemeral keys that cannot be exported leave PSA's slots free", () => {
  let failed = 0;
  for (let i = 0; i < 300; i++) {
    try {
      secp256r1.generate(new Uint8Array(64)).destroy();
    } catch (error) {
      assert.match((error as Error).message, /-141/); // PSA_ERROR_INSUFFICIENT_MEMORY
      failed++;
    }
  }
  // By turns: both tries fail; the first fails; none does.
  assert.equal(failed, 100);
});
