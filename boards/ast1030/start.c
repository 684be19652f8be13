/* Vectors, reset, memory protection and faults. */
#include "ast1030.h"
#include <string.h>

extern uint8_t __code_end[], __data_load[], __data_start[], __data_end[], __bss_start[], __bss_end[];
extern uint8_t __stack_guard[], __stack_top[];

int main(void);

#define COPROCESSOR_ACCESS REGISTER(0xE000ED88u)
#define FAULT_STATUS REGISTER(0xE000ED28u)
#define MPU_CONTROL REGISTER(0xE000ED94u)
#define MPU_NUMBER REGISTER(0xE000ED98u)
#define MPU_BASE REGISTER(0xE000ED9Cu)
#define MPU_ATTRIBUTES REGISTER(0xE000EDA0u)
#define MPU_NO_ACCESS (0u << 24 | 1u << 28)
#define MPU_READ_ONLY (6u << 24)
#define MPU_INTERNAL_MEMORY (1u << 17 | 1u << 18)
#define MPU_ENABLE_WITH_DEFAULT_MAP 5u

static void protect(uint32_t region, uint32_t base, uint32_t log2Length, uint32_t disabledEighths, uint32_t access)
{
	MPU_NUMBER = region;
	MPU_BASE = base;
	MPU_ATTRIBUTES = access | MPU_INTERNAL_MEMORY | disabledEighths << 8 | (log2Length - 1) << 1 | 1;
}

/*
 * What was measured stays as it was: code is read-only, in regions of 512, 64 and 8 KiB of which as many eighths are
 * used as whole ones lie below __code_end. The guard page below the stack turns an overflow into a fault.
 */
static void protect_memory(void)
{
	uint32_t base = 0;
	uint32_t end = (uint32_t)__code_end;
	for (uint32_t region = 0, log2Length = 19; region < 3; region++, log2Length -= 3) {
		uint32_t eighths = (end - base) >> (log2Length - 3);
		if (eighths > 8)
			eighths = 8;
		if (eighths == 0)
			continue;
		protect(region, base, log2Length, 0xFFu << eighths & 0xFF, MPU_READ_ONLY);
		base += eighths << (log2Length - 3);
	}
	protect(7, (uint32_t)__stack_guard, 10, 0, MPU_NO_ACCESS);
	MPU_CONTROL = MPU_ENABLE_WITH_DEFAULT_MAP;
	__asm__ volatile("dsb\n\tisb" ::: "memory");
}

__attribute__((used)) static void fault_report(const uint32_t *frame)
{
	console_write("\nfault: pc ");
	console_hex(frame[6]);
	console_write(" lr ");
	console_hex(frame[5]);
	console_write(" cfsr ");
	console_hex(FAULT_STATUS);
	console_write("\n");
	fatal("processor fault", NULL);
}

/* The stack may be what is broken, and nothing returns to it: the report runs on a fresh one. */
__attribute__((naked)) static void fault(void)
{
	__asm__ volatile("mov r0, sp\n\tldr sp, =__stack_top\n\tb fault_report");
}

static void unexpected_interrupt(void)
{
	fatal("unexpected interrupt", NULL);
}

__attribute__((naked)) static void paint_stack(void)
{
	__asm__ volatile(
		"mov r2, sp\n\t"
		"ldr r0, =__stack_limit\n\t"
		"ldr r1, =0xA5A5A5A5\n"
		"1:\tcmp r0, r2\n\t"
		"itt lo\n\t"
		"strlo r1, [r0], #4\n\t"
		"blo 1b\n\t"
		"bx lr");
}

void reset(void);
void reset(void)
{
	/* The watchdog first: whatever goes wrong from here on ends in a reset. */
	watchdog_start();
	COPROCESSOR_ACCESS |= 0xFu << 20;
	__asm__ volatile("dsb\n\tisb");
	paint_stack();
	memcpy(__data_start, __data_load, (size_t)(__data_end - __data_start));
	memset(__bss_start, 0, (size_t)(__bss_end - __bss_start));
	protect_memory();
	clock_start();
	main();
	fatal("main returned", NULL);
}

#define INTERRUPTS 160
typedef void (*vector)(void);
__attribute__((section(".vectors"), used)) static const vector vectors[16 + INTERRUPTS] = {
	(vector)__stack_top, reset, fault, fault, fault, fault, fault, 0, 0, 0, 0, fault, fault, 0, fault, clock_overflow,
	[16 ... 16 + 109] = unexpected_interrupt,
	[16 + 110] = i2c_interrupt,
	[16 + 111 ... 16 + INTERRUPTS - 1] = unexpected_interrupt,
};
