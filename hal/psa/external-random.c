/* Mbed TLS's random source: the board's. */
#include <psa/crypto.h>
#include "spdm-psa.h"

psa_status_t mbedtls_psa_external_get_random(mbedtls_psa_external_random_context_t *context, uint8_t *output,
	size_t outputSize, size_t *outputLength)
{
	(void)context;
	if (spdm_random(output, outputSize) != 0)
		return PSA_ERROR_INSUFFICIENT_ENTROPY;
	*outputLength = outputSize;
	return PSA_SUCCESS;
}
