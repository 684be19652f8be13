/** The requester's secure sessions against a responder, or somebody on the way to it, that lies. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Link, TimeoutError } from "../../cli/link.js";
import { Answers } from "../../cli/requester/answers.js";
import { type AttestOptions, attest } from "../../cli/requester/attest.js";
import { Conversation } from "../../cli/requester/conversation.js";
import { Impossible } from "../../cli/requester/verdict.js";
import type { Measurement, Measurements } from "../../hal/measurements.js";
import { sha384 } from "../../hal/portable/crypto.js";
import { MEASUREMENT_SHA_384 } from "../../src/algorithms.js";
import { V1_1, V1_2, V1_3, type Version } from "../../src/versions.js";
import { Writer } from "../../src/wire.js";
import { concat, fromHex, toHex } from "../support/bytes.js";
import { TestMeasurements } from "../support/fixture.js";
import { sessionBoard } from "../support/session.js";
import { type Alter, type Device, IDENTITIES, OPTIONS, SESSION, TestLink } from "./answering.js";
import { type Lie, set, signed } from "./liar.js";

const IN_THE_CLEAR = { ...SESSION, inTheClear: true };

/** Why it is not trusted, or cannot be had. */
async function reason(alter: Alter, options: Partial<AttestOptions>, device: Device = {}): Promise<string> {
  try {
    const { reasons } = await attest(new TestLink(alter, device), { ...OPTIONS, session: SESSION, ...options });
    return reasons[0] ?? "trusted";
  } catch (error) {
    assert.ok(error instanceof Impossible || error instanceof TimeoutError, `${(error as Error).stack}`);
    return error.message;
  }
}

/** Flips a bit in responses in the clear of one code, counted from the front or, if negative, from the end. */
const flip =
  (code: number, offset: number): Alter =>
  (response, _request, type) => {
    if (type === 5 && response[1] === code) response[offset < 0 ? response.length + offset : offset] ^= 1;
    return response;
  };

// In 1.2, with SHA-384, P-384 and secp384r1, KEY_EXCHANGE_RSP is: header 4, RspSessionID 2, MutAuthRequested 1,
// SlotIDParam 1, random 32, exchange data 96, summary 48, opaque length 2 and data 20, signature 96, verify data 48.
const MUT_AUTH_REQUESTED = 6;
const EXCHANGE = 40;
const SUMMARY = EXCHANGE + 96;
const OPAQUE = SUMMARY + 48 + 2;
const SECURED_VERSION = OPAQUE + 4 + 4 + 2;

describe("one flipped bit", () => {
  const wrong = "KEY_EXCHANGE_RSP: signature is wrong";
  const cases: readonly (readonly [what: string, offset: number, reason: string])[] = [
    ["the heartbeat period", 2, wrong],
    ["RspSessionID", 4, wrong],
    ["MutAuthRequested", MUT_AUTH_REQUESTED, wrong],
    ["the random data", 8, wrong],
    ["the exchange data", EXCHANGE, wrong],
    ["the summary", SUMMARY, wrong],
    ["the opaque data", SECURED_VERSION, wrong],
    ["the signature", -49, wrong],
    ["the verify data", -1, "KEY_EXCHANGE_RSP: ResponderVerifyData is wrong"],
  ];
  for (const [what, offset, why] of cases) {
    test(`in ${what} of KEY_EXCHANGE_RSP`, async () => {
      assert.equal(await reason(flip(0x64, offset), { version: V1_2 }), why);
    });
  }

  test("in FINISH_RSP in the clear", async () => {
    const device = { inTheClear: true };
    const options = { version: V1_2, session: IN_THE_CLEAR };
    assert.equal(await reason(flip(0x65, -1), options, device), "FINISH_RSP: ResponderVerifyData is wrong");
    assert.equal(await reason(flip(0x65, 2), options, device), "FINISH_RSP: ResponderVerifyData is wrong");
  });

  test("in PSK_EXCHANGE_RSP", async () => {
    const psk = { hint: Buffer.from("TestPskHint\0"), key: Buffer.from("TestPskData\0") };
    for (const offset of [4, 12, 12 + 48, -1]) {
      const why = await reason(flip(0x66, offset), { version: V1_2, session: { ...SESSION, psk } });
      assert.equal(why, "PSK_EXCHANGE_RSP: ResponderVerifyData is wrong");
    }
  });

  for (const macOnly of [false, true]) {
    test(`anywhere in a record${macOnly ? " that is only authenticated" : ""}`, async () => {
      const changed = "response to FINISH: its record was changed, repeated or made by others";
      // The shortest record of FINISH_RSP: header 8, type 1, message 4, MAC 16.
      for (let offset = 4; offset < 29; offset++) {
        const alter: Alter = (response, _request, type) => {
          if (type === 6) response[offset] ^= 0x10;
          return response;
        };
        assert.equal(await reason(alter, { version: V1_2 }, { macOnly }), changed, `byte ${offset}`);
      }
    });
  }

  test("in any record, up to the last", async () => {
    const names = ["FINISH", "HEARTBEAT", ...new Array(4).fill("KEY_UPDATE"), "GET_ENCAPSULATED_REQUEST"];
    names.push("DELIVER_ENCAPSULATED_RESPONSE", "DELIVER_ENCAPSULATED_RESPONSE", "GET_MEASUREMENTS", "END_SESSION");
    for (const [place, name] of names.entries()) {
      let count = 0;
      const alter: Alter = (response, _request, type) => {
        if (type === 6 && count++ === place) response[response.length - 1] ^= 1;
        return response;
      };
      const why = await reason(alter, { session: { ...SESSION, updateKeys: true } });
      assert.equal(why, `response to ${name}: its record was changed, repeated or made by others`);
    }
  });
});

test("KEY_EXCHANGE_RSP that ends early", async () => {
  for (const length of [4, 39, EXCHANGE + 50, OPAQUE + 1, OPAQUE + 30, OPAQUE + 130]) {
    const cut: Alter = (response, _request, type) =>
      type === 5 && response[1] === 0x64 ? response.subarray(0, length) : response;
    assert.match(await reason(cut, { version: V1_2 }), /^KEY_EXCHANGE_RSP: malformed/, `cut to ${length}`);
  }
  const long: Alter = (response, _request, type) =>
    type === 5 && response[1] === 0x64 ? concat(response, Uint8Array.of(0)) : response;
  assert.equal(await reason(long, { version: V1_2 }), "KEY_EXCHANGE_RSP: longer than its fields");
});

describe("records", () => {
  /** What comes of a record that `make` makes of the last two responses and the request. */
  const second = (make: (first: Uint8Array, response: Uint8Array, request: Uint8Array) => Uint8Array) => {
    const records: Uint8Array[] = [];
    const alter: Alter = (response, request, type) => {
      if (type !== 6) return response;
      records.push(response.slice());
      return records.length === 2 ? make(records[0], response, request) : response;
    };
    return reason(alter, {});
  };
  const changed = "response to HEARTBEAT: its record was changed, repeated or made by others";

  test("repeated, or the request sent back", async () => {
    assert.equal(await second((first) => first), changed);
    assert.equal(await second((_first, _response, request) => request.slice()), changed);
  });

  test("of another session", async () => {
    const why = await second((_first, response) => {
      response[2] ^= 1;
      return response;
    });
    assert.match(why, /^response to HEARTBEAT: record of session 0x[\da-f]{8}, not 0x[\da-f]{8}$/);
  });

  test("cut anywhere", async () => {
    for (const length of [0, 4, 7]) {
      const why = await second((_first, response) => response.subarray(0, length));
      assert.equal(why, "response to HEARTBEAT: too short for a record");
    }
    for (const length of [8, 9, 20, 25]) {
      assert.equal(await second((_first, response) => response.subarray(0, length)), changed);
    }
  });
});

describe("a lie that is signed", () => {
  const told = (version: Version, lies: Readonly<Record<number, Lie>>, options: Partial<AttestOptions> = {}) =>
    reason(signed(version, lies), { version, session: IN_THE_CLEAR, ...options }, { inTheClear: true });

  test("is told by these tests as the requester understands it", async () => {
    assert.equal(await told(V1_2, { 100: () => undefined }, {}), "the responder refused FINISH: DecryptError");
  });

  const notOffered = "KEY_EXCHANGE_RSP: asks for mutual authentication, which was not offered";
  const cases: readonly (readonly [what: string, lies: Readonly<Record<number, Lie>>, reason: string | RegExp])[] = [
    ["MutAuthRequested of two bits", { 100: set(MUT_AUTH_REQUESTED, 3) }, /MutAuthRequested 3 is none there is$/],
    ["MutAuthRequested of a bit there is not", { 100: set(MUT_AUTH_REQUESTED, 8) }, /MutAuthRequested 8 is none/],
    ["mutual authentication of who has none", { 100: set(MUT_AUTH_REQUESTED, 1) }, notOffered],
    ["the same by encapsulated requests", { 100: set(MUT_AUTH_REQUESTED, 4) }, notOffered],
    ["the same in CHALLENGE_AUTH", { 3: set(2, 0x80) }, notOffered.replace("KEY_EXCHANGE_RSP", "CHALLENGE_AUTH")],
    ["a heartbeat without HBEAT_CAP", { 97: set(9, 0xd2) }, "KEY_EXCHANGE_RSP: HeartbeatPeriod unasked for"],
    [
      "a version of secured messages that was not offered",
      { 100: set(SECURED_VERSION + 1, 0x14) },
      "KEY_EXCHANGE_RSP: secured message version 0x1400 was not offered",
    ],
    ["none selected", { 100: set(SECURED_VERSION - 1, 2) }, /^KEY_EXCHANGE_RSP: malformed \(opaque data: /],
    ["exchange data off the curve", { 100: set(EXCHANGE + 95, 0) }, /ExchangeData is no public key of the group$/],
    ["two AEADs", { 99: set(36 + 4 + 2, 3) }, "ALGORITHMS: selects what was not offered"],
    ["a DHE group that was not offered", { 99: set(36 + 2, 0x40) }, "ALGORITHMS: selects what was not offered"],
    ["a table of another kind", { 99: set(36 + 4, 4) }, "ALGORITHMS: selects what was not offered"],
    ["no DHE group", { 99: set(36 + 2, 0) }, "the responder has no DHE group of those offered"],
    ["no key schedule", { 99: set(36 + 8 + 2, 0) }, "the responder has no key schedule of those offered"],
    ["no format of opaque data", { 99: set(7, 0) }, /^the responder takes no opaque data/],
  ];
  for (const [what, lies, why] of cases) {
    test(`is found out: ${what}`, async () => {
      const found = await told(V1_2, lies);
      if (typeof why === "string") assert.equal(found, why);
      else assert.match(found, why);
    });
  }

  test("is found out: PSK_EXCHANGE_RSP without the context that PSK_CAP promises", async () => {
    const psk = { hint: Buffer.from("TestPskHint\0"), key: Buffer.from("TestPskData\0") };
    const options = { session: { ...SESSION, psk } };
    const capability =
      (value: number): Lie =>
      (response) =>
        set(9, (response[9] & ~0x0c) | value)(response);
    const clear = { 97: capability(0x04) };
    assert.match(await reason(signed(V1_2, clear), { version: V1_2, ...options }), /ResponderContext of 32 bytes/);
    const set2 = { 97: capability(0x08) };
    const why = await reason(signed(V1_2, set2), { version: V1_2, ...options }, { pskWithoutContext: true });
    assert.match(why, /^PSK_EXCHANGE_RSP: ResponderContext of 0 bytes, unlike its PSK_CAP$/);
  });
});

test("measurements that are not those of KEY_EXCHANGE_RSP", async () => {
  const [first, ...rest] = new TestMeasurements().list;
  const changed: Measurement = { ...first, digest: (_hash, into) => into.fill(1) };
  let lies = false;
  const source: Measurements = {
    generation: 1,
    get list() {
      return lies ? [changed, ...rest] : [first, ...rest];
    },
  };
  const { responder } = sessionBoard({}, { measurements: { algorithm: MEASUREMENT_SHA_384, engine: sha384, source } });
  const buffer = new Uint8Array(5000);
  const link: Link = {
    roundTripMs: 1000,
    timeScale: 1,
    disturbanceCount: 0,
    async exchange(type, message) {
      lies = message[1] === 0xe4;
      const request = message.slice();
      const length = type === 6 ? responder.respondSecured(request, buffer) : responder.respond(request, buffer);
      return buffer.slice(0, length);
    },
    async close() {},
  };
  const { reasons } = await attest(link, { ...OPTIONS, session: SESSION });
  assert.deepEqual(reasons, ["measurements: not those that KEY_EXCHANGE_RSP summarised"]);
});

describe("encapsulated requests", () => {
  const BASIC = { requested: 0, basic: true };
  const options = { version: V1_2, identities: IDENTITIES, session: undefined };
  const onAck =
    (change: (ack: Uint8Array) => Uint8Array): Alter =>
    (response, _request, type) =>
      type === 5 && response[1] === 0x6b ? change(response) : response;
  const changed = (offset: number, value: number) =>
    onAck((ack) => {
      ack[offset] = value;
      return ack;
    });

  test("acknowledged by another RequestID", async () => {
    const why = await reason(changed(4, 9), options, BASIC);
    assert.equal(why, "ENCAPSULATED_RESPONSE_ACK: of another request than ours");
  });

  test("of a payload that is none", async () => {
    assert.equal(await reason(changed(3, 3), options, BASIC), "ENCAPSULATED_RESPONSE_ACK: payload is none there is");
    assert.equal(await reason(changed(3, 0), options, BASIC), "ENCAPSULATED_RESPONSE_ACK: payload is none there is");
  });

  test("that wants a slot which is empty", async () => {
    const slot = onAck((ack) => Uint8Array.of(...ack.subarray(0, 3), 2, ack[4], 0, 0, 0, 5));
    assert.equal(await reason(slot, options, BASIC), "the responder wants us to sign with slot 5, which we have not");
  });

  test("without end", async () => {
    const again = onAck((ack) => Uint8Array.of(ack[0], 0x6b, 7, 1, ack[4], 0, 0, 0, V1_2, 0x81, 0, 0));
    const alter: Alter = (response, request, type) =>
      request[1] === 0xeb ? again(Uint8Array.of(V1_2, 0x6b, 0, 0, request[2]), request, type) : response;
    assert.equal(await reason(alter, options, BASIC), "the responder has more than 1000 encapsulated requests");
  });

  test("that are in no session, or of no responder, are answered with ERROR", () => {
    const c = new Conversation(new TestLink());
    c.version = V1_3;
    const answers = new Answers(c, undefined);
    const answer = (hex: string) => {
      const w = new Writer(new Uint8Array(100));
      answers.answer(fromHex(hex), w);
      return toHex(w.written());
    };
    assert.equal(answer("13810000"), "137f0781"); // no certificates of ours
    assert.equal(answer("13e90100"), "137f07e9"); // KEY_UPDATE out of a session
    assert.equal(answer("13e00000"), "137f07e0");
    assert.equal(answer("13f10000"), "137f07f1");
    assert.equal(answer("12810000"), "137f4100");
    assert.equal(answer("13"), "137f0100");
    assert.equal(answer(""), "137f0100");
  });
});

test("a responder without a word in a session", async () => {
  const silent: Alter = (response, _request, type) => (type === 6 ? undefined : response);
  assert.equal(await reason(silent, { version: V1_1 }), "no answer");
});
