/** The post-quantum engines of a requester, by the bits of the algorithms they are. */
import type { KeyDecapsulation, Random, Verifier } from "../../hal/crypto.js";
import { mlDsa44, mlDsa65, mlDsa87 } from "../../hal/portable/ml-dsa.js";
import { mlKem512, mlKem768, mlKem1024 } from "../../hal/portable/ml-kem.js";
import * as slhDsa from "../../hal/portable/slh-dsa.js";
import * as algorithm from "../../src/algorithms.js";

export const PQC_VERIFIERS: Readonly<Record<number, Verifier>> = {
  [algorithm.ML_DSA_44]: mlDsa44,
  [algorithm.ML_DSA_65]: mlDsa65,
  [algorithm.ML_DSA_87]: mlDsa87,
  [algorithm.SLH_DSA_SHA2_128S]: slhDsa.slhDsaSha2128s,
  [algorithm.SLH_DSA_SHAKE_128S]: slhDsa.slhDsaShake128s,
  [algorithm.SLH_DSA_SHA2_128F]: slhDsa.slhDsaSha2128f,
  [algorithm.SLH_DSA_SHAKE_128F]: slhDsa.slhDsaShake128f,
  [algorithm.SLH_DSA_SHA2_192S]: slhDsa.slhDsaSha2192s,
  [algorithm.SLH_DSA_SHAKE_192S]: slhDsa.slhDsaShake192s,
  [algorithm.SLH_DSA_SHA2_192F]: slhDsa.slhDsaSha2192f,
  [algorithm.SLH_DSA_SHAKE_192F]: slhDsa.slhDsaShake192f,
  [algorithm.SLH_DSA_SHA2_256S]: slhDsa.slhDsaSha2256s,
  [algorithm.SLH_DSA_SHAKE_256S]: slhDsa.slhDsaShake256s,
  [algorithm.SLH_DSA_SHA2_256F]: slhDsa.slhDsaSha2256f,
  [algorithm.SLH_DSA_SHAKE_256F]: slhDsa.slhDsaShake256f,
};

export const KEY_DECAPSULATIONS: Readonly<Record<number, (random: Random) => KeyDecapsulation>> = {
  [algorithm.ML_KEM_512]: mlKem512,
  [algorithm.ML_KEM_768]: mlKem768,
  [algorithm.ML_KEM_1024]: mlKem1024,
};
