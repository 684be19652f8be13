/**
 * hal/psa on host XS, with Debian's Mbed TLS: the suite, an exchange of signatures and sealed texts with Node, and what
 * happens when memory runs out.
 */
import assert from "node:assert/strict";
import { createHash, createPublicKey, generateKeyPairSync, randomBytes, sign, verify } from "node:crypto";
import { join } from "node:path";
import { test } from "node:test";
import { buildRunner, compileC, link } from "../../boards/xs/build.js";
import { run } from "../../boards/xs/run.js";
import { buildHostPsa, psaFlags } from "../../hal/psa/build.js";
import { mbedtls } from "../../tools/mbedtls.js";
import { toHex } from "../support/bytes.js";
import { aes128Gcm, aes256Gcm, chacha20Poly1305 } from "../support/node-crypto.js";
import { inTemporaryDirectory, root } from "../support/xs/xs-tests.js";
import { runOnXs, summary } from "./on-xs.js";

/** Bytes of text and of associated data; the last are records of sessions without encryption. */
const LENGTHS: readonly (readonly [number, number])[] = [
  ...Array.from({ length: 80 }, (_, length) => [length, length % 33] as const),
  ...[13, 100, 4096].map((length) => [0, length] as const),
];
const HASHES = ["sha256", "sha384", "sha512"];

function signatures() {
  return [256, 384].flatMap((bits) =>
    HASHES.map((hash) => {
      const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: `P-${bits}` });
      const { x, y } = publicKey.export({ format: "jwk" });
      const message = randomBytes(50);
      return {
        bits,
        publicKey: Buffer.from(x!, "base64url").toString("hex") + Buffer.from(y!, "base64url").toString("hex"),
        digest: createHash(hash).update(message).digest("hex"),
        signature: sign(hash, message, { key: privateKey, dsaEncoding: "ieee-p1363" }).toString("hex"),
      };
    }),
  );
}

function sealed() {
  return Object.entries({ aes128Gcm, aes256Gcm, chacha20Poly1305 }).flatMap(([name, aead]) =>
    LENGTHS.map(([length, dataLength]) => {
      const key = randomBytes(aead.keyLength);
      const nonce = randomBytes(12);
      const data = randomBytes(dataLength);
      const text = randomBytes(length);
      const cipher = Uint8Array.from(text);
      const tag = new Uint8Array(16);
      aead.create(key).seal(nonce, data, cipher, tag);
      const parts = { key, nonce, data, text, cipher, tag };
      const hex = Object.fromEntries(Object.entries(parts).map(([part, bytes]) => [part, toHex(bytes)]));
      return { name, ...hex };
    }),
  );
}

function verifies(line: string): boolean {
  const [, bits, hash, point, signature] = line.split(" ");
  const [x, y] = [point.slice(0, point.length / 2), point.slice(point.length / 2)].map((half) =>
    Buffer.from(half, "hex").toString("base64url"),
  );
  const key = createPublicKey({ key: { kty: "EC", crv: `P-${bits}`, x, y }, format: "jwk" });
  return verify(hash, Buffer.from("from PSA"), { key, dsaEncoding: "ieee-p1363" }, Buffer.from(signature, "hex"));
}

test("hal/psa on XS", async (t) => {
  const program = await buildRunner("xsrun-psa", await buildHostPsa());
  const exchange = JSON.stringify({ signatures: signatures(), sealed: sealed() });
  const output = await runOnXs(program, "psa-main.ts", { EXCHANGE: exchange });
  t.diagnostic(summary(output));
  const lines = output.split("\n").filter((line) => line.startsWith("signature "));
  assert.equal(lines.length, 2 * HASHES.length);
  for (const line of lines) assert.ok(verifies(line), line);
});

test("ephemeral keys that cannot be exported leave PSA's slots free", async () => {
  await inTemporaryDirectory(async (directory) => {
    const cc = process.env.CC ?? "cc";
    const flags = ["-O1", "-g", ...(await psaFlags({ persistent: true })), "-Wall", "-Wextra", "-Werror"];
    const faults = await compileC({ cc, flags, out: directory }, [join(root, "test/crypto/psa-faults.c")]);
    const objects = [...(await buildHostPsa()), ...faults];
    const program = await buildRunner("xsrun-psa-faults", objects, ["-Wl,--wrap=psa_export_public_key"]);
    summary(await runOnXs(program, "psa-faults-main.ts"));
  });
});

test("its.c: power that fails at any byte leaves the old value or the new", async () => {
  await inTemporaryDirectory(async (directory) => {
    const flags = ["-O1", "-g", ...(await psaFlags({ persistent: true })), "-Wall", "-Wextra", "-Werror"];
    const sources = [join(root, "test/crypto/its-test.c"), join(root, "hal/psa/its/its.c")];
    const cc = process.env.CC ?? "cc";
    const objects = await compileC({ cc, flags, out: directory }, sources);
    const library = await compileC({ cc, flags: [...flags, "-w"], out: directory }, [
      join(await mbedtls(), "library/platform_util.c"),
    ]);
    const program = join(directory, "its-test");
    await link(cc, [...objects, ...library], [], program);
    assert.match(await run(program, []), /^passed/);
  });
});
