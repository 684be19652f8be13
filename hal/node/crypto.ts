/**
 * Authenticated encryption over Node's OpenSSL, for hosts: hal/portable has none. A key is an array of ours, which
 * `destroy` wipes; OpenSSL's copy of it lives as long as a message takes.
 */
import { type CipherGCMTypes, createCipheriv, createDecipheriv, type DecipherGCM } from "node:crypto";
import type { Aead, AeadKey } from "../crypto.js";

const NONCE_LENGTH = 12;
const TAG_LENGTH = 16;
const OPTIONS = Object.freeze({ authTagLength: TAG_LENGTH });

/** Whether the tag fits what was decrypted. */
function ends(decipher: DecipherGCM): boolean {
  try {
    decipher.final();
    return true;
  } catch {
    return false;
  }
}

/** @param key This object's from now on. */
function aeadKey(cipher: CipherGCMTypes, key: Uint8Array): AeadKey {
  let destroyed = false;

  function check(nonce: Uint8Array): void {
    if (destroyed) throw new Error("destroyed");
    if (nonce.length !== NONCE_LENGTH) throw new RangeError(`a nonce has ${NONCE_LENGTH} bytes`);
  }

  function decrypt(nonce: Uint8Array, associatedData: Uint8Array, text: Uint8Array, tag: Uint8Array): boolean {
    if (tag.length !== TAG_LENGTH) return false;
    const decipher = createDecipheriv(cipher, key, nonce, OPTIONS).setAAD(associatedData).setAuthTag(tag);
    const plain = decipher.update(text);
    const fits = ends(decipher);
    if (fits) text.set(plain);
    plain.fill(0);
    return fits;
  }

  return {
    seal(nonce, associatedData, text, tag) {
      check(nonce);
      if (tag.length < TAG_LENGTH) throw new RangeError(`a tag has ${TAG_LENGTH} bytes`);
      const engine = createCipheriv(cipher, key, nonce, OPTIONS).setAAD(associatedData);
      text.set(engine.update(text));
      engine.final();
      tag.set(engine.getAuthTag());
    },
    open(nonce, associatedData, text, tag) {
      check(nonce);
      const fits = decrypt(nonce, associatedData, text, tag);
      if (!fits) text.fill(0);
      return fits;
    },
    destroy() {
      destroyed = true;
      key.fill(0);
    },
  };
}

function aead(name: string, keyLength: number): Aead {
  return Object.freeze({
    keyLength,
    nonceLength: NONCE_LENGTH,
    tagLength: TAG_LENGTH,
    create(key: Uint8Array): AeadKey {
      if (key.length !== keyLength) throw new RangeError(`a key has ${keyLength} bytes`);
      // Node's types have the methods we use with GCM only. A Buffer's `slice` would be no copy.
      return aeadKey(name as CipherGCMTypes, Uint8Array.from(key));
    },
  });
}

export const aes128Gcm = aead("aes-128-gcm", 16);
export const aes256Gcm = aead("aes-256-gcm", 32);
export const chacha20Poly1305 = aead("chacha20-poly1305", 32);
