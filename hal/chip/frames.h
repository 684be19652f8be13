/*
 * A ring of received frames between an interrupt, which appends byte by byte, and the main loop, which takes whole frames.
 * On one core neither waits for the other; on two, where order for the compiler is not enough, both must take a lock. A frame
 * that finds no room, or is longer than FRAME_LENGTH_MAX, is dropped and counted.
 */
#ifndef FRAMES_H
#define FRAMES_H

#include "chip.h"

/* A message of 4 KiB in baseline packets is 64 frames of 73 bytes, half of which may wait while one is worked on. */
#define FRAMES_LENGTH 4096u

struct frames {
	/* Bytes since `frames_clear`; all but the last of `end` written by the interrupt, `taken` by the main loop. */
	volatile uint32_t closed, taken;
	volatile uint32_t closedCount, takenCount;
	uint32_t end;
	bool overflow;
	uint32_t dropped;
	uint8_t bytes[FRAMES_LENGTH];
};

/* --- by the interrupt; also by the main loop while it is disabled --- */

void frames_clear(struct frames *frames);
/* Bytes of the frame under way. */
size_t frames_open_length(const struct frames *frames);
void frames_append(struct frames *frames, uint8_t byte);
/* Forgets the frame under way. */
void frames_discard(struct frames *frames);
/* Closes the frame under way; false if there is none, or it was dropped. */
bool frames_close(struct frames *frames);

/* --- by the main loop --- */

uint32_t frames_waiting(const struct frames *frames);
/* The oldest frame's bytes, 0 if none waits; of one longer than `capacity` too, which is gone then. */
size_t frames_take(struct frames *frames, void *into, size_t capacity);

#endif
