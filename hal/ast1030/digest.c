#include "ast1030.h"
#include <mbedtls/sha256.h>
#include <mbedtls/sha512.h>

void digest(const void *data, size_t length, void *out, size_t digestLength)
{
	crypto_enter();
	if (!hace_digest(data, length, out, digestLength)) {
		int failed = digestLength == 32 ? mbedtls_sha256(data, length, out, 0)
						: mbedtls_sha512(data, length, out, digestLength == 48);
		if (failed)
			fatal("digest failed", NULL);
	}
	crypto_leave();
}

static mbedtls_sha256_context running;

void digest_begin(void)
{
	mbedtls_sha256_init(&running);
	if (mbedtls_sha256_starts(&running, 0))
		fatal("digest failed", NULL);
}

void digest_add(const void *data, size_t length)
{
	crypto_enter();
	if (mbedtls_sha256_update(&running, data, length))
		fatal("digest failed", NULL);
	crypto_leave();
}

void digest_end(uint8_t out[32])
{
	if (mbedtls_sha256_finish(&running, out))
		fatal("digest failed", NULL);
	/* Wipes it, too. */
	mbedtls_sha256_free(&running);
}
