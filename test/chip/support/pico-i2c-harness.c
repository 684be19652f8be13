/* pico-i2c.c on the bus of pico-bus.c. Runs the scenario that the argument names, and prints what came of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "pico-bus.h"
#include "pico-i2c.c"

#define OURS 0x1D
#define OWNER 0x10
#define LONGEST (FRAME_LENGTH_MAX - 1u)

static const struct port_options options = { .address = OURS, .data = 4, .clock = 5, .rate = 100000 };
static const struct port_driver *const port = &pico_i2c_driver;
static uint8_t theirs[FRAMES_MAX][LONGEST + 1], answer[FRAME_LENGTH_MAX + 1];
static unsigned taken;

static void start(unsigned pace)
{
	bus_reset();
	world.pace = pace;
	memset(&pico_i2c_counters, 0, sizeof pico_i2c_counters);
	require(port->open(&options), "not open");
	require(bus_listens(OURS), "does not listen");
	taken = 0;
}

/* They write so many bytes behind our address; the first tells frames apart. */
static void write_to_us(size_t length)
{
	static uint8_t serial;
	uint8_t *frame = theirs[world.frameCount];
	serial++;
	for (size_t i = 0; i < length; i++)
		frame[i] = (uint8_t)(serial + 37 * i);
	world.frames[world.frameCount] = frame;
	world.lengths[world.frameCount++] = length;
}

/* What was written and not taken yet comes, in order and as it was. */
static void expect(unsigned count, const char *what)
{
	uint8_t frame[FRAME_LENGTH_MAX];
	require(port->readable() == count, what);
	for (; count; count--, taken++) {
		size_t length = port->read(frame, sizeof frame);
		require(length == world.lengths[taken] + 1 && frame[0] == OURS << 1, what);
		require(memcmp(frame + 1, theirs[taken], length - 1) == 0, what);
	}
	require(port->readable() == 0, what);
}

static void until_written(void)
{
	for (unsigned i = 0; world.done < world.frameCount; i++) {
		require(i < 1000, "they never end");
		bus_run(100);
	}
	bus_run(100);
}

/* As at the start: somebody writes, and it comes. */
static void still_listens(void)
{
	bus_run(1);
	require(bus_listens(OURS), "listens no more");
	world.burstAt = world.startAt = 0;
	write_to_us(7);
	until_written();
	expect(1, "receives no more");
}

static bool reply(size_t length)
{
	for (size_t i = 0; i < length; i++)
		answer[i] = (uint8_t)(OWNER << 1 ^ 5 * i);
	bool sent = port->write(answer, length);
	bool whole = world.takenCount == 1 && world.takenLength == length && memcmp(world.taken, answer, length) == 0;
	require(sent ? whole : world.takenCount == 0, sent ? "told that it was sent" : "told that it was not sent");
	return sent;
}

#include "pico-i2c-answers.c"

static void receive(void)
{
	static const size_t lengths[] = { 1, 2, 15, 16, 17, 73, LONGEST };
	static const unsigned paces[] = { 1, 2, 5, 20, 90 };
	unsigned count = 0;
	for (unsigned i = 0; i < 7; i++)
		for (unsigned j = 0; j < 5; j++, count += 3) {
			start(paces[j]);
			for (unsigned k = 0; k < 3; k++)
				write_to_us(lengths[i]);
			until_written();
			require(world.notified == 3, "told of each");
			expect(3, "received");
		}
	start(20);
	write_to_us(LONGEST + 1);
	until_written();
	require(world.notified == 0, "nothing to tell of");
	taken++;
	still_listens();
	printf("received %u, too long %u\n", count, frames.dropped);
}

/* Their frames follow each other whatever the interrupt is at: between any two accesses the bus goes on by any step. */
static void race(unsigned pace, unsigned burst, unsigned at, unsigned hold)
{
	start(pace);
	world.burst = burst;
	world.burstAt = world.now + at;
	world.heldUntil = world.now + hold;
	for (size_t length = 1; length <= 9; length += 4)
		write_to_us(length);
	until_written();
	expect(3, "received amid a race");
}

static void races(void)
{
	unsigned runs = 0;
	for (unsigned pace = 1; pace <= 8; pace++)
		for (unsigned burst = 0; burst <= 13; burst++)
			for (unsigned at = 1; at <= 12 * pace + 60; at++, runs++) {
				race(pace, burst, at, 0);
				/* Begins when all of the first frame and some of the second are there. */
				race(pace, burst, at, 6 * pace);
			}
	printf("races %u\n", 2 * runs);
}

/* The interrupt waits for STOP, the next START and more than the FIFO holds. */
static void held(void)
{
	start(20);
	for (size_t length = 5; length <= 11; length += 2)
		write_to_us(length);
	world.heldUntil = world.now + 2000;
	until_written();
	require(world.now > 2000, "nobody waited");
	expect(4, "received late");
	printf("held\n");
}

static void full(void)
{
	unsigned count = 0;
	start(20);
	for (; !frames.dropped; count++) {
		world.frameCount = world.done = 0;
		write_to_us(72);
		until_written();
	}
	printf("%u of %u waiting", port->readable(), count);
	while (port->readable())
		require(port->read(answer, sizeof answer) == 73, "a frame as it was");
	world.frameCount = world.done = taken = 0;
	still_listens();
	printf(", then room\n");
}

/* Closed at any moment: silence, and nothing of it after the next opening. */
static void closing(void)
{
	for (unsigned at = 0; at < 600; at++) {
		start(20);
		write_to_us(9);
		write_to_us(9);
		bus_run(at);
		port->close();
		unsigned told = world.notified;
		bus_run(300);
		require(world.notified == told && !bus_listens(OURS), "closed");
		world.frameCount = world.done = 0;
		require(port->open(&options) && port->readable() == 0, "opened, and empty");
		taken = 0;
		still_listens();
	}
	printf("closed\n");
}

static void reads(void)
{
	start(20);
	write_to_us(1);
	world.reads = true;
	until_written();
	world.reads = false;
	require(port->readable() == 0, "nothing received");
	taken++;
	printf("answered %02x, spurious %u\n", world.answered, pico_i2c_counters.spurious);
	still_listens();
}

static void arguments(void)
{
	static const struct port_options refused[] = {
		{ OURS, 5, 6, 100000 }, { OURS, 4, 4, 100000 }, { OURS, 30, 31, 100000 },
	};
	bus_reset();
	for (unsigned i = 0; i < sizeof refused / sizeof *refused; i++)
		require(!port->open(refused + i) && !processor_listens(), "opened");
	start(20);
	require(!port->write(answer, 2) && !port->write(answer, FRAME_LENGTH_MAX + 1), "written");
	require(reply(3) && bus_listens(OURS), "the shortest");
	world.takenCount = 0;
	require(reply(FRAME_LENGTH_MAX) && bus_listens(OURS), "the longest");
	printf("arguments\n");
}

int main(int count, char **names)
{
	const char *name = count > 1 ? names[1] : "";
	static const struct {
		const char *name;
		void (*run)(void);
	} scenarios[] = {
		{ "receive", receive }, { "races", races }, { "held", held }, { "full", full }, { "stuck", stuck }, { "others", others },
		{ "turning", turning }, { "closing", closing }, { "reads", reads }, { "arguments", arguments },
	};
	for (unsigned i = 0; i < sizeof scenarios / sizeof *scenarios; i++)
		if (strcmp(name, scenarios[i].name) == 0)
			scenarios[i].run();
	if (strcmp(name, "silent") == 0)
		silent(false), silent(true);
	if (strcmp(name, "nak") == 0)
		faults(NAK);
	if (strcmp(name, "arbitration") == 0)
		faults(ARBITRATION);
	return 0;
}
