/** The requester's secure sessions against our own responder. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { identityOf, loadIdentity, loadPsks } from "../../cli/identity.js";
import { PcapWriter } from "../../cli/pcap.js";
import { RecordedLink } from "../../cli/recorded-link.js";
import { type AttestOptions, attest } from "../../cli/requester/attest.js";
import { AEADS, ASYMS, DHES, HASHES, versionName } from "../../cli/requester/names.js";
import { Impossible } from "../../cli/requester/verdict.js";
import { requesterFlagsConsistent } from "../../src/capability-rules.js";
import { V1_0, V1_1, V1_3, VERSIONS } from "../../src/versions.js";
import { toHex } from "../support/bytes.js";
import { type Device, IDENTITIES, KEYS, OPTIONS, SESSION, TestLink } from "./answering.js";

const WITH_SESSIONS = VERSIONS.filter((version) => version !== V1_0);
const [, PSK] = loadPsks(join(KEYS, "psk.json"));

const attestDevice = (device: Device, options: Partial<AttestOptions>) =>
  attest(new TestLink(undefined, device), { ...OPTIONS, session: SESSION, ...options });

/** Attests such a device, which must come out trusted, and returns what is known of the session. */
async function trusted(device: Device, options: Partial<AttestOptions>) {
  const { verdict, reasons, session, messages, requester, measurementsSigned } = await attestDevice(device, options);
  assert.deepEqual(reasons, []);
  assert.equal(verdict, "trusted");
  assert.equal(measurementsSigned, true);
  return { session: session!, inTheClear: messages!.inTheClear, inTheSession: messages!.inTheSession, requester };
}

const VCA = ["GET_VERSION", "GET_CAPABILITIES", "NEGOTIATE_ALGORITHMS"];
const BEFORE = [...VCA, "GET_DIGESTS", "GET_CERTIFICATE", "CHALLENGE"];
const FETCH = "GET_ENCAPSULATED_REQUEST";
const DELIVER = "DELIVER_ENCAPSULATED_RESPONSE";
const USE = ["HEARTBEAT", "GET_MEASUREMENTS", "END_SESSION"];

describe("a session by KEY_EXCHANGE", () => {
  for (const version of WITH_SESSIONS) {
    for (const dhe of ["secp256r1", "secp384r1", "secp521r1"]) {
      for (const aead of Object.keys(AEADS)) {
        test(`SPDM ${versionName(version)}, ${dhe}, ${aead}`, async () => {
          const offer = { ...SESSION, dhe: DHES[dhe], aead: AEADS[aead] };
          const { session, inTheClear, inTheSession } = await trusted({}, { version, session: offer });
          assert.deepEqual(session, {
            openedBy: "KEY_EXCHANGE",
            securedMessages: "1.3",
            dhe,
            aead,
            encrypted: true,
            handshakeInTheClear: false,
            heartbeatPeriod: 20,
            keyUpdates: [],
          });
          assert.deepEqual(inTheClear, [...BEFORE, "KEY_EXCHANGE"]);
          assert.deepEqual(inTheSession, ["FINISH", ...USE]);
        });
      }
    }
  }

  test("P-256 and SHA-256, SHA-512; slot 4", async () => {
    await trusted({}, { baseAsym: ASYMS["P-256"], baseHash: HASHES["SHA-256"] });
    await trusted({}, { baseHash: HASHES["SHA-512"] });
    await trusted({}, { slot: 4 });
  });

  test("without a heartbeat none is sent", async () => {
    const { session, inTheSession } = await trusted({ heartbeatPeriod: 0 }, {});
    assert.equal(session.heartbeatPeriod, 0);
    assert.deepEqual(inTheSession, ["FINISH", "GET_MEASUREMENTS", "END_SESSION"]);
  });

  for (const version of WITH_SESSIONS) {
    for (const macOnly of [false, true]) {
      test(`SPDM ${versionName(version)}, handshake in the clear${macOnly ? ", MAC only" : ""}`, async () => {
        const offer = { ...SESSION, inTheClear: true };
        const { session, inTheClear, inTheSession } = await trusted(
          { inTheClear: true, macOnly },
          { version, session: offer },
        );
        assert.equal(session.handshakeInTheClear, true);
        assert.equal(session.encrypted, !macOnly);
        assert.deepEqual(inTheClear, [...BEFORE, "KEY_EXCHANGE", "FINISH"]);
        assert.deepEqual(inTheSession, USE);
      });
    }
  }

  test("only if both want it is the handshake in the clear", async () => {
    assert.equal((await trusted({ inTheClear: true }, {})).session.handshakeInTheClear, false);
    const offer = { ...SESSION, inTheClear: true };
    assert.equal((await trusted({}, { session: offer })).session.handshakeInTheClear, false);
  });

  test("with MAC only what is measured can be read on the wire", async () => {
    for (const macOnly of [false, true]) {
      let readable = false;
      const link = new TestLink(
        (response, _request, type) => {
          // SPDM's type, its version, MEASUREMENTS.
          if (type === 6 && toHex(response).includes("051460")) readable = true;
          return response;
        },
        { macOnly },
      );
      const { session } = await attest(link, { ...OPTIONS, session: SESSION });
      assert.equal(session?.encrypted, !macOnly);
      assert.equal(readable, macOnly);
    }
  });

  for (const version of WITH_SESSIONS) {
    for (const macOnly of [false, true]) {
      test(`SPDM ${versionName(version)}, keys updated in every way${macOnly ? ", MAC only" : ""}`, async () => {
        const offer = { ...SESSION, updateKeys: true };
        const { session, inTheSession } = await trusted({ macOnly }, { version, session: offer });
        assert.deepEqual(session.keyUpdates, ["ours", "both", "the responder's, as it asked"]);
        const updates = ["KEY_UPDATE", "KEY_UPDATE", "KEY_UPDATE", "KEY_UPDATE", FETCH, DELIVER, DELIVER];
        assert.deepEqual(inTheSession, ["FINISH", "HEARTBEAT", ...updates, "GET_MEASUREMENTS", "END_SESSION"]);
      });
    }
  }
});

describe("a session by PSK_EXCHANGE", () => {
  for (const version of WITH_SESSIONS) {
    for (const pskWithoutContext of [false, true]) {
      test(`SPDM ${versionName(version)}${pskWithoutContext ? ", without the responder's context" : ""}`, async () => {
        const offer = { ...SESSION, psk: PSK, updateKeys: true };
        const { session, inTheClear, inTheSession } = await trusted({ pskWithoutContext }, { version, session: offer });
        assert.equal(session.openedBy, "PSK_EXCHANGE");
        assert.equal(session.dhe, undefined);
        assert.deepEqual(inTheClear, [...BEFORE, "PSK_EXCHANGE"]);
        assert.equal(inTheSession[0], pskWithoutContext ? "HEARTBEAT" : "PSK_FINISH");
      });
    }
  }

  for (const pskWithoutContext of [false, true]) {
    test(`of a key that is another${pskWithoutContext ? ", without context" : ""}`, async () => {
      const psk = { hint: PSK.hint, key: PSK.key.slice(1) };
      const result = await attestDevice({ pskWithoutContext }, { session: { ...SESSION, psk } });
      assert.deepEqual(result.reasons, ["PSK_EXCHANGE_RSP: ResponderVerifyData is wrong"]);
      assert.equal(result.session, undefined);
    });
  }

  test("of a hint that nobody has", async () => {
    const psk = { hint: Buffer.from("nobody's"), key: PSK.key };
    const attested = attestDevice({}, { session: { ...SESSION, psk } });
    await assert.rejects(attested, {
      name: "Impossible",
      message: "the responder refused PSK_EXCHANGE: InvalidRequest",
    });
  });
});

describe("mutual authentication", () => {
  const FLOWS: readonly (readonly [how: string, requested: number, flow: readonly string[]])[] = [
    ["by a chain that is known", 1, []],
    ["by encapsulated requests", 2, [FETCH, DELIVER, DELIVER]],
    ["by these, with DIGESTS unasked", 4, [DELIVER, DELIVER]],
  ];
  for (const version of WITH_SESSIONS) {
    for (const [how, requested, flow] of FLOWS) {
      for (const clear of [false, true]) {
        test(`SPDM ${versionName(version)}, ${how}${clear ? ", in the clear" : ""}`, async () => {
          const device = { inTheClear: clear, requested };
          const session = { ...SESSION, inTheClear: clear };
          const outcome = await trusted(device, { version, identities: IDENTITIES, session });
          assert.deepEqual(outcome.requester?.proofs, ["FINISH"]);
          assert.equal(outcome.requester?.subject, "CN=moddable-spdm test requester P-384");
          const handshake = [...flow, "FINISH"];
          assert.deepEqual(outcome.inTheClear, [...BEFORE, "KEY_EXCHANGE", ...(clear ? handshake : [])]);
          assert.deepEqual(outcome.inTheSession, [...(clear ? [] : handshake), ...USE]);
        });
      }
    }
  }

  for (const version of WITH_SESSIONS.filter((each) => each < V1_3)) {
    test(`SPDM ${versionName(version)}, basic, without a session`, async () => {
      const device = { requested: 0, basic: true };
      const outcome = await trusted(device, { version, identities: IDENTITIES, session: undefined });
      assert.deepEqual(outcome.requester?.proofs, ["CHALLENGE_AUTH"]);
      assert.deepEqual(outcome.inTheClear, [...BEFORE, FETCH, DELIVER, DELIVER, DELIVER, "GET_MEASUREMENTS"]);
    });
  }

  test("basic and in the session, by P-256", async () => {
    const device = { requested: 4, basic: true };
    const options = { version: V1_1, identities: [IDENTITIES[1]], baseHash: HASHES["SHA-256"] };
    const { requester } = await trusted(device, options);
    assert.deepEqual(requester?.proofs, ["CHALLENGE_AUTH", "FINISH"]);
    assert.equal(requester?.subject, "CN=moddable-spdm test requester P-256");
  });

  test("is insisted on by who wants it, and not asked for by who does not", async () => {
    await assert.rejects(attestDevice({ requested: 2 }, {}), {
      name: "Impossible",
      message: "the responder refused KEY_EXCHANGE: InvalidPolicy",
    });
    assert.equal((await trusted({}, { identities: IDENTITIES })).requester, undefined);
  });

  test("a chain that the responder does not trust is refused", async () => {
    // A responder's leaf is for responders only.
    const own = loadIdentity(KEYS).credentials.filter(({ slot }) => slot === 0);
    const identities = [{ algorithm: ASYMS["P-384"], identity: identityOf(own, ASYMS["P-384"]) }];
    await assert.rejects(attestDevice({ requested: 2 }, { identities }), {
      name: "Impossible",
      message: "the responder refused our answer to its GET_CERTIFICATE: InvalidResponseCode",
    });
  });
});

describe("what is offered", () => {
  /** LARGE_RESP_CAP, in 1.4. */
  const LARGE = 0x8000_0000;

  /** Flags of GET_CAPABILITIES and AlgTypes of NEGOTIATE_ALGORITHMS. */
  async function offered(options: Partial<AttestOptions>, device: Device = {}) {
    let flags = 0;
    const types: number[] = [];
    const link = new TestLink((response, request, type) => {
      // A record's second byte is its session's, and that is random.
      if (type !== 5) return response;
      if (request[1] === 0xe1) flags = Buffer.from(request).readUInt32LE(8);
      if (request[1] === 0xe3) for (let at = 32; at < request.length; at += 4) types.push(request[at]);
      return response;
    }, device);
    await attest(link, { ...OPTIONS, ...options });
    return { flags, types };
  }

  test("is what the run needs", async () => {
    const inTheClear = { ...SESSION, inTheClear: true };
    assert.deepEqual(await offered({}), { flags: LARGE + 0x20000, types: [] });
    assert.deepEqual(await offered({ session: SESSION }), { flags: LARGE + 0x272c0, types: [2, 3, 5] });
    assert.deepEqual(await offered({ session: inTheClear }), { flags: LARGE + 0x2f2c0, types: [2, 3, 5] });
    assert.deepEqual(await offered({ session: { ...SESSION, psk: PSK } }), { flags: LARGE + 0x274c0, types: [3, 5] });
    const mutual = { identities: IDENTITIES };
    assert.deepEqual(await offered(mutual, { basic: true }), { flags: LARGE + 0x21106, types: [4] });
    const all = { ...mutual, session: inTheClear };
    assert.deepEqual(await offered(all, { requested: 2 }), { flags: LARGE + 0x2f3c6, types: [2, 3, 4, 5] });
  });

  test("goes together in every version", async () => {
    for (const version of WITH_SESSIONS) {
      for (const session of [undefined, SESSION, { ...SESSION, psk: PSK }]) {
        for (const identities of [undefined, IDENTITIES]) {
          const { flags } = await offered({ version, session, identities });
          assert.ok(requesterFlagsConsistent(flags, version), `0x${flags.toString(16)} in ${versionName(version)}`);
        }
      }
    }
  });

  test("is not enough: no session where there can be none", async () => {
    const lacking = (clear: number) =>
      new TestLink((response, _request, type) => {
        if (type === 5 && response[1] === 0x61) response[9] &= ~clear;
        return response;
      });
    const reason = async (link: TestLink, options: Partial<AttestOptions>) =>
      attest(link, { ...OPTIONS, session: SESSION, ...options }).then(
        () => "none",
        (error) => (error instanceof Impossible ? error.message : `${error.stack}`),
      );
    assert.equal(await reason(new TestLink(), { version: V1_0 }), "SPDM 1.0 has no sessions");
    assert.equal(await reason(lacking(0x02), {}), "the responder has no KEY_EXCHANGE");
    const psk = { ...SESSION, psk: PSK };
    assert.equal(await reason(lacking(0x0c), { session: psk }), "the responder has no PSK_EXCHANGE");
    const update = { ...SESSION, updateKeys: true };
    assert.equal(await reason(lacking(0x40), { session: update }), "the responder has no KEY_UPDATE");
  });
});

test("a capture has secured messages as they were on the wire", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "spdm-session-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "session.pcap");
  const pcap = new PcapWriter(path);
  const records: string[] = [];
  const link = new TestLink((response, request, type) => {
    if (type === 6) records.push(toHex(request), toHex(response));
    return response;
  });
  await attest(new RecordedLink(link, pcap), { ...OPTIONS, session: SESSION });
  pcap.close();
  const capture = readFileSync(path);
  const captured: string[] = [];
  for (let at = 24; at < capture.length; ) {
    const length = capture.readUInt32LE(at + 8);
    if (capture[at + 20] === 6) captured.push(capture.toString("hex", at + 21, at + 16 + length));
    at += 16 + length;
  }
  assert.equal(captured.length, 8);
  assert.deepEqual(captured, records);
});
