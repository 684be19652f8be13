/**
 * The measurement extension log and the device class with DMTF's own emulator, out of sessions and in them; without
 * SPDM_EMU_BIN (emu.ts) left out. Its requester never asks for events.
 */
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { OOB_ENCAP_ENDPOINT_INFO } from "../../cli/emu-frame.js";
import { EmuSocket } from "../../cli/emu-socket.js";
import { identityOf, loadRequester } from "../../cli/identity.js";
import type { Link } from "../../cli/link.js";
import { ownClasses } from "../../cli/own-class.js";
import { attest } from "../../cli/requester/attest.js";
import { AEADS, ASYMS, DHES, HASHES, oneOrAll, versionName } from "../../cli/requester/names.js";
import type { SessionOffer } from "../../cli/requester/offer.js";
import { readAnchors } from "../../cli/target.js";
import { V1_3, V1_4 } from "../../src/versions.js";
import { connected, KEYS, KeyFolder, runRequester, skip, startResponder, startServe, TIMEOUT_MS } from "./emu.js";

const SUITE = ["--hash", "SHA_384", "--asym", "ECDSA_P384", "--req_asym", "ECDSA_P384", "--dhe", "SECP_384_R1"];
const AEAD = ["--aead", "AES_256_GCM"];
const SESSION: SessionOffer = {
  dhe: oneOrAll(DHES, undefined),
  aead: oneOrAll(AEADS, undefined),
  inTheClear: false,
  updateKeys: false,
};

const IDENTITIES = [{ algorithm: ASYMS["P-384"], identity: identityOf(loadRequester(KEYS), ASYMS["P-384"]) }];

/** How often the requester's capture has these bytes after MCTP's message type for SPDM: a request in the clear. */
function sent(folder: KeyFolder, ...header: number[]): number {
  const capture = readFileSync(join(folder.path, "run.pcap"));
  let count = 0;
  for (let at = 24; at < capture.length; at += 16 + capture.readUInt32LE(at + 8)) {
    const packet = capture.subarray(at + 16 + 4);
    if (packet[0] === 5 && header.every((byte, i) => packet[1 + i] === byte)) count++;
  }
  return count;
}

describe("spdm_requester_emu against serve --host: MEL, EP_INFO", { skip, timeout: TIMEOUT_MS }, () => {
  const PORT = 24781;
  let server: ChildProcess;
  let folder: KeyFolder;

  before(async () => {
    folder = new KeyFolder();
    server = await startServe(PORT, ["--host"]);
  });
  after(() => {
    server.kill();
    folder.remove();
  });

  for (const version of ["1.3", "1.4"]) {
    for (const [name, options] of [
      ["out of sessions", ["--exe_session", "NO_END"]],
      ["in sessions", ["--exe_session", "KEY_EX,PSK,MEAS,MEL,EP_INFO"]],
    ] as const) {
      test(`SPDM ${version}, ${name}`, async () => {
        const output = await runRequester(PORT, folder, [
          ...["--ver", version, ...SUITE, ...AEAD, "--meas_op", "ALL"],
          ...["--exe_conn", "DIGEST,CERT,CHAL,MEAS,MEL,EP_INFO", ...options, "--pcap", "run.pcap"],
        ]);
        assert.match(output, /Client stopped/);
        assert.doesNotMatch(output, /ERROR/);
        assert.match(output, /exit 0$/);
        const v = version === "1.3" ? 0x13 : 0x14;
        assert.ok(sent(folder, v, 0x6f) >= 1, "no log");
        assert.equal(sent(folder, v, 0x07), 1);
      });
    }
  }
});

describe("spdm attest --log --info --algorithms against spdm_responder_emu", { skip, timeout: TIMEOUT_MS }, () => {
  for (const [i, version] of [V1_3, V1_4].entries()) {
    for (const session of [undefined, SESSION]) {
      test(`SPDM ${versionName(version)}, ${session === undefined ? "out of sessions" : "in a session"}`, async () => {
        const port = 24784 + 2 * i + (session === undefined ? 0 : 1);
        const folder = new KeyFolder();
        const options = ["--ver", versionName(version), ...SUITE, ...AEAD, "--meas_hash", "SHA_384"];
        const child = startResponder(port, folder, options);
        const link = await connected(port);
        try {
          const result = await attest(link, {
            version,
            baseHash: HASHES["SHA-384"],
            baseAsym: ASYMS["P-384"],
            slot: 0,
            anchors: readAnchors([join(KEYS, "ecp384/ca.cert.der")]),
            reference: undefined,
            reports: { log: true, deviceClass: true, algorithms: true },
            ...(session === undefined ? {} : { session }),
            onProgress() {},
          });
          assert.deepEqual(result.reasons, []);
          assert.deepEqual(
            result.log!.map(({ measurement, value, covered }) => [
              measurement,
              Buffer.from(value, "hex").toString("latin1"),
              covered,
            ]),
            [
              [17, "ROM", true],
              [17, "Boot FW", true],
              [17, "\n\x03\0\x01", true],
            ],
          );
          assert.deepEqual(result.deviceClass, {
            signed: true,
            identifiers: [{ registry: "DMTF", vendorId: "", subordinateIds: ["123456"] }],
          });
          assert.deepEqual(result.supportedAlgorithms, {
            signatures: ["P-384"],
            hashes: ["SHA-384"],
            groups: ["secp384r1"],
            kems: [],
            aeads: ["AES-256-GCM"],
            requesterSignatures: ["P-384"],
          });
        } finally {
          await link.close();
          child.kill();
          folder.remove();
        }
      });
    }
  }
});

/** A link on which the responder is told, before the request behind `arm`, to have one of its own. */
class ArmedLink implements Link {
  readonly roundTripMs = 2000;
  readonly timeScale = 1;
  readonly disturbanceCount = 0;
  readonly #socket: EmuSocket;
  #armed = false;

  constructor(socket: EmuSocket) {
    this.#socket = socket;
  }

  arm(): void {
    this.#armed = true;
  }

  async exchange(type: number, message: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    if (this.#armed) await this.#socket.command(OOB_ENCAP_ENDPOINT_INFO);
    this.#armed = false;
    return (await this.#socket.exchange(type, message, timeoutMs)).message;
  }

  close(): Promise<void> {
    return this.#socket.leave();
  }
}

describe("spdm attest --tell against spdm_responder_emu", { skip, timeout: TIMEOUT_MS }, () => {
  for (const [i, version] of [V1_3, V1_4].entries()) {
    for (const session of [undefined, SESSION]) {
      test(`SPDM ${versionName(version)}, ${session === undefined ? "out of sessions" : "in a session"}`, async () => {
        const port = 24788 + 2 * i + (session === undefined ? 0 : 1);
        const folder = new KeyFolder();
        const options = [
          "--ver",
          versionName(version),
          ...SUITE,
          ...AEAD,
          "--meas_hash",
          "SHA_384",
          "--basic_mut_auth",
          "NO",
        ];
        const child = startResponder(port, folder, options);
        await (await connected(port)).close();
        const link = new ArmedLink(await EmuSocket.connect("127.0.0.1", port));
        try {
          const result = await attest(link, {
            version,
            baseHash: HASHES["SHA-384"],
            baseAsym: ASYMS["P-384"],
            slot: 0,
            anchors: readAnchors([join(KEYS, "ecp384/ca.cert.der")]),
            reference: undefined,
            ownClasses: ownClasses("requester"),
            identities: IDENTITIES,
            ...(session === undefined ? {} : { session }),
            onProgress: (step) => step === "GET_ENCAPSULATED_REQUEST" && link.arm(),
          });
          assert.deepEqual(result.reasons, []);
          // It would have refused a signature that it could not verify.
          assert.deepEqual(result.ownInfo, { asked: true, signed: true });
        } finally {
          await link.close();
          child.kill();
          await once(child, "close");
          folder.remove();
        }
      });
    }
  }
});

describe("spdm_requester_emu against serve --host --requester-info", { skip, timeout: TIMEOUT_MS }, () => {
  const PORT = 24792;

  for (const version of ["1.3", "1.4"]) {
    test(`SPDM ${version}: unsigned outside of sessions, signed in one that it proved itself in`, async () => {
      const folder = new KeyFolder();
      const server = await startServe(PORT, ["--host", "--requester-info", "--mutual", "encapsulated"]);
      let told = "";
      server.stdout!.on("data", (chunk) => {
        told += chunk;
      });
      try {
        const output = await runRequester(PORT, folder, [
          ...["--ver", version, ...SUITE, ...AEAD, "--meas_op", "ALL"],
          ...["--exe_conn", "DIGEST,CERT,CHAL,EP_INFO", "--exe_session", "KEY_EX,EP_INFO"],
        ]);
        assert.doesNotMatch(output, /ERROR/);
        assert.match(output, /exit 0$/);
        assert.match(told, /^requester outside of sessions, unsigned: DMTF · 123456$/m);
        assert.match(told, /^requester in session 0x[0-9a-f]{8}, signed: DMTF · 123456$/m);
      } finally {
        server.kill();
        await once(server, "close");
        folder.remove();
      }
    });
  }
});
