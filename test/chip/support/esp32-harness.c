/* hal/esp32 over what ESP-IDF does on the host. Runs the scenario that the argument names, and prints what came of it. */
#include "esp32-fakes.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "esp32-i2c.c"
#include "esp32-scenarios.h"

#define ADDRESS 0x10
static const struct port_options i2c = { ADDRESS, 4, 5, 100000 };
static uint8_t frame[600];

/* A block write of `count` counted bytes, as it comes behind the address. */
static size_t block_write(uint8_t count)
{
	frame[0] = 0x0F;
	frame[1] = count;
	for (size_t i = 0; i <= count; i++)
		frame[2 + i] = (uint8_t)(count + i);
	return count + 3u;
}

static void deliver(const char *what, size_t length)
{
	uint32_t before = i2c_readable();
	fake_receive(frame, length);
	printf("%s %u\n", what, i2c_readable() - before);
}

static void receive(void)
{
	uint8_t out[FRAME_LENGTH_MAX];
	/* A call at a time: the order of arguments is the compiler's. */
	printf("open %d", i2c_open(&i2c));
	printf(" again %d\n", i2c_open(&i2c));
	deliver("shortest", block_write(6));
	deliver("empty", 0);
	deliver("command alone", 1);
	deliver("count below the header", block_write(5));
	deliver("cut short", block_write(20) - 1);
	deliver("with some of the next", block_write(20) + 2);
	block_write(20);
	frame[0] = 0x0E;
	deliver("another command", 23);
	deliver("longest", block_write(255));
	deliver("longest with stale bytes", block_write(255) + 258);
	printf("malformed %u received %u notified %u\n", esp32_i2c_counters.malformed, esp32_i2c_counters.received, fakes.notified);
	size_t length = i2c_read(out, sizeof out);
	for (size_t i = 0; i < length; i++)
		printf("%02x", out[i]);
	while ((length = i2c_read(out, sizeof out)) != 0)
		printf(" then %zu, %02x at its end", length, out[length - 1]);
	printf(", then none\n");
	i2c_close();
	deliver("closed", block_write(6));
}

static void full(void)
{
	uint8_t out[FRAME_LENGTH_MAX];
	i2c_open(&i2c);
	unsigned count = 0;
	do {
		count = i2c_readable();
		fake_receive(frame, block_write(69));
	} while (i2c_readable() != count);
	printf("%u dropped %u", count, frames.dropped);
	printf(" read %zu", i2c_read(out, sizeof out));
	fake_receive(frame, block_write(69));
	printf(" waiting %u\n", i2c_readable());
}

static void print_write(bool sent)
{
	printf("%s %s in %d ms, resent %u refused %u sent %u", sent ? "sent" : "refused", fakes.owner == TARGET ? "target" : "off",
	       (int)(fakes.microseconds / 1000), esp32_i2c_counters.resent, esp32_i2c_counters.refused, esp32_i2c_counters.sent);
}

static void begin(void)
{
	i2c_open(&i2c);
	block_write(20);
	frame[0] = 0x22;
	fakes.step = 0;
	fakes.microseconds = 0;
}

static void reply(int refusals)
{
	begin();
	fakes.refusals = (unsigned)refusals;
	print_write(i2c_write(frame, 24));
	printf(" to %02x %zu bytes %d\n", fakes.sentTo, fakes.sentLength, memcmp(fakes.sent, frame + 1, fakes.sentLength));
	/* Still, or again, a target. */
	deliver("received", block_write(6));
}

/* Each call on the way to controller and back fails once. */
static void faults(void)
{
	for (volatile unsigned step = 1;; step++) {
		memset(&fakes, 0, sizeof fakes);
		target = NULL;
		begin();
		fakes.failingStep = step;
		if (setjmp(fakes.restarted)) {
			printf("step %u: restarted\n", step);
			continue;
		}
		bool sent = i2c_write(frame, 24);
		if (fakes.step < step)
			return;
		printf("step %u: ", step);
		print_write(sent);
		printf("\n");
	}
}

static void dead(void)
{
	begin();
	fakes.targetFails = true;
	if (!setjmp(fakes.restarted))
		i2c_write(frame, 24);
	printf("restarted after %u calls\n", fakes.step);
}

static void busy(int ms)
{
	begin();
	fakes.busyUntil = ms * 1000;
	print_write(i2c_write(frame, 24));
	printf(" calls %u\n", fakes.step);
}

static void plan(void)
{
	for (unsigned attempt = 0; attempt < 8; attempt++)
		printf("%d ", backoff(attempt, 0));
	printf("late %d %d\n", backoff(1, 250), backoff(1, 251));
}

int main(int count, char **arguments)
{
	const char *name = count > 1 ? arguments[1] : "";
	int number = count > 2 ? atoi(arguments[2]) : 0;
	if (strcmp(name, "receive") == 0)
		receive();
	else if (strcmp(name, "full") == 0)
		full();
	else if (strcmp(name, "reply") == 0)
		reply(number);
	else if (strcmp(name, "faults") == 0)
		faults();
	else if (strcmp(name, "dead") == 0)
		dead();
	else if (strcmp(name, "busy") == 0)
		busy(number);
	else if (strcmp(name, "plan") == 0)
		plan();
	else
		return run_scenario(name, number);
	return 0;
}
