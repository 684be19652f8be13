/** Changes of certificate slots under power cuts: hal/chip/replace.c compiled for this machine, over a flash in memory. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { run } from "../../boards/xs/run.js";
import { identityDigestFits, readIdentityTable } from "../../certs/identity-image.js";
import { writeIdentityImage } from "../../certs/identity-writer.js";
import { sha256 } from "../../hal/portable/crypto.js";
import { memory } from "../support/identity-images.js";
import { inTemporaryDirectory } from "../support/xs/xs-tests.js";
import { buildHarness, countsOf } from "./support/build.js";

const key = (fill: number, length = 48) => new Uint8Array(length).fill(fill);
const chain = (length: number) => Uint8Array.from({ length }, (_, i) => i * 7);
const P256 = 0x10;
const P384 = 0x80;

/** As the harness says that it is. */
const IMAGE = writeIdentityImage(
  {
    uuid: new Uint8Array(16).fill(0x77),
    credentials: [
      { slot: 0, algorithm: P256, chain: chain(900), key: key(1, 32) },
      { slot: 0, algorithm: P384, chain: chain(1500), key: key(2) },
      { slot: 1, algorithm: P384, model: 2, chain: chain(1600), key: key(2) },
      { slot: 4, algorithm: P384, chain: chain(1700), key: key(3) },
    ],
    spareKeys: [{ algorithm: P384, key: key(4) }],
    psks: [{ hint: Uint8Array.of(1, 2, 3), key: key(5, 64) }],
    requesterAnchors: [chain(300)],
    requesterChains: [{ algorithm: P256, chain: chain(400) }],
    policy: {
      requested: 2,
      basic: false,
      inTheClear: true,
      macOnly: false,
      pskWithoutContext: false,
      certificates: true,
    },
  },
  sha256,
);

test("whenever power fails, no slot is half changed and no key is lost", { timeout: 240_000 }, async () => {
  await inTemporaryDirectory(async (directory) => {
    const [first, last] = [join(directory, "first"), join(directory, "last")];
    writeFileSync(first, IMAGE);
    const sources = ["identity.c", "replace.c", "store.c"];
    const more = ["test/chip/support/nor-flash.c"];
    const harness = await buildHarness(directory, "replace-harness.c", sources, { more });
    const printed = await run(harness, [first, last]);
    console.log(printed.trim());
    const counts = countsOf(printed);
    // Each of eight changes has 18 erasures, its header and its pages; each is cut in three ways, in two states.
    for (const [what, least] of [
      ["plain, cuts", 2000],
      ["sealed, cuts", 2000],
      ["plain, failures", 500],
      ["sealed, failures", 500],
      ["done", 1],
    ] as const)
      assert.ok(counts.get(what)! >= least, printed);

    const image = new Uint8Array(readFileSync(last));
    const table = readIdentityTable(memory(image));
    assert.ok(identityDigestFits(memory(image), table, sha256));
    const { psks, requesterAnchors, requesterChains, policy, uuid } = readIdentityTable(memory(IMAGE));
    assert.deepEqual([table.uuid, table.policy], [uuid, policy]);
    assert.deepEqual(
      [table.psks.length, table.requesterAnchors.length, table.requesterChains.length],
      [psks.length, requesterAnchors.length, requesterChains.length],
    );
    const held = [...table.credentials, ...table.spareKeys].map(({ key: { offset } }) => image[offset]);
    assert.deepEqual([...new Set(held)].sort(), [1, 2, 3, 4]);
  });
});
