#include "chip.h"
#include <mbedtls/platform_util.h>
#include <string.h>

#define BLOCK_LENGTH_MAX 128u
#define INNER_PAD 0x36u
#define OUTER_PAD 0x5Cu

bool psk_extract(uint32_t index, size_t digestLength, const void *salt, size_t saltLength, void *out)
{
	/* HMAC (RFC 2104): the digest of the padded salt and the key, and then of it padded otherwise and that digest. */
	uint8_t text[BLOCK_LENGTH_MAX + IDENTITY_KEY_LENGTH_MAX] = { 0 };
	size_t blockLength = digestLength == 32 ? 64 : BLOCK_LENGTH_MAX;
	if ((digestLength != 32 && digestLength != 48 && digestLength != 64) || saltLength > blockLength)
		return false;
	size_t length = identity_read_key(index, IDENTITY_PRE_SHARED_KEY, text + blockLength);
	if (length == 0)
		return false;
	memcpy(text, salt, saltLength);
	for (size_t i = 0; i < blockLength; i++)
		text[i] ^= INNER_PAD;
	digest(text, blockLength + length, text + blockLength, digestLength);
	for (size_t i = 0; i < blockLength; i++)
		text[i] ^= INNER_PAD ^ OUTER_PAD;
	digest(text, blockLength + digestLength, out, digestLength);
	mbedtls_platform_zeroize(text, sizeof text);
	return true;
}
