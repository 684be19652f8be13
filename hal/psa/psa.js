/*
 * hal/crypto.ts over the PSA Crypto API; types in psa.d.ts, host functions in psa.c. Constants are the API's own.
 */
const SHA_256 = 0x02000009;
const SHA_384 = 0x0200000a;
const SHA_512 = 0x0200000b;
const GCM = 0x05500200;
const CHACHA20_POLY1305 = 0x05100500;

class Hash @ "xs_psa_hash_destructor" {
	constructor(from) @ "xs_psa_hash"
	update(data) @ "xs_psa_hash_update"
	digestInto(out) @ "xs_psa_hash_digest_into"
	clone() {
		return new Hash(this);
	}
	destroy() @ "xs_psa_hash_destroy"
}

export class SigningKey @ "xs_psa_signing_key_destructor" {
	constructor(bits, scalar, id) @ "xs_psa_signing_key"
	get signatureLength() @ "xs_psa_signing_key_signature_length"
	publicKey(out) @ "xs_psa_signing_key_public_key"
	sign(digest, signature) @ "xs_psa_signing_key_sign"
	close() @ "xs_psa_signing_key_close"
	destroy() @ "xs_psa_signing_key_destroy"
}

class EphemeralKey @ "xs_psa_ephemeral_key_destructor" {
	constructor(bits, publicKey) @ "xs_psa_ephemeral_key"
	agree(peerPublicKey, sharedSecret) @ "xs_psa_ephemeral_key_agree"
	destroy() @ "xs_psa_ephemeral_key_destroy"
}

class AeadKey @ "xs_psa_aead_key_destructor" {
	constructor(algorithm, keyLength, key) @ "xs_psa_aead_key"
	seal(nonce, associatedData, text, tag) @ "xs_psa_aead_key_seal"
	open(nonce, associatedData, text, tag) @ "xs_psa_aead_key_open"
	destroy() @ "xs_psa_aead_key_destroy"
}

function hmac(algorithm, key, out, ...parts) @ "xs_psa_hmac"
function hasKey(id) @ "xs_psa_has_key"
function verify(bits, publicKey, digest, signature) @ "xs_psa_verify"

export function random(out) @ "xs_psa_random"

function hashAlgorithm(algorithm, outputLen, blockLen) {
	return Object.freeze({
		outputLen,
		blockLen,
		create: () => new Hash(algorithm),
		hmac: (key, parts, out) => hmac(algorithm, key, out, ...parts),
	});
}

function verifier(bits, length) {
	return Object.freeze({
		signatureLength: length,
		publicKeyLength: length,
		verify: (publicKey, digest, signature) => verify(bits, publicKey, digest, signature),
	});
}

function keyAgreement(bits, length) {
	return Object.freeze({
		publicKeyLength: 2 * length,
		sharedSecretLength: length,
		generate: (publicKey) => new EphemeralKey(bits, publicKey),
	});
}

function aead(algorithm, keyLength) {
	return Object.freeze({
		keyLength,
		nonceLength: 12,
		tagLength: 16,
		create: (key) => new AeadKey(algorithm, keyLength, key),
	});
}

export const sha256 = hashAlgorithm(SHA_256, 32, 64);
export const sha384 = hashAlgorithm(SHA_384, 48, 128);
export const sha512 = hashAlgorithm(SHA_512, 64, 128);
export const p256 = verifier(256, 64);
export const p384 = verifier(384, 96);
export const secp256r1 = keyAgreement(256, 32);
export const secp384r1 = keyAgreement(384, 48);
export const secp521r1 = keyAgreement(521, 66);
export const aes128Gcm = aead(GCM, 16);
export const aes256Gcm = aead(GCM, 32);
export const chacha20Poly1305 = aead(CHACHA20_POLY1305, 32);

export function importKey(bits, scalar, id) {
	return new SigningKey(bits, scalar, id);
}

export function generateKey(bits, id) {
	return new SigningKey(bits, undefined, id);
}

export function openKey(id) {
	return hasKey(id) ? new SigningKey(0, undefined, id) : undefined;
}
