/** Features are imports: what a board does not list is not in its firmware. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Metafile } from "esbuild";
import { RECIPES } from "../../boards/ast1030/build.js";
import { bundle } from "../../boards/xs/build.js";
import { inTemporaryDirectory } from "../support/xs/xs-tests.js";

/** Files that have bytes in the bundle of `entry`, as it would be compiled for the board. */
async function linked(entry: string, natives: readonly string[]): Promise<string[]> {
  let metafile: Metafile | undefined;
  await inTemporaryDirectory((directory) =>
    bundle(entry, `${directory}/main.js`, {
      minify: true,
      metafile: true,
      external: [...natives],
      plugins: [
        {
          name: "metafile",
          setup(build) {
            build.onEnd((result) => {
              metafile = result.metafile;
            });
          },
        },
      ],
    }),
  );
  const [{ inputs }] = Object.values(metafile!.outputs);
  return Object.keys(inputs).filter((path) => inputs[path].bytesInOutput > 0);
}

const HOST_ONLY =
  /^hal\/node\/|^hal\/portable\/(ed25519|ed448|eddsa|sha3)|@noble\/curves\/(ed\d|abstract\/(edwards|montgomery))|sha3/;

/** What changes certificates in the field. */
const CERTIFICATES =
  /^(src\/messages\/(csr|set-certificate)|src\/(pkcs10|der-writer|installable-chain)|hal\/chip\/certificate-slots|boards\/psa-certificates)\.ts$/;

for (const [name, { entry, natives }] of Object.entries(RECIPES)) {
  test(`ast1030/${name} has no algorithm that it does not import`, async () => {
    const files = await linked(entry, Object.values(natives));
    assert.ok(files.includes("src/messages/algorithms.ts"));
    assert.equal(files.includes("hal/portable/crypto.ts"), name === "noble");
    assert.deepEqual(
      files.filter((path) => HOST_ONLY.test(path)),
      [],
    );
    assert.equal(files.filter((path) => CERTIFICATES.test(path)).length, name === "psa" ? 7 : 0);
  });
}
