/** A key pair from its generation over its certificate to what it signs; and that it is there after a restart. */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { writeIdentityImage } from "../../certs/identity-writer.js";
import type { HostKeyOptions } from "../../cli/host-keys.js";
import { hostResponder } from "../../cli/host-responder.js";
import { loadIdentity, loadPsks } from "../../cli/identity.js";
import { storeCredential } from "../../cli/identity-store.js";
import { changeOf } from "../../cli/keys.js";
import type { Link } from "../../cli/link.js";
import { attest } from "../../cli/requester/attest.js";
import { installChain, requestCsr } from "../../cli/requester/certificates.js";
import { readKeys } from "../../cli/requester/keys.js";
import { ASYMS, versionName } from "../../cli/requester/names.js";
import { Impossible } from "../../cli/requester/verdict.js";
import { sha256 } from "../../hal/portable/crypto.js";
import { KEY_P256, KEY_P384 } from "../../src/key-pairs.js";
import { V1_2, V1_3, V1_4 } from "../../src/versions.js";
import { KEYS, OPTIONS, SESSION } from "./answering.js";
import { signRequest } from "./sign-request.js";

const PSK = { ...SESSION, psk: loadPsks(join(KEYS, "psk.json"))[0] };
/** The key pair that is generated, and the slot that it goes to. */
const ID = 1;
const SLOT = 2;

/** A link to a responder that was started with what is at `path` now. */
function started(path: string, keys: HostKeyOptions = { changes: "trusted" }): Link {
  const faults: unknown[] = [];
  const responder = hostResponder(loadIdentity(path), {
    onFault: (error) => faults.push(error),
    keys: { save: (place, credential) => storeCredential(path, place, credential), ...keys },
  });
  const buffer = new Uint8Array(0x1400);
  return {
    ...{ roundTripMs: 1, timeScale: 1, disturbanceCount: 0 },
    async exchange(type, message) {
      const request = message.slice();
      const length = type === 6 ? responder.respondSecured(request, buffer) : responder.respond(request, buffer);
      assert.deepEqual(faults, []);
      return buffer.slice(0, length);
    },
    async close() {},
  };
}

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "spdm-joined-keys-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const CURVES = [
  { curve: "P-384", asym: KEY_P384, directory: "ecp384" },
  { curve: "P-256", asym: KEY_P256, directory: "ecp256" },
] as const;

for (const { curve, asym, directory } of CURVES) {
  for (const version of [V1_3, V1_4]) {
    const options = { ...OPTIONS, version, baseAsym: ASYMS[curve], slot: SLOT };
    const pairOne = async (link: Link, wish: Parameters<typeof changeOf>[0] = {}) => {
      const { pairs, slots } = await readKeys(link, { ...options, change: changeOf(wish) });
      const shown = slots!.find(({ slot }) => slot === SLOT);
      return { ...pairs[ID - 1], shown: shown && [shown.keyPairId, shown.certificateInfo] };
    };
    const certified = async (link: Link): Promise<Uint8Array> => {
      const { request } = await requestCsr(link, { ...options, keyPairId: ID });
      return signRequest(request, curve);
    };
    const trusted = async (link: Link): Promise<void> => {
      for (const multiKey of [true, false]) {
        const result = await attest(link, { ...options, multiKey, session: SESSION });
        assert.deepEqual([result.verdict, result.reasons], ["trusted", []]);
      }
    };

    describe(`${curve}, SPDM ${versionName(version)}`, () => {
      test("generated, requested, certified, signs; taken back, and erased", async () => {
        cpSync(KEYS, folder, { recursive: true });
        const link = started(folder);
        await assert.rejects(requestCsr(link, { ...options, keyPairId: ID }), /GET_CSR: InvalidRequest/);
        assert.equal((await pairOne(link, { generate: ID, keyAlgorithm: curve })).slotMask, 0);
        const chain = await certified(link);
        // Whose key it is has to be said, and rightly.
        const wrong = { ...options, keyPairId: curve === "P-384" ? 5 : 3 };
        await assert.rejects(installChain(link, chain, wrong), /SET_CERTIFICATE: Unspecified/);
        await installChain(link, chain, { ...options, keyPairId: ID });
        const { slotMask, shown } = await pairOne(link);
        assert.deepEqual([slotMask, shown], [1 << SLOT, [ID, 1]]);
        await trusted(link);

        for (const wish of [{ erase: ID }, { generate: ID }, { change: ID }])
          await assert.rejects(pairOne(link, wish), /OperationFailed/);
        await installChain(link, undefined, { ...options, keyPairId: ID });
        // The slot is empty, and the key still its own.
        assert.deepEqual((await pairOne(link)).shown, [ID, 0]);
        await assert.rejects(pairOne(link, { erase: ID }), /OperationFailed/);
        await assert.rejects(attest(link, { ...options, multiKey: true }), Impossible);
        assert.equal((await pairOne(link, { change: ID })).shown, undefined);
        const { asym: left, usage } = await pairOne(link, { erase: ID });
        assert.deepEqual([left, usage], [0, 0]);
      });

      test("a slot that gets a chain of another key is that key's, and no longer the former's", async () => {
        cpSync(KEYS, folder, { recursive: true });
        const link = started(folder);
        await pairOne(link, { generate: ID, keyAlgorithm: curve });
        const chain = await certified(link);
        for (const slot of [0, 4]) await installChain(link, chain, { ...options, slot, keyPairId: ID });
        const { pairs, slots } = await readKeys(link, options);
        const masks = pairs.filter((pair) => pair.asym === asym).map(({ slotMask }) => slotMask);
        assert.deepEqual(masks, [0x11, 0x02, 0]);
        assert.deepEqual(
          slots!.map(({ slot, keyPairId }) => [slot, keyPairId === ID]),
          [
            [0, true],
            [1, false],
            [4, true],
          ],
        );
        // GET_CSR that names no key is by slot 0's.
        const { vouchedBy } = await requestCsr(link, { ...options, slot: 0 });
        assert.equal(vouchedBy, "slot 0's certificate");
      });

      test("a folder keeps it, for its owner only, and as long as a slot has it", async () => {
        cpSync(KEYS, folder, { recursive: true });
        const own = join(folder, directory);
        const before = readdirSync(own);
        const link = started(folder);
        await pairOne(link, { generate: ID, keyAlgorithm: curve });
        await installChain(link, await certified(link), { ...options, keyPairId: ID });
        const stored = readdirSync(own).filter((name) => name.startsWith("stored_"));
        assert.equal(stored.length, 1);
        assert.equal(statSync(join(own, stored[0])).mode & 0o777, 0o600);
        const again = started(folder);
        await trusted(again);
        await installChain(again, undefined, options);
        assert.deepEqual(readdirSync(own), before);
      });

      test("an image keeps it", async () => {
        const file = join(folder, "identity.bin");
        writeFileSync(file, writeIdentityImage(loadIdentity(KEYS), sha256));
        const link = started(file);
        await pairOne(link, { generate: ID, keyAlgorithm: curve });
        await installChain(link, await certified(link), { ...options, keyPairId: ID });
        assert.equal(statSync(file).mode & 0o777, 0o600);
        await trusted(started(file));
        assert.deepEqual(readdirSync(folder), ["identity.bin"]);
      });
    });
  }
}

test("in sessions of who proved itself only, and not slot 0", async () => {
  cpSync(KEYS, folder, { recursive: true });
  const link = started(folder, { changes: "proven" });
  const options = { ...OPTIONS, version: V1_3, slot: SLOT, keyPairId: ID };
  const generate = changeOf({ generate: ID, keyAlgorithm: "P-384" });
  await assert.rejects(readKeys(link, { ...OPTIONS, change: generate }), /UnexpectedRequest/);
  await readKeys(link, { ...OPTIONS, session: PSK, change: generate });
  const chain = await signRequest((await requestCsr(link, options)).request);
  for (const session of [undefined, SESSION])
    await assert.rejects(installChain(link, chain, { ...options, session }), /UnexpectedRequest/);
  await assert.rejects(installChain(link, chain, { ...options, slot: 0, session: PSK }), /UnexpectedRequest/);
  const { session } = await installChain(link, chain, { ...options, session: PSK });
  assert.equal(session?.openedBy, "PSK_EXCHANGE");
  assert.equal((await attest(link, { ...OPTIONS, slot: SLOT, multiKey: true })).verdict, "trusted");
});

test("a key that is in no slot is lost with the process", async () => {
  cpSync(KEYS, folder, { recursive: true });
  await readKeys(started(folder), { ...OPTIONS, change: changeOf({ generate: ID, keyAlgorithm: "P-384" }) });
  assert.equal((await readKeys(started(folder), OPTIONS)).pairs[ID - 1].asym, 0);
});

test("1.2 names no key pairs", async () => {
  const asked = requestCsr(started(KEYS), { ...OPTIONS, version: V1_2, keyPairId: ID });
  await assert.rejects(asked, /tells no key pairs apart/);
});
