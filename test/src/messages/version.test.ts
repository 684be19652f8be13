import assert from "node:assert/strict";
import { test } from "node:test";
import { VERSION_MISMATCH } from "../../../src/errors.js";
import { readVersion, versionOf } from "../../../src/messages/version.js";
import { V1_0, V1_1, V1_2, V1_3 } from "../../../src/versions.js";
import { Reader } from "../../../src/wire.js";
import { fromHex, toHex } from "../../support/bytes.js";
import { board, Conversation, negotiated } from "../../support/fixture.js";
import { getVersion } from "../../support/requests.js";

test("VERSION lists all versions in version 1.0's layout", () => {
  const response = new Conversation(V1_0).answer(getVersion());
  assert.equal(toHex(response), "100400000005" + "00100011001200130014");
});

test("VERSION lists only what the board speaks", () => {
  const response = new Conversation(V1_0, {}, board({ versions: [V1_1, V1_3] })).answer(getVersion());
  assert.equal(toHex(response), "10040000000200110013");
});

test("the reserved parameters of GET_VERSION are ignored, and what trails it", () => {
  const plain = toHex(new Conversation(V1_0).answer(getVersion()));
  assert.equal(toHex(new Conversation(V1_0).answer(fromHex("1084ffff"))), plain);
  assert.equal(toHex(new Conversation(V1_0).answer(fromHex("10840000ffffff"))), plain);
});

test("a GET_VERSION that is not in 1.0 is a VersionMismatch in 1.0, and changes nothing", () => {
  for (const header of [0x00, 0x11, 0x12, 0x20, 0xff]) {
    new Conversation(V1_0).refused(Uint8Array.of(header, 0x84, 0, 0), VERSION_MISMATCH);
    const conversation = negotiated(V1_2);
    conversation.refused(Uint8Array.of(header, 0x84, 0, 0), VERSION_MISMATCH, 0, V1_0);
    conversation.answer(Uint8Array.of(V1_2, 0x81, 0, 0));
    conversation.refused(Uint8Array.of(V1_0, 0x81, 0, 0), VERSION_MISMATCH);
  }
});

test("entries carry update and alpha versions beside the version", () => {
  const r = new Reader(fromHex("10040000000200112312"));
  r.skip(2);
  const entries = readVersion(r);
  assert.deepEqual(entries, [0x1100, 0x1223]);
  assert.deepEqual(entries.map(versionOf), [V1_1, V1_2]);
});
