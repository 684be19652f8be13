/** That VENDOR_DEFINED_REQUEST is served where a board brings a vendor, for the table of what is answered. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { algorithms } from "../../../src/messages/algorithms.js";
import { capabilities } from "../../../src/messages/capabilities.js";
import { vendorDefined } from "../../../src/messages/vendor-defined.js";
import { version } from "../../../src/messages/version.js";
import { VERSIONS } from "../../../src/versions.js";
import { toHex } from "../../support/bytes.js";
import { servedBy } from "../../support/coverage.js";
import { board, negotiated, REVERSER } from "../../support/fixture.js";
import * as requests from "../../support/requests.js";

test("a vendor's request is answered in every version", () => {
  const exchanges = [version, capabilities, algorithms, vendorDefined([REVERSER])];
  for (const v of VERSIONS) {
    const conversation = negotiated(v, {}, board({ exchanges, onAnswer: servedBy }));
    const response = conversation.answer(requests.vendorDefined(v, 7, [0x98, 0x1e], [1, 2, 3]));
    assert.equal(toHex(response.subarray(-3)), "030201");
  }
});
