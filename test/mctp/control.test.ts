import assert from "node:assert/strict";
import { test } from "node:test";
import { Control } from "../../src/mctp/control.js";
import { bytes, hex } from "../support/hex.js";

const UUID = bytes("00112233 4455 6677 8899 aabbccddeeff");

function control(eid = 0): Control {
  return new Control({
    eid,
    uuid: UUID,
    types: [
      { type: 0x05, versions: [0xf1f0f200] },
      { type: 0x06, versions: [0xf1f0f000, 0xf2f0f000] },
      { type: 0x7e, versions: [0xf1f0ff00] },
    ],
    vendors: [
      { format: 0, id: 0x1414, commandSet: 0x0004 },
      { format: 1, id: 0x89abcdef, commandSet: 0x8001 },
    ],
  });
}

function answer(to: Control, request: string): string {
  const reply = new Uint8Array(64).fill(0xee);
  return hex(reply, to.respond(bytes(request), reply));
}

const GOLDEN: [name: string, request: string, response: string][] = [
  ["Set Endpoint ID, set", "81 01 00 09", "01 01 00 00 09 00"],
  ["Set Endpoint ID, force", "9f 01 01 fe", "1f 01 00 00 fe 00"],
  ["Set Endpoint ID, reset without a static EID", "80 01 02 09", "00 01 02"],
  ["Set Endpoint ID, set discovered", "80 01 03 09", "00 01 02"],
  ["Set Endpoint ID, null", "80 01 00 00", "00 01 02"],
  ["Set Endpoint ID, reserved", "80 01 00 07", "00 01 02"],
  ["Set Endpoint ID, broadcast", "80 01 00 ff", "00 01 02"],
  ["Get Endpoint ID", "80 02", "00 02 00 0a 00 00"],
  ["Get Endpoint UUID", "82 03", "02 03 00 00 11 22 33 44 55 66 77 88 99 aa bb cc dd ee ff"],
  ["Get MCTP Version Support, base", "83 04 ff", "03 04 00 04 f1 f0 ff 00 f1 f1 ff 00 f1 f2 ff 00 f1 f3 f3 00"],
  ["Get MCTP Version Support, control", "83 04 00", "03 04 00 04 f1 f0 ff 00 f1 f1 ff 00 f1 f2 ff 00 f1 f3 f3 00"],
  ["Get MCTP Version Support, SPDM", "83 04 05", "03 04 00 01 f1 f0 f2 00"],
  ["Get MCTP Version Support, secured", "83 04 06", "03 04 00 02 f1 f0 f0 00 f2 f0 f0 00"],
  ["Get MCTP Version Support, type we lack", "83 04 01", "03 04 80"],
  ["Get Message Type Support", "84 05", "04 05 00 03 05 06 7e"],
  ["Get Vendor Defined Message Support, PCI", "85 06 00", "05 06 00 01 00 14 14 00 04"],
  ["Get Vendor Defined Message Support, IANA", "85 06 01", "05 06 00 ff 01 89 ab cd ef 80 01"],
  ["Get Vendor Defined Message Support, beyond the last", "85 06 02", "05 06 02"],
  ["reserved bit 5 is not echoed", "bf 02", "1f 02 00 0a 00 00"],
];

for (const [name, request, response] of GOLDEN) {
  test(name, () => assert.equal(answer(control(0x0a), request), response));
}

test("Set Endpoint ID changes it, and only if it succeeds", () => {
  const to = control();
  assert.equal(answer(to, "80 02"), "00 02 00 00 00 00");
  answer(to, "80 01 00 00");
  assert.equal(to.eid, 0);
  answer(to, "80 01 00 09");
  assert.equal(to.eid, 9);
  answer(to, "80 01 01 0a");
  assert.equal(to.eid, 10);
  answer(to, "80 01 02 0b");
  assert.equal(answer(to, "80 02"), "00 02 00 0a 00 00");
});

test("every other command is answered as unsupported, whatever its length", () => {
  for (let command = 0; command <= 0xff; command++) {
    if (command >= 0x01 && command <= 0x06) continue;
    const code = command.toString(16).padStart(2, "0");
    assert.equal(answer(control(), `8c ${code}`), `0c ${code} 05`);
    assert.equal(answer(control(), `8c ${code} 00 00 00 00`), `0c ${code} 05`);
  }
});

test("every wrong length is answered as such, and changes nothing", () => {
  const dataLengths = [2, 0, 0, 1, 0, 1];
  dataLengths.forEach((right, index) => {
    for (let length = 0; length < 20; length++) {
      if (length === right) continue;
      const to = control();
      const code = (index + 1).toString(16).padStart(2, "0");
      assert.equal(answer(to, `80 ${code} ${"09".repeat(length)}`), `00 ${code} 03`);
      assert.equal(to.eid, 0);
    }
  });
});

test("responses, datagrams and fragments of a header get no answer and have no effect", () => {
  const to = control();
  for (const message of ["", "80", "00 02", "00 01 00 09", "c0 01 00 09", "40 01 00 09", "c0 02", "00 02 00 09 00 00"])
    assert.equal(answer(to, message), "", message);
  assert.equal(to.eid, 0);
});

test("without vendor defined messages every selector is invalid", () => {
  const to = new Control({ uuid: UUID, types: [] });
  assert.equal(answer(to, "80 06 00"), "00 06 02");
  assert.equal(answer(to, "80 05"), "00 05 00 00");
});

test("a UUID that is none is refused at once", () => {
  assert.throws(() => new Control({ uuid: new Uint8Array(15), types: [] }), RangeError);
});
