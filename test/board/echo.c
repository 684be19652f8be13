/*
 * The drivers without XS: every frame goes back to the source address it names, with its MCTP endpoint ids swapped, if
 * its PEC is right. What the bus tests use to tell a fault of the drivers from one of the firmware above them.
 */
#include "ast1030.h"

static void echo(uint8_t *frame, size_t length)
{
	if (length < 9 || pec(0, frame, length - 1) != frame[length - 1])
		return;
	uint8_t source = frame[3], destinationId = frame[5];
	frame[3] = frame[0] | 1;
	frame[0] = source & 0xFE;
	frame[5] = frame[6];
	frame[6] = destinationId;
	frame[length - 1] = pec(0, frame, length - 1);
	if (!i2c_write(frame, length))
		console_write("refused\n");
}

int main(void)
{
	static uint8_t frame[FRAME_LENGTH_MAX];
	console_write(random_start() ? "random\n" : "no random\n");
	console_write(hace_start() ? "hace\n" : "no hace\n");
	i2c_open(0x1D);
	console_write("ready\n");
	for (;;) {
		wait_for_frame();
		echo(frame, i2c_read(frame, sizeof frame));
	}
}
