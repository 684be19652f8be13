/** Runs on XS (noble.test.ts): the suite over hal/portable where there is no Web Crypto. */
import * as portable from "../../hal/portable/crypto.js";
import * as sha3 from "../../hal/portable/sha3.js";
import { deterministicRandom } from "../support/random.js";
import { ed448Suite, ed25519Suite } from "./eddsa-suite.js";
import { cryptoSuite } from "./suite.js";

const { sha256, sha384, sha512, p256, p384, secp256r1, secp384r1, secp521r1, p256Signer, p384Signer } = portable;
const random = deterministicRandom();
cryptoSuite({
  hashes: { sha256, sha384, sha512 },
  sha3,
  signatures: {
    p256,
    p384,
    p256Signer: (scalar) => p256Signer(scalar, random, 1),
    p384Signer: (scalar) => p384Signer(scalar, random, 1),
  },
  agreements: { secp256r1: secp256r1(random, 1), secp384r1: secp384r1(random, 1), secp521r1: secp521r1(random, 1) },
  random,
});
ed25519Suite();
ed448Suite();
