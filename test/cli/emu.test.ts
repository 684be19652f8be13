import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { EmuProtocolError, FrameDecoder } from "../../cli/emu-frame.js";
import { type EmuServerOptions, serveEmu } from "../../cli/emu-server.js";
import { EmuSocket } from "../../cli/emu-socket.js";
import { TimeoutError } from "../../cli/link.js";

const CLIENT_HELLO = "0000dead 00000001 0000000e 436c69656e742048656c6c6f2100";
const SERVER_HELLO = "0000dead 00000001 0000000e 5365727665722048656c6c6f2100";
const GET_VERSION = "00000001 00000001 00000005 05 10840000";
const ANSWER = "00000001 00000001 00000003 05 1004";

function bytes(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(" ", ""), "hex");
}

/** A server that answers every message with 10 04, and ends with the test. */
async function serve(t: TestContext, options: Partial<EmuServerOptions> = {}) {
  const server = await serveEmu({ port: 0, onMessage: () => Uint8Array.of(0x10, 0x04), ...options });
  t.after(() => server.close());
  return server;
}

/** Collects errors and lets the test wait for the next one: the client may see its connection end before. */
function errorQueue() {
  const errors: Error[] = [];
  let wake = () => {};
  return {
    onError(error: Error) {
      errors.push(error);
      wake();
    },
    async next(): Promise<Error> {
      if (errors.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      return errors.shift()!;
    },
    get length() {
      return errors.length;
    },
  };
}

/** A raw client: what it sends and everything that comes back until the other side closes. */
async function raw(port: number, sent: Uint8Array[]): Promise<string> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  const received: Buffer[] = [];
  socket.on("data", (chunk) => received.push(chunk));
  const closed = new Promise((resolve) => socket.on("error", () => {}).on("close", resolve));
  for (const part of sent) {
    socket.write(part);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await closed;
  return Buffer.concat(received).toString("hex");
}

/** A server that does as `behave` says with the raw socket. */
async function fake(t: TestContext, behave: (socket: Socket) => void): Promise<{ port: number; close(): void }> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    t.after(() => socket.destroy());
    behave(socket);
  });
  t.after(() => server.close());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}

test("server: golden bytes, in four writes per message as DMTF's emulator sends them, or byte by byte", async (t) => {
  const conversation = bytes(`${CLIENT_HELLO}${GET_VERSION} 0000fffe 00000001 00000000`);
  const fours: Uint8Array[] = [];
  for (let i = 0; i < conversation.length; i += 4) fours.push(conversation.subarray(i, i + 4));
  const singles = [...conversation].map((byte) => Uint8Array.of(byte));
  for (const parts of [[conversation], fours, singles]) {
    const messages: [number, string][] = [];
    let shutdowns = 0;
    const server = await serve(t, {
      onMessage(type, message) {
        messages.push([type, Buffer.from(message).toString("hex")]);
        return Promise.resolve(Uint8Array.of(0x10, 0x04));
      },
      onShutdown: () => shutdowns++,
    });
    const received = await raw(server.port, parts);
    assert.equal(received, bytes(`${SERVER_HELLO}${ANSWER} 0000fffe 00000001 00000000`).toString("hex"));
    assert.deepEqual(messages, [[5, "10840000"]]);
    await server.closed;
    assert.equal(shutdowns, 1);
  }
});

test("server: CONTINUE ends the connection only; others are echoed without payload; an unknown command is named so", async (t) => {
  const server = await serve(t);
  const commands = "00008001 00000001 00000004 01020304 00008002 00000001 00000000 0000fffd 00000001 00000000";
  assert.equal(
    await raw(server.port, [bytes(commands)]),
    bytes("00008001 00000001 00000000 00008002 00000001 00000000 0000fffd 00000001 00000000").toString("hex"),
  );
  assert.equal(
    await raw(server.port, [bytes("00000007 00000001 00000000")]),
    bytes("0000ffff 00000001 00000000").toString("hex"),
  );
  const client = await EmuSocket.connect("127.0.0.1", server.port);
  client.destroy();
});

test("server: hostile sizes and transports end the connection, and the next client is served", async (t) => {
  const errors = errorQueue();
  const server = await serve(t, errors);
  for (const hostile of [
    "00000001 00000001 ffffffff 05",
    "00000001 00000001 00010001 05",
    "00000001 00000002 00000001 05",
    "00000001 00000001 00000000",
  ]) {
    assert.equal(await raw(server.port, [bytes(hostile)]), "");
    assert.ok((await errors.next()) instanceof EmuProtocolError);
  }
  const client = await EmuSocket.connect("127.0.0.1", server.port);
  await client.shutdown();
  await server.closed;
  assert.equal(errors.length, 0);
});

test("server: an answer of another type, silence, and a throw", async (t) => {
  const errors = errorQueue();
  const server = await serve(t, {
    onError: errors.onError,
    onMessage(type, message) {
      if (message[0] === 0) return { type: 5, message: Uint8Array.of(type) };
      if (message[0] === 1) return undefined;
      throw new Error("broken");
    },
  });
  const client = await EmuSocket.connect("127.0.0.1", server.port);
  assert.deepEqual(await client.exchange(6, Uint8Array.of(0), 1000), { type: 5, message: Uint8Array.of(6) });
  await assert.rejects(client.exchange(5, Uint8Array.of(1), 20), TimeoutError);
  const next = await EmuSocket.connect("127.0.0.1", server.port);
  await assert.rejects(next.exchange(5, Uint8Array.of(2), 1000), /closed the connection/);
  assert.equal((await errors.next()).message, "broken");
});

test("server: one client at a time, the next when it has gone", async (t) => {
  let connections = 0;
  const server = await serve(t, { onConnect: () => connections++ });
  const first = await EmuSocket.connect("127.0.0.1", server.port);
  const second = EmuSocket.connect("127.0.0.1", server.port);
  assert.deepEqual((await first.exchange(5, Uint8Array.of(1), 1000)).message, Uint8Array.of(0x10, 0x04));
  assert.equal(connections, 1);
  await first.leave();
  await first.leave();
  assert.deepEqual((await (await second).exchange(5, Uint8Array.of(1), 1000)).message, Uint8Array.of(0x10, 0x04));
  assert.equal(connections, 2);
});

test("server: a port in use is said", async (t) => {
  const server = await serve(t);
  await assert.rejects(serve(t, { port: server.port }), /EADDRINUSE/);
});

test("client: hello, one write per message, an answer in pieces", async (t) => {
  const received: string[] = [];
  const server = await fake(t, (socket) => {
    socket.on("data", (chunk) => {
      received.push(chunk.toString("hex"));
      const answer = bytes(received.length === 1 ? SERVER_HELLO : ANSWER);
      for (const byte of answer) socket.write(Uint8Array.of(byte));
    });
  });
  const client = await EmuSocket.connect("127.0.0.1", server.port);
  assert.deepEqual(await client.exchange(5, Uint8Array.of(0x10, 0x84, 0, 0), 1000), {
    type: 5,
    message: Uint8Array.of(0x10, 0x04),
  });
  assert.deepEqual(received, [bytes(CLIENT_HELLO).toString("hex"), bytes(GET_VERSION).toString("hex")]);
  client.destroy();
  server.close();
});

test("client: what is no emulator is refused", async (t) => {
  const refusals: [string, RegExp][] = [
    ["0000dead 00000001 00000002 4869", /no Server Hello/],
    ["00000001 00000001 00000001 05", /no Server Hello/],
    ["0000dead 00000002 00000000", /transport 2/],
    ["0000dead 00000001 7fffffff", /payload of 2147483647 bytes/],
  ];
  for (const [answer, reason] of refusals) {
    const server = await fake(t, (socket) => socket.once("data", () => socket.write(bytes(answer))));
    await assert.rejects(EmuSocket.connect("127.0.0.1", server.port), reason);
    server.close();
  }
  const mute = await fake(t, () => {});
  await assert.rejects(EmuSocket.connect("127.0.0.1", mute.port, 20), TimeoutError);
  mute.close();
  const gone = await fake(t, (socket) => socket.destroy());
  await assert.rejects(EmuSocket.connect("127.0.0.1", gone.port), /closed|ECONNRESET|EPIPE/);
  gone.close();
  await assert.rejects(EmuSocket.connect("127.0.0.1", gone.port), /ECONNREFUSED/);
});

test("client: a late answer does not pass for the next one's", async (t) => {
  const server = await serve(t, {
    onMessage: async (_, message) => {
      await new Promise((resolve) => setTimeout(resolve, 40));
      return message;
    },
  });
  const client = await EmuSocket.connect("127.0.0.1", server.port);
  await assert.rejects(client.exchange(5, Uint8Array.of(1), 10), TimeoutError);
  await assert.rejects(client.exchange(5, Uint8Array.of(2), 1000), /closed since an answer did not come/);
});

test("client: one exchange at a time", async (t) => {
  const server = await serve(t);
  const client = await EmuSocket.connect("127.0.0.1", server.port);
  const first = client.exchange(5, Uint8Array.of(1), 1000);
  await assert.rejects(client.exchange(5, Uint8Array.of(2), 1000), /under way/);
  await first;
  await client.shutdown();
  await server.closed;
});

test("decoder: random bytes give frames or an EmuProtocolError", () => {
  let seed = 1;
  const random = () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed >>> 24;
  };
  for (let run = 0; run < 2000; run++) {
    const decoder = new FrameDecoder();
    const rubbish = Uint8Array.from({ length: 64 }, random);
    // Every other run gets past the header.
    if (run % 2 === 0) rubbish.set([0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, random() & 0x3f]);
    try {
      for (let offset = 0; offset < rubbish.length; offset += 5)
        for (const { payload } of decoder.feed(rubbish.subarray(offset, offset + 5)))
          assert.ok(payload.length <= 0x10000);
    } catch (error) {
      assert.ok(error instanceof EmuProtocolError);
    }
  }
});
