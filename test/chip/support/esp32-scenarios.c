#include "esp32-scenarios.h"
#include "esp32-fakes.h"
#include <stdio.h>
#include <string.h>
#include "esp32-hal.h"
#include "esp32-serial.c"

static void print_bytes(const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		printf("%02x", bytes[i]);
	printf("\n");
}

static void flash(void)
{
	uint8_t page[FLASH_PAGE_LENGTH], out[8];
	memset(page, 0x5A, sizeof page);
	fakes.noPartition = true;
	flash_read(0, out, 4);
	printf("none: %u %02x%02x %d %d\n", flash_length(), out[0], out[3], flash_erase(0), flash_program(0, page, 1));
	fakes.noPartition = false;
	uint32_t length = flash_length(), last = length - FLASH_SECTOR_LENGTH;
	printf("length %x erase %d %d, unaligned %d, beyond %d %d\n", length, flash_erase(0), flash_erase(last), flash_erase(256),
	       flash_erase(length), flash_erase(0xFFFFF000u));
	printf("program %d %d %d, across %d, beyond %d, nothing %d\n", flash_program(0, page, 256), flash_program(last + 8, page, 248),
	       flash_program(length - 256, page, 256), flash_program(last + 255, page, 2), flash_program(length, page, 1),
	       flash_program(4, page, 0));
	flash_read(last + 4, out, 8);
	print_bytes(out, 8);
	flash_read(length - 4, out, 8);
	print_bytes(out, 8);
	memset(page, 0xFF, sizeof page);
	printf("over what is programmed %d", flash_program(0, page, 256));
	fakes.stuck = 1;
	printf(", stuck bit %d %d", flash_erase(4096), flash_program(8192, page, 16));
	fakes.stuck = 0;
	fakes.dead = true;
	flash_read(0, out, 8);
	printf(", dead %d %d ", flash_erase(0), flash_program(0, page, 1));
	print_bytes(out, 8);
}

static void random_numbers(int goodBytes, uint8_t mask)
{
	uint8_t out[600];
	unsigned filled = 0;
	memset(out, 0xA5, sizeof out);
	/* A call at a time: the order of arguments is the compiler's. */
	printf("before start %d ", random_fill(out, 4));
	printf("%02x, ", out[0]);
	fakes.goodBytes = (size_t)goodBytes;
	fakes.mask = mask;
	printf("start %d ", random_start());
	printf("noise %d, ", fakes.noise);
	while (filled < 20 && random_fill(out, sizeof out))
		filled++;
	bool wiped = true;
	for (size_t i = 0; i < sizeof out; i++)
		wiped = wiped && out[i] == 0;
	fakes.goodBytes = 100000;
	printf("fills %u, wiped %d, again %d\n", filled, wiped, random_fill(out, sizeof out));
}

static void measure(int length)
{
	for (size_t i = 0; i < sizeof fakes.flash; i++)
		fakes.flash[i] = (uint8_t)(i * 7 + (i >> 8));
	fakes.imageLength = (uint32_t)length;
	/* Neither before it was measured nor without: both restart. */
	if (!setjmp(fakes.restarted))
		code_digest();
	if (!setjmp(fakes.restarted)) {
		measure_code();
		print_bytes(code_digest(), CODE_DIGEST_LENGTH);
	}
}

static void state(void)
{
	for (int bits = 0; bits < 8; bits++) {
		fakes.secure = bits & 1;
		fakes.padClosed = bits & 2;
		fakes.usbClosed = bits & 4;
		struct chip_state now = chip_state();
		printf("%d%d%d ", now.told, now.secureBoot, now.debugOpen);
	}
	printf("\n");
}

static void seal(void)
{
	uint8_t key[32];
	printf("no block %d, ", flash_key(key));
	fakes.hasBlock = fakes.readable = true;
	printf("readable block %d, ", flash_key(key));
	fakes.readable = false;
	fakes.hmacFails = true;
	memset(key, 0xA5, sizeof key);
	printf("failing %d ", flash_key(key));
	printf("%02x%02x, ", key[0], key[31]);
	fakes.hmacFails = false;
	printf("block %d ", flash_key(key));
	printf("%d ", fakes.hmacKey);
	print_bytes(key, sizeof key);
}

static void digests(void)
{
	uint8_t out[64];
	for (size_t length = 32; length <= 64; length += 16) {
		digest("abc", 3, out, length);
		print_bytes(out, length);
	}
}

static void serial(uint8_t transmit, uint8_t receivePin)
{
	const struct port_options options = { 0, transmit, receivePin, 115200 };
	char out[100];
	static const char reply[600] = { 1, 2, 3 };
	bool opened = serial_open(&options);
	printf("open %d again %d; ", opened, serial_open(&options));
	if (!opened)
		return;
	fakes.line = "0123456789012345678901234567890123456789012345678901234567890123456789";
	while (move())
		;
	size_t first = serial_read(out, 10), second = serial_read(out, sizeof out);
	printf("%zu %zu %.3s %u notified %d; ", first, second, out, serial_readable(), fakes.notified > 0);
	printf("write %d ", serial_write(reply, sizeof reply));
	printf("%d; ", memcmp(reply, fakes.written, sizeof reply));
	fakes.held = true;
	printf("held %d; ", serial_write(reply, 10));
	serial_close();
	printf("closed: installed %d read %zu write %d\n", fakes.installed, serial_read(out, 1), serial_write(reply, 1));
}

/* More than the stream buffer holds, and nobody reads until the task has been told to end. */
static void flood(void)
{
	static char line[6000];
	memset(line, 'x', sizeof line - 1);
	const struct port_options options = { 0, 1, 2, 115200 };
	serial_open(&options);
	fakes.line = line;
	while (serial_readable() < BUFFER_LENGTH)
		move();
	printf("waiting %u, with the driver %zu\n", serial_readable(), strlen(fakes.line));
}

static void ports(void)
{
	printf("%d %d %d\n", port_driver(PORT_I2C) == &esp32_i2c_driver, port_driver(PORT_SERIAL) == &esp32_serial_driver,
	       port_driver(PORT_COUNT) == NULL);
}

int run_scenario(const char *name, int number)
{
	if (strcmp(name, "flash") == 0)
		flash();
	else if (strcmp(name, "stuck") == 0)
		random_numbers(number, 0);
	else if (strcmp(name, "biased") == 0)
		random_numbers(number, 0x03);
	else if (strcmp(name, "measure") == 0)
		measure(number);
	else if (strcmp(name, "state") == 0)
		state();
	else if (strcmp(name, "seal") == 0)
		seal();
	else if (strcmp(name, "digests") == 0)
		digests();
	else if (strcmp(name, "uart") == 0)
		serial(1, 2);
	else if (strcmp(name, "usb") == 0)
		serial(0, 0);
	else if (strcmp(name, "samePin") == 0)
		serial(3, 3);
	else if (strcmp(name, "flood") == 0)
		flood();
	else if (strcmp(name, "ports") == 0)
		ports();
	else
		return 1;
	return 0;
}
