#include "ast1030.h"
#include <string.h>

/*
 * The SCU's random data register. The data sheet and QEMU from 11.1 have it at 0x524; QEMU before that at 0x540. The
 * register that changes is the one; if both do, the data sheet's.
 */
static const uint32_t candidates[] = { 0x7E6E2524u, 0x7E6E2540u };

/* Repetition count test (SP 800-90B §4.4.1): three equal 32-bit words in a row happen once in 2^64. */
#define REPETITIONS 3

/* Address of the register; 0 for none. */
static uint32_t source;
static uint32_t last;
static uint32_t repeated;

/* False, from then on, once the generator sticks; or if there is none. */
static bool read_word(uint32_t *value)
{
	if (!source)
		return false;
	*value = REGISTER(source);
	repeated = *value == last ? repeated + 1 : 1;
	last = *value;
	if (repeated >= REPETITIONS)
		source = 0;
	return source != 0;
}

bool random_start(void)
{
	for (size_t i = 0; i < sizeof candidates / sizeof candidates[0]; i++) {
		uint32_t first = REGISTER(candidates[i]);
		unsigned changes = 0;
		for (int reads = 0; reads < 8; reads++) {
			uint32_t next = REGISTER(candidates[i]);
			changes += next != first;
			first = next;
		}
		if (changes == 8) {
			source = candidates[i];
			repeated = 0;
			last = first;
			return true;
		}
	}
	return false;
}

bool random_fill(void *out, size_t length)
{
	uint8_t *byte = out;
	for (size_t at = 0; at < length; at += 4) {
		uint32_t value;
		if (!read_word(&value)) {
			memset(out, 0, length);
			return false;
		}
		memcpy(byte + at, &value, length - at < 4 ? length - at : 4);
	}
	return true;
}
