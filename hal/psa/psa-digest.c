/* chip.h's digests by PSA: Mbed TLS, or the engine that a vendor's SDK has put behind it. */
#include <psa/crypto.h>
#include "chip.h"

void digest(const void *data, size_t length, void *out, size_t digestLength)
{
	psa_algorithm_t algorithm = digestLength == 32 ? PSA_ALG_SHA_256 : digestLength == 48 ? PSA_ALG_SHA_384 : PSA_ALG_SHA_512;
	size_t written;
	if (psa_crypto_init() != PSA_SUCCESS
	    || psa_hash_compute(algorithm, data, length, out, digestLength, &written) != PSA_SUCCESS)
		fatal("digest failed", NULL);
}

static psa_hash_operation_t running;

static void require(psa_status_t status)
{
	if (status != PSA_SUCCESS)
		fatal("digest failed", NULL);
}

void digest_begin(void)
{
	running = psa_hash_operation_init();
	require(psa_crypto_init());
	require(psa_hash_setup(&running, PSA_ALG_SHA_256));
}

void digest_add(const void *data, size_t length)
{
	require(psa_hash_update(&running, data, length));
}

void digest_end(uint8_t out[32])
{
	size_t written;
	require(psa_hash_finish(&running, out, 32, &written));
}
