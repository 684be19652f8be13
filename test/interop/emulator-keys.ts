/** What DMTF's programs want in a folder of keys, beside what `spdm certs` makes. */
import { copyFileSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Node before 24 reads no post-quantum key, and writes none. */
function toPem(pkcs8: Buffer): string {
  const lines = pkcs8.toString("base64").replace(/.{64}(?=.)/g, "$&\n");
  return `-----BEGIN PRIVATE KEY-----\n${lines}\n-----END PRIVATE KEY-----\n`;
}

/** Keys as PEM, and chains in slots 1 and 4, the same as in slot 0. */
export function completeForEmulator(folder: string): void {
  for (const kind of readdirSync(folder)) {
    const at = (name: string) => join(folder, kind, name);
    if (!statSync(at(".")).isDirectory()) continue;
    for (const role of ["responder", "requester"])
      writeFileSync(at(`end_${role}.key`), toPem(readFileSync(at(`end_${role}.key.p8`))));
    for (const slot of [1, 4])
      copyFileSync(at("bundle_responder.certchain.der"), at(`bundle_responder.certchain${slot}.der`));
    copyFileSync(at("end_responder.key"), at("end_responder4.key"));
    copyFileSync(at("end_responder.key.p8"), at("end_responder1.key.p8"));
    copyFileSync(at("ca.cert.der"), at("ca1.cert.der"));
  }
}
