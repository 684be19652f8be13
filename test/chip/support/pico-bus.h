/*
 * The I2C controller of the RP2040, and who else is on its bus, on this machine. Time goes by in steps of a microsecond, one
 * at least for each access to a register.
 */
#ifndef PICO_BUS_H
#define PICO_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAMES_MAX 8u
#define NEVER UINT64_MAX

enum fault { NO_FAULT, NAK, ARBITRATION, STUCK };

struct world {
	uint64_t now;
	/* The processor has another interrupt until then. */
	uint64_t heldUntil;
	unsigned notified;

	/* They write to us, in steps of `pace`, and at `burstAt` so many more steps at once; who is refused begins again. */
	const uint8_t *frames[FRAMES_MAX];
	size_t lengths[FRAMES_MAX];
	unsigned frameCount, done, refused, pace, burst;
	uint64_t startAt, burstAt;
	/* They read a byte instead; or come to this byte and are silent, until we leave them: with
	 * the clock held until we are reset, or not. */
	bool reads, holds;
	size_t diesAt;

	/* They write to somebody else until then. */
	uint64_t busyUntil;
	/* We write, in steps of `ownPace`. At this byte, 0 for the address, it goes wrong so many times; a clock that somebody
	 * holds is let go at `freeAt`. */
	unsigned ownPace, faults;
	enum fault fault;
	size_t faultAt;
	uint64_t freeAt;
	/* Whole frames of ours, and the last of them. */
	unsigned takenCount;
	uint8_t taken[300], answered;
	size_t takenLength;
};
extern struct world world;

/* As after power-on. */
void bus_reset(void);
void bus_run(uint64_t us);
/* Whether who writes to `address` is heard, by interrupt. */
bool bus_listens(uint8_t address);
void require(bool condition, const char *what);

/* Between the bus and the processor: an access to a register ends, a microsecond passes, an interrupt is asked for. */
void bus_settle(void);
void bus_step(void);
bool bus_interrupts(void);
void processor_reset(void);
/* A microsecond, and the interrupt if it is due. */
void processor_pass(void);
bool processor_listens(void);

#endif
