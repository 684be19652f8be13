#include "ast1030.h"

struct accounting accounting;

static uint64_t awakeSince;
static uint64_t cryptoSince;
static uint32_t cryptoDepth;
static uint64_t idleSince;
static uint64_t cryptoBefore;

void crypto_enter(void)
{
	if (cryptoDepth++ == 0)
		cryptoSince = clock_ticks();
}

void crypto_leave(void)
{
	if (--cryptoDepth == 0)
		accounting.cryptoTicks += clock_ticks() - cryptoSince;
}

void idle_enter(void)
{
	idleSince = clock_ticks();
	cryptoBefore = accounting.cryptoTicks;
}

void idle_leave(void)
{
	uint64_t ticks = clock_ticks() - idleSince;
	accounting.idleTicks += ticks;
	accounting.cryptoTicks = cryptoBefore;
	awakeSince += ticks;
}

/*
 * Wakes that find no frame (SysTick's overflow, an interrupt that was the bus's other controller at work) are not
 * counted: how many there are depends on the time the outside takes, and the counters must not.
 */
void wait_for_frame(void)
{
	interrupts_disable();
	accounting.awakeTicks += clock_ticks() - awakeSince;
	while (!i2c_driver.readable()) {
		watchdog_kick();
		accounting.asleep = 1;
		__asm__ volatile("dsb\n\twfi" ::: "memory");
		accounting.asleep = 0;
		clock_rephase();
		awakeSince = clock_ticks();
		__asm__ volatile("cpsie i\n\tisb\n\tcpsid i" ::: "memory");
	}
	watchdog_kick();
	accounting.wakeCount++;
	interrupts_restore(0);
}
