/**
 * ML-DSA keys as fixture.ts has those of ECDSA. What stands in for their chains is one certificate as far as devices look
 * at it: a DER sequence that ends in the leaf's SubjectPublicKeyInfo.
 */
import { mlDsa44, mlDsa44Signer, mlDsa65, mlDsa65Signer, mlDsa87, mlDsa87Signer } from "../../hal/portable/ml-dsa.js";
import { ML_DSA_44, ML_DSA_65, ML_DSA_87 } from "../../src/algorithms.js";
import { concat, fromHex, toHex } from "./bytes.js";
import { deterministicRandom } from "./random.js";

const SEED = "42".repeat(32);

function standIn(signer: typeof mlDsa65Signer, spki: string, keyLength: number): string {
  const publicKey = new Uint8Array(keyLength);
  signer(fromHex(SEED), deterministicRandom()).publicKey(publicKey);
  const info = concat(fromHex(spki), publicKey);
  return toHex(concat(Uint8Array.of(0x30, 0x82, info.length >> 8, info.length), info));
}

function mlDsa(name: string, algorithm: number, signer: typeof mlDsa65Signer, verifier: typeof mlDsa65, spki: string) {
  const chain = standIn(signer, spki, verifier.publicKeyLength);
  return { name, algorithm, signer, verifier, spki, data: { chains: { "0": chain }, keys: { "0": SEED } } };
}

/** `spki` is what stands before the key in a certificate. */
export const ML_DSAS = Object.freeze([
  mlDsa("ML-DSA-44", ML_DSA_44, mlDsa44Signer, mlDsa44, "30820532300b06096086480165030403110382052100"),
  mlDsa("ML-DSA-65", ML_DSA_65, mlDsa65Signer, mlDsa65, "308207b2300b0609608648016503040312038207a100"),
  mlDsa("ML-DSA-87", ML_DSA_87, mlDsa87Signer, mlDsa87, "30820a32300b060960864801650304031303820a2100"),
]);
export type MlDsa = (typeof ML_DSAS)[number];

export const mlDsaOf = (algorithm: number): MlDsa => ML_DSAS.find((each) => each.algorithm === algorithm)!;
