import type { HashAlgorithm } from "../hal/crypto.js";

const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;

/**
 * HMAC (RFC 2104) of the parts, one behind the other, into the first `hash.outputLen` bytes of `out`.
 * @param key At most a block of the hash: in SPDM all keys are digests.
 */
export function hmac(hash: HashAlgorithm, key: Uint8Array, parts: readonly Uint8Array[], out: Uint8Array): void {
  if (key.length > hash.blockLen) throw new RangeError("HMAC key longer than a block");
  if (hash.hmac !== undefined) {
    hash.hmac(key, parts, out);
    return;
  }
  const pad = new Uint8Array(hash.blockLen);
  digestBehind(hash, padded(key, INNER_PAD, pad), parts, out);
  digestBehind(hash, padded(key, OUTER_PAD, pad), [out.subarray(0, hash.outputLen)], out);
  pad.fill(0);
}

function padded(key: Uint8Array, value: number, pad: Uint8Array): Uint8Array {
  pad.fill(value);
  for (let i = 0; i < key.length; i++) pad[i] ^= key[i];
  return pad;
}

function digestBehind(hash: HashAlgorithm, pad: Uint8Array, parts: readonly Uint8Array[], out: Uint8Array): void {
  const running = hash.create();
  running.update(pad);
  for (const part of parts) running.update(part);
  running.digestInto(out);
  running.destroy();
}
