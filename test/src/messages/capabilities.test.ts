import assert from "node:assert/strict";
import { test } from "node:test";
import { responderFlags } from "../../../src/capability-rules.js";
import { Chunks } from "../../../src/chunks.js";
import { INVALID_REQUEST, RESPONSE_TOO_LARGE, UNEXPECTED_REQUEST, VERSION_MISMATCH } from "../../../src/errors.js";
import {
  AFTER_CAPABILITIES,
  AFTER_VERSION,
  type Exchange,
  NEGOTIATED,
  OUTSIDE_SESSION,
} from "../../../src/exchange.js";
import { algorithms } from "../../../src/messages/algorithms.js";
import { capabilities, readCapabilities, writeCapabilities } from "../../../src/messages/capabilities.js";
import { digests } from "../../../src/messages/digests.js";
import { measurements } from "../../../src/messages/measurements.js";
import { version } from "../../../src/messages/version.js";
import { V1_0, V1_1, V1_2, V1_3, V1_4, VERSIONS, type Version } from "../../../src/versions.js";
import { Reader, WireError, Writer } from "../../../src/wire.js";
import { concat, fromHex, toHex } from "../../support/bytes.js";
import { board, Conversation } from "../../support/fixture.js";
import {
  type CapabilityFields,
  getCapabilities,
  getDigests,
  getMeasurements,
  getVersion,
  negotiateAlgorithms,
} from "../../support/requests.js";
import { SESSION_FLAGS, sessionBoard, sessionTables } from "../../support/session.js";

const REST = [version, capabilities, algorithms, measurements];

const CERT = 1 << 1;
const CHAL = 1 << 2;
const ENCRYPT = 1 << 6;
const MAC = 1 << 7;
const MUT_AUTH = 1 << 8;
const KEY_EX = 1 << 9;
const PSK = 1 << 10;
const ENCAP = 1 << 12;
const HBEAT = 1 << 13;
const KEY_UPD = 1 << 14;
const IN_THE_CLEAR = 1 << 15;
const PUB_KEY_ID = 1 << 16;
const CHUNK = 1 << 17;
const EP_INFO = 1 << 22;
const EP_INFO_SIG = 2 << 22;
const EVENT = 1 << 25;
const MULTI_KEY_ONLY = 1 << 26;
const MULTI_KEY_NEG = 2 << 26;

const started = (version: Version) => new Conversation(version).reach(AFTER_VERSION);
const accepts = (version: Version, fields: CapabilityFields) => {
  started(version).answer(getCapabilities(version, fields));
};
const refuses = (version: Version, fields: CapabilityFields) => {
  started(version).refused(getCapabilities(version, fields), INVALID_REQUEST);
};

test("CAPABILITIES in each version: 12 bytes to 1.1, 20 from 1.2 on; CERT, CHAL and MEAS with signature", () => {
  const to11 = "610000" + "00140000" + "16000000";
  const from12 = `${to11}0010000000100000`;
  for (const version of VERSIONS) {
    const response = started(version).answer(getCapabilities(version));
    assert.equal(toHex(response), toHex(Uint8Array.of(version)) + (version <= V1_1 ? to11 : from12));
  }
});

test("what a board does not list, CAPABILITIES does not show", () => {
  const bare = new Conversation(V1_1, {}, board({ exchanges: [version, capabilities, digests] })).reach(AFTER_VERSION);
  assert.equal(toHex(bare.answer(getCapabilities(V1_1))), "11610000" + "00140000" + "02000000");
  const conversation = new Conversation(V1_2, {}, board({ ctExponent: 11, dataTransferSize: 0x1234 }));
  const response = conversation.reach(AFTER_VERSION).answer(getCapabilities(V1_2));
  assert.equal(toHex(response), "12610000" + "000b0000" + "16000000" + "3412000034120000");
});

test("flags that a version reserves are not shown in it", () => {
  const masks = [0x3f, 0x1ffff, 0x3fffff, 0x3fffffff, 0xffffffff];
  for (const [i, v] of VERSIONS.entries()) assert.equal(responderFlags(v) >>> 0, masks[i]);
  const later: Exchange = {
    request: 0xef,
    since: V1_3,
    after: NEGOTIATED,
    channels: OUTSIDE_SESSION,
    capability: 1 << 24,
    peerCapability: 0,
    endsM1: false,
    respond: () => {},
  };
  for (const v of VERSIONS) {
    const on = board({ exchanges: [version, capabilities, later], log: { entries: [] } });
    const response = new Conversation(v, {}, on).reach(AFTER_VERSION).answer(getCapabilities(v));
    assert.equal(response[11], v >= V1_3 ? 1 : 0);
  }
});

test("a request is as long as its version says: shorter is refused, longer tolerated", () => {
  for (const version of VERSIONS) {
    const request = getCapabilities(version);
    assert.equal(request.length, version === V1_0 ? 4 : version === V1_1 ? 12 : 20);
    for (let length = 4; length < request.length; length++) {
      started(version).refused(request.subarray(0, length), INVALID_REQUEST);
    }
    started(version).answer(concat(request, fromHex("ffff")));
  }
});

test("GET_CAPABILITIES is taken once, right after VERSION", () => {
  new Conversation(V1_0).refused(getCapabilities(V1_0), UNEXPECTED_REQUEST);
  for (const version of VERSIONS) {
    for (const state of [AFTER_CAPABILITIES, NEGOTIATED]) {
      new Conversation(version).reach(state).refused(getCapabilities(version), UNEXPECTED_REQUEST);
    }
  }
});

test("GET_CAPABILITIES chooses the version among those of VERSION", () => {
  const conversation = new Conversation(V1_0, {}, board({ versions: [V1_1, V1_2] })).reach(AFTER_VERSION);
  for (const version of [V1_0, V1_3, V1_4, 0x15, 0x20, 0x00]) {
    conversation.refused(getCapabilities(version), VERSION_MISMATCH, 0, V1_0);
  }
  conversation.answer(getCapabilities(V1_2));
  conversation.refused(negotiateAlgorithms(V1_1), VERSION_MISMATCH, 0, V1_2);
});

test("a refused GET_CAPABILITIES may be followed by a better one, also in another version", () => {
  const conversation = started(V1_3);
  conversation.refused(getCapabilities(V1_3, { dataTransferSize: 41 }), INVALID_REQUEST);
  conversation.answer(getCapabilities(V1_1));
  conversation.answer(negotiateAlgorithms(V1_1));
  conversation.answer(getDigests(V1_1));
});

test("DataTransferSize is at least 42 and at most MaxSPDMmsgSize", () => {
  for (const version of [V1_2, V1_3, V1_4]) {
    accepts(version, { dataTransferSize: 42 });
    accepts(version, { dataTransferSize: 0xffffffff });
    for (const dataTransferSize of [0, 41]) refuses(version, { dataTransferSize });
    const flags = CHUNK;
    accepts(version, { flags, dataTransferSize: 42, maxSpdmMsgSize: 43 });
    refuses(version, { flags, dataTransferSize: 43, maxSpdmMsgSize: 42 });
    refuses(version, { flags, dataTransferSize: 0x80000000, maxSpdmMsgSize: 0x7fffffff });
  }
});

test("without CHUNK_CAP, DataTransferSize equals MaxSPDMmsgSize", () => {
  for (const version of [V1_2, V1_3, V1_4]) {
    refuses(version, { dataTransferSize: 64, maxSpdmMsgSize: 65 });
    refuses(version, { dataTransferSize: 65, maxSpdmMsgSize: 64 });
    accepts(version, { dataTransferSize: 64, maxSpdmMsgSize: 64 });
  }
});

test("CTExponent is bounded, since it is shifted by", () => {
  for (const version of [V1_1, V1_2, V1_3, V1_4]) {
    accepts(version, { ctExponent: 31 });
    for (const ctExponent of [32, 0xff]) refuses(version, { ctExponent });
  }
});

test("the algorithms block is asked for with CHUNK_CAP only; without chunking here, none is sent", () => {
  for (const version of [V1_3, V1_4]) {
    refuses(version, { param1: 1 });
    const response = started(version).answer(getCapabilities(version, { param1: 1, flags: CHUNK }));
    assert.equal(response.length, 20);
    assert.equal(response[2], 0);
    accepts(version, { param1: 0xfe });
  }
  for (const version of [V1_0, V1_1, V1_2]) accepts(version, { param1: 1 });
});

const chunks = () => new Chunks({ maxSpdmMsgSize: 0x2000 });

/** What a board without and with sessions lists. */
const BLOCKS = [`00001e000102900000000700000000000000${"00".repeat(8)}00000000`];
BLOCKS.push(`03002a00${BLOCKS[0].slice(8)}022018000320060005200100`);

test("the algorithms block: all that the board has, as part of VCA, where both sides chunk", () => {
  for (const version of [V1_3, V1_4]) {
    const boards = [board({ exchanges: REST, chunks: chunks() }), sessionBoard({}, { chunks: chunks() })];
    for (const [i, on] of boards.entries()) {
      const flags = CHUNK | (i === 0 ? 0 : SESSION_FLAGS);
      const conversation = new Conversation(version, { flags, tables: i === 0 ? [] : sessionTables() }, on);
      conversation.reach(AFTER_VERSION);
      const request = getCapabilities(version, { param1: 1, flags });
      const response = conversation.answer(request);
      assert.equal(response[2], 1);
      assert.equal(toHex(response.subarray(20)), BLOCKS[i]);
      assertReadWhole(response, version);

      conversation.vca = concat(conversation.vca, request, response);
      conversation.state = AFTER_CAPABILITIES;
      const asked = getMeasurements(version);
      assert.ok(conversation.reach(NEGOTIATED).isL1([], asked, conversation.answer(asked)));
    }
  }
});

/** CAPABILITIES decode and encode back, and are malformed if a byte lacks, or the block's length is another. */
function assertReadWhole(response: Uint8Array, version: Version): void {
  const read = (bytes: Uint8Array) => {
    const r = new Reader(bytes);
    r.skip(2);
    const fields = readCapabilities(r, version);
    assert.equal(r.remaining, 0);
    return fields;
  };
  const w = new Writer(new Uint8Array(response.length).fill(0xee));
  w.bytes(response.subarray(0, 2));
  writeCapabilities(w, read(response), version);
  assert.equal(toHex(w.written()), toHex(response));
  for (let length = 2; length < response.length; length++) {
    assert.throws(() => read(response.subarray(0, length)), WireError);
  }
  const wrong = response.slice();
  wrong[22]++;
  assert.throws(() => read(wrong), WireError);
}

test("the block is left out if it is not asked for, if the board does not chunk, and before 1.3", () => {
  const on = board({ exchanges: REST, chunks: chunks() });
  for (const version of [V1_3, V1_4]) {
    const response = new Conversation(version, {}, on)
      .reach(AFTER_VERSION)
      .answer(getCapabilities(version, { flags: CHUNK }));
    assert.deepEqual([response[2], response.length], [0, 20]);
  }
  const old = new Conversation(V1_2, {}, on).reach(AFTER_VERSION);
  const response = old.answer(getCapabilities(V1_2, { param1: 1, flags: CHUNK }));
  assert.deepEqual([response[2], response.length], [0, 20]);
});

test("CAPABILITIES with a block beyond the requester's DataTransferSize are a ResponseTooLarge", () => {
  const on = board({ exchanges: REST, chunks: chunks() });
  for (const [dataTransferSize, fits] of [
    [42, false],
    [49, false],
    [50, true],
  ] as const) {
    const request = getCapabilities(V1_3, { param1: 1, flags: CHUNK, dataTransferSize, maxSpdmMsgSize: 4096 });
    const conversation = new Conversation(V1_3, {}, on).reach(AFTER_VERSION);
    if (fits) assert.equal(conversation.answer(request).length, 50);
    else assert.equal(toHex(conversation.refused(request, RESPONSE_TOO_LARGE)), "32000000");
    conversation.answer(getVersion());
  }
});

const FROM_1_1 = [V1_1, V1_2, V1_3, V1_4];
const FROM_1_3 = [V1_3, V1_4];

/** Flags of a requester that go together, and those that do not, with the versions where this is so. */
const RULES: readonly (readonly [rule: string, fits: boolean, flags: number, versions: readonly Version[]])[] = [
  ["no flags", true, 0, FROM_1_1],
  ["certificates and challenge", true, CERT | CHAL, FROM_1_1],
  ["key exchange with either protection", true, KEY_EX | MAC, FROM_1_1],
  ["key exchange with either protection", true, KEY_EX | ENCRYPT | CERT, FROM_1_1],
  ["pre-shared key with either protection", true, PSK | ENCRYPT | MAC | HBEAT | KEY_UPD, FROM_1_1],
  ["what DMTF's requester shows", true, 26310, FROM_1_1],
  ["PSK_CAP 10b is reserved", false, (2 * PSK) | MAC, FROM_1_1],
  ["PSK_CAP 11b is reserved", false, (3 * PSK) | MAC, FROM_1_1],
  ["KEY_EX_CAP needs MAC_CAP or ENCRYPT_CAP", false, KEY_EX, FROM_1_1],
  ["PSK_CAP needs MAC_CAP or ENCRYPT_CAP", false, PSK, FROM_1_1],
  ["MAC_CAP needs a key", false, MAC, FROM_1_1],
  ["ENCRYPT_CAP needs a key", false, ENCRYPT, FROM_1_1],
  ["HANDSHAKE_IN_THE_CLEAR_CAP needs a key", false, IN_THE_CLEAR, FROM_1_1],
  ["HBEAT_CAP needs a session", false, HBEAT, FROM_1_1],
  ["KEY_UPD_CAP needs a session", false, KEY_UPD, FROM_1_1],
  ["HANDSHAKE_IN_THE_CLEAR_CAP needs KEY_EX_CAP", false, PSK | MAC | IN_THE_CLEAR, FROM_1_1],
  ["HANDSHAKE_IN_THE_CLEAR_CAP needs KEY_EX_CAP", true, KEY_EX | MAC | IN_THE_CLEAR, FROM_1_1],
  ["CERT_CAP and PUB_KEY_ID_CAP exclude each other", false, CERT | PUB_KEY_ID | CHAL, FROM_1_1],
  ["CERT_CAP needs a use", false, CERT, [V1_1, V1_2]],
  ["CERT_CAP needs a use", false, CERT | EP_INFO, FROM_1_3],
  ["CERT_CAP needs a use", false, CERT | EP_INFO_SIG, [V1_1, V1_2]],
  ["signed endpoint info is a use", true, CERT | EP_INFO_SIG, FROM_1_3],
  ["PUB_KEY_ID_CAP needs a use", false, PUB_KEY_ID, FROM_1_1],
  ["PUB_KEY_ID_CAP needs a use", true, PUB_KEY_ID | CHAL, FROM_1_1],
  ["CHAL_CAP needs a key", false, CHAL, FROM_1_1],
  ["MUT_AUTH_CAP needs a key", false, MUT_AUTH | KEY_EX | MAC | ENCAP, FROM_1_1],
  ["EP_INFO_CAP 10b needs a key", false, EP_INFO_SIG, FROM_1_3],
  ["EP_INFO_CAP was reserved", true, EP_INFO_SIG, [V1_1, V1_2]],
  ["MUT_AUTH_CAP needs KEY_EX_CAP or CHAL_CAP", false, CERT | EP_INFO_SIG | MUT_AUTH | ENCAP, FROM_1_3],
  ["in 1.1 MUT_AUTH_CAP needs ENCAP_CAP", false, CERT | CHAL | MUT_AUTH, [V1_1]],
  ["in 1.1 MUT_AUTH_CAP needs ENCAP_CAP", true, CERT | CHAL | MUT_AUTH | ENCAP, [V1_1]],
  ["from 1.2 on MUT_AUTH_CAP does without ENCAP_CAP", true, CERT | CHAL | MUT_AUTH, [V1_2, V1_3, V1_4]],
  ["EVENT_CAP needs a session", false, EVENT, FROM_1_3],
  ["EVENT_CAP needs a session", true, EVENT | PSK | MAC, FROM_1_3],
  ["EVENT_CAP was reserved", true, EVENT, [V1_1, V1_2]],
  ["EP_INFO_CAP 11b is reserved", false, EP_INFO | EP_INFO_SIG | CERT | CHAL, FROM_1_3],
  ["MULTI_KEY_CAP 11b is reserved", false, MULTI_KEY_ONLY | MULTI_KEY_NEG | CERT | CHAL, FROM_1_3],
  ["MULTI_KEY_CAP needs CERT_CAP", false, MULTI_KEY_ONLY, FROM_1_3],
  ["MULTI_KEY_CAP excludes PUB_KEY_ID_CAP", false, MULTI_KEY_NEG | PUB_KEY_ID | CHAL, FROM_1_3],
  ["MULTI_KEY_CAP with CERT_CAP", true, MULTI_KEY_NEG | CERT | CHAL, FROM_1_3],
];

for (const [rule, fits, flags, versions] of RULES) {
  test(`flags, ${rule}: 0x${flags.toString(16)} ${fits ? "fits" : "does not"}`, () => {
    for (const version of versions) (fits ? accepts : refuses)(version, { flags });
  });
}

test("in 1.0 there are no flags to check", () => {
  started(V1_0).answer(concat(getCapabilities(V1_0), new Uint8Array(16).fill(0xff)));
});
