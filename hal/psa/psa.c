/*
 * hal/crypto.ts over the PSA Crypto API, for XS: what psa.js declares. Runs wherever PSA does, be it Mbed TLS or an
 * engine behind it. One file, since that is what a manifest of the Moddable SDK and a board's build name.
 *
 * Buffers of JavaScript move when XS collects: a pointer into one is taken last, after all that may throw or allocate
 * in XS, and is gone when the function returns. PSA allocates outside XS's heap.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <mbedtls/platform_util.h>
#include <psa/crypto.h>
#include "xsmc.h"
#include "spdm-psa.h"

#ifdef SPDM_PSA_PORT_HEADER
#include SPDM_PSA_PORT_HEADER
#endif
/* A board that accounts for its cycles puts its counter here: around every call into PSA. */
#ifndef SPDM_CRYPTO_BEGIN
#define SPDM_CRYPTO_BEGIN()
#define SPDM_CRYPTO_END()
#endif

#define BYTES(bits) (((bits) + 7u) / 8u)
#define POINT_MAX (1 + 2 * BYTES(PSA_VENDOR_ECC_MAX_CURVE_BITS))
#define SECRET_MAX BYTES(PSA_VENDOR_ECC_MAX_CURVE_BITS)
#define UNCOMPRESSED 0x04                     /* SEC 1 §2.3.3; SPDM sends X and Y only */

typedef struct {
	uint8_t *data;
	size_t length;
} Bytes;

typedef struct {
	psa_algorithm_t algorithm;
	psa_hash_operation_t operation;
} Hash;

typedef struct {
	psa_key_id_t id;
	psa_algorithm_t algorithm;
	unsigned bits;
} Key;

/* The destructor of a host object is its class too, so that a method finds only what it made. */
void xs_psa_hash_destructor(void *data);
void xs_psa_signing_key_destructor(void *data);
void xs_psa_ephemeral_key_destructor(void *data);
void xs_psa_aead_key_destructor(void *data);

/* --- arguments and results --- */

static void check(xsMachine *the, psa_status_t status)
{
	if (status == PSA_SUCCESS)
		return;
	if (status == PSA_ERROR_ALREADY_EXISTS)
		xsRangeError("key exists");
	xsUnknownError("PSA status %d", (int)status);
}

static void initialize(xsMachine *the)
{
	check(the, psa_crypto_init());
}

static bool given(xsMachine *the, int index)
{
	return index < xsmcArgc && xsmcTypeOf(xsArg(index)) != xsUndefinedType;
}

static Bytes buffer(xsMachine *the, int index, xsBooleanValue writable)
{
	void *data;
	xsUnsignedValue length;
	if (index >= xsmcArgc)
		xsTypeError("argument %d is missing", index);
	if (writable)
		xsmcGetBufferWritable(xsArg(index), &data, &length);
	else
		xsmcGetBufferReadable(xsArg(index), &data, &length);
	return (Bytes){ data, length };
}

static Bytes input(xsMachine *the, int index)
{
	return buffer(the, index, 0);
}

static Bytes output(xsMachine *the, int index, size_t atLeast)
{
	Bytes out = buffer(the, index, 1);
	if (out.length < atLeast)
		xsRangeError("%d bytes needed, %d given", (int)atLeast, (int)out.length);
	return out;
}

static unsigned number(xsMachine *the, int index)
{
	if (!given(the, index))
		xsTypeError("argument %d is missing", index);
	return (unsigned)xsmcToInteger(xsArg(index));
}

/* Host objects that wait for collection hold memory of C: a full heap asks XS to let go of them. */
static void *allocate(xsMachine *the, size_t size)
{
	void *data = calloc(1, size);
	if (!data) {
		xsCollectGarbage();
		data = calloc(1, size);
	}
	if (!data)
		xsUnknownError("no memory");
	return data;
}

static void *host(xsMachine *the, xsSlot *slot, xsDestructor destructor)
{
	void *data = xsmcGetHostDataValidate(*slot, (void *)destructor);
	if (!data)
		xsTypeError("destroyed");
	return data;
}

/* Runs the destructor now; the object stays, without data. `destroy` may be called twice. */
static void dispose(xsMachine *the, xsDestructor destructor)
{
	void *data = xsmcGetHostDataValidate(xsThis, (void *)destructor);
	xsmcSetHostData(xsThis, NULL);
	destructor(data);
}

void xs_psa_random(xsMachine *the)
{
	initialize(the);
	Bytes out = output(the, 0, 0);
	SPDM_CRYPTO_BEGIN();
	psa_status_t status = psa_generate_random(out.data, out.length);
	SPDM_CRYPTO_END();
	check(the, status);
}

/* --- hashes --- */

void xs_psa_hash_destructor(void *data)
{
	Hash *hash = data;
	if (!hash)
		return;
	psa_hash_abort(&hash->operation);       /* wipes */
	free(hash);
}

static Hash *thisHash(xsMachine *the)
{
	return host(the, &xsThis, xs_psa_hash_destructor);
}

/* new Hash(algorithm) starts, new Hash(hash) copies. */
void xs_psa_hash(xsMachine *the)
{
	Hash *from = NULL;
	psa_algorithm_t algorithm;
	psa_status_t status;

	initialize(the);
	if (xsmcArgc > 0 && xsmcTypeOf(xsArg(0)) == xsReferenceType) {
		from = host(the, &xsArg(0), xs_psa_hash_destructor);
		algorithm = from->algorithm;
	}
	else
		algorithm = number(the, 0);
	Hash *hash = allocate(the, sizeof(Hash));
	hash->algorithm = algorithm;
	SPDM_CRYPTO_BEGIN();
	if (from)
		status = psa_hash_clone(&from->operation, &hash->operation);
	else
		status = psa_hash_setup(&hash->operation, algorithm);
	SPDM_CRYPTO_END();
	if (status != PSA_SUCCESS)
		free(hash);
	check(the, status);
	xsmcSetHostData(xsThis, hash);
}

void xs_psa_hash_update(xsMachine *the)
{
	Hash *hash = thisHash(the);
	Bytes data = input(the, 0);
	SPDM_CRYPTO_BEGIN();
	psa_status_t status = psa_hash_update(&hash->operation, data.data, data.length);
	SPDM_CRYPTO_END();
	check(the, status);
	xsResult = xsThis;
}

void xs_psa_hash_digest_into(xsMachine *the)
{
	Hash *hash = thisHash(the);
	size_t length = PSA_HASH_LENGTH(hash->algorithm);
	Bytes out = output(the, 0, length);
	SPDM_CRYPTO_BEGIN();
	psa_status_t status = psa_hash_finish(&hash->operation, out.data, length, &length);
	SPDM_CRYPTO_END();
	check(the, status);
	dispose(the, xs_psa_hash_destructor);
}

void xs_psa_hash_destroy(xsMachine *the)
{
	dispose(the, xs_psa_hash_destructor);
}

/* Begins a digest with a block of `key`, padded with `pad`. */
static psa_status_t padded(psa_hash_operation_t *operation, psa_algorithm_t algorithm, Bytes key, uint8_t pad)
{
	uint8_t block[PSA_HMAC_MAX_HASH_BLOCK_SIZE];
	size_t length = PSA_HASH_BLOCK_LENGTH(algorithm);
	memset(block, pad, length);
	for (size_t i = 0; i < key.length; i++)
		block[i] ^= key.data[i];
	psa_status_t status = psa_hash_setup(operation, algorithm);
	if (status == PSA_SUCCESS)
		status = psa_hash_update(operation, block, length);
	mbedtls_platform_zeroize(block, sizeof(block));
	return status;
}

/* hmac(algorithm, key, out, ...parts): by hashes, since PSA's MACs want keys, which would want slots. */
void xs_psa_hmac(xsMachine *the)
{
	psa_algorithm_t algorithm = number(the, 0);
	psa_hash_operation_t operation = PSA_HASH_OPERATION_INIT;
	uint8_t inner[PSA_HASH_MAX_SIZE];
	size_t length = PSA_HASH_LENGTH(algorithm);

	initialize(the);
	if (input(the, 1).length > PSA_HASH_BLOCK_LENGTH(algorithm))
		xsRangeError("key longer than a block");
	output(the, 2, length);
	for (int i = 3; i < xsmcArgc; i++)
		input(the, i);
	/* All arguments are good, and from here on nothing throws until the operation is over. */
	SPDM_CRYPTO_BEGIN();
	psa_status_t status = padded(&operation, algorithm, input(the, 1), 0x36);
	for (int i = 3; i < xsmcArgc && status == PSA_SUCCESS; i++) {
		Bytes part = input(the, i);
		status = psa_hash_update(&operation, part.data, part.length);
	}
	if (status == PSA_SUCCESS)
		status = psa_hash_finish(&operation, inner, sizeof(inner), &length);
	if (status == PSA_SUCCESS)
		status = padded(&operation, algorithm, input(the, 1), 0x5c);
	if (status == PSA_SUCCESS)
		status = psa_hash_update(&operation, inner, length);
	if (status == PSA_SUCCESS)
		status = psa_hash_finish(&operation, output(the, 2, length).data, length, &length);
	psa_hash_abort(&operation);
	SPDM_CRYPTO_END();
	mbedtls_platform_zeroize(inner, sizeof(inner));
	check(the, status);
}

/* --- keys of elliptic curves --- */

static psa_key_attributes_t pairAttributes(psa_key_usage_t usage, psa_algorithm_t algorithm, unsigned bits)
{
	psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
	psa_set_key_type(&attributes, PSA_KEY_TYPE_ECC_KEY_PAIR(PSA_ECC_FAMILY_SECP_R1));
	psa_set_key_bits(&attributes, bits);
	psa_set_key_usage_flags(&attributes, usage);
	psa_set_key_algorithm(&attributes, algorithm);
	return attributes;
}

static psa_key_attributes_t signingAttributes(unsigned bits)
{
	return pairAttributes(PSA_KEY_USAGE_SIGN_HASH, PSA_ALG_ECDSA_ANY, bits);
}

uint32_t spdm_import_key(unsigned bits, const uint8_t *scalar, size_t length)
{
	psa_key_id_t id = PSA_KEY_ID_NULL;
	psa_key_attributes_t attributes = signingAttributes(bits);
	if (psa_crypto_init() != PSA_SUCCESS || length != BYTES(bits))
		return 0;
	return psa_import_key(&attributes, scalar, length, &id) == PSA_SUCCESS ? id : 0;
}

/* Lets go of a key: a volatile one is wiped, a persistent one stays in storage. */
static void closeKey(void *data)
{
	Key *key = data;
	if (!key)
		return;
	psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
	if (psa_get_key_attributes(key->id, &attributes) == PSA_SUCCESS) {
		if (PSA_KEY_LIFETIME_IS_VOLATILE(psa_get_key_lifetime(&attributes)))
			psa_destroy_key(key->id);
		else
			psa_purge_key(key->id);
	}
	free(key);
}

/* Does what takes one of PSA's slots, with the arguments, which have been checked. A failure leaves no slot taken. */
typedef psa_status_t (*Taker)(xsMachine *the, Key *key);

/* Keys that wait for collection hold slots: if none is left, XS lets go of them. */
static psa_status_t takeSlot(xsMachine *the, Taker take, Key *key)
{
	SPDM_CRYPTO_BEGIN();
	psa_status_t status = take(the, key);
	SPDM_CRYPTO_END();
	if (status == PSA_ERROR_INSUFFICIENT_MEMORY) {
		xsCollectGarbage();
		SPDM_CRYPTO_BEGIN();
		status = take(the, key);
		SPDM_CRYPTO_END();
	}
	return status;
}

/* Gives xsThis a key. */
static void makeKey(xsMachine *the, psa_algorithm_t algorithm, unsigned bits, Taker make)
{
	Key *key = allocate(the, sizeof(Key));
	key->algorithm = algorithm;
	key->bits = bits;
	psa_status_t status = takeSlot(the, make, key);
	if (status != PSA_SUCCESS)
		free(key);
	if (status == PSA_ERROR_INVALID_ARGUMENT)
		xsRangeError("not a private key");
	check(the, status);
	xsmcSetHostData(xsThis, key);
}

/* Writes the public half without its SEC 1 prefix. */
static psa_status_t exportPublic(const Key *key, Bytes out)
{
	uint8_t point[POINT_MAX];
	size_t length;
	psa_status_t status = psa_export_public_key(key->id, point, sizeof(point), &length);
	if (status == PSA_SUCCESS && length != 1 + 2 * BYTES(key->bits))
		status = PSA_ERROR_GENERIC_ERROR;
	if (status == PSA_SUCCESS)
		memcpy(out.data, point + 1, length - 1);
	return status;
}

/* --- signing --- */

void xs_psa_signing_key_destructor(void *data)
{
	closeKey(data);
}

static Key *thisSigningKey(xsMachine *the)
{
	return host(the, &xsThis, xs_psa_signing_key_destructor);
}

/* Attributes of a signing key, or false if there is no key `id`; throws if the key is for something else. */
static bool findSigningKey(xsMachine *the, psa_key_id_t id, psa_key_attributes_t *attributes)
{
	initialize(the);
	psa_status_t status = psa_get_key_attributes(id, attributes);
	if (status == PSA_ERROR_INVALID_HANDLE || status == PSA_ERROR_DOES_NOT_EXIST)
		return false;
	check(the, status);
	if (psa_get_key_type(attributes) != PSA_KEY_TYPE_ECC_KEY_PAIR(PSA_ECC_FAMILY_SECP_R1)
		|| psa_get_key_algorithm(attributes) != PSA_ALG_ECDSA_ANY
		|| !(psa_get_key_usage_flags(attributes) & PSA_KEY_USAGE_SIGN_HASH))
		xsTypeError("key %d is not for signing", (int)id);
	return true;
}

void xs_psa_has_key(xsMachine *the)
{
	psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
	xsmcSetBoolean(xsResult, findSigningKey(the, number(the, 0), &attributes));
}

static psa_status_t makeSigningKey(xsMachine *the, Key *key)
{
	psa_key_attributes_t attributes = signingAttributes(key->bits);
	if (given(the, 2))
		psa_set_key_id(&attributes, number(the, 2));
	if (!given(the, 1))
		return psa_generate_key(&attributes, &key->id);
	Bytes scalar = input(the, 1);
	return psa_import_key(&attributes, scalar.data, scalar.length, &key->id);
}

static psa_status_t adoptSigningKey(xsMachine *the, Key *key)
{
	key->id = number(the, 2);
	return PSA_SUCCESS;
}

/*
 * new SigningKey(bits, scalar, id) imports a key, or generates one if `scalar` is undefined; it is persistent if `id`
 * is given. new SigningKey(0, undefined, id) opens key `id`.
 */
void xs_psa_signing_key(xsMachine *the)
{
	unsigned bits = number(the, 0);
	psa_key_id_t id = given(the, 2) ? number(the, 2) : PSA_KEY_ID_NULL;
	psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;

	initialize(the);
	if (bits == 0) {
		if (!findSigningKey(the, id, &attributes))
			xsRangeError("no key %d", (int)id);
		makeKey(the, PSA_ALG_ECDSA_ANY, psa_get_key_bits(&attributes), adoptSigningKey);
		return;
	}
	if (given(the, 2) && (id < PSA_KEY_ID_USER_MIN || id > PSA_KEY_ID_USER_MAX))
		xsRangeError("key identifier %d", (int)id);
	if (given(the, 1) && input(the, 1).length != BYTES(bits))
		xsRangeError("a private key has %d bytes", (int)BYTES(bits));
	makeKey(the, PSA_ALG_ECDSA_ANY, bits, makeSigningKey);
}

void xs_psa_signing_key_signature_length(xsMachine *the)
{
	xsmcSetInteger(xsResult, 2 * BYTES(thisSigningKey(the)->bits));
}

void xs_psa_signing_key_public_key(xsMachine *the)
{
	Key *key = thisSigningKey(the);
	Bytes out = output(the, 0, 2 * BYTES(key->bits));
	SPDM_CRYPTO_BEGIN();
	psa_status_t status = exportPublic(key, out);
	SPDM_CRYPTO_END();
	check(the, status);
}

void xs_psa_signing_key_sign(xsMachine *the)
{
	Key *key = thisSigningKey(the);
	size_t length = 2 * BYTES(key->bits);
	Bytes digest = input(the, 0);
	Bytes signature = output(the, 1, length);
	SPDM_CRYPTO_BEGIN();
	psa_status_t status = psa_sign_hash(key->id, key->algorithm, digest.data, digest.length,
		signature.data, length, &length);
	SPDM_CRYPTO_END();
	check(the, status);
}

void xs_psa_signing_key_close(xsMachine *the)
{
	dispose(the, xs_psa_signing_key_destructor);
}

void xs_psa_signing_key_destroy(xsMachine *the)
{
	Key *key = xsmcGetHostDataValidate(xsThis, (void *)xs_psa_signing_key_destructor);
	psa_status_t status = key ? psa_destroy_key(key->id) : PSA_SUCCESS;
	dispose(the, xs_psa_signing_key_destructor);
	check(the, status);
}

/* --- verifying --- */

static psa_status_t verify(xsMachine *the, Key *key)
{
	size_t length = 2 * BYTES(key->bits);
	Bytes publicKey = input(the, 1);
	Bytes digest = input(the, 2);
	Bytes signature = input(the, 3);
	uint8_t point[POINT_MAX] = { UNCOMPRESSED };
	psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;

	if (publicKey.length != length || length >= sizeof(point) || signature.length != length)
		return PSA_ERROR_INVALID_SIGNATURE;
	memcpy(point + 1, publicKey.data, publicKey.length);
	psa_set_key_type(&attributes, PSA_KEY_TYPE_ECC_PUBLIC_KEY(PSA_ECC_FAMILY_SECP_R1));
	psa_set_key_bits(&attributes, key->bits);
	psa_set_key_usage_flags(&attributes, PSA_KEY_USAGE_VERIFY_HASH);
	psa_set_key_algorithm(&attributes, PSA_ALG_ECDSA_ANY);
	psa_status_t status = psa_import_key(&attributes, point, 1 + length, &key->id);
	if (status == PSA_ERROR_INVALID_ARGUMENT)
		return PSA_ERROR_INVALID_SIGNATURE;   /* not a point of the curve */
	if (status != PSA_SUCCESS)
		return status;
	status = psa_verify_hash(key->id, PSA_ALG_ECDSA_ANY, digest.data, digest.length, signature.data, length);
	psa_destroy_key(key->id);
	return status;
}

/* verify(bits, publicKey, digest, signature) */
void xs_psa_verify(xsMachine *the)
{
	initialize(the);
	Key key = { .bits = number(the, 0) };
	for (int index = 1; index <= 3; index++)
		input(the, index);
	psa_status_t status = takeSlot(the, verify, &key);
	if (status != PSA_ERROR_INVALID_SIGNATURE)
		check(the, status);
	xsmcSetBoolean(xsResult, status == PSA_SUCCESS);
}

/* --- key agreement --- */

void xs_psa_ephemeral_key_destructor(void *data)
{
	closeKey(data);
}

static psa_status_t makeEphemeralKey(xsMachine *the, Key *key)
{
	psa_key_attributes_t attributes = pairAttributes(PSA_KEY_USAGE_DERIVE, PSA_ALG_ECDH, key->bits);
	psa_status_t status = psa_generate_key(&attributes, &key->id);
	if (status != PSA_SUCCESS)
		return status;
	status = exportPublic(key, input(the, 1));
	if (status != PSA_SUCCESS)
		psa_destroy_key(key->id);
	return status;
}

/* new EphemeralKey(bits, publicKey) */
void xs_psa_ephemeral_key(xsMachine *the)
{
	unsigned bits = number(the, 0);
	initialize(the);
	output(the, 1, 2 * BYTES(bits));
	makeKey(the, PSA_ALG_ECDH, bits, makeEphemeralKey);
}

static psa_status_t agree(const Key *key, Bytes peerPublicKey, Bytes sharedSecret)
{
	uint8_t point[POINT_MAX] = { UNCOMPRESSED };
	/* PSA fills what it is given even when it fails; the caller's buffer shall not change then. */
	uint8_t secret[SECRET_MAX];
	size_t length = BYTES(key->bits);

	if (peerPublicKey.length != 2 * length)
		return PSA_ERROR_INVALID_ARGUMENT;
	memcpy(point + 1, peerPublicKey.data, peerPublicKey.length);
	psa_status_t status = psa_raw_key_agreement(PSA_ALG_ECDH, key->id, point, 1 + peerPublicKey.length,
		secret, sizeof(secret), &length);
	if (status == PSA_SUCCESS)
		memcpy(sharedSecret.data, secret, BYTES(key->bits));
	mbedtls_platform_zeroize(secret, sizeof(secret));
	return status;
}

void xs_psa_ephemeral_key_agree(xsMachine *the)
{
	Key *key = host(the, &xsThis, xs_psa_ephemeral_key_destructor);
	Bytes peerPublicKey = input(the, 0);
	Bytes sharedSecret = output(the, 1, BYTES(key->bits));
	SPDM_CRYPTO_BEGIN();
	psa_status_t status = agree(key, peerPublicKey, sharedSecret);
	SPDM_CRYPTO_END();
	if (status != PSA_ERROR_INVALID_ARGUMENT)
		check(the, status);
	xsmcSetBoolean(xsResult, status == PSA_SUCCESS);
}

void xs_psa_ephemeral_key_destroy(xsMachine *the)
{
	dispose(the, xs_psa_ephemeral_key_destructor);
}

/* --- authenticated encryption --- */

#define NONCE_LENGTH 12u                      /* PSA takes others for GCM, and hashes them */
#define TAG_LENGTH 16u

static Bytes nonceArgument(xsMachine *the)
{
	Bytes nonce = input(the, 0);
	if (nonce.length != NONCE_LENGTH)
		xsRangeError("a nonce has %d bytes", (int)NONCE_LENGTH);
	return nonce;
}

/* Nothing is written to an empty text: it may be a constant, which XS keeps from writing in preloaded modules. */
static Bytes textArgument(xsMachine *the)
{
	Bytes text = input(the, 2);
	return text.length == 0 ? text : output(the, 2, 0);
}

void xs_psa_aead_key_destructor(void *data)
{
	closeKey(data);
}

static psa_status_t makeAeadKey(xsMachine *the, Key *key)
{
	Bytes secret = input(the, 2);
	psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
	psa_set_key_type(&attributes, key->algorithm == PSA_ALG_GCM ? PSA_KEY_TYPE_AES : PSA_KEY_TYPE_CHACHA20);
	psa_set_key_usage_flags(&attributes, PSA_KEY_USAGE_ENCRYPT | PSA_KEY_USAGE_DECRYPT);
	psa_set_key_algorithm(&attributes, key->algorithm);
	return psa_import_key(&attributes, secret.data, secret.length, &key->id);
}

/* new AeadKey(algorithm, keyLength, key) */
void xs_psa_aead_key(xsMachine *the)
{
	psa_algorithm_t algorithm = number(the, 0);
	size_t length = number(the, 1);
	initialize(the);
	if (input(the, 2).length != length)
		xsRangeError("a key has %d bytes", (int)length);
	makeKey(the, algorithm, 8 * length, makeAeadKey);
}

/* What seal and open share, up to the last bytes of the text: PSA may hold some back until it ends. */
static psa_status_t aeadBody(psa_aead_operation_t *operation, Bytes nonce, Bytes associatedData, Bytes text, size_t *done)
{
	psa_status_t status = psa_aead_set_lengths(operation, associatedData.length, text.length);
	if (status == PSA_SUCCESS)
		status = psa_aead_set_nonce(operation, nonce.data, nonce.length);
	if (status == PSA_SUCCESS)
		status = psa_aead_update_ad(operation, associatedData.data, associatedData.length);
	if (status == PSA_SUCCESS)
		status = psa_aead_update(operation, text.data, text.length, text.data, text.length, done);
	return status;
}

static psa_status_t aeadSeal(const Key *key, Bytes nonce, Bytes associatedData, Bytes text, Bytes tag)
{
	psa_aead_operation_t operation = PSA_AEAD_OPERATION_INIT;
	size_t done = 0, rest = 0, tagLength = 0;
	psa_status_t status = psa_aead_encrypt_setup(&operation, key->id, key->algorithm);
	if (status == PSA_SUCCESS)
		status = aeadBody(&operation, nonce, associatedData, text, &done);
	if (status == PSA_SUCCESS)
		status = psa_aead_finish(&operation, text.data + done, text.length - done, &rest,
			tag.data, TAG_LENGTH, &tagLength);
	psa_aead_abort(&operation);
	return status;
}

static psa_status_t aeadOpen(const Key *key, Bytes nonce, Bytes associatedData, Bytes text, Bytes tag)
{
	psa_aead_operation_t operation = PSA_AEAD_OPERATION_INIT;
	size_t done = 0, rest = 0;
	psa_status_t status = psa_aead_decrypt_setup(&operation, key->id, key->algorithm);
	if (status == PSA_SUCCESS)
		status = aeadBody(&operation, nonce, associatedData, text, &done);
	if (status == PSA_SUCCESS)
		status = psa_aead_verify(&operation, text.data + done, text.length - done, &rest, tag.data, tag.length);
	psa_aead_abort(&operation);
	/* What was not authenticated is not for anybody to read. */
	if (status != PSA_SUCCESS)
		mbedtls_platform_zeroize(text.data, text.length);
	return status;
}

/* seal(nonce, associatedData, text, tag) */
void xs_psa_aead_key_seal(xsMachine *the)
{
	Key *key = host(the, &xsThis, xs_psa_aead_key_destructor);
	Bytes nonce = nonceArgument(the);
	Bytes associatedData = input(the, 1);
	Bytes text = textArgument(the);
	Bytes tag = output(the, 3, TAG_LENGTH);
	SPDM_CRYPTO_BEGIN();
	psa_status_t status = aeadSeal(key, nonce, associatedData, text, tag);
	SPDM_CRYPTO_END();
	check(the, status);
}

/* open(nonce, associatedData, text, tag) */
void xs_psa_aead_key_open(xsMachine *the)
{
	Key *key = host(the, &xsThis, xs_psa_aead_key_destructor);
	Bytes nonce = nonceArgument(the);
	Bytes associatedData = input(the, 1);
	Bytes text = textArgument(the);
	Bytes tag = input(the, 3);
	SPDM_CRYPTO_BEGIN();
	psa_status_t status = aeadOpen(key, nonce, associatedData, text, tag);
	SPDM_CRYPTO_END();
	if (status != PSA_ERROR_INVALID_SIGNATURE)
		check(the, status);
	xsmcSetBoolean(xsResult, status == PSA_SUCCESS);
}

void xs_psa_aead_key_destroy(xsMachine *the)
{
	dispose(the, xs_psa_aead_key_destructor);
}
