/*
 * The AST1030 as this project uses it: bare registers, no operating system. Nothing here knows XS or SPDM, so the
 * drivers can be tested without either.
 */
#ifndef AST1030_H
#define AST1030_H

#include "chip.h"

/* Tests put registers of their own in the place of the chip's. */
#ifndef REGISTER
#define REGISTER(address) (*(volatile uint32_t *)(address))
#endif

/* Keeps the compiler and the core from moving memory accesses over a register write that starts DMA. */
#define DMA_BARRIER() __asm__ volatile("dsb" ::: "memory")

static inline uint32_t interrupts_disable(void)
{
	uint32_t primask;
	__asm__ volatile("mrs %0, primask\n\tcpsid i" : "=r"(primask) :: "memory");
	return primask;
}

static inline void interrupts_restore(uint32_t primask)
{
	__asm__ volatile("msr primask, %0" :: "r"(primask) : "memory");
}

/* console.c: UART5, polled. */
void console_hex(uint32_t value);

/* watchdog.c */
void watchdog_start(void);
void watchdog_kick(void);
/* From SysTick's interrupt: a main loop that hangs with interrupts on is reported before the watchdog ends it. */
void watchdog_overflow(void);

/* clock.c: SysTick at 200 MHz, never stopped. */
void clock_start(void);
uint64_t clock_ticks(void);
/* Puts SysTick's next overflow a full period away, so that what follows costs the same whenever it begins. */
void clock_rephase(void);
void clock_overflow(void);

/* accounting.c: what outsiders read at the symbol's address; see boards/ast1030/README.md. */
struct accounting {
	uint64_t awakeTicks;       /* from a wake that found work until going back to sleep */
	uint64_t cryptoTicks;      /* of these, in cryptographic engines */
	uint32_t asleep;           /* 1 while the processor waits for a frame */
	uint32_t wakeCount;        /* wakes that found work */
	uint32_t heapPeakLength;   /* bytes the heap ever took of its arena */
	uint32_t chunkPeakLength;  /* bytes of XS chunks, at most, since boot */
	uint32_t slotPeakLength;   /* bytes of XS slots, at most, since boot */
	uint32_t zero;
	uint64_t idleTicks;        /* worked ahead while no frame waited; in neither of the first two */
};
extern struct accounting accounting;
/* Sleeps until a frame waits. */
void wait_for_frame(void);

/* hace.c: one-shot digests; the engine is missing in QEMU before 10. */
bool hace_start(void);
bool hace_present(void);
/* `digestLength` 32, 48 or 64; `length` not 0. False: the engine did not answer. */
bool hace_digest(const void *data, size_t length, void *digest, size_t digestLength);

/* i2c.c: bus 0. Frames carry the destination address as byte 0, as if the controller had stored it. */
struct i2c_counters {
	uint32_t received, sent, refused, resent, spurious, stalled;
};
extern struct i2c_counters i2c_counters;
extern const struct port_driver i2c_driver;
void i2c_interrupt(void);

#endif
