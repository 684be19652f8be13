/*
 * What of hal/pico lies on the chip itself, over a flash, a random source, a one-time memory and lines in memory. Runs the
 * scenario that the argument names, and prints what came of it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "chip.h"
#include "pico-hal.h"
#include "store.h"
#include <hardware/flash.h>
#include <hardware/gpio.h>
#include <hardware/irq.h>
#include <hardware/regs/addressmap.h>
#include <hardware/structs/otp.h>
#include <hardware/structs/rosc.h>
#include <hardware/structs/trng.h>
#include <hardware/sync.h>
#include <hardware/uart.h>
#include <pico/stdio.h>
#include <pico/stdio_usb.h>
#include <pico/time.h>
#include <tusb.h>

#define BASE (PICO_FLASH_SIZE_BYTES - STORE_LENGTH)

/* --- flash: cells that cannot be set again, or cleared; a call that does nothing --- */

uint8_t fake_flash[PICO_FLASH_SIZE_BYTES];
static uint8_t stuckAtZero, stuckAtOne;
static bool dead, interruptsOff;
static unsigned exposed, calls;

uint32_t save_and_disable_interrupts(void) { interruptsOff = true; return 1; }
void restore_interrupts(uint32_t before) { interruptsOff = before != 1; }

static bool works(void)
{
	calls++;
	exposed += !interruptsOff;
	return !dead;
}

void flash_range_erase(uint32_t offset, size_t length)
{
	if (!works() || offset % FLASH_SECTOR_SIZE || length % FLASH_SECTOR_SIZE)
		return;
	memset(fake_flash + offset, 0xFF, length);
	fake_flash[offset + length - 1] &= (uint8_t)~stuckAtZero;
}

void flash_range_program(uint32_t offset, const uint8_t *from, size_t length)
{
	if (!works() || offset % FLASH_PAGE_SIZE || length % FLASH_PAGE_SIZE)
		return;
	for (size_t i = 0; i < length; i++)
		fake_flash[offset + i] &= from[i] | stuckAtOne;
}

static void print_bytes(uint32_t offset)
{
	uint8_t bytes[4];
	flash_read(offset, bytes, sizeof bytes);
	for (size_t i = 0; i < sizeof bytes; i++)
		printf("%02x", bytes[i]);
	printf(" ");
}

static void flash(void)
{
	uint8_t page[FLASH_PAGE_LENGTH + 1];
	uint32_t end = flash_length();
	memset(page, 0x5A, sizeof page);
	memset(fake_flash, 0x11, sizeof fake_flash);
	printf("length %x, erase %d %d, unaligned %d, beyond %d %d\n", end, flash_erase(0), flash_erase(end - FLASH_SECTOR_LENGTH),
	       flash_erase(256), flash_erase(end), flash_erase(0u - FLASH_SECTOR_LENGTH));
	printf("program %d %d %d, across %d %d, beyond %d %d, nothing %d\n", flash_program(4, page, 4), flash_program(512, page, 256),
	       flash_program(end - 1, page, 1), flash_program(1020, page, 5), flash_program(1024, page, 257), flash_program(end, page, 1),
	       flash_program(0u - 256, page, 256), flash_program(end, page, 0));
	print_bytes(0), print_bytes(4), print_bytes(8), print_bytes(end - 4), print_bytes(end - 3), print_bytes(0u - 4);
	printf("below %02x calls %u exposed %u off %d\n", fake_flash[BASE - 1], calls, exposed, interruptsOff);
	printf("over what is programmed %d", flash_program(4, page + 1, 4) && flash_program(5, "\xFF", 1));
	stuckAtZero = stuckAtOne = 0x20;
	printf(", stuck %d %d", flash_erase(0), flash_program(16, "\x00", 1));
	stuckAtZero = stuckAtOne = 0;
	dead = true;
	fake_flash[BASE] = 0;
	printf(", dead %d %d\n", flash_erase(0), flash_program(32, page, 1));
}

/* --- random numbers: good but for so many bits, or looks at the RP2350's generator, of which `ones` in 64 are --- */

static uint64_t now, goodBits, badFor, bits, noise = 2026;
static unsigned ones;
static uint32_t trngFault;
static bool trngSilent;

void busy_wait_us_32(uint32_t us) { now += us; }
absolute_time_t make_timeout_time_us(uint64_t us) { return now + us; }
bool time_reached(absolute_time_t time) { return ++now >= time; }

static uint32_t next_bit(void)
{
	noise ^= noise << 13, noise ^= noise >> 7, noise ^= noise << 17;
	uint64_t draw = noise >> 20;
	bool good = bits < goodBits || bits - goodBits >= badFor;
	bits++;
	return good ? draw & 1 : draw % 64 < ones;
}

struct rosc_registers *fake_rosc(void)
{
	static struct rosc_registers registers;
	registers.randombit = next_bit();
	return &registers;
}

struct trng_registers *fake_trng(void)
{
	static struct trng_registers registers;
	static bool drawn;
	bool bad = bits >= goodBits && (trngFault || trngSilent) && badFor && badFor--;
	registers.rng_isr = bad ? trngFault : 0;
	registers.trng_valid = !bad;
	for (unsigned i = 0; registers.rnd_source_enable && !drawn && i < 6; i++) {
		registers.ehr_data[i] = 0;
		for (unsigned j = 0; j < 32; j++)
			registers.ehr_data[i] |= next_bit() << j;
	}
	drawn = registers.rnd_source_enable;
	return &registers;
}

static void fill(uint64_t good, const char *lasts)
{
	uint8_t out[2000] = { 0xA5 };
	unsigned fills = 0, nonzero = 0;
	goodBits = good;
	badFor = lasts ? strtoull(lasts, NULL, 10) : UINT64_MAX;
	bool early = random_fill(out, 1);
	printf("before start %d %02x, ", early, out[0]);
	printf("start %d, ", random_start());
	memset(out, 0xA5, sizeof out);
	/* Each is two requests, and after 10,000 of them it takes another seed. */
	while (fills < 5200 && random_fill(out, sizeof out))
		fills++;
	for (size_t i = 0; i < sizeof out; i++)
		nonzero += out[i] != 0;
	printf("%s, wiped %d, ", fills == 0 ? "none" : fills == 5200 ? "all" : "some", nonzero == 0);
	if (trngFault || trngSilent)
		printf("%s, ", now < 100000 ? "at once" : "late");
	bool again = random_fill(out, sizeof out);
	printf("again %d %d\n", again, random_start());
}

/* --- one-time memory --- */

uint16_t fake_otp_data[64 * 64];
struct otp_registers fake_otp;
const uint8_t __flash_binary_start[1], __flash_binary_end[1];

void digest(const void *data, size_t length, void *out, size_t digestLength) { (void)data, (void)length, (void)out, (void)digestLength; }

static void key(const char *programmed)
{
	uint8_t out[32] = { 0 };
	for (unsigned i = 0; i < 16; i++)
		fake_otp_data[60 * 64 + i] = (uint16_t)(*programmed ? 0x100 * (2 * i + 1) + 2 * i : 0);
	fake_otp_data[60 * 64 - 1] = fake_otp_data[60 * 64 + 16] = 0xEEEE;
	bool first = flash_key(out);
	memset(fake_otp_data, 0xFF, sizeof fake_otp_data);
	printf("key %d %d lock %x ", first, flash_key(out), fake_otp.sw_lock[60]);
	for (unsigned i = 0; i < sizeof out; i++)
		printf("%02x", out[i]);
	for (uint32_t critical = 0; critical < 8; critical++) {
		fake_otp.critical = critical;
		struct chip_state state = chip_state();
		printf(" %d%d%d", state.told, state.secureBoot, state.debugOpen);
	}
	printf("\n");
}

/* --- a UART --- */

struct uart_inst {
	bool on;
} uarts[2];
uart_inst_t *const uart0 = uarts, *const uart1 = uarts + 1;
static irq_handler_t handler;
static unsigned notified, line, arrived;
stdio_driver_t stdio_usb;

uint uart_init(uart_inst_t *uart, uint baud) { uart->on = true; return baud; }
void uart_deinit(uart_inst_t *uart) { uart->on = false; }
bool uart_is_readable(uart_inst_t *uart) { return uart->on && line < arrived; }
char uart_getc(uart_inst_t *uart) { (void)uart; return (char)line++; }
void uart_set_irqs_enabled(uart_inst_t *uart, bool received, bool sendable) { (void)uart, (void)received, (void)sendable; }
void uart_write_blocking(uart_inst_t *uart, const uint8_t *from, size_t length) { (void)uart, (void)from, (void)length; }
void gpio_set_function(uint pin, enum gpio_function function) { (void)pin, (void)function; }
void irq_set_exclusive_handler(uint interrupt, irq_handler_t is) { (void)interrupt; handler = is; }
void irq_remove_handler(uint interrupt, irq_handler_t was) { (void)interrupt, (void)was; handler = NULL; }
void irq_set_enabled(uint interrupt, bool enabled) { (void)interrupt, (void)enabled; }
void stdio_set_chars_available_callback(void (*available)(void *), void *refcon) { (void)available, (void)refcon; }
uint32_t tud_cdc_available(void) { return 0; }
bool tud_cdc_connected(void) { return false; }
void port_notify(void) { notified++; }
const struct port_driver pico_i2c_driver;

static void receive(unsigned count)
{
	arrived += count;
	handler();
}

static void serial(void)
{
	const struct port_driver *port = port_driver(PORT_SERIAL);
	uint8_t out[600];
	for (uint8_t pin = 0; pin < 32; pin++)
		if (port->open(&(struct port_options){ .data = pin, .clock = (uint8_t)(pin + 1), .rate = 115200 }) && pin) {
			printf("%u:%d ", pin, uart1->on);
			port->close();
		}
	port->open(&(struct port_options){ .data = 0, .clock = 1, .rate = 115200 });
	unsigned taken = 0;
	for (unsigned round = 0; round < 1000; round++) {
		size_t length = 1 + round % 512;
		receive((unsigned)length);
		size_t got = port->read(out, sizeof out);
		for (size_t i = 0; i < got; i++)
			taken += out[i] == (uint8_t)taken;
	}
	printf("whole %d", taken == line);
	receive(600);
	printf(" of 600 %u", port->readable());
	printf(", read %zu", port->read(out, 10));
	printf(" %zu", port->read(out, sizeof out));
	printf(", left %u\n", port->readable());
	port->close();
}

int main(int count, char **arguments)
{
	const char *name = count > 1 ? arguments[1] : "", *more = count > 2 ? arguments[2] : "";
	if (strcmp(name, "flash") == 0)
		flash();
	else if (strcmp(name, "key") == 0)
		key(more);
	else if (strcmp(name, "serial") == 0)
		serial();
	else {
		/* Of good bits; then what is wrong, and perhaps for how long. */
		trngSilent = strcmp(name, "silent") == 0;
		if (sscanf(name, "error%u", &trngFault) == 1 || trngSilent)
			ones = 32;
		else
			ones = (unsigned)atoi(name);
		fill(strtoull(more, NULL, 10), count > 3 ? arguments[3] : NULL);
	}
	return 0;
}
