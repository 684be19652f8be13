/** One slot of an identity is changed where it lies, and the rest of it stays. */
import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { type Credential, writeIdentityImage } from "../../certs/identity-writer.js";
import { identityOf, type LoadedIdentity, loadIdentity } from "../../cli/identity.js";
import { storeCredential } from "../../cli/identity-store.js";
import { sha256 } from "../../hal/portable/crypto.js";
import { ECDSA_P256, ECDSA_P384 } from "../../src/algorithms.js";
import { KEYS } from "./answering.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "spdm-identity-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const find = ({ credentials }: LoadedIdentity, slot: number, algorithm = ECDSA_P384): Credential | undefined =>
  credentials.find((each) => each.slot === slot && each.algorithm === algorithm);

function change(path: string): void {
  const before = loadIdentity(path);
  const own = find(before, 4)!;
  storeCredential(path, { slot: 6, algorithm: ECDSA_P384 }, { ...own, slot: 6 });
  storeCredential(path, { slot: 4, algorithm: ECDSA_P384 }, { ...find(before, 0)!, slot: 4 });
  storeCredential(path, { slot: 1, algorithm: ECDSA_P384 }, undefined);
  storeCredential(path, { slot: 7, algorithm: ECDSA_P384 }, undefined);
  const after = loadIdentity(path);
  assert.deepEqual(find(after, 6), { ...own, slot: 6 });
  assert.deepEqual(find(after, 4), { ...find(before, 0)!, slot: 4 });
  assert.equal(find(after, 1), undefined);
  for (const slot of [0, 1, 4]) assert.deepEqual(find(after, slot, ECDSA_P256), find(before, slot, ECDSA_P256));
  assert.deepEqual(find(after, 0), find(before, 0));
  const { credentials: _, ...rest } = after;
  const { credentials: __, ...same } = before;
  assert.deepEqual(rest, same);
}

test("a folder", () => {
  cpSync(KEYS, folder, { recursive: true });
  change(folder);
  assert.ok(!readdirSync(join(folder, "ecp384")).some((name) => name.endsWith(".new")));
});

test("one algorithm's folder", () => {
  const own = join(folder, "ecp384");
  cpSync(join(KEYS, "ecp384"), own, { recursive: true });
  change(own);
});

test("an image keeps of what kind a chain is", () => {
  const file = join(folder, "identity.bin");
  writeFileSync(file, writeIdentityImage(loadIdentity(KEYS), sha256));
  const own = find(loadIdentity(file), 4)!;
  storeCredential(file, own, { ...own, model: 3 });
  const { credentials } = loadIdentity(file);
  assert.equal(find(loadIdentity(file), 4)!.model, 3);
  assert.equal(identityOf(credentials, ECDSA_P384).certificateModel!(4), 3);
  assert.equal(identityOf(credentials, ECDSA_P384).certificateModel!(0), 1);
});

test("an image", () => {
  const file = join(folder, "identity.bin");
  writeFileSync(file, writeIdentityImage(loadIdentity(KEYS), sha256));
  change(file);
  assert.deepEqual(readdirSync(folder), ["identity.bin"]);
});

test("what cannot be stored leaves what was there", () => {
  const file = join(folder, "identity.bin");
  writeFileSync(file, writeIdentityImage(loadIdentity(KEYS), sha256));
  const before = loadIdentity(file);
  const huge = { ...find(before, 0)!, slot: 5, chain: new Uint8Array(0xf000) };
  assert.throws(() => storeCredential(file, huge, huge), RangeError);
  mkdirSync(`${file}.new`); // a folder, where the new file would be written
  writeFileSync(join(`${file}.new`, "x"), "");
  assert.throws(() => storeCredential(file, { slot: 1, algorithm: ECDSA_P384 }, undefined));
  assert.deepEqual(loadIdentity(file), before);
});
