import assert from "node:assert/strict";
import { test } from "node:test";
import { LARGE_RESP_CAP } from "../../../src/capabilities.js";
import { Chunks } from "../../../src/chunks.js";
import {
  BUSY,
  INVALID_REQUEST,
  RESPONSE_TOO_LARGE,
  SpdmError,
  UNSPECIFIED,
  UNSUPPORTED_REQUEST,
} from "../../../src/errors.js";
import { algorithms } from "../../../src/messages/algorithms.js";
import { capabilities } from "../../../src/messages/capabilities.js";
import {
  readVendorDefined,
  type VendorHandler,
  vendorDefined,
  writeVendorDefined,
} from "../../../src/messages/vendor-defined.js";
import { version } from "../../../src/messages/version.js";
import { V1_1, V1_2, V1_3, V1_4, VERSIONS, type Version } from "../../../src/versions.js";
import { Reader, Writer } from "../../../src/wire.js";
import { concat, fromHex, toHex } from "../../support/bytes.js";
import { board, type Conversation, negotiated, REVERSER } from "../../support/fixture.js";
import * as requests from "../../support/requests.js";

const VENDOR = [0x98, 0x1e];

/** A connection to a board that serves these vendors. */
function serving(v: Version, handlers: readonly VendorHandler[], offer = {}, dataTransferSize = 4096): Conversation {
  const exchanges = [version, capabilities, algorithms, vendorDefined(handlers)];
  return negotiated(v, offer, board({ exchanges, dataTransferSize }));
}

test("a vendor's request goes to its handler, and its answer comes back, in every version", () => {
  for (const v of VERSIONS) {
    const conversation = negotiated(v);
    const response = conversation.answer(requests.vendorDefined(v, 7, VENDOR, [1, 2, 3]));
    assert.equal(toHex(response), `${v.toString(16)}7e0000070002981e0300030201`);
    assert.equal(toHex(conversation.answer(requests.vendorDefined(v, 7, VENDOR, []))).slice(-4), "0000");
  }
});

test("a vendor or a registry that nobody serves is an UnsupportedRequest", () => {
  for (const v of VERSIONS) {
    const conversation = negotiated(v);
    const others: [number, number[]][] = [
      [7, [0x98, 0x1f]],
      [7, [0x1e, 0x98]],
      [3, VENDOR],
      [0, []],
      [10, VENDOR],
      [12, VENDOR],
      [0x0107, VENDOR],
      [0xffff, VENDOR],
    ];
    for (const [standardId, vendorId] of others) {
      conversation.refused(requests.vendorDefined(v, standardId, vendorId, [1]), UNSUPPORTED_REQUEST, 0xfe);
    }
  }
});

test("handlers are told apart by registry and vendor", () => {
  const handler = (standardId: number, vendorId: number[], mark: number): VendorHandler => ({
    standardId,
    vendorId: Uint8Array.from(vendorId),
    respond: (_, response) => {
      response[0] = mark;
      return 1;
    },
  });
  const ids: [number, number[]][] = [
    [7, VENDOR],
    [3, VENDOR],
    [7, [1, 2]],
    [0, []],
    [4, [1, 2, 3, 4]],
    [10, [5]],
  ];
  const conversation = serving(
    V1_2,
    ids.map(([standardId, vendorId], i) => handler(standardId, vendorId, 0xa0 + i)),
  );
  for (const [i, [standardId, vendorId]] of ids.entries()) {
    const response = conversation.answer(requests.vendorDefined(V1_2, standardId, vendorId, []));
    assert.equal(response.at(-1), 0xa0 + i);
  }
});

test("VendorIDLength is that of the registry; CBOR's goes to 9", () => {
  const lengths = [0, 2, 2, 2, 4, 4, 2, 2, 2, 0, undefined, 2];
  const conversation = negotiated(V1_3);
  for (const [standardId, expected] of lengths.entries()) {
    for (let length = 0; length <= 11; length++) {
      const request = requests.vendorDefined(V1_3, standardId, new Array<number>(length).fill(9), []);
      const fits = expected === undefined ? length <= 9 : length === expected;
      conversation.refused(request, fits ? UNSUPPORTED_REQUEST : INVALID_REQUEST, fits ? 0xfe : 0);
    }
  }
});

test("a request shorter than it says is an InvalidRequest; what trails it is ignored", () => {
  for (const v of VERSIONS) {
    const conversation = negotiated(v);
    const request = requests.vendorDefined(v, 7, VENDOR, [1, 2, 3]);
    for (let length = 4; length < request.length; length++) {
      conversation.refused(request.subarray(0, length), INVALID_REQUEST);
    }
    const response = conversation.answer(concat(request, fromHex("ffff")));
    assert.equal(toHex(response.slice(-5)), "0300030201");
  }
});

test("the large form of 1.4 is answered in the large form where both have LARGE_RESP_CAP", () => {
  const on = board({ chunks: new Chunks({ maxSpdmMsgSize: 4096 }) });
  const conversation = negotiated(V1_4, { flags: LARGE_RESP_CAP }, on);
  const response = conversation.answer(fromHex("14fe8000070002981e000003000000010203"));
  assert.equal(toHex(response), "147e8000070002981e000003000000030201");
});

test("the large form of 1.4 needs LARGE_RESP_CAP, which is not here; before, its bit is reserved", () => {
  const large = fromHex("14fe8000070002981e000003000000010203");
  negotiated(V1_4).refused(large, INVALID_REQUEST);
  for (const v of VERSIONS.filter((older) => older < V1_4)) {
    const request = requests.vendorDefined(v, 7, VENDOR, [1]);
    request[2] = 0x80;
    assert.equal(negotiated(v).answer(request)[2], 0);
  }
  const r = new Reader(large);
  r.skip(2);
  const decoded = readVendorDefined(r, V1_4);
  assert.equal(toHex(decoded.payload), "010203");
  const w = new Writer(new Uint8Array(large.length));
  w.bytes(large.subarray(0, 2));
  writeVendorDefined(w, decoded);
  assert.equal(toHex(w.message), toHex(large));
});

test("a handler has room for a message of the board's DataTransferSize, however long the buffer", () => {
  let room = 0;
  const greedy: VendorHandler = {
    ...REVERSER,
    respond: (_, response) => {
      room = response.length;
      return response.length;
    },
  };
  for (const v of VERSIONS) {
    const { responder } = serving(v, [greedy], {}, 100).board;
    const length = responder.respond(requests.vendorDefined(v, 7, VENDOR, []), new Uint8Array(500));
    assert.equal(room, 100 - 11);
    assert.equal(length, 100);
  }
});

test("an answer beyond the requester's DataTransferSize is a ResponseTooLarge with its size", () => {
  const conversation = negotiated(V1_2, { dataTransferSize: 42 });
  const payload = new Array<number>(32).fill(1);
  const size = conversation.refused(requests.vendorDefined(V1_2, 7, VENDOR, payload), RESPONSE_TOO_LARGE);
  assert.equal(toHex(size), "2b000000");
  conversation.answer(requests.vendorDefined(V1_2, 7, VENDOR, payload.slice(1)));
});

test("a handler refuses with an SpdmError; what else it throws is told the board, and Unspecified", () => {
  const refusing: VendorHandler = {
    ...REVERSER,
    respond: ([kind]) => {
      throw kind === 0 ? new SpdmError(BUSY) : new Error("broken");
    },
  };
  const conversation = serving(V1_1, [refusing]);
  conversation.refused(requests.vendorDefined(V1_1, 7, VENDOR, [0]), BUSY);
  const response = conversation.ask(requests.vendorDefined(V1_1, 7, VENDOR, [1]));
  assert.equal(toHex(response), toHex(Uint8Array.of(V1_1, 0x7f, UNSPECIFIED, 0)));
  assert.equal(conversation.board.faults.length, 1);
});
