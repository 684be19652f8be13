/*
 * Aliases in the DICE manner, as hal/portable/alias-key.ts has them: what they come of, and how, is written there. DeviceID's
 * key and those of aliases stay in C; once the aliases are issued DeviceID's is not to be had until the next start.
 */
#include <mbedtls/platform_util.h>
#include <psa/crypto.h>
#include <string.h>
#include "xsmc.h"
#include "chip.h"
#include "spdm-psa.h"

#define HASH_LENGTH 48u
#define CANDIDATE_COUNT 8u
#define UDS_LABEL "moddable-spdm UDS"
#define ALIAS_LABEL "moddable-spdm alias"
#define LABEL_LENGTH (sizeof ALIAS_LABEL - 1)

static bool issued;

/* Bytes of the key; 0 if there is none, or no more. The caller wipes it. */
static size_t device_key(xsMachine *the, uint8_t key[IDENTITY_KEY_LENGTH_MAX])
{
	return issued ? 0 : identity_read_key((uint32_t)xsmcToInteger(xsArg(0)), IDENTITY_CREDENTIAL, key);
}

void xs_chip_alias_key(xsMachine *the)
{
	uint8_t key[IDENTITY_KEY_LENGTH_MAX], secret[HASH_LENGTH], candidate[HASH_LENGTH], label[LABEL_LENGTH + 2];
	uint32_t id = 0;
	void *measured;
	xsUnsignedValue measuredLength;
	xsmcGetBufferReadable(xsArg(1), &measured, &measuredLength);
	if (measuredLength > HMAC_DATA_LENGTH_MAX)
		xsRangeError("too much was measured");
	size_t length = device_key(the, key);
	if (length) {
		hmac(HASH_LENGTH, UDS_LABEL, sizeof UDS_LABEL - 1, key, length, secret);
		hmac(HASH_LENGTH, secret, sizeof secret, measured, measuredLength, secret);
		memcpy(label, ALIAS_LABEL, LABEL_LENGTH);
		label[LABEL_LENGTH] = (uint8_t)length;
	}
	for (unsigned n = 0; length && !id && n < CANDIDATE_COUNT; n++) {
		label[LABEL_LENGTH + 1] = (uint8_t)n;
		hmac(HASH_LENGTH, secret, sizeof secret, label, sizeof label, candidate);
		id = spdm_import_key(length * 8, candidate, length);
	}
	mbedtls_platform_zeroize(key, sizeof key);
	mbedtls_platform_zeroize(secret, sizeof secret);
	mbedtls_platform_zeroize(candidate, sizeof candidate);
	xsmcSetInteger(xsResult, (xsIntegerValue)id);
}

static bool sign(const uint8_t *key, size_t length, const void *digest, size_t digestLength, void *signature)
{
	psa_algorithm_t algorithm =
		PSA_ALG_DETERMINISTIC_ECDSA(digestLength == HASH_LENGTH ? PSA_ALG_SHA_384 : PSA_ALG_SHA_256);
	psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
	psa_key_id_t id;
	size_t written;
	psa_set_key_type(&attributes, PSA_KEY_TYPE_ECC_KEY_PAIR(PSA_ECC_FAMILY_SECP_R1));
	psa_set_key_usage_flags(&attributes, PSA_KEY_USAGE_SIGN_HASH);
	psa_set_key_algorithm(&attributes, algorithm);
	if (psa_crypto_init() != PSA_SUCCESS || psa_import_key(&attributes, key, length, &id) != PSA_SUCCESS)
		return false;
	psa_status_t status = psa_sign_hash(id, algorithm, digest, digestLength, signature, 2 * length, &written);
	return psa_destroy_key(id) == PSA_SUCCESS && status == PSA_SUCCESS;
}

void xs_chip_alias_sign(xsMachine *the)
{
	uint8_t key[IDENTITY_KEY_LENGTH_MAX];
	void *digest, *signature;
	xsUnsignedValue digestLength, signatureLength;
	xsmcGetBufferReadable(xsArg(1), &digest, &digestLength);
	xsmcGetBufferWritable(xsArg(2), &signature, &signatureLength);
	size_t length = device_key(the, key);
	bool done = length && signatureLength >= 2 * length && sign(key, length, digest, digestLength, signature);
	mbedtls_platform_zeroize(key, sizeof key);
	if (!done)
		xsRangeError("no key that would sign this");
}

void xs_chip_alias_done(xsMachine *the)
{
	(void)the;
	issued = true;
}
