/* The processor before the bus of pico-bus.c: its one interrupt, and waiting. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "chip.h"
#include "pico-bus.h"
#include <hardware/gpio.h>
#include <hardware/irq.h>
#include <pico/time.h>

static struct {
	irq_handler_t handler;
	bool enabled, handling;
} cpu;

void require(bool condition, const char *what)
{
	if (condition)
		return;
	printf("%s, at %llu us\n", what, (unsigned long long)world.now);
	exit(1);
}

void fatal(const char *reason, const char *detail)
{
	(void)detail;
	require(false, reason);
	abort();
}

void processor_reset(void)
{
	memset(&cpu, 0, sizeof cpu);
}

bool processor_listens(void)
{
	return cpu.handler && cpu.enabled;
}

void processor_pass(void)
{
	bus_settle();
	bus_step();
	for (unsigned times = 0; processor_listens() && !cpu.handling && world.now >= world.heldUntil && bus_interrupts(); times++) {
		require(times < 5000, "an interrupt that nothing ends");
		cpu.handling = true;
		cpu.handler();
		bus_settle();
		cpu.handling = false;
	}
}

void bus_run(uint64_t us)
{
	for (uint64_t end = world.now + us; world.now < end;)
		processor_pass();
}

void irq_set_exclusive_handler(uint number, irq_handler_t handler)
{
	require(number == I2C0_IRQ && !cpu.handler, "a second handler");
	cpu.handler = handler;
}

void irq_remove_handler(uint number, irq_handler_t handler)
{
	require(number == I2C0_IRQ && cpu.handler == handler, "another's handler");
	cpu.handler = NULL;
}

void irq_set_enabled(uint number, bool enabled)
{
	require(number == I2C0_IRQ, "another's interrupt");
	bus_settle();
	cpu.enabled = enabled;
	processor_pass();
}

bool time_reached(absolute_time_t time)
{
	processor_pass();
	return world.now >= time;
}

absolute_time_t make_timeout_time_us(uint64_t us) { return world.now + us; }
void sleep_us(uint64_t us) { bus_run(us); }
void busy_wait_us_32(uint32_t us) { bus_run(us); }
void port_notify(void) { world.notified++; }
void gpio_set_function(uint pin, enum gpio_function function) { (void)pin, (void)function; }
void gpio_pull_up(uint pin) { (void)pin; }
void gpio_deinit(uint pin) { (void)pin; }
