/** Aliases that the emulated board's firmware issues, in C over PSA, beside those that noble makes of the same. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Built, buildFirmware, RECIPES, SRAM_LENGTH } from "../../boards/ast1030/build.js";
import type { DeviceIdentity } from "../../certs/identity-writer.js";
import { writeIdentityImage } from "../../certs/identity-writer.js";
import { aliasOf } from "../../cli/alias.js";
import { makeCertificates } from "../../cli/certs.js";
import { splitChain } from "../../cli/chain.js";
import { BMC_ADDRESS, type Board, startBoard } from "../../cli/emulator.js";
import { loadIdentity } from "../../cli/identity.js";
import { emulatedSmbus, MctpLink } from "../../cli/mctp-link.js";
import { attest } from "../../cli/requester/attest.js";
import { BOARD_ADDRESS, readAnchors, readReference } from "../../cli/target.js";
import { verifyChain } from "../../cli/trust.js";
import { sha256 } from "../../hal/portable/crypto.js";
import { ECDSA_P256, ECDSA_P384 } from "../../src/algorithms.js";
import { ALIAS_CERT_CAP, CSR_CAP, SET_CERT_CAP } from "../../src/capabilities.js";
import { ALIAS_CERT, DEVICE_CERT } from "../../src/key-pairs.js";
import { V1_4 } from "../../src/versions.js";
import { BOARD, coveredBy } from "../support/coverage.js";
import { CONFIGURED } from "./support/alias-configuration.js";
import { attestOptions } from "./support/attest-options.js";

coveredBy(BOARD);

const limit = { timeout: 300_000 };
const OTHER = "alias-other";
let folder: string;
let device: DeviceIdentity;
let anchors: readonly Uint8Array[];
let built: Built;
let other: Built;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "spdm-board-alias-"));
  await makeCertificates({ out: folder, alias: true });
  device = loadIdentity(join(folder, "identity.bin"));
  anchors = readAnchors(["ecp256", "ecp384"].map((name) => join(folder, name, "ca.cert.der")));
  built = await buildFirmware("psa");
  const entry = new URL("support/alias-main.ts", import.meta.url).pathname;
  other = await buildFirmware(OTHER, { ...RECIPES.psa, entry, configuration: CONFIGURED });
}, limit);
after(() => rmSync(folder, { recursive: true }));

async function onBoard<T>(variant: string, owner: DeviceIdentity, use: (board: Board, link: MctpLink) => Promise<T>) {
  const flash = writeIdentityImage(owner, sha256);
  const board = await startBoard({ variant, flash, lifetimeMs: limit.timeout });
  try {
    const link = new MctpLink(board.bus, emulatedSmbus(BMC_ADDRESS, BOARD_ADDRESS));
    await link.discover();
    return await use(board, link);
  } finally {
    await board.close();
  }
}

const referenceOf = ({ folder: made }: Built) => readReference(join(made, "reference.json"));
const attestAlias = (link: MctpLink, from: Built, changes = {}) =>
  attest(link, attestOptions({ version: V1_4, anchors, reference: referenceOf(from), ...changes }));

/** What noble makes of the TcbInfo that the board shows. */
function expected(slot: number, algorithm: number, trust: ReturnType<typeof verifyChain>) {
  const credential = device.credentials.find((each) => each.slot === slot && each.algorithm === algorithm)!;
  return aliasOf(credential, trust.tcbs![0].info);
}

function rooted(certificates: Uint8Array) {
  const [root] = splitChain(certificates);
  return { certificates, rootHash: sha256(new Uint8Array(root.raw)), hash: sha256 };
}

test("the board's aliases are those that noble makes, again at the next start, and lead to trust", limit, async () => {
  const leaves: string[] = [];
  for (let start = 0; start < 2; start++) {
    await onBoard("psa", device, async (board, link) => {
      for (const [slot, baseAsym] of [
        [0, ECDSA_P384],
        [1, ECDSA_P256],
      ]) {
        const result = await attestAlias(link, built, { slot, baseAsym });
        assert.deepEqual(result.reasons, []);
        assert.equal(result.capabilities! & (ALIAS_CERT_CAP | CSR_CAP | SET_CERT_CAP), ALIAS_CERT_CAP);
        assert.deepEqual(
          result.tcb!.map(({ fwids }) => fwids.map(({ status, measurement }) => [status, measurement])),
          [
            [
              ["reported", 1],
              ["reported", 2],
            ],
          ],
        );
        assert.equal(result.tcb![0].svn, "1");
        const leaf = expected(slot, baseAsym, result.chain!);
        const trust = verifyChain({ ...rooted(leaf.chain), anchors, at: new Date() });
        assert.deepEqual(trust.reasons, []);
        // Serial number and key stand for all that is in it, which is signed.
        assert.deepEqual(result.chain!.certificates, trust.certificates);
        assert.deepEqual(result.chain!.leafPublicKey, trust.leafPublicKey);
        leaves.push(Buffer.from(trust.leafPublicKey!).toString("hex"));

        await board.idle();
        const memory = Buffer.from(await board.readMemory(0, SRAM_LENGTH));
        assert.equal(memory.indexOf(leaf.key) >= 0, true, "PSA has the alias's key");
        assert.equal(memory.indexOf(leaf.key), memory.lastIndexOf(leaf.key), "and nobody else");
      }
      await board.idle();
      const memory = Buffer.from(await board.readMemory(0, SRAM_LENGTH));
      for (const { key } of device.credentials) assert.equal(memory.indexOf(key), -1, "a device's key in memory");
    });
  }
  assert.deepEqual(leaves.slice(0, 2), leaves.slice(2));
  assert.equal(new Set(leaves).size, 2);
});

test("firmware that is configured otherwise has other aliases", limit, async () => {
  const [key, changed] = [
    await onBoard("psa", device, (_, link) => attestAlias(link, built)),
    await onBoard(OTHER, device, (_, link) => attestAlias(link, other)),
  ].map((result) => {
    assert.deepEqual(result.reasons, []);
    return Buffer.from(result.chain!.leafPublicKey!).toString("hex");
  });
  assert.notEqual(key, changed);
});

test("a device certificate beside aliases stops the board", limit, async () => {
  const [first, ...rest] = device.credentials;
  assert.equal(first.model, ALIAS_CERT);
  const mixed = { ...device, credentials: [{ ...first, model: DEVICE_CERT }, ...rest] };
  await assert.rejects(onBoard("psa", mixed, async () => {}));
});
