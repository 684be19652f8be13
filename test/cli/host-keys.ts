/** Chains of every kind of keys that only hosts sign with. Making RSA keys is slow, so that all of a length are one. */
import { createPrivateKey, createPublicKey } from "node:crypto";
import { HOST_KINDS, type KeyKind } from "../../certs/hierarchy.js";
import { makeCertificates } from "../../cli/certs.js";
import rsaKeys from "../crypto/rsa-keys.json" with { type: "json" };

function withTestKey(kind: KeyKind): KeyKind {
  const pkcs8 = Object.entries(rsaKeys).find(([bits]) => kind.name === `RSA-${bits}`)?.[1];
  if (pkcs8 === undefined) return kind;
  const privateKey = createPrivateKey({ key: Buffer.from(pkcs8, "base64"), format: "der", type: "pkcs8" });
  return { ...kind, generate: () => ({ privateKey, publicKey: createPublicKey(privateKey) }) };
}

/** As `spdm certs --asym` does for all; each of the folders has its root in ca.cert.der. */
export async function makeHostKeys(out: string): Promise<readonly string[]> {
  await makeCertificates({ out, kinds: HOST_KINDS.map(withTestKey) });
  return HOST_KINDS.map(({ folder }) => `${out}/${folder}/ca.cert.der`);
}
