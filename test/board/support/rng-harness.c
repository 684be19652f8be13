/* rng.c over registers that behave as the argument says. Prints what random_start and three random_fills return. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static volatile uint32_t *fake_register(uint32_t address);
#define REGISTER(address) (*fake_register(address))
#include "rng.c"

static const char *scenario;

static volatile uint32_t *fake_register(uint32_t address)
{
	static uint32_t value;
	static uint32_t reads;
	reads++;
	if (strcmp(scenario, address == 0x7E6E2524u ? "old" : "new") == 0)
		value = 0; /* the other register of the two is the generator */
	else if (strcmp(scenario, "dead") == 0)
		value = 0xFFFFFFFF;
	else if (strcmp(scenario, "sticks") != 0 || reads < 16)
		value = reads * 2654435761u;
	return &value;
}

int main(int count, char **arguments)
{
	uint8_t bytes[32];
	scenario = count > 1 ? arguments[1] : "";
	printf("%d", random_start());
	for (int i = 0; i < 3; i++) {
		static const uint8_t zeros[sizeof bytes];
		int filled = random_fill(bytes, sizeof bytes - 1);
		printf(" %d%s", filled, memcmp(bytes, zeros, sizeof bytes - 1) == 0 ? "z" : "");
	}
	return 0;
}
