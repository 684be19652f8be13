/* ESP-IDF as hal/esp32 sees it, on the host: what it holds, and how it fails. */
#ifndef ESP32_FAKES_H
#define ESP32_FAKES_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Who has the one I2C peripheral. */
enum owner { NOBODY, TARGET, CONTROLLER };

struct fakes {
	int64_t microseconds;
	unsigned notified;
	jmp_buf restarted;
	/* I2C: calls so far; the one that fails; whether those that make a target do from then on. */
	enum owner owner;
	unsigned step, failingStep;
	bool targetFails;
	/* Transmissions that are refused before one is taken; the bus is in use until then. */
	unsigned refusals;
	int64_t busyUntil;
	uint8_t sentTo, sent[300];
	size_t sentLength;
	/* Flash: whether the partition is there; a bit that stays 0; whether the medium answers. */
	bool noPartition, dead;
	uint8_t stuck;
	uint8_t flash[0x22000];
	uint32_t imageLength;
	/* Random bytes until `goodBytes`, then `mask` takes what it has not. */
	size_t goodBytes;
	uint8_t mask;
	bool noise;
	/* Serial: what the line will receive, what it was sent; whether it takes anything. */
	const char *line;
	char written[600];
	size_t writtenLength, sendLargest;
	bool held, installed, taskRuns;
	/* eFuses. */
	bool secure, padClosed, usbClosed, hasBlock, readable, hmacFails;
	int hmacKey;
};
extern struct fakes fakes;

/* As the bus does: an interrupt with what ESP-IDF's driver collected. */
void fake_receive(const uint8_t *bytes, size_t length);

#endif
