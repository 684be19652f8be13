/* Private keys go from the flash to PSA here, so that JavaScript only ever has their identifiers. */
#include <mbedtls/platform_util.h>
#include "xsmc.h"
#include "ast1030.h"
#include "spdm-psa.h"

void xs_ast1030_identity_key(xsMachine *the)
{
	uint8_t scalar[IDENTITY_KEY_LENGTH_MAX];
	uint32_t algorithm;
	uint32_t id = 0;
	size_t length = identity_read_key((uint32_t)xsmcToInteger(xsArg(0)), &algorithm, scalar);
	if (length)
		id = spdm_import_key(length * 8, scalar, length);
	mbedtls_platform_zeroize(scalar, sizeof scalar);
	xsmcSetInteger(xsResult, (xsIntegerValue)id);
}

int spdm_random(uint8_t *out, size_t length)
{
	return random_fill(out, length) ? 0 : -1;
}
