/** The device that tests provision boards as: flash image and roots of this project's test keys, P-256 and P-384. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeIdentityImage } from "../../../certs/identity-image.js";
import { loadIdentity } from "../../../cli/certs.js";
import { sha256 } from "../../../hal/portable/crypto.js";

const KEYS = fileURLToPath(new URL("../../vectors/keys", import.meta.url));

/** The roots of its chains. */
export const ROOTS = ["ecp256", "ecp384"].map((folder) => join(KEYS, folder, "ca.cert.der"));

export function testFlash(): Uint8Array {
  const { uuid, credentials } = loadIdentity(KEYS);
  return writeIdentityImage(uuid, credentials, sha256);
}

/** Its private keys, and in how many slots each is. */
export function testKeys(): { key: Buffer; slots: number }[] {
  const { credentials } = loadIdentity(KEYS);
  const keys = new Set(credentials.map(({ key }) => Buffer.from(key).toString("hex")));
  return [...keys].map((hex) => ({
    key: Buffer.from(hex, "hex"),
    slots: credentials.filter(({ key }) => Buffer.from(key).toString("hex") === hex).length,
  }));
}
