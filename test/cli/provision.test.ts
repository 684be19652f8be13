/** `spdm provision` and the board's side of it, in one process. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Installer, Provisioning } from "../../boards/provisioning.js";
import { BEGIN, COMMIT, DONE, FAILED, OUT_OF_ORDER, PROVISIONED, STATUS, WRITE } from "../../certs/provisioning.js";
import { type Link, TimeoutError } from "../../cli/link.js";
import { provision } from "../../cli/provision.js";

const IMAGE = Uint8Array.from({ length: 1000 }, (_, i) => i * 7);

class Memory implements Installer {
  content: number[] = [];
  complete = false;
  good = true;
  #length = 0;
  installed = () => this.complete;
  begin(length: number): boolean {
    this.content = [];
    this.#length = length;
    return length > 0 && length <= 65536;
  }
  append(data: Uint8Array): boolean {
    this.content.push(...data);
    return this.content.length <= this.#length;
  }
  commit(): boolean {
    this.complete = this.good && this.content.length === this.#length;
    return this.complete;
  }
}

function linkTo(board: Provisioning, lost: (index: number) => boolean = () => false): Link {
  let index = 0;
  return {
    roundTripMs: 0,
    timeScale: 1,
    disturbanceCount: 0,
    exchange: async (_type, message) => {
      const reply = new Uint8Array(64);
      const length = board.respond(message, reply);
      if (length === 0 || lost(index++)) throw new TimeoutError("nothing came");
      return reply.subarray(0, length);
    },
    close: async () => undefined,
  };
}

const HEAD = [0, 0, 0x7e, 0xd9];

/** The completion code, undefined if there is no answer. */
function answer(board: Provisioning, ...bytes: readonly number[]): number | undefined {
  const reply = new Uint8Array(64);
  return board.respond(Uint8Array.of(...HEAD, ...bytes), reply) === 6 ? reply[5] : undefined;
}

test("an image arrives whole, once", async () => {
  const memory = new Memory();
  const board = new Provisioning(memory);
  await provision(linkTo(board), IMAGE);
  assert.deepEqual(memory.content, [...IMAGE]);
  assert.equal(memory.complete, true);
  await assert.rejects(provision(linkTo(board), IMAGE), /has an identity already/);
});

test("also if every other response is lost", async () => {
  const memory = new Memory();
  await provision(
    linkTo(new Provisioning(memory), (index) => index % 2 === 0),
    IMAGE,
  );
  assert.deepEqual(memory.content, [...IMAGE]);
});

test("a board with an identity takes none", () => {
  const memory = new Memory();
  memory.complete = true;
  const board = new Provisioning(memory);
  for (const request of [[STATUS], [BEGIN, 4, 0, 0, 0], [WRITE, 0, 0, 0, 0, 1], [COMMIT]])
    assert.equal(answer(board, ...request), PROVISIONED);
  assert.deepEqual(memory.content, []);
});

test("order, offsets and lengths are checked", () => {
  const memory = new Memory();
  const board = new Provisioning(memory);
  assert.equal(answer(board, STATUS), DONE);
  assert.equal(answer(board, WRITE, 0, 0, 0, 0, 1), OUT_OF_ORDER);
  assert.equal(answer(board, COMMIT), OUT_OF_ORDER);
  assert.equal(answer(board, BEGIN, 0, 0, 0, 0), FAILED);
  assert.equal(answer(board, BEGIN, 2, 0, 0, 0), DONE);
  assert.equal(answer(board, WRITE, 1, 0, 0, 0, 1), OUT_OF_ORDER);
  assert.equal(answer(board, WRITE, 0xff, 0xff, 0xff, 0xff, 1), OUT_OF_ORDER);
  assert.equal(answer(board, WRITE, 0, 0, 0, 0, 1, 2, 3), OUT_OF_ORDER);
  assert.equal(answer(board, WRITE, 0, 0, 0, 0, 1), DONE);
  assert.equal(answer(board, WRITE, 0, 0, 0, 0, 1), DONE);
  assert.equal(answer(board, COMMIT), OUT_OF_ORDER);
  assert.equal(answer(board, WRITE, 1, 0, 0, 0, 2), DONE);
  memory.good = false;
  assert.equal(answer(board, COMMIT), FAILED);
  assert.equal(answer(board, COMMIT), OUT_OF_ORDER);
  assert.equal(memory.complete, false);
});

test("whatever becomes of it, what was to be written is wiped behind it", () => {
  const memory = new Memory();
  const board = new Provisioning(memory);
  answer(board, BEGIN, 2, 0, 0, 0);
  for (const [offset, status] of [
    [1, OUT_OF_ORDER],
    [0, DONE],
    [0, DONE],
  ]) {
    const request = Uint8Array.of(...HEAD, WRITE, offset, 0, 0, 0, 7, 8);
    const reply = new Uint8Array(64);
    assert.equal(reply[board.respond(request, reply) - 1], status);
    assert.deepEqual([...request.subarray(-2)], [0, 0]);
  }
  assert.deepEqual(memory.content, [7, 8]);
});

test("what is no request gets no answer", () => {
  const board = new Provisioning(new Memory());
  const good = [BEGIN, 4, 0, 0, 0];
  for (let length = 0; length < good.length; length++) assert.equal(answer(board, ...good.slice(0, length)), undefined);
  assert.equal(answer(board, ...good, 0), undefined);
  assert.equal(answer(board, WRITE, 0, 0, 0, 0), undefined);
  assert.equal(answer(board, COMMIT + 1), undefined);
  assert.equal(board.respond(Uint8Array.of(0, 0, 0x7e, 0xd8, COMMIT), new Uint8Array(64)), 0);
});
