import assert from "node:assert/strict";
import { test } from "node:test";
import type { Counters } from "../../src/mctp/counters.js";
import { EXPIRY_MS, Reassembly } from "../../src/mctp/reassembly.js";
import { hex } from "../support/hex.js";

const SOM = 0x80;
const EOM = 0x40;
const TO = 0x08;

interface Packet {
  flags: number;
  payload: readonly number[];
  source?: number;
  destination?: number;
  peer?: number;
  now?: number;
}

/** Hands a packet over, somewhere inside a larger frame. Returns the completed message with its type, if it is. */
function accept(to: Reassembly, packet: Packet): string | undefined {
  const { flags, payload, source = 8, destination = 9, peer = 0x10, now = 0 } = packet;
  const frame = Uint8Array.of(0xaa, 0xaa, 0xaa, 0x01, destination, source, flags, ...payload, 0xaa);
  if (!to.accept(frame, 3, 4 + payload.length, peer, now)) return undefined;
  return hex(Uint8Array.of(to.type, ...to.message));
}

const sequence = (n: number) => (n & 3) << 4;
const first = (payload: readonly number[], tag = TO, n = 0): Packet => ({ flags: SOM | sequence(n) | tag, payload });
const middle = (n: number, payload: readonly number[], tag = TO): Packet => ({ flags: sequence(n) | tag, payload });
const last = (n: number, payload: readonly number[], tag = TO): Packet => ({ flags: EOM | sequence(n) | tag, payload });

const A = [0x05, 0x10];
const B = [0x11, 0x12];
const C = [0x13, 0x14];

function reassembly(options: { messageLength?: number; assemblyCount?: number } = {}): Reassembly {
  return new Reassembly({ messageLength: 15, ...options });
}

/** All counters that are not 0. */
function counted(of: Reassembly): Partial<Record<keyof Counters, number>> {
  return Object.fromEntries(Object.entries(of.counters).filter(([, count]) => count !== 0));
}

/** Hands packets over; returns what each completed. */
function all(to: Reassembly, packets: Packet[]): (string | undefined)[] {
  return packets.map((packet) => accept(to, packet));
}

test("a message of one packet", () => {
  const to = reassembly();
  assert.equal(accept(to, { flags: 0xc8, payload: [5, 1, 2] }), "05 01 02");
  assert.equal(accept(to, { flags: 0xf8, payload: [0x85] }), "85", "any sequence number; IC is the caller's matter");
  assert.deepEqual(counted(to), { messages: 2 });
});

test("messages of several packets, from each first sequence number", () => {
  for (let n = 0; n < 4; n++) {
    const to = reassembly();
    assert.deepEqual(
      all(to, [first(A, TO, n), middle(n + 1, B), middle(n + 2, C), middle(n + 3, B), last(n + 4, [0x15])]),
      [undefined, undefined, undefined, undefined, "05 10 11 12 13 14 11 12 15"],
    );
    assert.equal(accept(to, last(n + 4, [0x15])), undefined);
    assert.deepEqual(counted(to), { messages: 1, orphans: 1 }, "the repeated last packet is an orphan");
  }
});

test("interleaved: tags, tag owners, sources, destinations and physical peers are kept apart", () => {
  const others: Partial<Packet>[] = [{ source: 10 }, { destination: 0 }, { peer: 0x11 }];
  for (const other of others) {
    const to = reassembly();
    const packets = [first(A), { ...first(A), ...other }, last(1, B), { ...last(1, C), ...other }];
    assert.deepEqual(all(to, packets), [undefined, undefined, "05 10 11 12", "05 10 13 14"]);
    assert.deepEqual(counted(to), { messages: 2 });
  }
  const to = reassembly();
  assert.deepEqual(all(to, [first(A, 0x0b), first(A, 0x03), last(1, B, 0x0b), last(1, C, 0x03)]), [
    undefined,
    undefined,
    "05 10 11 12",
    "05 10 13 14",
  ]);
  assert.deepEqual(all(to, [first(A, 0x0b), first(A, 0x0c), last(1, B, 0x0c), last(1, C, 0x0b)]), [
    undefined,
    undefined,
    "05 10 11 12",
    "05 10 13 14",
  ]);
});

test("a single packet passes between those of a long message", () => {
  const to = reassembly({ assemblyCount: 1 });
  const packets = [first(A), { flags: 0xc9, payload: [0, 1] }, last(1, B)];
  assert.deepEqual(all(to, packets), [undefined, "00 01", "05 10 11 12"]);
  assert.deepEqual(counted(to), { messages: 2 });
});

const BROKEN: [name: string, packets: Packet[], counters: Partial<Record<keyof Counters, number>>][] = [
  ["lost first", [middle(1, B), last(2, C)], { orphans: 2 }],
  ["lost middle", [first(A), last(2, C)], { sequenceBreaks: 1 }],
  ["three middles lost", [first(A), last(0, C)], { sequenceBreaks: 1 }],
  ["repeated first", [first(A), first(A), middle(2, B)], { restarts: 1, sequenceBreaks: 1 }],
  ["repeated middle", [first(A), middle(1, B), middle(1, B), last(2, C)], { sequenceBreaks: 1, orphans: 1 }],
  ["overtaken middle", [first(A), middle(2, C), middle(1, B), last(3, C)], { sequenceBreaks: 1, orphans: 2 }],
  ["last before middle", [first(A), last(2, C), middle(1, B)], { sequenceBreaks: 1, orphans: 1 }],
  ["longer middle", [first(A), middle(1, [1, 2, 3]), last(2, C)], { lengthBreaks: 1, orphans: 1 }],
  ["shorter middle", [first(A), middle(1, [1]), last(2, C)], { lengthBreaks: 1, orphans: 1 }],
  ["longer last", [first(A), last(1, [1, 2, 3])], { lengthBreaks: 1 }],
  [
    "single packet of the same tag in between",
    [first(A), last(1, B, 0), { flags: 0xc8, payload: [5] }, last(1, B)],
    { orphans: 2, restarts: 1, messages: 1 },
  ],
];

for (const [name, packets, counters] of BROKEN) {
  test(`dropped: ${name}`, () => {
    const to = reassembly();
    const complete = all(to, packets).filter((message) => message !== undefined);
    assert.equal(complete.length, counters.messages ?? 0);
    assert.deepEqual(counted(to), counters);
    assert.deepEqual(all(to, [first(A), last(1, B)]), [undefined, "05 10 11 12"], "the next message is whole");
  });
}

test("a message begun anew replaces the old one", () => {
  const to = reassembly();
  assert.deepEqual(all(to, [first(A), middle(1, B), first([6, 7], TO, 2), last(3, C)]), [
    undefined,
    undefined,
    undefined,
    "06 07 13 14",
  ]);
  assert.deepEqual(counted(to), { messages: 1, restarts: 1 });
});

test("messages up to the limit, and not one byte more", () => {
  const bytes = (count: number) => Array.from({ length: count }, (_, i) => i);
  for (const assemblyCount of [1, 2]) {
    const to = reassembly({ messageLength: 8, assemblyCount });
    assert.equal(accept(to, { flags: 0xc8, payload: bytes(9) }), "00 01 02 03 04 05 06 07 08");
    assert.equal(accept(to, { flags: 0xc8, payload: bytes(10) }), undefined);
    assert.equal(accept(to, { flags: 0x88, payload: bytes(9) }), undefined, "full, and more to come");
    assert.equal(accept(to, { flags: 0x58, payload: bytes(1) }), undefined);
    assert.deepEqual(all(to, [first(bytes(3)), middle(1, bytes(3)), last(2, bytes(3))]), [
      undefined,
      undefined,
      "00 01 02 00 01 02 00 01 02",
    ]);
    assert.deepEqual(all(to, [first(bytes(4)), middle(1, bytes(4)), last(2, bytes(2))]), [
      undefined,
      undefined,
      undefined,
    ]);
    assert.deepEqual(all(to, [first(bytes(4)), middle(1, bytes(4)), middle(2, bytes(4)), last(3, [1])]), [
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    assert.deepEqual(counted(to), { messages: 2, oversize: 4, orphans: 2 });
  }
});

test("silence of 6 s ends an assembly, also while the clock wraps", () => {
  assert.equal(EXPIRY_MS, 6000);
  for (const start of [0, 1000, 0x7ffff000, 0x80000000 - 1, 0xfffff000, -1000, 1.7e12, 0.75]) {
    const wrapped = (ms: number) => (start > 0xffffffff || start === 0.75 ? start + ms : (start + ms) | 0);
    const to = reassembly();
    const late = all(to, [
      { ...first(A), now: wrapped(0) },
      { ...middle(1, B), now: wrapped(5999) },
      { ...last(2, C), now: wrapped(5999 + 5999) },
    ]);
    assert.equal(late[2], "05 10 11 12 13 14", `in time from ${start}`);
    const tooLate = all(to, [
      { ...first(A), now: wrapped(0) },
      { ...last(1, B), now: wrapped(6000) },
    ]);
    assert.equal(tooLate[1], undefined, `too late from ${start}`);
    assert.deepEqual(counted(to), { messages: 1, expiries: 1, orphans: 1 });
  }
});

test("a full table gives up the assembly silent for longest", () => {
  const to = reassembly({ assemblyCount: 2 });
  const packets = [
    { ...first(A, 0x08), now: 0 },
    { ...first(A, 0x09), now: 1 },
    { ...middle(1, B, 0x08), now: 2 },
    { ...first(A, 0x0a), now: 3 },
    { ...last(1, C, 0x09), now: 4 },
    { ...last(2, C, 0x08), now: 5 },
    { ...last(1, C, 0x0a), now: 6 },
  ];
  assert.deepEqual(all(to, packets), [
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
    "05 10 11 12 13 14",
    "05 10 13 14",
  ]);
  assert.deepEqual(counted(to), { messages: 2, evictions: 1, orphans: 1 });
});

test("expired assemblies make room without an eviction", () => {
  const to = reassembly({ assemblyCount: 1 });
  assert.deepEqual(all(to, [first(A, 0x08), { ...first(A, 0x09), now: 6000 }, { ...last(1, B, 0x09), now: 6001 }]), [
    undefined,
    undefined,
    "05 10 11 12",
  ]);
  assert.deepEqual(counted(to), { messages: 1, expiries: 1 });
});

test("native copying takes the place of ours", () => {
  let copied = 0;
  const to = new Reassembly({
    messageLength: 15,
    copy: (target, targetOffset, from, fromOffset, length) => {
      copied += length;
      target.set(from.subarray(fromOffset, fromOffset + length), targetOffset);
    },
  });
  assert.deepEqual(all(to, [first(A), last(1, B)]), [undefined, "05 10 11 12"]);
  assert.equal(copied, 4);
});
