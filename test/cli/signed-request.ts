/** The authority that signs what the test device asks for. */
import { webcrypto } from "node:crypto";
import { readFileSync } from "node:fs";
import * as x509 from "../../certs/x509.js";
import { concat } from "../support/bytes.js";

const DAY_MS = 24 * 60 * 60 * 1000;
export const ALGORITHM = { name: "ECDSA", namedCurve: "P-384", hash: "SHA-384" };
export const read = (name: string) => readFileSync(new URL(`../vectors/keys/ecp384/${name}`, import.meta.url));

/** What a user's authority does: the test keys' intermediate signs what the request asks for. */
export async function sign(request: Uint8Array): Promise<Uint8Array> {
  const csr = new x509.Pkcs10CertificateRequest(Uint8Array.from(request));
  const issuer = new x509.X509Certificate(read("inter.cert.der"));
  const key = await webcrypto.subtle.importKey("pkcs8", read("inter.key.p8"), ALGORITHM, false, ["sign"]);
  const leaf = await x509.X509CertificateGenerator.create(
    {
      subject: csr.subjectName,
      issuer: issuer.subjectName,
      notBefore: new Date(Date.now() - DAY_MS),
      notAfter: new Date(Date.now() + DAY_MS),
      publicKey: csr.publicKey,
      signingKey: key,
      signingAlgorithm: ALGORITHM,
      extensions: csr.extensions,
    },
    webcrypto,
  );
  return concat(read("ca.cert.der"), read("inter.cert.der"), new Uint8Array(leaf.rawData));
}
