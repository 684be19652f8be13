#include "ast1030.h"

#define WDT0 0x7E785000u
#define WDT_RELOAD REGISTER(WDT0 + 0x04)
#define WDT_RESTART REGISTER(WDT0 + 0x08)
#define WDT_CONTROL REGISTER(WDT0 + 0x0C)
#define RESTART_KEY 0x4755u
#define CONTROL_RESET_SYSTEM_1MHZ 0x13u

/*
 * Long enough for the slowest answer: with Mbed TLS a P-384 signature, 50 ms at 200 MHz; an emulator on a loaded host
 * takes many times that. A variant that is slower sets its own.
 */
#ifndef WATCHDOG_MS
#define WATCHDOG_MS 10000u
#endif

static void arm(uint32_t microseconds)
{
	WDT_CONTROL = 0;
	WDT_RELOAD = microseconds;
	WDT_RESTART = RESTART_KEY;
	WDT_CONTROL = CONTROL_RESET_SYSTEM_1MHZ;
}

/* SysTick's overflows until a second before the watchdog: then the interrupt still finds time to say what happened. */
#define OVERFLOW_MICROSECONDS 83886u
#define OVERFLOW_LIMIT ((WATCHDOG_MS - 1000u) * 1000u / OVERFLOW_MICROSECONDS)
static volatile uint32_t overflows;

void watchdog_start(void)
{
	arm(WATCHDOG_MS * 1000u);
}

void watchdog_kick(void)
{
	overflows = 0;
	WDT_RESTART = RESTART_KEY;
}

void watchdog_overflow(void)
{
	if (++overflows > OVERFLOW_LIMIT)
		fatal("main loop hangs", NULL);
}

void fatal(const char *reason, const char *detail)
{
	interrupts_disable();
	console_write("fatal: ");
	console_write(reason);
	if (detail) {
		console_write(": ");
		console_write(detail);
	}
	console_write("\n");
	/* Not at once: the last characters still leave the UART. */
	arm(10000);
	for (;;)
		;
}
