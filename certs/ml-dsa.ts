/**
 * ML-DSA keys for certificates (RFC 9881), by @noble/post-quantum: node:crypto has had them since Node 24 only.
 */
import { randomBytes } from "node:crypto";
import { ml_dsa44, ml_dsa65, ml_dsa87 } from "@noble/post-quantum/ml-dsa.js";
import { BitString, Constructed, fromBER, Integer, ObjectIdentifier, OctetString, Primitive, Sequence } from "asn1js";
import { ML_DSA_44, ML_DSA_65, ML_DSA_87 } from "../src/algorithms.js";
import type { KeyKind } from "./hierarchy.js";

export interface MlDsa extends KeyKind {
  readonly name: "ML-DSA-44" | "ML-DSA-65" | "ML-DSA-87";
  /** PqcAsymAlgo bit. */
  readonly pqcAlgorithm: number;
}

const mlDsa = (name: MlDsa["name"], pqcAlgorithm: number, folder: string): MlDsa =>
  Object.freeze({
    name,
    algorithms: [],
    pqcAlgorithm,
    folder,
    generate: () => {
      const key = new MlDsaKey(name);
      return { publicKey: key, privateKey: key };
    },
    signature: { name },
  });

export const ML_DSAS: readonly MlDsa[] = Object.freeze([
  mlDsa("ML-DSA-44", ML_DSA_44, "mldsa44"),
  mlDsa("ML-DSA-65", ML_DSA_65, "mldsa65"),
  mlDsa("ML-DSA-87", ML_DSA_87, "mldsa87"),
]);

const ENGINES = { "ML-DSA-44": ml_dsa44, "ML-DSA-65": ml_dsa65, "ML-DSA-87": ml_dsa87 };
/** 2.16.840.1.101.3.4.3.n. */
const OIDS: Readonly<Record<MlDsa["name"], string>> = {
  "ML-DSA-44": "2.16.840.1.101.3.4.3.17",
  "ML-DSA-65": "2.16.840.1.101.3.4.3.18",
  "ML-DSA-87": "2.16.840.1.101.3.4.3.19",
};
const SEED_LENGTH = 32;

const algorithmIdentifier = (name: MlDsa["name"]) =>
  new Sequence({ value: [new ObjectIdentifier({ value: OIDS[name] })] });

/** A private key, with as much of a KeyObject as certificates need. */
export class MlDsaKey {
  readonly #name: MlDsa["name"];
  readonly #seed = randomBytes(SEED_LENGTH);

  constructor(name: MlDsa["name"]) {
    this.#name = name;
  }

  /** Public keys as SubjectPublicKeyInfo, private keys as their seed alone: [0] in RFC 9881 §6's choice of forms. */
  export({ type }: { type: "spki" | "pkcs8"; format: "der" }): Buffer {
    const algorithm = algorithmIdentifier(this.#name);
    if (type === "spki") {
      const { publicKey } = ENGINES[this.#name].keygen(this.#seed);
      const bits = new BitString({ valueHex: Uint8Array.from(publicKey).buffer });
      return Buffer.from(new Sequence({ value: [algorithm, bits] }).toBER());
    }
    const short = new Primitive({
      idBlock: { tagClass: 3, tagNumber: 0 },
      valueHex: Uint8Array.from(this.#seed).buffer,
    });
    const octets = new OctetString({ valueHex: short.toBER() });
    return Buffer.from(new Sequence({ value: [new Integer({ value: 0 }), algorithm, octets] }).toBER());
  }

  sign(data: Uint8Array): Uint8Array {
    const { secretKey } = ENGINES[this.#name].keygen(this.#seed);
    return ENGINES[this.#name].sign(data, secretKey);
  }
}

export interface MlDsaKeyPair {
  /** The same key, of which the public half is exported. */
  readonly publicKey: MlDsaKey;
  readonly privateKey: MlDsaKey;
}

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
