/** What a user's authority does: the intermediate of the test keys signs what a certification request asks for. */
import { webcrypto } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as x509 from "../../certs/x509.js";
import { concat } from "../support/bytes.js";
import { KEYS } from "./answering.js";

const DAY_MS = 24 * 60 * 60 * 1000;

/** A file of the test keys, P-384's. */
export const read = (name: string, folder = "ecp384") => readFileSync(join(KEYS, folder, name));

/** The chain, DER, root first, whose leaf the request is for; `curve` is the authority's. */
export async function signRequest(request: Uint8Array, curve: "P-256" | "P-384" = "P-384"): Promise<Uint8Array> {
  const folder = curve === "P-384" ? "ecp384" : "ecp256";
  const algorithm = { name: "ECDSA", namedCurve: curve, hash: curve === "P-384" ? "SHA-384" : "SHA-256" };
  const csr = new x509.Pkcs10CertificateRequest(Uint8Array.from(request));
  const issuer = new x509.X509Certificate(read("inter.cert.der", folder));
  const key = await webcrypto.subtle.importKey("pkcs8", read("inter.key.p8", folder), algorithm, false, ["sign"]);
  const leaf = await x509.X509CertificateGenerator.create(
    {
      subject: csr.subjectName,
      issuer: issuer.subjectName,
      notBefore: new Date(Date.now() - DAY_MS),
      notAfter: new Date(Date.now() + DAY_MS),
      publicKey: csr.publicKey,
      signingKey: key,
      signingAlgorithm: algorithm,
      extensions: csr.extensions,
    },
    webcrypto,
  );
  return concat(read("ca.cert.der", folder), read("inter.cert.der", folder), new Uint8Array(leaf.rawData));
}
