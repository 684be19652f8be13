/** SHA-3 (FIPS 202) over @noble/hashes; in a file of its own, so that only boards that import it have it. */
export { sha3_256, sha3_384, sha3_512 } from "@noble/hashes/sha3.js";
