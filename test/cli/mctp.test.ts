import assert from "node:assert/strict";
import { test } from "node:test";
import { type Fault, FaultyBus } from "../../cli/bus.js";
import { TimeoutError } from "../../cli/link.js";
import { ControlError, LinkError, MctpRequester } from "../../cli/mctp.js";
import { Endpoint } from "../../src/mctp/endpoint.js";
import { SmbusBinding } from "../../src/mctp/smbus.js";
import { bytes, hex } from "../support/hex.js";
import { MemoryBus } from "../support/memory-bus.js";

const SPDM = 0x05;
const SECURED = 0x06;
const UUID = bytes("00112233 4455 6677 8899 aabbccddeeff");
const BOARD = 0x1d;
const BMC = 0x10;

/** An endpoint that repeats SPDM messages, and a requester beside it. `faults` are by direction and index of the frame. */
function pair(faults: { toBoard?: Record<number, Fault>; fromBoard?: Record<number, Fault> } = {}) {
  const endpoint = new Endpoint({
    binding: new SmbusBinding({ address: BOARD }),
    uuid: UUID,
    messageLength: 2000,
    handlers: [
      {
        type: SPDM,
        versions: [0xf1f0f200],
        respond(request, reply) {
          reply.set(request);
          return request.length;
        },
      },
      { type: SECURED, versions: [0xf1f0f000, 0xf2f0f000], respond: () => 0 },
    ],
  });
  const bus = new FaultyBus(new MemoryBus(endpoint), (_frame, direction, index) => faults[direction]?.[index]);
  const requester = new MctpRequester({
    bus,
    binding: new SmbusBinding({ address: BMC }),
    peer: BOARD,
    controlTimeoutMs: 20,
  });
  const sent = () => bus.record.filter(({ direction }) => direction === "toBoard").map(({ frame }) => hex(frame));
  return { endpoint, bus, requester, sent };
}

function message(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => i * 7);
}

test("discovery by control messages", async () => {
  const { requester, sent } = pair();
  assert.equal(await requester.endpointId(), 0);
  assert.equal(await requester.setEndpointId(9), 9);
  assert.equal(requester.peerEid, 9);
  assert.equal(await requester.endpointId(), 9);
  assert.deepEqual(await requester.uuid(), UUID);
  assert.deepEqual(await requester.messageTypes(), [SPDM, SECURED]);
  assert.deepEqual(await requester.versionSupport(0xff), [0xf1f0ff00, 0xf1f1ff00, 0xf1f2ff00, 0xf1f3f300]);
  assert.deepEqual(await requester.versionSupport(SECURED), [0xf1f0f000, 0xf2f0f000]);
  await assert.rejects(requester.versionSupport(0x01), ControlError);
  assert.deepEqual(
    sent().map((frame) => frame.slice(0, -3)),
    [
      "3a 0f 08 21 01 00 08 c9 00 81 02",
      "3a 0f 0a 21 01 00 08 ca 00 82 01 00 09",
      "3a 0f 08 21 01 00 08 cb 00 83 02",
      "3a 0f 08 21 01 09 08 cc 00 84 03",
      "3a 0f 08 21 01 09 08 cd 00 85 05",
      "3a 0f 09 21 01 09 08 ce 00 86 04 ff",
      "3a 0f 09 21 01 09 08 cf 00 87 04 06",
      "3a 0f 09 21 01 09 08 c8 00 88 04 01",
    ],
  );
  assert.equal(requester.disturbances, 0);
});

test("messages of every length up to the limit", async () => {
  const { requester } = pair();
  for (const length of [1, 2, 62, 63, 64, 127, 128, 1000, 2000])
    assert.deepEqual(await requester.request(SPDM, message(length), 100), message(length));
  await assert.rejects(requester.request(SPDM, message(2001), 5), TimeoutError);
  assert.equal(requester.disturbances, 1);
  assert.equal(requester.counters.timeouts, 1);
});

test("eight requests at a time, packets interleaved, and not nine", async () => {
  const { requester } = pair();
  const requests = Array.from({ length: 8 }, (_, i) => requester.request(SPDM, message(50 + i), 100));
  await assert.rejects(requester.request(SPDM, message(3), 100), /8 requests/);
  (await Promise.all(requests)).forEach((answer, i) => {
    assert.deepEqual(answer, message(50 + i));
  });
  // Two of several packets: as many as the endpoint keeps assemblies for.
  const long = [requester.request(SPDM, message(200), 100), requester.request(SPDM, message(300), 100)];
  assert.deepEqual(await Promise.all(long), [message(200), message(300)]);
  assert.equal(requester.disturbances, 0);
});

const LOST: [name: string, faults: Parameters<typeof pair>[0]][] = [
  ["first packet of the request dropped", { toBoard: { 0: { kind: "drop" } } }],
  ["middle packet of the request dropped", { toBoard: { 1: { kind: "drop" } } }],
  ["last packet of the request corrupted", { toBoard: { 3: { kind: "corrupt" } } }],
  ["middle packet of the request repeated", { toBoard: { 1: { kind: "repeat" } } }],
  ["request's source address changed on the way", { toBoard: { 3: { kind: "orphan", address: 0x33 } } }],
  ["first packet of the answer dropped", { fromBoard: { 0: { kind: "drop" } } }],
  ["middle packet of the answer corrupted", { fromBoard: { 2: { kind: "corrupt", offset: 20 } } }],
  ["last packet of the answer dropped", { fromBoard: { 3: { kind: "drop" } } }],
  ["middle packet of the answer overtaken", { fromBoard: { 1: { kind: "delay", delayMs: 5 } } }],
];

for (const [name, faults] of LOST) {
  test(`a timeout, seen as a disturbance, then a good second try: ${name}`, async () => {
    const { requester } = pair(faults);
    await assert.rejects(requester.request(SPDM, message(220), 20), TimeoutError);
    assert.ok(requester.disturbances > 0);
    assert.deepEqual(await requester.request(SPDM, message(220), 20), message(220));
  });
}

test("what repeats without harm: a request of one packet and its two answers, the last of an answer", async () => {
  const one = pair({ toBoard: { 0: { kind: "repeat" } } });
  assert.deepEqual(await one.requester.request(SPDM, message(10), 100), message(10));
  assert.deepEqual(await one.requester.request(SPDM, message(11), 100), message(11));
  assert.equal(one.requester.counters.strays, 1);
  const two = pair({ fromBoard: { 1: { kind: "repeat" } } });
  assert.deepEqual(await two.requester.request(SPDM, message(100), 100), message(100));
  assert.equal(two.requester.counters.strays, 1);
});

test("a late answer is a stray, not the answer to the next request", async () => {
  const { requester } = pair({ fromBoard: { 0: { kind: "delay", delayMs: 30 } } });
  await assert.rejects(requester.request(SPDM, message(10), 10), TimeoutError);
  await new Promise((resolve) => setTimeout(resolve, 40));
  assert.deepEqual(await requester.request(SPDM, message(11), 100), message(11));
  assert.deepEqual([requester.counters.timeouts, requester.counters.strays, requester.disturbances], [1, 1, 2]);
});

test("frames that are not acknowledged are sent again, and given up in the end", async () => {
  const refuse: Fault = { kind: "refuse" };
  const { requester } = pair({
    toBoard: { 1: refuse, 2: refuse, 6: refuse, 7: refuse, 8: refuse, 9: refuse, 10: refuse },
  });
  assert.deepEqual(await requester.request(SPDM, message(220), 100), message(220));
  assert.equal(requester.disturbances, 2);
  await assert.rejects(requester.request(SPDM, message(10), 100), LinkError);
  assert.equal(requester.counters.refusedFrames, 7);
});

test("control requests are tried three times", async () => {
  const drop: Fault = { kind: "drop" };
  const { requester, sent } = pair({ toBoard: { 0: drop, 3: drop, 4: drop, 5: drop }, fromBoard: { 0: drop } });
  assert.equal(await requester.setEndpointId(9), 9);
  await assert.rejects(requester.endpointId(), TimeoutError);
  assert.equal(sent().length, 6);
});

test("an answer to another control request is none", async () => {
  for (const answer of [
    "00 05 02 00 09 00 00",
    "00 01 03 00 09 00 00",
    "00 81 02 00 09 00 00",
    "00 01 02",
    "00 01 02 00 09",
  ]) {
    const { bus, requester } = pair({ toBoard: { 0: { kind: "drop" } } });
    const frame = new Uint8Array(80);
    frame.set(bytes(`01 08 09 c1 ${answer}`), 4);
    const asked = requester.endpointId();
    await Promise.resolve();
    bus.onFrame?.(frame.slice(0, new SmbusBinding({ address: BOARD }).seal(frame, 4 + bytes(answer).length, BMC)));
    await assert.rejects(asked, ControlError);
  }
});

test("answers from elsewhere, of another type or tag, and requests to us, are strays", async () => {
  const { bus, requester } = pair({ toBoard: { 0: { kind: "drop" } } });
  const board = new SmbusBinding({ address: BOARD });
  const answer = (packet: string, from = board, to = BMC) => {
    const frame = new Uint8Array(80);
    frame.set(bytes(packet), 4);
    bus.onFrame?.(frame.slice(0, from.seal(frame, bytes(packet).length, to)));
  };
  const answered = requester.request(SPDM, message(3), 100, 9);
  await new Promise((resolve) => setTimeout(resolve, 1));
  answer("01 08 0a c1 05 01"); // another endpoint
  answer("01 08 09 c1 05 01", new SmbusBinding({ address: 0x22 })); // another physical address
  answer("01 08 09 c9 05 01"); // a request
  answer("01 08 09 c2 05 01"); // a tag nobody waits for
  answer("01 08 09 c1 06 01"); // another type
  assert.equal(requester.counters.strays, 5);
  answer("01 0a 09 c1 05 01"); // to another endpoint
  answer("02 08 09 c1 05 01"); // another header version
  answer("01 08 09 c1 05 01", board, 0x11); // not our physical address
  answer("01 08 09 c1 05 2a");
  assert.deepEqual(await answered, Uint8Array.of(0x2a));
  const { foreignPackets, brokenPackets, brokenFrames } = requester.counters;
  assert.deepEqual([foreignPackets, brokenPackets, brokenFrames], [1, 1, 1]);
});
