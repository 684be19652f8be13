/** `spdm attest --session` as a user runs it. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { serveEmu } from "../../cli/emu-server.js";
import { loadIdentity, loadPsks } from "../../cli/identity.js";
import { sessionOffer } from "../../cli/session-options.js";
import { toHex } from "../support/bytes.js";
import { answering, type Device, KEYS, ROOTS } from "./answering.js";

const SPDM = fileURLToPath(new URL("../../cli/spdm.js", import.meta.url));
const [, PSK] = loadPsks(join(KEYS, "psk.json"));

describe("spdm attest --session", () => {
  /** Runs the command against a server here. */
  const run = (device: Device, ...options: string[]) => runCommand("attest", device, "--session", ...options);

  async function runCommand(command: string, device: Device, ...options: string[]) {
    const answer = answering(undefined, device);
    const server = await serveEmu({ port: 0, onMessage: answer });
    const args = [SPDM, command, `emu:127.0.0.1:${server.port}`, "--root", ROOTS[1], ...options];
    try {
      return await new Promise<{ stdout: string; stderr: string; status: number }>((resolve) => {
        execFile(process.execPath, args, (error, stdout, stderr) => {
          resolve({ stdout, stderr, status: error === null ? 0 : Number(error.code) });
        });
      });
    } finally {
      await server.close();
    }
  }

  test("spdm events is in a session, and spdm log in the clear", async () => {
    const events = await runCommand("events", {}, "--seconds", "0");
    assert.equal(events.status, 0);
    assert.match(events.stdout, /SUBSCRIBE_EVENT_TYPES.*\nEvents {2}EventLost, .*\n {4}none came\n/s);
    const log = await runCommand("log", {}, "--version", "1.3");
    assert.equal(log.status, 0);
    assert.match(log.stdout, /\nMeasurement log {2}(\d+) of \1 entries covered by signed measurements\n/);
    assert.doesNotMatch(log.stdout, /Secure session/);
  });

  test("says what went in the clear and what did not", async () => {
    const { stdout, status } = await run(
      { requested: 2 },
      ...["--mutual", "--identity", KEYS, "--key-update", "--dhe", "secp256r1", "--aead", "AES-128-GCM"],
    );
    assert.equal(status, 0);
    const start = stdout.indexOf("Signatures");
    assert.equal(
      stdout.slice(start, stdout.indexOf("\nMeasurements")),
      `Signatures
  ✔ CHALLENGE_AUTH over our nonce, by the leaf's key
  ✔ KEY_EXCHANGE_RSP over our random data, by the leaf's key
  ✔ MEASUREMENTS over our nonce, by the leaf's key
  ✔ ours in FINISH, by the key of CN=moddable-spdm test requester ML-DSA-65

Secure session  secp256r1 · AES-128-GCM · secured messages 1.3
    opened by       KEY_EXCHANGE: the responder proved itself, and so did we
    records         encrypted and authenticated
    handshake       encrypted behind KEY_EXCHANGE_RSP
    heartbeat       answered; due every 20 s
    keys updated    ours; both; the responder's, as it asked
    in the clear    GET_VERSION, GET_CAPABILITIES, NEGOTIATE_ALGORITHMS, GET_DIGESTS,
                    GET_CERTIFICATE, CHALLENGE, KEY_EXCHANGE
    in the session  GET_ENCAPSULATED_REQUEST ×2, DELIVER_ENCAPSULATED_RESPONSE ×4, FINISH,
                    HEARTBEAT, KEY_UPDATE ×4, GET_MEASUREMENTS, END_SESSION
`,
    );
  });

  test("post-quantum: ML-DSA signs, ML-KEM agrees", async () => {
    const root = join(KEYS, "mldsa65", "ca.cert.der");
    const device = { pqcCredentials: loadIdentity(KEYS).pqcCredentials };
    const { stdout, status } = await run(device, "--root", root, "--asym", "ML-DSA-65", "--kem", "ML-KEM-768");
    assert.equal(status, 0);
    assert.match(stdout, /^MODDABLE:SPDM-TEST-RESPONDER:0000000001 {2}SPDM 1\.4 · ML-DSA-65 · SHA-384\n/);
    assert.match(stdout, /\nSecure session {2}ML-KEM-768 · AES-256-GCM · secured messages 1\.3\n/);
  });

  test("by a pre-shared key: in hexadecimal, of a file, and by a hint in hexadecimal", async () => {
    const hint = `0x${toHex(PSK.hint)}`;
    for (const key of [toHex(PSK.key), join(KEYS, "psk.json")]) {
      const { stdout, status } = await run({}, "--psk", hint, "--psk-key", key, "--json");
      assert.equal(status, 0);
      assert.equal(JSON.parse(stdout).session.openedBy, "PSK_EXCHANGE");
    }
    const { stderr, status } = await run({}, "--psk", "nobody's", "--psk-key", join(KEYS, "psk.json"));
    assert.match(stderr, /psk.json: no pre-shared key of the hint nobody's\n$/);
    assert.equal(status, 2);
  });
});

test("options of sessions that do not go together are refused", async () => {
  await assert.rejects(sessionOffer({ psk: "hint" }), /^Error: --psk says how a session is to be: give --session$/);
  await assert.rejects(sessionOffer({ keyUpdate: true }), /^Error: --key-update says/);
  await assert.rejects(sessionOffer({ session: true, pskKey: "00" }), /give --psk HINT with --psk-key/);
  await assert.rejects(sessionOffer({ session: true, psk: "hint", inTheClear: true }), /PSK_EXCHANGE has neither/);
  await assert.rejects(sessionOffer({ session: true, psk: "hint", kem: "ML-KEM-768" }), /PSK_EXCHANGE has neither/);
  assert.equal(await sessionOffer({}), undefined);
});
