/** The device that tests provision boards as: flash image and roots of this project's test keys, P-256 and P-384. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { SessionPolicy } from "../../../certs/identity-image.js";
import { writeIdentityImage } from "../../../certs/identity-writer.js";
import { identityOf, loadIdentity, loadPsks, loadRequester } from "../../../cli/identity.js";
import { sha256 } from "../../../hal/portable/crypto.js";
import { ECDSA_P384 } from "../../../src/algorithms.js";
import { BOARD, coveredBy } from "../../support/coverage.js";

coveredBy(BOARD);

export const KEYS = fileURLToPath(new URL("../../vectors/keys", import.meta.url));

/** The roots of its chains. */
export const ROOTS = ["ecp256", "ecp384"].map((folder) => join(KEYS, folder, "ca.cert.der"));

/** With `policy` in place of what the keys' folder has by default. */
export function testFlash(policy: Partial<SessionPolicy> = {}): Uint8Array {
  return writeIdentityImage(loadIdentity(KEYS, policy), sha256);
}

/** A pre-shared key of it. */
export const PSK = loadPsks(join(KEYS, "psk.json"))[0];

/** What its requester anchors vouch for. */
export const REQUESTER = [{ algorithm: ECDSA_P384, identity: identityOf(loadRequester(KEYS), ECDSA_P384) }];

/** Its keys, and how often each is in the board's memory: private ones once, pre-shared ones never. */
export function testKeys(): { key: Buffer; count: number }[] {
  const { credentials, psks } = loadIdentity(KEYS);
  const keys = new Set(credentials.map(({ key }) => Buffer.from(key).toString("hex")));
  const privateKeys = [...keys].map((hex) => ({ key: Buffer.from(hex, "hex"), count: 1 }));
  return [...privateKeys, ...psks.map(({ key }) => ({ key: Buffer.from(key), count: 0 }))];
}
