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
