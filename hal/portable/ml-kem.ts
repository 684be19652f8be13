/**
 * ML-KEM (FIPS 203) over @noble/post-quantum, in a file of its own: a board that does not import it links nothing of it.
 * All randomness is the caller's; noble would look for Web Crypto.
 */
import { ml_kem512, ml_kem768, ml_kem1024 } from "@noble/post-quantum/ml-kem.js";
import type { DecapsulationKey, KeyDecapsulation, KeyEncapsulation, Random } from "../crypto.js";

/** Bytes of d and z, of which a key pair is made (FIPS 203 §7.1), and of m, of which a shared secret is (§7.2). */
const SEED_LENGTH = 64;
const MESSAGE_LENGTH = 32;
const SHARED_SECRET_LENGTH = 32;

type Engine = typeof ml_kem768;

/** Undefined if the key, which has the right length, fails noble's modulus check: a coefficient of 3,329 or more. */
function attempt(engine: Engine, key: Uint8Array, message: Uint8Array): ReturnType<Engine["encapsulate"]> | undefined {
  try {
    return engine.encapsulate(key, message);
  } catch {
    return undefined;
  }
}

function encapsulate(engine: Engine, random: Random, key: Uint8Array, ciphertext: Uint8Array, shared: Uint8Array) {
  if (key.length !== engine.lengths.publicKey) return false;
  const message = new Uint8Array(MESSAGE_LENGTH);
  random(message);
  const made = attempt(engine, key, message);
  message.fill(0);
  if (made === undefined) return false;
  ciphertext.set(made.cipherText);
  shared.set(made.sharedSecret);
  made.sharedSecret.fill(0);
  return true;
}

function generate(engine: Engine, random: Random, encapsulationKey: Uint8Array): DecapsulationKey {
  const seed = new Uint8Array(SEED_LENGTH);
  random(seed);
  const { publicKey, secretKey } = engine.keygen(seed);
  seed.fill(0);
  encapsulationKey.set(publicKey);
  return {
    decapsulate(ciphertext, sharedSecret) {
      if (ciphertext.length !== engine.lengths.cipherText) return false;
      const shared = engine.decapsulate(ciphertext, secretKey);
      sharedSecret.set(shared);
      shared.fill(0);
      return true;
    },
    destroy() {
      secretKey.fill(0); // no valid key: decapsulate throws from now on
    },
  };
}

type KemMaker = (random: Random) => KeyEncapsulation & KeyDecapsulation;

function kem(engine: Engine): KemMaker {
  return (random) =>
    Object.freeze({
      encapsulationKeyLength: engine.lengths.publicKey!,
      ciphertextLength: engine.lengths.cipherText!,
      sharedSecretLength: SHARED_SECRET_LENGTH,
      encapsulate: (key: Uint8Array, ciphertext: Uint8Array, sharedSecret: Uint8Array) =>
        encapsulate(engine, random, key, ciphertext, sharedSecret),
      generate: (encapsulationKey: Uint8Array) => generate(engine, random, encapsulationKey),
    });
}

export const mlKem512 = /* @__PURE__ */ kem(ml_kem512);
export const mlKem768 = /* @__PURE__ */ kem(ml_kem768);
export const mlKem1024 = /* @__PURE__ */ kem(ml_kem1024);
