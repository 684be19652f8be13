/** That the tests of advisories.test.ts and records.test.ts notice what they are for: each guard is taken out, in a copy. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("../..", import.meta.url));

interface Guard {
  /** Of the tests that have to fail without it, how their names begin. */
  readonly tests: string;
  readonly file: string;
  readonly guard: string;
  readonly without: string;
  readonly suite?: string;
}

const GUARDS: readonly Guard[] = [
  {
    tests: "CVE-2023-31127",
    file: "src/messages/psk-finish.ts",
    guard: "if (!session.usesPsk) throw new SpdmError(UNEXPECTED_REQUEST);",
    without: "",
  },
  {
    tests: "CVE-2023-31127",
    file: "src/messages/finish.ts",
    guard: "if (given?.usesPsk) throw new SpdmError(UNEXPECTED_REQUEST);",
    without: "",
  },
  {
    tests: "CVE-2023-32690",
    file: "src/messages/capabilities.ts",
    guard: "m.ctExponent > MAX_CT_EXPONENT || ",
    without: "",
  },
  {
    tests: "CVE-2026-61810",
    file: "src/messages/finish.ts",
    guard: "th.update(request.consumed());",
    without: "th.update(request.consumed().subarray(0, 4));",
  },
  {
    tests: "FINISH and PSK_FINISH",
    file: "src/messages/finish.ts",
    guard: "if (!equal(proof, session.peerVerifyData(hashSoFar(hash, th)))) throw new SpdmError(DECRYPT_ERROR);",
    without: "",
  },
  {
    tests: "FINISH and PSK_FINISH",
    file: "src/messages/psk-finish.ts",
    guard: "if (!equal(proof, session.peerVerifyData(hashSoFar(hash, th)))) throw new SpdmError(DECRYPT_ERROR);",
    without: "",
  },
  {
    tests: "DMTF-2026-0001",
    file: "src/messages/csr.ts",
    guard: "c.requireRoom(HEADER_LENGTH + encoded.length);",
    without: "",
  },
  {
    tests: "DMTF-2026-0002",
    file: "src/messages/certificate.ts",
    guard: "if (asked.offset >= chainLength) throw new SpdmError(INVALID_REQUEST);",
    without: "",
  },
  {
    tests: "DMTF-2026-0002: nor",
    file: "src/messages/measurement-extension-log.ts",
    guard: "if (offset >= total) throw new SpdmError(INVALID_REQUEST);",
    without: "",
  },
  {
    tests: "DMTF-2026-0002: nor",
    file: "src/messages/measurement-extension-log.ts",
    guard: "Math.min(length, total - offset, room)",
    without: "Math.min(length, room)",
  },
  {
    tests: "libspdm #3664",
    file: "src/deferral.ts",
    guard: "if ((session ?? c).deferred === undefined) throw new SpdmError(UNEXPECTED_REQUEST);",
    without: "",
  },
  {
    tests: "sequence numbers",
    file: "src/record.ts",
    guard: "this.#sequence++;\n    this.#key.seal",
    without: "this.#key.seal",
  },
  {
    tests: "ALGORITHMS selects",
    file: "src/messages/algorithms.ts",
    guard: "if (!needed) return undefined;",
    without: "",
  },
  {
    tests: "a shared secret",
    file: "src/messages/key-exchange.ts",
    guard: "ofAgreement({ version: c.version, hash }, sharedSecret)",
    without: "ofAgreement({ version: c.version, hash }, sharedSecret.subarray(sharedSecret[0] === 0 ? 1 : 0))",
  },
  {
    tests: "GET_VERSION ends",
    file: "src/connection.ts",
    guard: "this.sessions.endIf(() => true);",
    without: "",
  },
  {
    tests: "opaque data",
    file: "src/opaque.ts",
    guard: 'if (id > REGISTRY_ID_MAX) throw new WireError("opaque data: registry");',
    without: "",
  },
  {
    tests: "opaque data",
    file: "src/opaque.ts",
    guard: 'if (r.remaining !== 0) throw new WireError("opaque data: longer than its elements");',
    without: "",
  },
  { tests: "slots", file: "src/chain.ts", guard: "slot < SLOTS && ", without: "" },
  {
    tests: "heartbeat",
    file: "src/messages/finish.ts",
    guard: "session.heardAt = c.now();",
    without: "",
  },
  {
    tests: "handshakes that nobody finishes",
    suite: "session-faults",
    file: "src/session-opening.ts",
    guard: "session.heardAt = c.now();",
    without: "",
  },
  {
    tests: "a replayed record",
    suite: "records",
    file: "src/responder.ts",
    guard: "session.ending = true;\n      response[start]",
    without: "response[start]",
  },
  {
    tests: "AEADLimit",
    suite: "records",
    file: "src/record.ts",
    guard: "if (this.exhausted) return 0;",
    without: "",
  },
  {
    tests: "a requester that goes on with its old key",
    suite: "records",
    file: "src/session.ts",
    guard: "this.#received = replaced;\n      this.#updating = false;",
    without: "",
  },
  {
    tests: "once the new key is used",
    suite: "records",
    file: "src/session.ts",
    guard: "this.#replaced = undefined;\n    return data;",
    without: "return data;",
  },
];

let copy: string;

before(() => {
  mkdirSync(join(root, "build"), { recursive: true });
  copy = mkdtempSync(join(root, "build/guards-"));
  for (const path of ["src", "hal", "test/support", "test/src", "package.json", "tsconfig.json"]) {
    cpSync(join(root, path), join(copy, path), { recursive: true });
  }
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
});
after(() => rmSync(copy, { recursive: true, force: true }));

/** Whether the tests of the copy whose names begin like this pass. */
async function pass(tests: string, suite: string): Promise<boolean> {
  const file = join(copy, `test/src/${suite}.test.ts`);
  const args = ["--import", "tsx", "--test-reporter", "tap", "--test-name-pattern", `^${tests}`, file];
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  try {
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: copy, env });
    assert.match(stdout, /^# pass [1-9]/m, `no test is named ${tests}`);
    return true;
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error;
    assert.match(String(Reflect.get(error as object, "stdout")), /^# fail [1-9]/m);
    return false;
  }
}

test("with all guards they pass", async () => {
  for (const suite of ["advisories", "records"]) assert.ok(await pass("", suite));
});

for (const { tests, file, guard, without, suite = "advisories" } of GUARDS) {
  test(`${tests}: fails without "${guard.split("\n")[0]}"`, async () => {
    const path = join(copy, file);
    const text = readFileSync(path, "utf8");
    assert.equal(text.split(guard).length, 2, `${file} has the guard once`);
    writeFileSync(
      path,
      text.replace(guard, () => without),
    );
    try {
      assert.ok(!(await pass(tests, suite)));
    } finally {
      writeFileSync(path, text);
    }
  });
}
