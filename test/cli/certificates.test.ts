/** From a certification request to a device that is attested by what was made of it; and responders that lie on the way. */
import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { test } from "node:test";
import * as x509 from "../../certs/x509.js";
import { attest } from "../../cli/requester/attest.js";
import { installChain, requestCsr } from "../../cli/requester/certificates.js";
import { versionName } from "../../cli/requester/names.js";
import { Impossible, Untrusted } from "../../cli/requester/verdict.js";
import { CERTIFICATE_POLICIES } from "../../cli/serve.js";
import { V1_1, V1_2, V1_3, V1_4, type Version } from "../../src/versions.js";
import { concat } from "../support/bytes.js";
import { type Alter, OPTIONS, SESSION, TestLink } from "./answering.js";
import { ecKeys } from "./issue.js";
import { ALGORITHM, read, sign } from "./signed-request.js";

type Where = keyof typeof CERTIFICATE_POLICIES;

const device = (where: Where, saved: number[] = [], alter?: Alter) =>
  new TestLink(alter, {
    certificates: { policy: CERTIFICATE_POLICIES[where], save: ({ slot }) => saved.push(slot) },
  });

const optionsFor = (version: Version, where: Where, slot: number) => ({
  ...OPTIONS,
  version,
  slot,
  ...(where === "sessions" ? { session: SESSION } : {}),
});

for (const version of [V1_2, V1_3, V1_4]) {
  for (const where of ["trusted", "sessions"] as const) {
    test(`request, sign, install, attest: SPDM ${versionName(version)}, ${where}`, async () => {
      const saved: number[] = [];
      const link = device(where, saved);
      const asked = await requestCsr(link, optionsFor(version, where, 0));
      assert.equal(asked.vouchedBy, "slot 0's certificate");
      assert.match(asked.deviceInfo!, /^MODDABLE:SPDM-TEST-RESPONDER:/);
      const chain = await sign(asked.request);
      const installed = await installChain(link, chain, optionsFor(version, where, 5));
      assert.deepEqual([installed.erased, installed.needsReset], [false, false]);
      assert.equal(installed.session?.openedBy, where === "sessions" ? "KEY_EXCHANGE" : undefined);

      const result = await attest(link, optionsFor(version, where, 5));
      assert.deepEqual(result.reasons, []);
      assert.ok(result.chain!.certificates.at(-1)!.notAfter < "2099");
      assert.equal(result.chain!.deviceInfo, asked.deviceInfo);

      if (version >= V1_3) {
        assert.ok((await installChain(link, undefined, optionsFor(version, where, 5))).erased);
        await assert.rejects(attest(link, optionsFor(version, where, 5)), /slot 5 holds no certificate chain/);
      }
      assert.deepEqual(saved, version >= V1_3 ? [5, 5] : [5]);
    });
  }
}

test("slot 0 needs a trusted environment, and the others a session", async () => {
  const chain = concat(read("bundle_responder.certchain.der"));
  const link = device("sessions");
  for (const options of [optionsFor(V1_3, "sessions", 0), optionsFor(V1_3, "trusted", 5)]) {
    await assert.rejects(
      installChain(link, chain, options),
      new Impossible("the responder refused SET_CERTIFICATE: UnexpectedRequest"),
    );
  }
  await installChain(device("trusted"), chain, optionsFor(V1_3, "trusted", 0));
});

test("what cannot be done says so", async () => {
  const chain = concat(read("bundle_responder.certchain.der"));
  const link = device("trusted");
  const refuses = async (run: Promise<unknown>, message: RegExp) =>
    assert.rejects(run, (error: Error) => error instanceof Impossible && message.test(error.message));
  await refuses(installChain(link, undefined, optionsFor(V1_2, "trusted", 1)), /1\.2 has no way to erase/);
  await refuses(requestCsr(link, optionsFor(V1_1, "trusted", 0)), /SPDM 1\.1 has no GET_CSR/);
  await refuses(requestCsr(new TestLink(), optionsFor(V1_3, "trusted", 0)), /takes no GET_CSR/);
  await refuses(installChain(new TestLink(), chain, optionsFor(V1_3, "trusted", 0)), /takes no SET_CERTIFICATE/);
  await refuses(
    installChain(link, concat(chain, chain, chain, chain), optionsFor(V1_3, "trusted", 0)),
    /takes 4604 at once/,
  );
  await refuses(
    installChain(link, concat(chain, chain), optionsFor(V1_4, "trusted", 0)),
    /refused SET_CERTIFICATE: Unspecified/,
  );
  await refuses(requestCsr(link, { ...optionsFor(V1_3, "trusted", 0), keyPairId: 1 }), /tells no key pairs apart/);
});

test("a link to nobody: a session needs an anchor", async () => {
  const options = { ...optionsFor(V1_3, "sessions", 0), anchors: [] };
  await assert.rejects(requestCsr(device("sessions"), options), Untrusted);
  const asked = await requestCsr(device("trusted"), { ...OPTIONS, version: V1_3, anchors: [] });
  assert.equal(asked.vouchedBy, undefined);
});

/** Asserts that a responder that does this to its response of `code` is found out. */
async function distrusted(
  code: number,
  lie: (response: Uint8Array) => Uint8Array,
  run: (link: TestLink) => Promise<unknown>,
) {
  const link = device("trusted", [], (response) => (response[1] === code ? lie(response) : response));
  await assert.rejects(run(link), Untrusted);
}

const ask = (link: TestLink) => requestCsr(link, optionsFor(V1_3, "trusted", 0));

/** CSR with this request in it. */
const csrOf = (request: Uint8Array): Uint8Array =>
  concat(Uint8Array.of(V1_3, 0x6d, 0, 0, request.length, request.length >>> 8, 0, 0), request);

test("a responder that lies in CSR", async () => {
  const keys = await ecKeys("P-384");
  const forged = async (extensions: x509.Extension[], k = keys) =>
    new Uint8Array(
      (
        await x509.Pkcs10CertificateRequestGenerator.create(
          { name: "CN=x", keys: k, signingAlgorithm: ALGORITHM, extensions },
          webcrypto,
        )
      ).rawData,
    );
  const stranger = await forged([]);
  await distrusted(0x6d, () => csrOf(stranger), ask);
  const other = await forged([], await ecKeys("P-256"));
  await distrusted(
    0x6d,
    () => csrOf(other),
    (link) => requestCsr(link, { ...optionsFor(V1_3, "trusted", 0), anchors: [] }),
  );
  await distrusted(0x6d, (response) => concat(response, Uint8Array.of(0)), ask);
  await distrusted(0x6d, (response) => csrOf(concat(response.subarray(8), Uint8Array.of(0))), ask);
  await distrusted(0x6d, () => csrOf(new Uint8Array(0)), ask);
  await distrusted(0x6d, () => csrOf(Uint8Array.of(0x30, 0)), ask);
});

test("every truncation, and every byte, of CSR", async () => {
  let lie = (response: Uint8Array): Uint8Array => response;
  const link = device("trusted", [], (response) => (response[1] === 0x6d ? lie(response) : response));
  const options = { ...optionsFor(V1_3, "trusted", 0), anchors: [] };
  const { request } = await requestCsr(link, options);
  const honest = csrOf(request);
  for (let length = 2; length < honest.length; length++) {
    lie = () => honest.slice(0, length);
    await assert.rejects(requestCsr(link, options), Untrusted, `${length} bytes`);
  }
  for (let at = 4; at < honest.length; at++) {
    if (at === 6 || at === 7) continue; // reserved
    lie = () => {
      const broken = honest.slice();
      broken[at] ^= 1 << (at % 8);
      return broken;
    };
    await assert.rejects(requestCsr(link, options), Untrusted, `byte ${at}`);
  }
});

test("a responder that only says that it did", async () => {
  const chain = await sign((await ask(device("trusted"))).request);
  const install = (link: TestLink) => installChain(link, chain, optionsFor(V1_3, "trusted", 5));
  const erase = (link: TestLink) => installChain(link, undefined, optionsFor(V1_3, "trusted", 4));
  const acknowledged = (run: (link: TestLink) => Promise<unknown>, slot: number) => {
    // The request is answered without being seen.
    const link = device("trusted");
    const honest = link.exchange.bind(link);
    link.exchange = async (type, message) =>
      message[1] === 0xee ? Uint8Array.of(V1_3, 0x6e, slot, 0) : honest(type, message);
    return assert.rejects(run(link), Untrusted);
  };
  await acknowledged(install, 5);
  await acknowledged(erase, 4);
  await distrusted(0x6e, (response) => concat(response.subarray(0, 2), Uint8Array.of(1, 0)), install);
  await distrusted(0x6e, (response) => concat(response, Uint8Array.of(0)), install);
  await distrusted(0x6e, (response) => response.slice(0, 3), install);
});
