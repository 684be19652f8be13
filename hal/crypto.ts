/**
 * Cryptographic engines. Every call is synchronous, works in the caller's buffers and keeps no view of them.
 * The shapes of Hash and HashAlgorithm are those of @noble/hashes, so its algorithms fit as they are.
 */

/** A running hash. */
export interface Hash {
  update(data: Uint8Array): unknown;
  /** Writes the digest to the first `outputLen` bytes of `out`; the hash is spent afterwards. */
  digestInto(out: Uint8Array): void;
  /** An independent copy of the running state. */
  clone(): Hash;
  /** Wipes the state. A hash that is dropped without it is wiped when it is collected, or never. */
  destroy(): void;
}

export interface HashAlgorithm {
  /** Bytes in a digest. */
  readonly outputLen: number;
  /** Bytes in a block, which HMAC needs. */
  readonly blockLen: number;
  create(): Hash;
  /**
   * HMAC (RFC 2104) of `parts`, one behind the other, into the first `outputLen` bytes of `out`, where the engine has it;
   * `key` is at most `blockLen` bytes. Of an engine that has not, src/hmac.ts makes it, some 0.4 M instructions dearer on
   * XS.
   */
  readonly hmac?: (key: Uint8Array, parts: readonly Uint8Array[], out: Uint8Array) => void;
}

/** What some algorithms need beside what is signed. */
export interface SigningTerms {
  /** What made the digest: RSA's padding names it. */
  readonly hash: HashAlgorithm;
  /** ASCII, for algorithms that have a context of their own: Ed448, ML-DSA, SLH-DSA. */
  readonly context: string;
}

/** Verifies signatures. Signing is `Identity.sign`: keys stay with their owner. */
export interface Verifier {
  /** Bytes of a signature; of ECDSA r then s, big-endian, each as long as the group's order. RSA's are big-endian, too. */
  readonly signatureLength: number;
  /** Bytes of a public key: of ECDSA X then Y, of RSA the modulus, then its exponent in 4 bytes; big-endian. */
  readonly publicKeyLength: number;
  /** Whether it verifies content that it hashes itself, as EdDSA and ML-DSA do, and not a digest. False if absent. */
  readonly takesContent?: boolean;
  /**
   * Whether `signature` over `digest` (already hashed, any hash) or over content was made with the key to `publicKey`.
   * Never throws. Without `terms` the hash is SHA-2 by the digest's length, and there is no context: as in certificates.
   */
  verify(publicKey: Uint8Array, digest: Uint8Array, signature: Uint8Array, terms?: SigningTerms): boolean;
}

/** Ephemeral Diffie-Hellman over an elliptic curve or in a finite field. */
export interface KeyAgreement {
  /** Bytes of a public key on the wire: X then Y; of a finite field as many as its prime has. All are big-endian. */
  readonly publicKeyLength: number;
  /** Bytes of the shared secret: the X coordinate, or an element of the field; leading zeros kept. */
  readonly sharedSecretLength: number;
  /** Makes a key pair, writes its public key and returns its private half. */
  generate(publicKey: Uint8Array): EphemeralKey;
}

export interface EphemeralKey {
  /** Writes the shared secret; false, with nothing written, if `peerPublicKey` is no public key of the group. */
  agree(peerPublicKey: Uint8Array, sharedSecret: Uint8Array): boolean;
  destroy(): void;
}

/** What both sides of a key encapsulation know of it. */
interface KemLengths {
  /** Bytes of an encapsulation key: ExchangeData of KEY_EXCHANGE. */
  readonly encapsulationKeyLength: number;
  /** Bytes of a ciphertext: ExchangeData of KEY_EXCHANGE_RSP. */
  readonly ciphertextLength: number;
  readonly sharedSecretLength: number;
}

/** Key encapsulation, as ML-KEM (FIPS 203), the responder's side: it has no key pair of its own. */
export interface KeyEncapsulation extends KemLengths {
  /**
   * Makes a shared secret, and of it a ciphertext that only the owner of `encapsulationKey` gets it out of, and writes
   * both; false, with nothing written, if `encapsulationKey` is none (FIPS 203 §7.2).
   */
  encapsulate(encapsulationKey: Uint8Array, ciphertext: Uint8Array, sharedSecret: Uint8Array): boolean;
}

/** The requester's side. */
export interface KeyDecapsulation extends KemLengths {
  /** Makes a key pair, writes its encapsulation key and returns its private half. */
  generate(encapsulationKey: Uint8Array): DecapsulationKey;
}

export interface DecapsulationKey {
  /**
   * Writes the shared secret; false, with nothing written, if `ciphertext` has another length. Of a ciphertext that was
   * changed on its way comes another secret: FIPS 203 rejects implicitly.
   */
  decapsulate(ciphertext: Uint8Array, sharedSecret: Uint8Array): boolean;
  destroy(): void;
}

/** Authenticated encryption. */
export interface Aead {
  readonly keyLength: number;
  readonly nonceLength: number;
  readonly tagLength: number;
  /** Takes a copy of `key`. */
  create(key: Uint8Array): AeadKey;
}

/** `text` may be empty, and it, `associatedData` and `tag` parts of one buffer, as long as they do not overlap. */
export interface AeadKey {
  /** Encrypts `text` in place and writes `tag`. */
  seal(nonce: Uint8Array, associatedData: Uint8Array, text: Uint8Array, tag: Uint8Array): void;
  /** Decrypts `text` in place; false, and `text` all zeros, if `tag` does not fit. */
  open(nonce: Uint8Array, associatedData: Uint8Array, text: Uint8Array, tag: Uint8Array): boolean;
  destroy(): void;
}

/** Fills `out` from a cryptographic random source; throws if the source fails. */
export type Random = (out: Uint8Array) => void;
