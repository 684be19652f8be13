#include "ast1030.h"

#define SYSTICK_CONTROL REGISTER(0xE000E010u)
#define SYSTICK_RELOAD REGISTER(0xE000E014u)
#define SYSTICK_VALUE REGISTER(0xE000E018u)
#define INTERRUPT_CONTROL REGISTER(0xE000ED04u)
#define SYSTICK_PENDING (1u << 26)
#define SYSTICK_CLEAR (1u << 25)
#define PERIOD 0x1000000u
#define TICKS_PER_MILLISECOND 200000u

static volatile uint64_t elapsed;

void clock_start(void)
{
	SYSTICK_RELOAD = PERIOD - 1;
	SYSTICK_VALUE = 0;
	SYSTICK_CONTROL = 7;
}

void clock_overflow(void)
{
	elapsed += PERIOD;
	watchdog_overflow();
}

/* Ticks in this period. The counter runs down; 0 is both its last value and what it reads after being written. */
static uint32_t progress(void)
{
	return (0u - SYSTICK_VALUE) & (PERIOD - 1);
}

uint64_t clock_ticks(void)
{
	uint32_t primask = interrupts_disable();
	uint32_t now = progress();
	uint64_t base = elapsed;
	if (INTERRUPT_CONTROL & SYSTICK_PENDING) {
		now = progress();
		base += PERIOD;
	}
	interrupts_restore(primask);
	return base + now;
}

void clock_rephase(void)
{
	uint32_t primask = interrupts_disable();
	uint64_t now = clock_ticks();
	SYSTICK_VALUE = 0;
	INTERRUPT_CONTROL = SYSTICK_CLEAR;
	elapsed = now;
	interrupts_restore(primask);
}

uint32_t clock_milliseconds(void)
{
	return (uint32_t)(clock_ticks() / TICKS_PER_MILLISECOND);
}
