/**
 * ML-DSA keys for certificates (RFC 9881), by @noble/post-quantum behind as much of Web Crypto as @peculiar/x509 calls:
 * Node has had ML-DSA in its own since 24.7 only, under the same names.
 */
import { randomBytes, webcrypto } from "node:crypto";
import { ml_dsa44, ml_dsa65, ml_dsa87 } from "@noble/post-quantum/ml-dsa.js";
import { BitString, Constructed, fromBER, Integer, ObjectIdentifier, OctetString, Primitive, Sequence } from "asn1js";
import { ML_DSA_44, ML_DSA_65, ML_DSA_87 } from "../src/algorithms.js";

export interface MlDsa {
  readonly name: "ML-DSA-44" | "ML-DSA-65" | "ML-DSA-87";
  /** PqcAsymAlgo bit. */
  readonly pqcAlgorithm: number;
  /** The folder's name in DMTF's key folders. */
  readonly folder: string;
}

export const ML_DSAS: readonly MlDsa[] = Object.freeze([
  Object.freeze({ name: "ML-DSA-44", pqcAlgorithm: ML_DSA_44, folder: "mldsa44" } as const),
  Object.freeze({ name: "ML-DSA-65", pqcAlgorithm: ML_DSA_65, folder: "mldsa65" } as const),
  Object.freeze({ name: "ML-DSA-87", pqcAlgorithm: ML_DSA_87, folder: "mldsa87" } as const),
]);

const ENGINES = { "ML-DSA-44": ml_dsa44, "ML-DSA-65": ml_dsa65, "ML-DSA-87": ml_dsa87 };
/** 2.16.840.1.101.3.4.3.n. */
const OIDS: Readonly<Record<MlDsa["name"], string>> = {
  "ML-DSA-44": "2.16.840.1.101.3.4.3.17",
  "ML-DSA-65": "2.16.840.1.101.3.4.3.18",
  "ML-DSA-87": "2.16.840.1.101.3.4.3.19",
};
const SEED_LENGTH = 32;

interface MlDsaKey extends webcrypto.CryptoKey {
  readonly algorithm: { readonly name: MlDsa["name"] };
  readonly seed: Uint8Array;
}

const algorithmIdentifier = (name: MlDsa["name"]) =>
  new Sequence({ value: [new ObjectIdentifier({ value: OIDS[name] })] });

function makeKeys({ name }: { name: MlDsa["name"] }) {
  const common = { algorithm: { name }, extractable: true, seed: randomBytes(SEED_LENGTH) };
  return {
    privateKey: { ...common, type: "private", usages: ["sign"] },
    publicKey: { ...common, type: "public", usages: ["verify"] },
  };
}

/** Private keys as their seed alone, which is [0] in the choice of forms that RFC 9881 §6 has. */
function exportKey(format: string, { algorithm: { name }, seed }: MlDsaKey): ArrayBuffer {
  if (format === "spki") {
    const { publicKey } = ENGINES[name].keygen(seed);
    return new Sequence({
      value: [algorithmIdentifier(name), new BitString({ valueHex: Uint8Array.from(publicKey).buffer })],
    }).toBER();
  }
  const short = new Primitive({
    idBlock: { tagClass: 3, tagNumber: 0 },
    valueHex: Uint8Array.from(seed).buffer,
  });
  return new Sequence({
    value: [new Integer({ value: 0 }), algorithmIdentifier(name), new OctetString({ valueHex: short.toBER() })],
  }).toBER();
}

function sign(_algorithm: unknown, { algorithm: { name }, seed }: MlDsaKey, data: ArrayBuffer): ArrayBuffer {
  const { secretKey } = ENGINES[name].keygen(seed);
  return Uint8Array.from(ENGINES[name].sign(new Uint8Array(data), secretKey)).buffer;
}

export const mlDsaCrypto = {
  getRandomValues: (out: Uint8Array) => webcrypto.getRandomValues(out),
  subtle: {
    digest: (name: string, data: ArrayBuffer) => webcrypto.subtle.digest(name, data),
    generateKey: async (algorithm: { name: MlDsa["name"] }) => makeKeys(algorithm),
    exportKey: async (format: string, key: MlDsaKey) => exportKey(format, key),
    sign: async (algorithm: unknown, key: MlDsaKey, data: ArrayBuffer) => sign(algorithm, key, data),
  },
} as unknown as webcrypto.Crypto;

/**
 * The seed in a private key of this kind, PKCS#8 in DER, and the public key it makes. Throws an Error if there is none: of
 * the expanded form alone none can be had.
 */
export function readMlDsaKey({ name }: MlDsa, pkcs8: Uint8Array): { seed: Uint8Array; publicKey: Uint8Array } {
  const info = fromBER(Uint8Array.from(pkcs8)).result;
  const [, algorithm, octets] = info instanceof Sequence ? info.valueBlock.value : [];
  const oid = algorithm instanceof Sequence ? algorithm.valueBlock.value[0] : undefined;
  if (
    !(oid instanceof ObjectIdentifier) ||
    oid.valueBlock.toString() !== OIDS[name] ||
    !(octets instanceof OctetString)
  )
    throw new Error(`no ${name} key`);
  const form = fromBER(octets.valueBlock.valueHexView).result;
  // [0] seed, or both: a sequence of seed and expanded key.
  const first = form instanceof Constructed ? form.valueBlock.value[0] : form;
  const isSeed = first instanceof OctetString || (first instanceof Primitive && first.idBlock.tagClass === 3);
  const seed = isSeed ? Uint8Array.from(first.valueBlock.valueHexView) : undefined;
  if (seed?.length !== SEED_LENGTH) throw new Error(`the ${name} key has no seed`);
  return { seed, publicKey: ENGINES[name].keygen(seed).publicKey };
}
