/*
 * frames.c against a model that keeps frames one by one. Prints a line for each thing tried, with how often; ends with a
 * message at the first difference.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "frames.c"

#define PENDING_MAX FRAMES_LENGTH

/* What the ring should hold: whole frames in their order, and the one under way. */
static struct {
	struct {
		uint8_t bytes[FRAME_LENGTH_MAX];
		size_t length;
	} pending[PENDING_MAX];
	uint32_t first, count;
	size_t taken;                   /* bytes of the ring in use by pending frames, with their lengths */
	uint8_t open[FRAME_LENGTH_MAX];
	size_t openLength;
	bool overflow;
	uint32_t dropped;
} model;

static struct frames frames;
static uint32_t seed = 2026;

static uint32_t next_random(uint32_t limit)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed % limit;
}

static void require(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "%s\n", what);
	exit(1);
}

static void append(uint8_t byte)
{
	frames_append(&frames, byte);
	if (model.overflow || model.openLength == FRAME_LENGTH_MAX
	    || model.taken + PREFIX + model.openLength >= FRAMES_LENGTH)
		model.overflow = true;
	else
		model.open[model.openLength++] = byte;
}

static void forget(void)
{
	model.openLength = 0;
	model.overflow = false;
}

static bool close_frame(void)
{
	bool whole = model.openLength != 0 && !model.overflow;
	model.dropped += model.overflow;
	if (whole) {
		uint32_t at = (model.first + model.count++) % PENDING_MAX;
		memcpy(model.pending[at].bytes, model.open, model.openLength);
		model.pending[at].length = model.openLength;
		model.taken += PREFIX + model.openLength;
	}
	forget();
	require(frames_close(&frames) == whole, "a frame closed that was none, or the other way round");
	return whole;
}

static size_t take(size_t capacity)
{
	/* Of its own, so that writing beyond it is seen. */
	uint8_t *into = malloc(capacity ? capacity : 1);
	require(into != NULL, "no memory");
	size_t length = frames_take(&frames, into, capacity), expected = 0;
	if (model.count) {
		uint32_t at = model.first;
		size_t whole = model.pending[at].length;
		expected = whole <= capacity ? whole : 0;
		require(length != expected || memcmp(into, model.pending[at].bytes, length) == 0, "another frame");
		model.first = (at + 1) % PENDING_MAX;
		model.count--;
		model.taken -= PREFIX + whole;
	}
	free(into);
	require(length == expected, "a frame of another length");
	return length;
}

static void compare(void)
{
	require(frames_waiting(&frames) == model.count, "another number of frames waits");
	require(frames.dropped == model.dropped, "another number of frames was dropped");
	require(model.overflow || frames_open_length(&frames) == model.openLength, "another frame under way");
}

static void clear(void)
{
	frames_clear(&frames);
	memset(&model, 0, sizeof model);
	compare();
}

static void append_many(size_t length)
{
	while (length--)
		append((uint8_t)next_random(256));
}

/* Everything in any order. `fill`: of 16 steps so many append; the more, the fuller the ring. */
static void interleave(uint32_t steps, uint32_t fill, const char *name)
{
	uint32_t taken = 0, tooLong = 0, discarded = 0;
	clear();
	for (uint32_t step = 0; step < steps; step++) {
		uint32_t choice = next_random(16);
		if (choice < fill)
			append_many(1 + next_random(choice == 0 ? FRAME_LENGTH_MAX + 4 : 60));
		else if (choice < 14)
			next_random(2) ? (void)close_frame() : (void)(taken += take(FRAME_LENGTH_MAX) != 0);
		else if (choice == 14)
			tooLong += model.count && take(next_random(40)) == 0;
		else if (next_random(8) == 0) {
			discarded += model.openLength != 0;
			frames_discard(&frames);
			forget();
		}
		compare();
	}
	printf("%s, taken: %u\n%s, longer than asked for: %u\n", name, taken, name, tooLong);
	printf("%s, discarded: %u\n%s, dropped: %u\n", name, discarded, name, model.dropped);
}

/* Frames of `length` bytes until none fits; returns how many did. */
static uint32_t fill(size_t length)
{
	uint32_t count = 0;
	clear();
	for (;; count++) {
		append_many(length);
		if (!close_frame())
			break;
		compare();
	}
	require(model.dropped == 1, "what did not fit is not counted");
	/* A place that is free again is used again. */
	take(FRAME_LENGTH_MAX);
	append_many(length);
	require(close_frame(), "no room though a frame was taken");
	while (model.count)
		take(FRAME_LENGTH_MAX);
	require(take(FRAME_LENGTH_MAX) == 0, "a frame out of nothing");
	return count;
}

/* Positions count bytes in 32 bits; here they wrap, with the ring in use. */
static uint32_t wrap(void)
{
	uint32_t taken = 0;
	clear();
	frames.closed = frames.taken = UINT32_MAX - 999;
	frames.closedCount = frames.takenCount = UINT32_MAX - 4;
	frames_discard(&frames);
	for (int i = 0; i < 40; i++) {
		append_many(73);
		require(close_frame(), "no room");
		compare();
		if (i % 2)
			taken += take(FRAME_LENGTH_MAX) != 0;
	}
	while (model.count)
		taken += take(FRAME_LENGTH_MAX) != 0;
	compare();
	require(frames.closed < FRAMES_LENGTH && frames.closedCount < 100, "nothing wrapped");
	return taken;
}

int main(void)
{
	interleave(200000, 4, "mostly empty");
	interleave(200000, 9, "mostly full");
	for (size_t length = 1; length <= FRAME_LENGTH_MAX; length += length < 4 ? 1 : 51)
		printf("frames of %zu bytes: %u\n", length, fill(length));
	clear();
	append_many(FRAME_LENGTH_MAX);
	require(close_frame() && take(FRAME_LENGTH_MAX) == FRAME_LENGTH_MAX, "the longest frame");
	append_many(FRAME_LENGTH_MAX + 1);
	require(!close_frame() && frames.dropped == 1, "a frame longer than the limit");
	require(!close_frame() && frames.dropped == 1, "a frame of nothing");
	printf("around the end of 32 bits: %u\n", wrap());
	return 0;
}
