/** The requester against our own responder, with a link that changes what passes. */
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { serveEmu } from "../../cli/emu-server.js";
import { TimeoutError } from "../../cli/link.js";
import { type AttestOptions, attest } from "../../cli/requester/attest.js";
import { ASYMS, HASHES } from "../../cli/requester/names.js";
import type { Reference } from "../../cli/requester/reference.js";
import { Impossible } from "../../cli/requester/verdict.js";
import { readAnchors } from "../../cli/target.js";
import { VERSIONS, type Version } from "../../src/versions.js";
import { type Alter, answering, KEYS, OPTIONS, ROOTS, TestLink } from "./answering.js";

const SPDM = fileURLToPath(new URL("../../cli/spdm.js", import.meta.url));

const attestThrough = (alter: Alter, options: Partial<AttestOptions> = {}) =>
  attest(new TestLink(alter), { ...OPTIONS, ...options });

/** Flips a bit in responses of one code, counted from the front or, if negative, from the end. */
const flip =
  (code: number, offset: number, mask = 1): Alter =>
  (response) => {
    if (response[1] === code) response[offset < 0 ? response.length + offset : offset] ^= mask;
    return response;
  };

async function reference(version?: Version): Promise<Reference> {
  const { measurements } = await attest(new TestLink(), { ...OPTIONS, version });
  return {
    measurementHash: "SHA-384",
    measurements: Object.fromEntries(measurements.map(({ index, value }) => [index, value])),
  };
}

describe("attest trusts", () => {
  for (const version of VERSIONS) {
    for (const asym of ["P-256", "P-384"]) {
      for (const hash of ["SHA-256", "SHA-384", "SHA-512"]) {
        test(`1.${version & 15}, ${asym}, ${hash}`, async () => {
          const offer = { version, baseAsym: ASYMS[asym], baseHash: HASHES[hash] };
          const result = await attest(new TestLink(), { ...OPTIONS, ...offer, reference: await reference(version) });
          assert.deepEqual(result.reasons, []);
          assert.equal(result.verdict, "trusted");
          assert.equal(result.version, `1.${version & 15}`);
          assert.deepEqual(result.algorithms, { baseAsym: asym, baseHash: hash, measurementHash: "SHA-384" });
          assert.ok(result.challenged && result.measurementsSigned);
          assert.ok(result.measurements.every(({ status }) => status === "matches"));
        });
      }
    }
  }

  test("slots 1 and 4", async () => {
    const anchors = readAnchors([...ROOTS, join(KEYS, "ecp384/ca1.cert.der")]);
    for (const slot of [1, 4]) {
      assert.equal((await attest(new TestLink(), { ...OPTIONS, anchors, slot })).verdict, "trusted");
    }
  });
});

describe("one flipped bit", () => {
  // In 1.2, CHALLENGE_AUTH is: header 4, chain hash 48, nonce 32, summary 48, opaque length 2, signature 96.
  const cases: readonly (readonly [what: string, alter: Alter, reason: RegExp, version: number])[] = [
    ["the chain", flip(0x02, 8 + 700), /^certificate chain of slot 0: does not match its digest$/, 0x12],
    ["the digest", flip(0x01, 4), /does not match its digest/, 0x12],
    ["the chain's hash in CHALLENGE_AUTH", flip(0x03, 4), /^CHALLENGE_AUTH: hash of another certificate chain$/, 0x12],
    ["the responder's nonce", flip(0x03, 52), /^CHALLENGE_AUTH: signature is wrong$/, 0x12],
    ["the summary", flip(0x03, 84), /^CHALLENGE_AUTH: signature is wrong$/, 0x12],
    ["the signature of CHALLENGE_AUTH", flip(0x03, -1), /^CHALLENGE_AUTH: signature is wrong$/, 0x12],
    ["the context echo of CHALLENGE_AUTH", flip(0x03, -97), /^CHALLENGE_AUTH: RequesterContext is not ours$/, 0x13],
    ["a measurement", flip(0x60, 8 + 7), /^MEASUREMENTS: signature is wrong$/, 0x12],
    ["the signature of MEASUREMENTS", flip(0x60, -1), /^MEASUREMENTS: signature is wrong$/, 0x12],
    ["the context echo of MEASUREMENTS", flip(0x60, -97), /^MEASUREMENTS: RequesterContext is not ours$/, 0x13],
    ["VERSION", flip(0x04, 7, 0x02), /^CHALLENGE_AUTH: signature is wrong$/, 0x12],
    ["CAPABILITIES", flip(0x61, 5), /^CHALLENGE_AUTH: signature is wrong$/, 0x12],
    ["ALGORITHMS", flip(0x63, 12, 0x81), /^ALGORITHMS: RSASSA-2048 was not offered$/, 0x12],
  ];
  for (const [what, alter, reason, version] of cases) {
    test(`in ${what}`, async () => {
      const result = await attestThrough(alter, { version });
      assert.equal(result.verdict, "untrusted");
      assert.match(result.reasons[0], reason);
    });
  }

  test("in a certificate whose digest was made to fit", async () => {
    // Chain and digest come from the same liar: only the certificates' own signatures can tell.
    const { sha384 } = await import("../../hal/portable/crypto.js");
    let chain = new Uint8Array(0);
    const learn = new TestLink((response) => {
      if (response[1] === 0x02) chain = new Uint8Array([...chain, ...response.subarray(8)]);
      return response;
    });
    await attest(learn, { ...OPTIONS, version: 0x12 });
    chain[900] ^= 1;
    const lie: Alter = (response, request) => {
      if (response[1] === 0x01) response.set(sha384(chain), 4);
      if (response[1] === 0x02) {
        const offset = request[4] | (request[5] << 8);
        response.set(chain.subarray(offset, offset + response.length - 8), 8);
      }
      return response;
    };
    const result = await attestThrough(lie, { version: 0x12 });
    assert.equal(result.verdict, "untrusted");
    assert.match(result.reasons[0], /^certificate 2 of 3 \(/);
  });
});

describe("attest distrusts", () => {
  test("a measurement that is not its reference", async () => {
    const good = await reference();
    const changed = { ...good, measurements: { ...good.measurements, 1: "00".repeat(48) } };
    const result = await attest(new TestLink(), { ...OPTIONS, reference: changed });
    assert.deepEqual(result.reasons, ["measurement 1 (mutable firmware): not its reference value"]);
  });

  test("a measurement that is missing", async () => {
    const good = await reference();
    const more = { ...good, measurements: { ...good.measurements, 7: "00" } };
    const result = await attest(new TestLink(), { ...OPTIONS, reference: more });
    assert.deepEqual(result.reasons, ["measurement 7: missing"]);
  });

  test("references in another hash", async () => {
    const result = await attest(new TestLink(), {
      ...OPTIONS,
      reference: { measurementHash: "SHA-256", measurements: {} },
    });
    assert.match(result.reasons[0], /^measurements: are in SHA-384, their references in SHA-256$/);
  });

  test("a chain to another root", async () => {
    const result = await attest(new TestLink(), { ...OPTIONS, anchors: readAnchors([ROOTS[0]]) });
    assert.match(result.reasons[0], /^certificate 1 of 3 .*: no trust anchor/);
  });

  test("a CTExponent that no requester can shift by (CVE-2023-32690)", async () => {
    const result = await attestThrough((response) => {
      if (response[1] === 0x61) response[5] = 64;
      return response;
    });
    assert.match(result.reasons[0], /^CAPABILITIES: CTExponent 64 is out of range$/);
  });

  test("every truncation of every response", async () => {
    for (const code of [0x04, 0x61, 0x63, 0x01, 0x02, 0x03, 0x60]) {
      for (const length of [0, 1, 3, 4, 5, 7, 8, 20, 36, 99]) {
        let cuts = 0;
        const cut: Alter = (response) => {
          if (response[1] !== code || response.length <= length) return response;
          cuts++;
          return response.subarray(0, length);
        };
        const outcome = await attestThrough(cut, { version: 0x13 }).catch((error) => error);
        if (cuts === 0) continue; // shorter than that anyway
        assert.notEqual(outcome.verdict, "trusted", `0x${code.toString(16)} cut to ${length}`);
        assert.ok(outcome.verdict === "untrusted" || outcome instanceof Impossible, `${outcome.stack}`);
      }
    }
  });
});

describe("a disturbed link", () => {
  test("is survived by beginning again", async () => {
    let lost = 0;
    const result = await attestThrough((response) => (response[1] === 0x02 && lost++ === 0 ? undefined : response));
    assert.equal(result.verdict, "trusted");
    assert.equal(result.attempts, 2);
  });

  test("is not blamed for a clean link's refusal or silence", async () => {
    const link = new TestLink(() => undefined);
    link.exchange = () => Promise.reject(new TimeoutError("no answer"));
    const steps: string[] = [];
    await assert.rejects(attest(link, { ...OPTIONS, onProgress: (step) => steps.push(step) }), TimeoutError);
    assert.equal(steps.length, 1);
  });

  test("that stays so ends in a TimeoutError", async () => {
    await assert.rejects(
      attestThrough((response) => (response[1] === 0x02 ? undefined : response)),
      TimeoutError,
    );
  });
});

describe("spdm attest", () => {
  const folder = mkdtempSync(join(tmpdir(), "spdm-attest-"));
  after(() => rmSync(folder, { recursive: true }));

  /** Runs the command against a server here, whose responses `alter` may change. */
  async function run(alter: Alter, ...options: string[]) {
    const answer = answering(alter);
    const server = await serveEmu({ port: 0, onMessage: answer });
    try {
      const args = [SPDM, "attest", `emu:127.0.0.1:${server.port}`, ...options];
      return await execute(args);
    } finally {
      await server.close();
    }
  }

  const execute = (args: readonly string[]) =>
    new Promise<{ stdout: string; stderr: string; status: number }>((resolve) => {
      execFile(process.execPath, args, (error, stdout, stderr) => {
        resolve({ stdout, stderr, status: error === null ? 0 : Number(error.code) });
      });
    });

  test("exits 0 when it trusts, with a report and a capture", async () => {
    const pcap = join(folder, "run.pcap");
    const { stdout, status } = await run((response) => response, "--root", ROOTS[1], "--pcap", pcap);
    assert.match(stdout, /verdict: trusted\n$/);
    assert.equal(status, 0);
    assert.equal(readFileSync(pcap).readUInt32LE(20), 291);
  });

  test("exits 1 when it does not, with the reason", async () => {
    const { stdout, status } = await run(flip(0x60, -1), "--root", ROOTS[1]);
    assert.match(stdout, /verdict: untrusted: MEASUREMENTS: signature is wrong\n$/);
    assert.equal(status, 1);
  });

  test("exits 1 for a measurement that is not its reference", async () => {
    const file = join(folder, "reference.json");
    writeFileSync(file, JSON.stringify({ measurementHash: "SHA-384", measurements: { 1: "00" } }));
    const { stdout, status } = await run((response) => response, "--root", ROOTS[1], "--reference", file, "--json");
    const result = JSON.parse(stdout);
    assert.equal(result.verdict, "untrusted");
    assert.deepEqual(result.reasons, ["measurement 1 (mutable firmware): not its reference value"]);
    assert.equal(status, 1);
  });

  test("exits 2 when it cannot be done: an ERROR, an empty slot, no common version, no anchor, no responder", async () => {
    const intact: Alter = (response) => response;
    const refuse: Alter = (_response, request) => (request[1] === 0x83 ? Uint8Array.of(0x14, 0x7f, 5, 0) : _response);
    assert.equal((await run(refuse, "--root", ROOTS[1])).status, 2);
    assert.match((await run(refuse, "--root", ROOTS[1])).stderr, /refused CHALLENGE: Unspecified/);
    assert.equal((await run(intact, "--root", ROOTS[1], "--slot", "5")).status, 2);
    const only14: Alter = (response) => (response[1] === 0x04 ? Uint8Array.of(0x10, 4, 0, 0, 0, 1, 0, 0x14) : response);
    assert.equal((await run(only14, "--root", ROOTS[1], "--version", "1.2")).status, 2);
    assert.match((await run(intact)).stderr, /trust anchor/);
    assert.equal((await run(intact)).status, 2);
    assert.equal((await run(intact, "--hash", "MD5")).status, 2);
    assert.equal((await execute([SPDM, "attest", "emu:127.0.0.1:1", "--root", ROOTS[1]])).status, 2);
    writeFileSync(
      join(folder, "misspelt.json"),
      JSON.stringify({ measurementHash: "SHA-384", measurement: { 1: "00" } }),
    );
    assert.equal((await run(intact, "--root", ROOTS[1], "--reference", join(folder, "misspelt.json"))).status, 2);
  });

  test("exits 2, not 1, when its report reaches nobody", async () => {
    const answer = answering();
    const server = await serveEmu({ port: 0, onMessage: answer });
    const args = [SPDM, "attest", `emu:127.0.0.1:${server.port}`, "--root", ROOTS[1]];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "ignore"] });
    child.stdout.destroy();
    const [status] = await once(child, "close");
    await server.close();
    assert.equal(status, 2);
  });

  test("ends on a terminal too when the target cannot be reached", { timeout: 30_000 }, async () => {
    const command = `${process.execPath} ${SPDM} attest emu:127.0.0.1:1 --root ${ROOTS[1]}`;
    const { CI: _, ...env } = process.env; // where the spinner would not spin
    const child = spawn("script", ["-qec", command, "/dev/null"], {
      env: { ...env, TERM: "xterm" },
      stdio: ["pipe", "ignore", "ignore"],
      timeout: 20_000,
    });
    const [status] = await once(child, "close");
    assert.equal(status, 2);
  });
});
