/* chip.h's one-shot digests by PSA: Mbed TLS, or the engine that a vendor's SDK has put behind it. */
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
