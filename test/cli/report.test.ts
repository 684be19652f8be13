import assert from "node:assert/strict";
import { Writable } from "node:stream";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { responderFlagNames } from "../../cli/capability-names.js";
import { type AttestationResult, Progress, printReport, renderReport, toJson } from "../../cli/report.js";

const DIGEST = "ab".repeat(48);

const TRUSTED: AttestationResult = {
  verdict: "trusted",
  reasons: [],
  target: "board:ast1030",
  slot: 0,
  version: "1.4",
  algorithms: { baseHash: "SHA-384", baseAsym: "P-384", measurementHash: "SHA-384" },
  capabilities: 0x16,
  chain: {
    trusted: true,
    reasons: [],
    certificates: ["root", "leaf"].map((name) => ({
      subject: `CN=${name}`,
      issuer: "CN=root",
      serialNumber: "01",
      notBefore: "2026-01-01T00:00:00Z",
      notAfter: "2036-01-01T00:00:00Z",
    })),
    leafPublicKey: Uint8Array.of(1, 2),
    leafCurve: "P-384",
    deviceInfo: "ACME:WIDGET:1",
    responderAuth: true,
  },
  challenged: true,
  measurementsSigned: true,
  measurements: [
    { index: 1, type: "mutable firmware", raw: false, value: DIGEST, status: "matches", reference: DIGEST },
    { index: 0xfd, type: "measurement manifest", raw: true, value: "0102", status: "no reference" },
  ],
  attempts: 1,
  durationMs: 1873,
  timings: [{ step: "CHALLENGE", durationMs: 200 }],
  link: { framesSent: 3, framesReceived: 4, retries: 0 },
};

const UNTRUSTED: AttestationResult = {
  ...TRUSTED,
  verdict: "untrusted",
  reasons: ["measurement 1 (mutable firmware): not its reference value", "measurement 2: missing"],
  measurements: [{ ...TRUSTED.measurements[0], status: "differs", reference: "cd".repeat(48) }],
  link: { framesSent: 3, framesReceived: 4, retries: 2 },
  attempts: 2,
};

/** Collects what is written; a terminal if told so. */
function stream(terminal: boolean) {
  let text = "";
  const writable = new Writable({
    write(chunk, _, done) {
      text += chunk;
      done();
    },
  });
  const extras = {
    isTTY: terminal,
    columns: 100,
    hasColors: () => true,
    cursorTo: () => true,
    clearLine: () => true,
    moveCursor: () => true,
  };
  return { stream: Object.assign(writable, extras) as unknown as NodeJS.WriteStream, text: () => text };
}

test("a trusted device, as people read it", () => {
  assert.equal(
    renderReport(TRUSTED, false),
    `ACME:WIDGET:1  SPDM 1.4 · P-384 · SHA-384
board:ast1030

Certificate chain, slot 0  leads to a trust anchor; leaf is for SPDM responders
  ✔ CN=root  until 2036-01-01
  ✔ CN=leaf  until 2036-01-01

Signatures
  ✔ CHALLENGE_AUTH over our nonce, by the leaf's key
  ✔ MEASUREMENTS over our nonce, by the leaf's key

Measurements  SHA-384
  ✔    1  mutable firmware      abababababababababababab…  matches its reference
    0xFD  measurement manifest  0102                       no reference  raw, 2 bytes

1.9 s from GET_VERSION on · 3 frames sent, 4 received
verdict: trusted
`,
  );
});

test("an untrusted one: what differs, in full, and why", () => {
  const lines = renderReport(UNTRUSTED, false).split("\n");
  assert.ok(lines.includes("  ✖    1  mutable firmware  differs from its reference"));
  assert.ok(lines.includes(`           is         ${DIGEST}`));
  assert.ok(lines.includes(`           should be  ${"cd".repeat(48)}`));
  assert.ok(lines.includes("  ✖ measurement 2: missing"));
  assert.ok(lines.includes("1.9 s from GET_VERSION on · 3 frames sent, 4 received · 2 sent again · attempt 2"));
  assert.equal(
    lines.at(-2),
    "verdict: untrusted: measurement 1 (mutable firmware): not its reference value (and 1 more)",
  );
});

test("an untrusted chain: the certificate at fault is marked, its device's name not believed", () => {
  const reasons = ["certificate 2 of 2 (CN=leaf): expired 2026-01-01T00:00:00Z"];
  const chain = { ...TRUSTED.chain!, trusted: false, reasons };
  const text = renderReport({ ...TRUSTED, verdict: "untrusted", reasons, chain, measurements: [] }, false);
  assert.match(text, /^board:ast1030 {2}SPDM/);
  assert.match(text, /✔ CN=root/);
  assert.match(text, /✖ CN=leaf/);
  assert.doesNotMatch(text, /ACME|leads to/);
  assert.match(text, /\nverdict: untrusted: certificate 2 of 2 \(CN=leaf\): expired 2026-01-01T00:00:00Z\n$/);
});

test("an attestation that ended early claims nothing", () => {
  const { verdict, slot, measurements, attempts } = { ...UNTRUSTED, measurements: [], attempts: 1 };
  const early: AttestationResult = { verdict, reasons: ["VERSION: malformed"], slot, measurements, attempts };
  const text = renderReport(early, false);
  assert.equal(text, "responder  no SPDM version agreed\n\nverdict: untrusted: VERSION: malformed\n");
});

test("a responder without measurements", () => {
  const text = renderReport({ ...TRUSTED, capabilities: 0x06, measurements: [] }, false);
  assert.match(text, /Measurements {2}the responder takes none/);
});

const SESSION: AttestationResult = {
  ...TRUSTED,
  session: {
    openedBy: "KEY_EXCHANGE",
    securedMessages: "1.2",
    dhe: "secp384r1",
    aead: "AES-256-GCM",
    encrypted: true,
    handshakeInTheClear: false,
    heartbeatPeriod: 20,
    keyUpdates: ["ours", "both"],
  },
  requester: { subject: "CN=us", proofs: ["CHALLENGE_AUTH", "FINISH"] },
  messages: {
    inTheClear: ["GET_VERSION", "GET_CERTIFICATE", "GET_CERTIFICATE", "KEY_EXCHANGE"],
    inTheSession: ["FINISH", "KEY_UPDATE", "KEY_UPDATE", "GET_MEASUREMENTS", "END_SESSION"],
  },
};

/** The report from the signatures to the measurements. */
function sessionPart(result: AttestationResult): string {
  const text = renderReport(result, false);
  return text.slice(text.indexOf("Signatures"), text.indexOf("\nMeasurements"));
}

test("a session: its terms, who proved itself, and what went in the clear", () => {
  assert.equal(
    sessionPart(SESSION),
    `Signatures
  ✔ CHALLENGE_AUTH over our nonce, by the leaf's key
  ✔ KEY_EXCHANGE_RSP over our random data, by the leaf's key
  ✔ MEASUREMENTS over our nonce, by the leaf's key
  ✔ ours in CHALLENGE_AUTH and FINISH, by the key of CN=us

Secure session  secp384r1 · AES-256-GCM · secured messages 1.2
    opened by       KEY_EXCHANGE: the responder proved itself, and so did we
    records         encrypted and authenticated
    handshake       encrypted behind KEY_EXCHANGE_RSP
    heartbeat       answered; due every 20 s
    keys updated    ours; both
    in the clear    GET_VERSION, GET_CERTIFICATE ×2, KEY_EXCHANGE
    in the session  FINISH, KEY_UPDATE ×2, GET_MEASUREMENTS, END_SESSION
`,
  );
});

test("a session that hides less: authenticated only, in the clear, without heartbeat, we not asked for a proof", () => {
  const session = { ...SESSION.session!, encrypted: false, handshakeInTheClear: true, heartbeatPeriod: 0 };
  const part = sessionPart({ ...SESSION, session, requester: { subject: "CN=us", proofs: [] } });
  assert.match(part, /\n {4}none of ours: the responder did not ask for one\n/);
  assert.match(part, /KEY_EXCHANGE: the responder proved itself, we did not\n/);
  assert.match(part, / records +authenticated only: who listens can read them\n/);
  assert.match(part, / handshake +in the clear\n/);
  assert.match(part, / heartbeat +none\n/);
});

test("a session by a pre-shared key", () => {
  const { requester, ...rest } = SESSION;
  assert.ok(requester);
  const part = sessionPart({ ...rest, session: { ...rest.session!, openedBy: "PSK_EXCHANGE", dhe: undefined } });
  assert.doesNotMatch(part, /KEY_EXCHANGE_RSP over|ours in/);
  assert.match(part, /^Secure session {2}AES-256-GCM · secured messages 1.2$/m);
  assert.match(part, /PSK_EXCHANGE: both proved to have the pre-shared key\n/);
  assert.match(part, /encrypted behind PSK_EXCHANGE_RSP\n/);
});

test("colours only on a terminal, and they change no text", () => {
  const terminal = stream(true);
  printReport(TRUSTED, terminal.stream);
  assert.notEqual(terminal.text(), stripVTControlCharacters(terminal.text()));
  assert.equal(stripVTControlCharacters(terminal.text()), renderReport(TRUSTED, false));
  const file = stream(false);
  printReport(TRUSTED, file.stream);
  assert.equal(file.text(), renderReport(TRUSTED, false));
});

test("what a device says cannot steer the terminal", () => {
  const text = renderReport({ ...UNTRUSTED, reasons: ["evil\u001b[2Jname"], target: "a\u0007b" }, false);
  assert.doesNotMatch(text, /[^\P{Cc}\n]/u);
});

test("JSON: one object with every key, known or not", () => {
  const full = JSON.parse(toJson(TRUSTED));
  assert.equal(full.verdict, "trusted");
  assert.deepEqual(full.reasons, []);
  assert.equal(full.version, "1.4");
  assert.deepEqual(full.algorithms, TRUSTED.algorithms);
  assert.deepEqual(full.measurements, TRUSTED.measurements);
  assert.deepEqual(full.capabilities, ["CERT", "CHAL", "MEAS (signed)"]);
  assert.equal(full.chain.leafPublicKey, "0102");
  assert.equal(full.deviceInfo, "ACME:WIDGET:1");
  assert.deepEqual(full.link, TRUSTED.link);
  const early = JSON.parse(
    toJson({ verdict: "untrusted", reasons: ["VERSION: malformed"], slot: 0, measurements: [], attempts: 1 }),
  );
  assert.deepEqual(Object.keys(early), Object.keys(full));
  assert.deepEqual([early.version, early.algorithms, early.chain, early.deviceInfo], [null, null, null, null]);
  assert.deepEqual([early.challenged, early.measurementsSigned], [false, false]);
  assert.deepEqual([early.session, early.requester, early.messages], [null, null, null]);
  const withSession = JSON.parse(toJson(SESSION));
  assert.deepEqual(withSession.session, { ...SESSION.session, kem: null });
  const byKem = JSON.parse(toJson({ ...SESSION, session: { ...SESSION.session!, dhe: undefined, kem: "ML-KEM-768" } }));
  assert.deepEqual([byKem.session.dhe, byKem.session.kem], [null, "ML-KEM-768"]);
  assert.deepEqual(withSession.requester, SESSION.requester);
  assert.deepEqual(withSession.messages, SESSION.messages);
});

test("capability names: every bit once, fields of two bits by value", () => {
  assert.deepEqual(responderFlagNames(0), []);
  assert.deepEqual(responderFlagNames(0x15), ["CACHE", "CHAL", "MEAS (signed)"]);
  assert.deepEqual(responderFlagNames(0x80000c08), ["MEAS (unsigned)", "PSK (reserved)", "LARGE_RESP"]);
  assert.equal(responderFlagNames(-1).length, 28);
});

test("progress: plain lines where there is no terminal, nothing if quiet, times either way", () => {
  const file = stream(false);
  const progress = new Progress(false, file.stream);
  progress.step("booting the board");
  progress.step("CHALLENGE\u001b[2J");
  progress.stop();
  progress.stop();
  assert.equal(file.text(), "booting the board\nCHALLENGE\ufffd[2J\n");
  assert.deepEqual(
    progress.timings.map(({ step }) => step),
    ["booting the board"],
  );
  const silent = stream(true);
  const quiet = new Progress(true, silent.stream);
  quiet.step("CHALLENGE");
  quiet.done();
  assert.equal(silent.text(), "");
  assert.equal(quiet.timings.length, 1);
});

test("progress: on a terminal what is done stays, what was broken off does not", () => {
  const terminal = stream(true);
  const progress = new Progress(false, terminal.stream);
  progress.step("booting the board");
  progress.step("CHALLENGE");
  progress.stop();
  const text = stripVTControlCharacters(terminal.text());
  assert.match(text, /✔ booting the board \d+ ms/);
  assert.doesNotMatch(text, /✔ CHALLENGE/);
});
