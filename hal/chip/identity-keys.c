/* The identity image's keys go past JavaScript here: private ones to PSA, pre-shared ones into HMAC. */
#include <mbedtls/platform_util.h>
#include "xsmc.h"
#include "chip.h"
#include "spdm-psa.h"

void xs_chip_identity_key(xsMachine *the)
{
	uint8_t scalar[IDENTITY_KEY_LENGTH_MAX];
	uint32_t id = 0;
	size_t length = identity_read_key((uint32_t)xsmcToInteger(xsArg(0)), IDENTITY_CREDENTIAL, scalar);
	if (length)
		id = spdm_import_key(length * 8, scalar, length);
	mbedtls_platform_zeroize(scalar, sizeof scalar);
	xsmcSetInteger(xsResult, (xsIntegerValue)id);
}

void xs_chip_psk_extract(xsMachine *the)
{
	uint32_t index = (uint32_t)xsmcToInteger(xsArg(0));
	size_t digestLength = (uint32_t)xsmcToInteger(xsArg(1));
	void *salt, *out;
	xsUnsignedValue saltLength, outLength;
	/* Last, and nothing allocates in XS after it: collections move buffers. */
	xsmcGetBufferReadable(xsArg(2), &salt, &saltLength);
	xsmcGetBufferWritable(xsArg(3), &out, &outLength);
	if (outLength < digestLength || !psk_extract(index, digestLength, salt, saltLength, out))
		xsRangeError("no such pre-shared key, or lengths out of range");
}

int spdm_random(uint8_t *out, size_t length)
{
	return random_fill(out, length) ? 0 : -1;
}
