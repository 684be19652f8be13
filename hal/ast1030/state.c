#include "ast1030.h"

/* No boot ROM that checks anything, and nothing in the emulated part that says whether JTAG is open. */
struct chip_state chip_state(void)
{
	return (struct chip_state){ 0 };
}

/* No secret of its own either. */
bool flash_key(uint8_t key[32])
{
	(void)key;
	return false;
}
