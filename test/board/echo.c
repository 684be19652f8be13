/*
 * The drivers without XS: every frame goes back to the source address it names, with its MCTP endpoint ids swapped, if
 * its PEC is right. What the bus tests use to tell a fault of the drivers from one of the firmware above them.
 */
#include "ast1030.h"
#include <string.h>

static void echo(uint8_t *frame, size_t length)
{
	if (length < 9 || frame[2] != length - 4 || pec(0, frame, length - 1) != frame[length - 1])
		return;
	uint8_t source = frame[3], destinationId = frame[5];
	frame[3] = frame[0] | 1;
	frame[0] = source & 0xFE;
	frame[5] = frame[6];
	frame[6] = destinationId;
	frame[length - 1] = pec(0, frame, length - 1);
	if (!i2c_driver.write(frame, length))
		console_write("refused\n");
}

/* Over a sector's end. */
static bool flash_works(void)
{
	static const char text[] = "written by the board";
	char read[sizeof text];
	if (!flash_erase(0x2000) || !flash_erase(0x3000) || !flash_program(0x2FF8, text, 8)
	    || !flash_program(0x3000, text + 8, sizeof text - 8))
		return false;
	flash_read(0x2FF8, read, sizeof read);
	return memcmp(read, text, sizeof text) == 0;
}

/* What is beyond its end, or over that of a sector or page, and bits that were programmed. */
static bool flash_refuses(void)
{
	uint8_t read[2] = { 0 };
	uint32_t end = flash_length();
	flash_read(end - 1, read, 2);
	return read[0] == 0xFF && read[1] == 0xFF && !flash_erase(0x2100) && !flash_erase(end) && !flash_program(end - 1, read, 2)
	       && !flash_program(0x20FF, "\0", 2) && !flash_program(0x2FF8, read, 2);
}

static bool random_works(void)
{
	uint8_t bytes[33] = { 0 };
	return random_start() && random_fill(bytes, sizeof bytes - 1) && bytes[32] == 0;
}

int main(void)
{
	static uint8_t frame[FRAME_LENGTH_MAX];
	console_write(random_works() ? "random works\n" : "no random\n");
	console_write(hace_start() ? "hace\n" : "no hace\n");
	console_write(flash_works() && flash_refuses() ? "flash works\n" : "no flash\n");
	i2c_driver.open(&(struct port_options){ .address = 0x1D });
	console_write("ready\n");
	for (;;) {
		wait_for_frame();
		echo(frame, i2c_driver.read(frame, sizeof frame));
	}
}
