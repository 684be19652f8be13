/** Attestation over a pseudo-terminal with our own responder at its far end: all of a serial line but its wires. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { LinkError } from "../../cli/mctp.js";
import { attest } from "../../cli/requester/attest.js";
import { openSerial, SerialBus } from "../../cli/serial-link.js";
import { VERSIONS } from "../../src/versions.js";
import { type OnFrame, openSerialLine, type SerialLine, serveOnLine } from "../support/serial-line.js";
import { answering, OPTIONS, ROOTS, SESSION } from "./answering.js";

const SPDM = fileURLToPath(new URL("../../cli/spdm.js", import.meta.url));
const limit = { timeout: 60_000 };

async function lineFor(t: TestContext): Promise<SerialLine> {
  const line = await openSerialLine();
  t.after(() => line.unplug());
  return line;
}

/** A link to our responder, from which frames go through `onFrame`. */
async function linkFor(t: TestContext, onFrame?: OnFrame) {
  const line = await lineFor(t);
  serveOnLine(line, answering(), onFrame);
  const link = await openSerial(line.path);
  t.after(() => link.close());
  return { line, link };
}

function execute(...args: string[]) {
  return new Promise<{ stdout: string; stderr: string; status: number }>((resolve) => {
    execFile(process.execPath, [SPDM, ...args], (error, stdout, stderr) => {
      resolve({ stdout, stderr, status: error === null ? 0 : Number(error.code) });
    });
  });
}

describe("over a serial line", () => {
  for (const version of VERSIONS) {
    test(`a responder is trusted in 1.${version & 15}, and nothing disturbs`, limit, async (t) => {
      const { link } = await linkFor(t);
      const result = await attest(link, { ...OPTIONS, version });
      assert.deepEqual([result.reasons, result.verdict, result.attempts], [[], "trusted", 1]);
      assert.equal(result.version, `1.${version & 15}`);
      assert.equal(link.disturbanceCount, 0);
      assert.ok(link.statistics.framesReceived > link.statistics.framesSent);
    });
  }

  test("and in a session", limit, async (t) => {
    const { link } = await linkFor(t);
    const result = await attest(link, { ...OPTIONS, session: SESSION });
    assert.equal(result.verdict, "trusted");
  });

  test("discovery gives the endpoint its ID", limit, async (t) => {
    const line = await lineFor(t);
    const endpoint = serveOnLine(line, answering());
    const link = await openSerial(line.path, 1_000_000);
    assert.equal(endpoint.eid, 9);
    await link.close();
  });

  test("an endpoint without an answer is named by its path", limit, async (t) => {
    const line = await lineFor(t);
    await assert.rejects(openSerial(line.path), (error: Error) =>
      error.message.startsWith(`no answer from ${line.path}`),
    );
  });
});

describe("a serial line that", () => {
  test("talks before, between and behind frames is understood", limit, async (t) => {
    const boot = Buffer.from("ESP-ROM:esp32c3\r\nboot: 0x13 ~}~~\r\n");
    const { link } = await linkFor(t, (frame, index) => (index % 7 === 0 ? [boot, frame, boot] : [frame]));
    const result = await attest(link, OPTIONS);
    assert.deepEqual([result.verdict, result.attempts], ["trusted", 1]);
    assert.ok(link.disturbanceCount > 0);
  });

  test("delivers bytes one by one, and frames with shared flags, is understood", limit, async (t) => {
    let shares = 0;
    const { link } = await linkFor(t, (frame, index) => {
      if (index % 2 === 0) return [...frame].map((byte) => Uint8Array.of(byte));
      shares++;
      return [frame.subarray(1)];
    });
    assert.equal((await attest(link, OPTIONS)).verdict, "trusted");
    assert.ok(shares > 10);
  });

  // What of a frame is hit: its flag, its count, its packet, its FCS, its closing flag.
  for (const offset of [0, 2, 10, -3, -1]) {
    test(`flips a bit at ${offset} of a fragment is disturbed, and attests in another attempt`, limit, async (t) => {
      const { link } = await linkFor(t, (frame, index) => {
        const at = offset < 0 ? frame.length + offset : offset;
        if (index === 20) frame[at] ^= 0x04;
        return [frame];
      });
      const before = link.disturbanceCount;
      const result = await attest(link, OPTIONS);
      assert.deepEqual([result.verdict, result.attempts], ["trusted", 2]);
      assert.ok(link.disturbanceCount > before);
    });
  }

  test("hangs up in the middle ends the attestation at once, and says why", limit, async (t) => {
    for (const strike of [3, 4, 20]) {
      const line = await lineFor(t);
      let struckAt = 0;
      serveOnLine(line, answering(), (frame, index) => {
        if (index < strike) return [frame];
        if (index === strike) {
          struckAt = performance.now();
          line.unplug();
        }
        return [];
      });
      const link = await openSerial(line.path);
      const gone = { name: "LinkError", message: `${line.path} is gone: unplugged, or its other end closed` };
      await assert.rejects(attest(link, OPTIONS), gone);
      assert.ok(performance.now() - struckAt < 1000, "a timeout found it");
      await assert.rejects(attest(link, OPTIONS), gone);
      await link.close();
    }
  });

  test("hung up is so while nobody asks, too", limit, async (t) => {
    const line = await lineFor(t);
    serveOnLine(line, answering());
    const link = await openSerial(line.path);
    await line.unplug();
    await assert.rejects(attest(link, OPTIONS), LinkError);
    await link.close();
  });

  test("takes no more bytes is given up", limit, async (t) => {
    const line = await lineFor(t);
    const bus = await SerialBus.open(line.path, 115_200, 300);
    line.stall();
    const frame = new Uint8Array(4096);
    await assert.rejects(
      async () => {
        for (;;) await bus.send(frame);
      },
      { name: "LinkError", message: `${line.path} takes no more bytes` },
    );
    await assert.rejects(bus.send(frame), LinkError);
    await bus.close();
  });
});

describe("spdm attest serial:PATH", () => {
  const folder = mkdtempSync(join(tmpdir(), "spdm-serial-"));
  after(() => rmSync(folder, { recursive: true }));

  test("exits 0 when it trusts, with a report and a capture", limit, async (t) => {
    const line = await lineFor(t);
    serveOnLine(line, answering());
    const pcap = join(folder, "run.pcap");
    const args = ["attest", `serial:${line.path}@57600`, "--root", ROOTS[1], "--pcap", pcap];
    const { stdout, stderr, status } = await execute(...args);
    assert.match(stdout, /verdict: trusted\n$/, stderr);
    assert.equal(status, 0);
    const capture = readFileSync(pcap);
    assert.equal(capture.readUInt32LE(20), 291);
    // The first message: MCTP header, type 5, GET_VERSION.
    assert.equal(capture.toString("hex", 40, 49), "000000c00510840000");
  });

  test("exits 2 with one line when it cannot be done", limit, async (t) => {
    const cases: readonly (readonly [target: string, complaint: RegExp])[] = [
      [`serial:${join(folder, "none")}`, /^spdm: No such file or directory, cannot open .*none\n$/],
      [`serial:${folder}`, /^spdm: .*cannot open.*\n$/],
      ["serial:/dev/null@9", /^spdm: 9 is no baud rate\n$/],
      ["serial:", /^spdm: no target serial:: there are .*serial:PATH/],
    ];
    for (const [target, complaint] of cases) {
      const { stderr, status } = await execute("attest", target, "--root", ROOTS[1]);
      assert.match(stderr.slice(stderr.indexOf("spdm:")), complaint);
      assert.equal(status, 2, target);
    }
    const line = await lineFor(t);
    serveOnLine(line, answering(), (frame, index) => {
      if (index >= 5) line.unplug();
      return [frame];
    });
    const { stderr, status } = await execute("attest", `serial:${line.path}`, "--root", ROOTS[1]);
    assert.match(stderr, /spdm: .*is gone: unplugged, or its other end closed\n$/);
    assert.equal(status, 2);
  });
});
