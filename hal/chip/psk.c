#include "chip.h"
#include <mbedtls/platform_util.h>
#include <string.h>

#define BLOCK_LENGTH_MAX 128u
#define INNER_PAD 0x36u
#define OUTER_PAD 0x5Cu

/* The digest of the padded key and the data, and then of the key padded otherwise and that digest. */
void hmac(size_t digestLength, const void *key, size_t keyLength, const void *data, size_t length, void *out)
{
	uint8_t text[BLOCK_LENGTH_MAX + HMAC_DATA_LENGTH_MAX] = { 0 };
	size_t blockLength = digestLength == 32 ? 64 : BLOCK_LENGTH_MAX;
	memcpy(text, key, keyLength);
	for (size_t i = 0; i < blockLength; i++)
		text[i] ^= INNER_PAD;
	memcpy(text + blockLength, data, length);
	digest(text, blockLength + length, text + blockLength, digestLength);
	for (size_t i = 0; i < blockLength; i++)
		text[i] ^= INNER_PAD ^ OUTER_PAD;
	digest(text, blockLength + digestLength, out, digestLength);
	mbedtls_platform_zeroize(text, sizeof text);
}

bool psk_extract(uint32_t index, size_t digestLength, const void *salt, size_t saltLength, void *out)
{
	uint8_t key[IDENTITY_KEY_LENGTH_MAX];
	size_t blockLength = digestLength == 32 ? 64 : BLOCK_LENGTH_MAX;
	if ((digestLength != 32 && digestLength != 48 && digestLength != 64) || saltLength > blockLength)
		return false;
	size_t length = identity_read_key(index, IDENTITY_PRE_SHARED_KEY, key);
	if (length)
		hmac(digestLength, salt, saltLength, key, length, out);
	mbedtls_platform_zeroize(key, sizeof key);
	return length != 0;
}
