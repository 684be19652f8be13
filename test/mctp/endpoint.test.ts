import assert from "node:assert/strict";
import { test } from "node:test";
import type { Binding } from "../../src/mctp/binding.js";
import type { Counters } from "../../src/mctp/counters.js";
import { Endpoint, type EndpointOptions } from "../../src/mctp/endpoint.js";
import { Fragmentation } from "../../src/mctp/fragmentation.js";
import { SerialBinding } from "../../src/mctp/serial.js";
import { SmbusBinding } from "../../src/mctp/smbus.js";
import { bytes, hex } from "../support/hex.js";

const UUID = bytes("00112233 4455 6677 8899 aabbccddeeff");
const BOARD = new SmbusBinding({ address: 0x1d });
const BMC = new SmbusBinding({ address: 0x10 });

/** Replies to SPDM with the request backwards, to secured messages with nothing. */
function endpoint(options: Partial<EndpointOptions> = {}): Endpoint {
  return new Endpoint({
    binding: BOARD,
    uuid: UUID,
    messageLength: 300,
    handlers: [
      {
        type: 0x05,
        versions: [0xf1f0f200],
        respond(request, reply) {
          reply.set(request.slice().reverse());
          return request.length;
        },
      },
      { type: 0x06, versions: [0xf2f0f000], respond: () => 0 },
    ],
    ...options,
  });
}

/** All frames of the reply. */
function pull(from: Endpoint): Uint8Array[] {
  const frames: Uint8Array[] = [];
  const frame = new Uint8Array(from.frameLength);
  for (let length = from.transmit(frame); length !== 0; length = from.transmit(frame))
    frames.push(frame.slice(0, length));
  return frames;
}

function receive(to: Endpoint, frame: Uint8Array, now = 0): string[] {
  const waits = to.receive(frame, frame.length, now);
  const replies = pull(to).map((reply) => hex(reply));
  assert.equal(waits, replies.length > 0);
  return replies;
}

/** The frames of a message from the BMC, with its type in front. */
function frames(
  message: Uint8Array,
  { destination = 9, source = 8, tag = 0x08, peer = 0x1d, from = BMC as Binding, transmissionUnit = 64 } = {},
): Uint8Array[] {
  const fragmentation = new Fragmentation({ binding: from, transmissionUnit });
  const frame = new Uint8Array(fragmentation.frameLength);
  const sent: Uint8Array[] = [];
  fragmentation.address(destination, source, tag, peer);
  fragmentation.begin(message, message.length);
  for (let length = fragmentation.next(frame); length !== 0; length = fragmentation.next(frame))
    sent.push(frame.slice(0, length));
  return sent;
}

function counted(of: Endpoint): Partial<Record<keyof Counters, number>> {
  return Object.fromEntries(Object.entries(of.counters).filter(([, count]) => count !== 0));
}

test("Get Endpoint ID over SMBus, byte for byte", () => {
  const to = endpoint({ eid: 9 });
  assert.deepEqual(receive(to, bytes("3a 0f 08 21 01 00 08 c8 00 80 02 56")), [
    "20 0f 0c 3b 01 08 09 c0 00 00 02 00 09 00 00 80",
  ]);
  assert.deepEqual(counted(to), { messages: 1 });
});

test("an SPDM request over SMBus, byte for byte, is handed on without its type", () => {
  let seen = "";
  const to = endpoint({
    eid: 9,
    handlers: [
      {
        type: 0x05,
        versions: [],
        respond(request, reply) {
          seen = hex(request);
          reply.set(bytes("10 04 00 00"));
          return 4;
        },
      },
    ],
  });
  const replies = receive(to, bytes("3a 0f 0a 21 01 09 08 c8 05 10 84 00 00 0a"));
  assert.equal(seen, "10 84 00 00");
  assert.deepEqual(
    replies.map((reply) => reply.slice(0, -3)),
    ["20 0f 0a 3b 01 08 09 c0 05 10 04 00 00"],
  );
});

test("the serial binding, byte for byte", () => {
  const to = endpoint({
    binding: new SerialBinding(),
    eid: 9,
    handlers: [
      {
        type: 0x05,
        versions: [],
        respond(_request, reply) {
          reply.set(bytes("10 7e 00 00"));
          return 4;
        },
      },
    ],
  });
  assert.deepEqual(receive(to, bytes("7e 01 09 01 09 08 c8 05 10 84 00 00 73 f5 7e")), [
    "7e 01 09 01 08 09 c0 05 10 7d 5e 00 00 b3 89 7e",
  ]);
});

test("an endpoint without an ID answers to the null one, and to the assigned one from then on", () => {
  const to = endpoint();
  const request = frames(bytes("05 01 02"));
  assert.equal(to.eid, 0);
  assert.deepEqual(receive(to, request[0]), []);
  // The response to Set Endpoint ID comes from the new one already.
  const [assigned] = receive(to, frames(bytes("00 81 01 00 09"), { destination: 0 })[0]);
  assert.equal(assigned.slice(0, -3), "20 0f 0c 3b 01 08 09 c0 00 01 01 00 00 09 00");
  assert.equal(to.eid, 9);
  assert.equal(receive(to, request[0]).length, 1);
  assert.equal(receive(to, frames(bytes("05 01 02"), { destination: 0 })[0]).length, 1);
  for (const destination of [1, 8, 10, 0xff])
    assert.deepEqual(receive(to, frames(bytes("05 01"), { destination })[0]), []);
  assert.deepEqual(counted(to), { messages: 3, foreignPackets: 5 });
});

test("the reply goes back to the asking endpoint and its physical address, with its tag", () => {
  const to = endpoint({ eid: 9 });
  for (let tag = 0; tag < 8; tag++) {
    const [reply] = receive(
      to,
      frames(bytes("05 01 02"), {
        source: 20 + tag,
        tag: 0x08 | tag,
        from: new SmbusBinding({ address: 0x30 + tag }),
      })[0],
    );
    const expected = [(0x30 + tag) << 1, 0x0f, 8, 0x3b, 1, 20 + tag, 9, 0xc0 | tag, 5, 2, 1];
    assert.equal(reply.slice(0, -3), hex(Uint8Array.from(expected)));
  }
});

test("a source that cannot exist, another header version: dropped; null source: answered", () => {
  const to = endpoint({ eid: 9 });
  for (const source of [1, 7, 0xff]) assert.deepEqual(receive(to, frames(bytes("05 01"), { source })[0]), []);
  const [other] = frames(bytes("05 01"));
  for (const version of [0x00, 0x02, 0x12]) {
    const frame = other.slice();
    frame[4] = version;
    BMC.seal(frame, frame.length - 5, 0x1d);
    assert.deepEqual(receive(to, frame), []);
  }
  assert.deepEqual(counted(to), { brokenPackets: 6 });
  const reserved = other.slice();
  reserved[4] = 0xf1;
  BMC.seal(reserved, reserved.length - 5, 0x1d);
  assert.equal(receive(to, reserved).length, 1, "the upper half of the byte is reserved, not version");
  assert.equal(receive(to, frames(bytes("05 01"), { source: 0 })[0])[0].slice(12, 20), "01 00 09");
});

test("answers, unknown types and integrity checks are dropped; so is what the handler has no reply to", () => {
  const to = endpoint({ eid: 9 });
  assert.deepEqual(receive(to, frames(bytes("05 01"), { tag: 0x00 })[0]), []);
  assert.deepEqual(receive(to, frames(bytes("85 01"))[0]), []);
  assert.deepEqual(receive(to, frames(bytes("80 80 02"))[0]), []);
  assert.deepEqual(receive(to, frames(bytes("01 01"))[0]), []);
  assert.deepEqual(receive(to, frames(bytes("7f 01"))[0]), []);
  assert.deepEqual(receive(to, frames(bytes("06 01"))[0]), []);
  assert.deepEqual(receive(to, frames(bytes("00 00 02"))[0]), [], "a control response");
  assert.deepEqual(counted(to), { strays: 1, unsupported: 4, messages: 6 });
});

/** Message length with its type → packets, at a transmission unit of 64. */
const FRAGMENTS: [length: number, payloads: number[]][] = [
  [2, [2]],
  [63, [63]],
  [64, [64]],
  [65, [64, 1]],
  [128, [64, 64]],
  [129, [64, 64, 1]],
  [256, [64, 64, 64, 64]],
  [257, [64, 64, 64, 64, 1]],
  [301, [64, 64, 64, 64, 45]],
];

for (const [length, payloads] of FRAGMENTS) {
  test(`a message of ${length} bytes there and back in ${payloads.length} packets`, () => {
    const to = endpoint({ eid: 9 });
    const message = Uint8Array.from({ length }, (_, i) => (i === 0 ? 5 : i));
    const sent = frames(message, { tag: 0x0d });
    assert.deepEqual(
      sent.map((frame) => frame.length - 9),
      payloads,
    );
    sent.slice(0, -1).forEach((frame) => {
      assert.deepEqual(receive(to, frame), []);
    });
    const last = sent[sent.length - 1];
    assert.equal(to.receive(last, last.length, 0), true);
    const replies = pull(to);
    assert.deepEqual(
      replies.map((frame) => frame.length - 9),
      payloads,
    );
    const body: number[] = [];
    replies.forEach((frame, i) => {
      assert.equal(BMC.open(frame, frame.length), frame.length - 5);
      const som = i === 0 ? 0x80 : 0;
      const eom = i === payloads.length - 1 ? 0x40 : 0;
      assert.equal(
        hex(frame.subarray(0, 8)),
        hex(Uint8Array.of(0x20, 0x0f, 5 + payloads[i], 0x3b, 1, 8, 9, som | eom | ((i & 3) << 4) | 5)),
      );
      body.push(...frame.subarray(8, -1));
    });
    assert.deepEqual(body, [5, ...message.subarray(1).reverse()]);
  });
}

test("larger transmission units, each way on its own", () => {
  for (const [binding, from] of [
    [BOARD, BMC],
    [new SerialBinding(), new SerialBinding()],
  ]) {
    const transmissionUnit = binding.transmissionUnitLimit;
    const to = endpoint({ binding, eid: 9, transmissionUnit });
    const message = new Uint8Array(301).fill(0x7e);
    message[0] = 5;
    for (const unit of [64, 100, transmissionUnit]) {
      const replies = frames(message, { from, transmissionUnit: unit }).map((frame) => receive(to, frame).length);
      assert.equal(replies.pop(), 2);
      assert.ok(replies.every((count) => count === 0));
    }
  }
  assert.throws(() => endpoint({ transmissionUnit: 63 }), RangeError);
  assert.throws(() => endpoint({ transmissionUnit: 251 }), RangeError);
});

test("requests from two endpoints, packets interleaved", () => {
  const to = endpoint({ eid: 9 });
  const a = frames(new Uint8Array(100).fill(5), { source: 20 });
  const b = frames(new Uint8Array(100).fill(5), { source: 21 });
  const replies = [a[0], b[0], a[1], b[1]].map((frame) => receive(to, frame).length);
  assert.deepEqual(replies, [0, 0, 2, 2]);
});

test("an unfinished request is forgotten after 6 s; the retry is answered", () => {
  const to = endpoint({ eid: 9 });
  const [one, two] = frames(new Uint8Array(100).fill(5));
  assert.deepEqual(receive(to, one, 0xfffff000 | 0), []);
  assert.deepEqual(receive(to, two, 0xfffff000 + 6000), []);
  assert.deepEqual(receive(to, one, 5000), []);
  assert.equal(receive(to, two, 10999).length, 2);
  assert.deepEqual(counted(to), { messages: 1, expiries: 1, orphans: 1 });
});

test("the next request replaces a reply half sent", () => {
  const to = endpoint({ eid: 9 });
  const sent = frames(new Uint8Array(200).fill(5));
  for (const frame of sent) to.receive(frame, frame.length, 0);
  const frame = new Uint8Array(to.frameLength);
  assert.equal(to.transmit(frame), 73);
  const [next] = receive(to, frames(bytes("05 01 02"))[0]);
  assert.equal(next.slice(21, 35), `c0 05 02 01 ${next.slice(33, 35)}`);
  assert.deepEqual(counted(to), { messages: 2, abandonedReplies: 1 });
  assert.equal(to.transmit(frame), 0);
});

test("a request without a reply leaves nothing of the last one to send: the handler may have written over it", () => {
  const to = endpoint({ eid: 9 });
  for (const frame of frames(new Uint8Array(200).fill(5))) to.receive(frame, frame.length, 0);
  const frame = new Uint8Array(to.frameLength);
  assert.equal(to.transmit(frame), 73);
  assert.deepEqual(receive(to, frames(bytes("06 01"))[0]), []);
  assert.deepEqual(counted(to), { messages: 2, abandonedReplies: 1 });
});

test("one array serves for receiving and sending", () => {
  const to = endpoint({ eid: 9 });
  const frame = new Uint8Array(to.frameLength);
  frame.set(bytes("3a 0f 08 21 01 00 08 c8 00 80 02 56"));
  assert.equal(to.receive(frame, 12, 0), true);
  assert.equal(hex(frame, to.transmit(frame)), "20 0f 0c 3b 01 08 09 c0 00 00 02 00 09 00 00 80");
});

test("mistakes of ours are errors", () => {
  assert.throws(() => endpoint({ eid: 7 }), RangeError);
  assert.throws(() => endpoint({ messageLength: 62 }), RangeError);
  assert.throws(() => endpoint({ uuid: new Uint8Array(4) }), RangeError);
  const to = endpoint({ eid: 9 });
  const [request] = frames(bytes("05 01"));
  to.receive(request, request.length, 0);
  assert.throws(() => to.transmit(new Uint8Array(to.frameLength - 1)), RangeError);
});
