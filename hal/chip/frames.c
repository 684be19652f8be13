#include "frames.h"

/* Each frame lies behind its length, high byte first. */
#define PREFIX 2u

/* What one side has written before it lets the other see it. */
#define PUBLISH() __asm__ volatile("" ::: "memory")

_Static_assert((FRAMES_LENGTH & (FRAMES_LENGTH - 1)) == 0, "positions wrap at 32 bits");

static uint8_t *at(struct frames *frames, uint32_t position)
{
	return &frames->bytes[position % FRAMES_LENGTH];
}

void frames_clear(struct frames *frames)
{
	frames->closed = frames->taken = 0;
	frames->closedCount = frames->takenCount = 0;
	frames->dropped = 0;
	frames_discard(frames);
}

void frames_discard(struct frames *frames)
{
	frames->end = frames->closed + PREFIX;
	frames->overflow = false;
}

size_t frames_open_length(const struct frames *frames)
{
	return frames->end - frames->closed - PREFIX;
}

void frames_append(struct frames *frames, uint8_t byte)
{
	if (frames->overflow || frames_open_length(frames) == FRAME_LENGTH_MAX
	    || frames->end - frames->taken >= FRAMES_LENGTH) {
		frames->overflow = true;
		return;
	}
	*at(frames, frames->end++) = byte;
}

bool frames_close(struct frames *frames)
{
	size_t length = frames_open_length(frames);
	bool whole = length != 0 && !frames->overflow;
	if (frames->overflow)
		frames->dropped++;
	if (whole) {
		*at(frames, frames->closed) = (uint8_t)(length >> 8);
		*at(frames, frames->closed + 1) = (uint8_t)length;
		PUBLISH();
		frames->closed = frames->end;
		frames->closedCount++;
	}
	frames_discard(frames);
	return whole;
}

uint32_t frames_waiting(const struct frames *frames)
{
	return frames->closedCount - frames->takenCount;
}

size_t frames_take(struct frames *frames, void *into, size_t capacity)
{
	if (!frames_waiting(frames))
		return 0;
	PUBLISH();
	uint32_t position = frames->taken;
	size_t length = (size_t)(*at(frames, position) << 8 | *at(frames, position + 1));
	uint8_t *out = into;
	if (length <= capacity)
		for (size_t i = 0; i < length; i++)
			out[i] = *at(frames, position + PREFIX + i);
	PUBLISH();
	frames->taken = position + PREFIX + length;
	frames->takenCount++;
	return length <= capacity ? length : 0;
}
