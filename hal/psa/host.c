/* What psa.c, external-random.c and its.c ask of a board, on Linux; persistent keys last as long as the process. */
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include "spdm-psa.h"

int spdm_random(uint8_t *out, size_t length)
{
	while (length > 0) {
		ssize_t got = getrandom(out, length, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		out += got;
		length -= (size_t)got;
	}
	return 0;
}

static uint8_t slots[SPDM_ITS_SLOTS][SPDM_ITS_PITCH];

int spdm_its_read(unsigned slot, void *out, size_t length)
{
	memcpy(out, slots[slot], length);
	return 0;
}

int spdm_its_write(unsigned slot, const void *data, size_t length)
{
	memset(slots[slot], 0xff, SPDM_ITS_PITCH);
	memcpy(slots[slot], data, length);
	return 0;
}
