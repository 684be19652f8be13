/** The firmware with all cryptography in JavaScript, by noble: what a chip without an SDK of its own could run. */
import type { CredentialEntry } from "../../certs/identity-image.js";
import { cryptoEnter, cryptoLeave, identityRead, random } from "../../hal/chip/chip.js";
import type { Signer } from "../../hal/chip/identity.js";
import type { Hash, HashAlgorithm } from "../../hal/crypto.js";
import { p256Signer, p384Signer, sha256, sha384, sha512 } from "../../hal/portable/crypto.js";
import { ECDSA_P384 } from "../../src/algorithms.js";
import { start } from "../firmware.js";
import { onI2C } from "../i2c.js";
import { I2C, NOBLE } from "./configuration.js";

/** Bits at a time in base-point multiplication: more would keep tables that this heap has no room for. */
const BASE_WINDOW = 1;

/** Runs `work` and has the board account for it as cryptography. */
function accounted<Result>(work: () => Result): Result {
  cryptoEnter();
  try {
    return work();
  } finally {
    cryptoLeave();
  }
}

function accountedHash(hash: Hash): Hash {
  return {
    update: (data) => accounted(() => hash.update(data)),
    digestInto: (out) => accounted(() => hash.digestInto(out)),
    clone: () => accounted(() => accountedHash(hash.clone())),
    destroy: () => accounted(() => hash.destroy()),
  };
}

function accountedAlgorithm(algorithm: HashAlgorithm): HashAlgorithm {
  const { outputLen, blockLen } = algorithm;
  return { outputLen, blockLen, create: () => accounted(() => accountedHash(algorithm.create())) };
}

function signer({ algorithm, key: { offset, length } }: CredentialEntry): Signer {
  const scalar = new Uint8Array(length);
  identityRead(offset, scalar);
  const key = (algorithm === ECDSA_P384 ? p384Signer : p256Signer)(scalar, random, BASE_WINDOW);
  return { sign: (digest, signature) => accounted(() => key.sign(digest, signature)) };
}

start(
  NOBLE,
  {
    sha256: accountedAlgorithm(sha256),
    sha384: accountedAlgorithm(sha384),
    sha512: accountedAlgorithm(sha512),
    signer,
  },
  [onI2C(I2C)],
);
