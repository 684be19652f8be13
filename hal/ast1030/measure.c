#include "ast1030.h"

extern const uint8_t __code_end[];

static uint8_t codeDigest[CODE_DIGEST_LENGTH];

void measure_code(void)
{
	/* From address 0; by way of a volatile, since to C that is no object. */
	const void *volatile code = NULL;
	digest(code, (size_t)__code_end, codeDigest, sizeof codeDigest);
}

const uint8_t *code_digest(void)
{
	return codeDigest;
}
