/**
 * Attestation through the MCTP socket's helper, the real program, with our own responder behind it. The kernel's part
 * was never run here: no machine that these tests ran on has AF_MCTP. What stands in for it, fake-mctp.c, checks socket
 * addresses as net/mctp does; tags, fragments, routes and buses are not in it.
 */
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { buildHostProgram } from "../../cli/host-program.js";
import { TimeoutError } from "../../cli/link.js";
import { MctpSocketLink } from "../../cli/mctp-socket-link.js";
import { attest } from "../../cli/requester/attest.js";
import { VERSIONS } from "../../src/versions.js";
import { type Addressed, answerTo, fakeMctp } from "../support/fake-mctp.js";
import { answering, OPTIONS, ROOTS, SESSION } from "./answering.js";

const SPDM = fileURLToPath(new URL("../../cli/spdm.js", import.meta.url));
const HELPER = fileURLToPath(new URL("../../cli/mctp-socket.c", import.meta.url));
const NETWORK = 1;
const EID = 9;
const SPDM_TYPE = 5;
const limit = { timeout: 60_000 };

type Answer = (request: Addressed, answer: (answer: Addressed) => void, index: number) => void;

/** Our responder, as endpoint 9 of network 1. */
function responder(): Answer {
  const respond = answering();
  return (request, answer) => {
    assert.deepEqual([request.network, request.eid, request.tag & 0x08], [NETWORK, EID, 0x08]);
    const message = respond(request.type, request.message);
    if (message !== undefined) answer(answerTo(request, message));
  };
}

/** A kernel behind which `onRequest` answers; what it throws fails the test. */
async function kernelFor(t: TestContext, onRequest: Answer) {
  let index = 0;
  const errors: unknown[] = [];
  const kernel = await fakeMctp((request, answer) => {
    try {
      onRequest(request, answer, index++);
    } catch (error) {
      errors.push(error);
    }
  });
  t.after(() => {
    kernel.close();
    assert.deepEqual(errors, []);
  });
  return kernel;
}

async function linkFor(t: TestContext, onRequest: Answer, more: Record<string, string> = {}) {
  const { environment } = await kernelFor(t, onRequest);
  const link = await MctpSocketLink.open(NETWORK, EID, { ...process.env, ...environment, ...more });
  t.after(() => link.close());
  return link;
}

function execute(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  return new Promise<{ stdout: string; stderr: string; status: number }>((resolve) => {
    const options = { env: { ...process.env, ...environment } };
    execFile(process.execPath, [SPDM, ...args], options, (error, stdout, stderr) => {
      resolve({ stdout, stderr, status: error === null ? 0 : Number(error.code) });
    });
  });
}

describe("through MCTP sockets", () => {
  for (const version of VERSIONS) {
    test(`a responder is trusted in 1.${version & 15}, and nothing disturbs`, limit, async (t) => {
      const link = await linkFor(t, responder());
      const result = await attest(link, { ...OPTIONS, version });
      assert.deepEqual([result.reasons, result.verdict, result.attempts], [[], "trusted", 1]);
      assert.equal(link.disturbanceCount, 0);
    });
  }

  test("messages of both types go, in a session", limit, async (t) => {
    const respond = responder();
    const types = new Set<number>();
    const link = await linkFor(t, (request, answer, index) => {
      types.add(request.type);
      respond(request, answer, index);
    });
    assert.equal((await attest(link, { ...OPTIONS, session: SESSION })).verdict, "trusted");
    assert.deepEqual([...types], [5, 6]);
  });

  test("messages of every length go, up to what MCTP takes", limit, async (t) => {
    const link = await linkFor(t, (request, answer) => answer(answerTo(request, request.message)));
    for (const length of [0, 1, 64, 4608, 60_000]) {
      const message = Uint8Array.from({ length }, (_, i) => i * 7);
      assert.deepEqual(await link.exchange(SPDM_TYPE, message, 5000), message);
    }
    await assert.rejects(link.exchange(SPDM_TYPE, new Uint8Array(0x10001), 1000), RangeError);
    assert.equal(link.disturbanceCount, 0);
  });

  test("an answer that comes late is a disturbance, and not the next one's", limit, async (t) => {
    const link = await linkFor(t, (request, answer) => {
      const delayMs = request.message[0];
      setTimeout(() => answer(answerTo(request, request.message)), delayMs);
    });
    await assert.rejects(link.exchange(SPDM_TYPE, Uint8Array.of(200), 20), TimeoutError);
    assert.equal(link.disturbanceCount, 1);
    // Its answer comes while this one is waited for.
    assert.deepEqual(await link.exchange(SPDM_TYPE, Uint8Array.of(250), 5000), Uint8Array.of(250));
    assert.equal(link.disturbanceCount, 2);
    await assert.rejects(link.exchange(SPDM_TYPE, Uint8Array.of(200), 20), TimeoutError);
    // And this one's while nobody waits.
    while (link.disturbanceCount < 4) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepEqual(await link.exchange(SPDM_TYPE, Uint8Array.of(0), 5000), Uint8Array.of(0));
    assert.equal(link.disturbanceCount, 4);
  });

  test("more requests go unanswered than there are tags, and the next is answered", limit, async (t) => {
    const link = await linkFor(t, (request, answer) => {
      if (request.message[0] !== 0) answer(answerTo(request, request.message));
    });
    for (let i = 0; i < 20; i++) await assert.rejects(link.exchange(SPDM_TYPE, Uint8Array.of(0), 5), TimeoutError);
    assert.deepEqual(await link.exchange(SPDM_TYPE, Uint8Array.of(1), 5000), Uint8Array.of(1));
  });

  test("a lost answer is survived by beginning again", limit, async (t) => {
    const respond = responder();
    const link = await linkFor(t, (request, answer, index) => {
      respond(request, (message) => index !== 4 && answer(message), index);
    });
    const result = await attest(link, OPTIONS);
    assert.deepEqual([result.verdict, result.attempts], ["trusted", 2]);
  });

  test("others' messages, requests and other types are no answers", limit, async (t) => {
    const link = await linkFor(t, (request, answer) => {
      const good = answerTo(request, request.message);
      const other = answerTo(request, Uint8Array.of(0xff));
      if (request.message[0] === 1) answer({ ...other, eid: EID + 1 });
      if (request.message[0] === 2) answer({ ...other, network: NETWORK + 1 });
      if (request.message[0] === 3) answer({ ...other, tag: request.tag });
      if (request.message[0] === 4) answer({ ...good, type: 6 });
      else answer(good);
    });
    for (const kind of [1, 2, 3]) {
      const message = Uint8Array.of(kind);
      assert.deepEqual(await link.exchange(SPDM_TYPE, message, 5000), message);
    }
    assert.equal(link.disturbanceCount, 0);
    await assert.rejects(link.exchange(SPDM_TYPE, Uint8Array.of(4), 300), TimeoutError);
    assert.equal(link.disturbanceCount, 2);
  });

  test("a helper that ends fails who waits, and who comes later", limit, async (t) => {
    const link = await linkFor(t, () => {});
    const waiting = link.exchange(SPDM_TYPE, Uint8Array.of(1), 30_000);
    const failed = assert.rejects(waiting, { name: "LinkError", message: "the link is closed" });
    await link.close();
    await failed;
    await assert.rejects(link.exchange(SPDM_TYPE, Uint8Array.of(1), 30_000), { name: "LinkError" });
  });

  for (const [variable, errno, complaint] of [
    ["FAKE_MCTP_SOCKET_ERRNO", constants.errno.EAFNOSUPPORT, /^this kernel has no MCTP/],
    ["FAKE_MCTP_SOCKET_ERRNO", constants.errno.EPERM, /^MCTP socket: not permitted; MCTP needs CAP_NET_RAW/],
    ["FAKE_MCTP_SEND_ERRNO", constants.errno.EACCES, /^sending: not permitted/],
    ["FAKE_MCTP_SEND_ERRNO", constants.errno.EHOSTUNREACH, /^no route to endpoint 9 of network 1: /],
    ["FAKE_MCTP_SEND_ERRNO", constants.errno.ENETDOWN, /^no route to endpoint 9 of network 1: /],
    ["FAKE_MCTP_SEND_ERRNO", constants.errno.EBUSY, /^sending: Device or resource busy$/],
  ] as const) {
    test(`errno ${errno} is told: ${complaint.source}`, limit, async (t) => {
      const link = await linkFor(t, () => {}, { [variable]: `${errno}` });
      await assert.rejects(attest(link, OPTIONS), { name: "LinkError", message: complaint });
    });
  }

  test("what is no network or endpoint is refused", limit, async () => {
    for (const network of [0, 0x80000000])
      await assert.rejects(MctpSocketLink.open(network, EID), /is no MCTP network/);
    for (const eid of [0, 7, 255, 264]) await assert.rejects(MctpSocketLink.open(NETWORK, eid), /is no endpoint ID/);
  });
});

describe("the helper", () => {
  /** Runs it with `input` on a kernel that repeats what it is sent; `answered` if that is to be waited for. */
  async function run(t: TestContext, answered: boolean, input: Uint8Array, ...args: string[]) {
    const { environment } = await kernelFor(t, (request, answer) => answer(answerTo(request, request.message)));
    const child = spawn(await buildHostProgram(HELPER), args, { env: { ...process.env, ...environment } });
    const output: Record<"stdout" | "stderr", Buffer[]> = { stdout: [], stderr: [] };
    child.stdout.on("data", (chunk) => output.stdout.push(chunk));
    child.stderr.on("data", (chunk) => output.stderr.push(chunk));
    child.stdin.on("error", () => {});
    child.stdin.write(input);
    // It ends with its stdin, so that an answer has to be there before.
    if (answered) child.stdout.once("data", () => child.stdin.end());
    else child.stdin.end();
    const [status] = await once(child, "close");
    return { status, stdout: Buffer.concat(output.stdout).toString("hex"), stderr: `${Buffer.concat(output.stderr)}` };
  }
  const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");

  test("golden bytes", limit, async (t) => {
    const { status, stdout, stderr } = await run(t, true, hex("06000000 2a 05 10840000"), "1", "9");
    assert.deepEqual([status, stdout, stderr], [0, "060000002a0510840000", ""]);
  });

  test("refuses what is no record", limit, async (t) => {
    const cases: readonly (readonly [input: string, complaint: RegExp])[] = [
      ["01000000 05", /^message of impossible length\n$/],
      ["03000100 0105", /^message of impossible length\n$/],
      ["ffffffff 0105", /^message of impossible length\n$/],
      ["06000000 2a 05 10", /^stdin ended within a message\n$/],
      ["0600", /^stdin ended within a message\n$/],
      ["06000000", /^stdin ended within a message\n$/],
      ["06000000 2a 85 10840000", /^no MCTP message type\n$/],
    ];
    for (const [input, complaint] of cases) {
      const { status, stdout, stderr } = await run(t, false, hex(input), "1", "9");
      assert.match(stderr, complaint, input);
      assert.deepEqual([status, stdout], [1, ""]);
    }
  });

  test("refuses what is no address", limit, async (t) => {
    for (const args of [[], ["1"], ["0", "9"], ["1", "7"], ["1", "255"], ["1", "9x"], ["-1", "9"], ["1", "9", "5"]]) {
      const { status, stderr } = await run(t, false, new Uint8Array(0), ...args);
      assert.deepEqual([status, stderr], [1, "usage: mctp-socket NET EID\n"], args.join(" "));
    }
  });
});

describe("spdm attest mctp:NET,EID", () => {
  const folder = mkdtempSync(join(tmpdir(), "spdm-mctp-"));
  after(() => rmSync(folder, { recursive: true }));

  test("exits 0 when it trusts, with a report and a capture", limit, async (t) => {
    const { environment } = await kernelFor(t, responder());
    const pcap = join(folder, "run.pcap");
    const { stdout, stderr, status } = await execute(
      ["attest", "mctp:1,9", "--root", ROOTS[1], "--pcap", pcap],
      environment,
    );
    assert.match(stdout, /verdict: trusted\n$/, stderr);
    assert.equal(status, 0);
    assert.equal(readFileSync(pcap).toString("hex", 40, 49), "000000c00510840000");
  });

  test("exits 2 on a kernel without MCTP, and says so", limit, async (t) => {
    const { status: probed, stderr: said } = await new Promise<{ status: unknown; stderr: string }>((resolve) => {
      buildHostProgram(HELPER).then((program) =>
        execFile(program, ["1", "9"], { timeout: 2000 }, (error, _stdout, stderr) =>
          resolve({ status: error?.code, stderr }),
        ).stdin?.end(),
      );
    });
    if (probed !== 1) return t.skip("this kernel has MCTP");
    assert.equal(said, "this kernel has no MCTP: it needs Linux 5.15 or newer with CONFIG_MCTP\n");
    const { stderr, status } = await execute(["attest", "mctp:1,9", "--root", ROOTS[1]]);
    assert.match(stderr, /spdm: this kernel has no MCTP: it needs Linux 5\.15 or newer with CONFIG_MCTP\n$/);
    assert.equal(status, 2);
  });

  test("exits 2 for what is no target", limit, async () => {
    for (const target of ["mctp:1", "mctp:1,300", "mctp:0,9", "mctp:1,9,5"]) {
      const { stderr, status } = await execute(["attest", target, "--root", ROOTS[1]]);
      assert.match(stderr, /spdm: (no target|\d+ is no )/, target);
      assert.equal(status, 2);
    }
  });
});
