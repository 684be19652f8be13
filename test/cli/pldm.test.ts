import assert from "node:assert/strict";
import { test } from "node:test";
import { pldm } from "../../boards/pldm.js";
import { fromHex, toHex } from "../support/bytes.js";

function answer(request: string): string {
  const reply = new Uint8Array(16);
  return toHex(reply.subarray(0, pldm.respond(fromHex(request), reply)));
}

test("GetTID, with the instance that asked", () => {
  assert.equal(pldm.type, 1);
  assert.equal(answer("800002"), "0000020001");
  assert.equal(answer("9f0002"), "1f00020001");
});

test("any other command, or of another type, is unsupported", () => {
  assert.equal(answer("800001"), "00000105");
  assert.equal(answer("830202"), "03020205");
});

test("what is no request, or wants no response, gets none", () => {
  for (const request of ["000002", "c00002", "8000", ""]) assert.equal(answer(request), "");
});
