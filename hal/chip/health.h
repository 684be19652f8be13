/*
 * The health tests of SP 800-90B §4.4, which see every sample of a noise source: that it is not stuck, and not too much of
 * one kind. What the cutoffs follow from, the entropy of a sample and the chance of a false alarm, each chip says.
 */
#ifndef HEALTH_H
#define HEALTH_H

#include <stdbool.h>
#include <stdint.h>

struct health {
	uint32_t repetitionCutoff;      /* §4.4.1 */
	uint32_t window, proportionCutoff; /* §4.4.2 */
	uint8_t last, first;
	uint32_t repetitions, position, equal;
};

/* False if the sample makes a test fail; that is final then, which is the caller's to see to. */
static inline bool health_test(struct health *health, uint8_t sample)
{
	health->repetitions = health->repetitions && sample == health->last ? health->repetitions + 1 : 1;
	health->last = sample;
	if (health->position == 0) {
		health->first = sample;
		health->equal = 0;
	}
	health->equal += sample == health->first;
	health->position = (health->position + 1) % health->window;
	return health->repetitions < health->repetitionCutoff && health->equal < health->proportionCutoff;
}

#endif
