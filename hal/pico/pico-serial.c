/*
 * A serial line: USB's, if no pins are named, else UART0 or UART1. With xsbug attached (a debug build) USB belongs to it.
 */
#include "pico-hal.h"
#include <hardware/gpio.h>
#include <hardware/irq.h>
#include <hardware/uart.h>
#include <pico/stdio.h>
#include <pico/stdio/driver.h>
#include <pico/stdio_usb.h>
#include <tusb.h>

/* Two baseline packets, all of it escaped, and a power of two. */
#define RING_LENGTH 512u

static uart_inst_t *uart;                       /* NULL: USB */
static uint interrupt;
static volatile uint8_t ring[RING_LENGTH];
static volatile uint32_t received, taken;

static void uart_interrupt(void)
{
	while (uart_is_readable(uart)) {
		uint8_t byte = (uint8_t)uart_getc(uart);
		/* Of what finds no room the frame check sequence tells. */
		if (received - taken < RING_LENGTH)
			ring[received++ % RING_LENGTH] = byte;
	}
	port_notify();
}

static bool open_uart(const struct port_options *options)
{
	/* Transmitters are on pins 0, 4, 8, …, 28, receivers on the next; of each eight the middle two pairs are UART1's. */
	unsigned transmit = options->data, receive = options->clock;
	if (transmit % 4 != 0 || receive != transmit + 1 || receive >= NUM_BANK0_GPIOS)
		return false;
	uart = (transmit + 4) & 8 ? uart1 : uart0;
	interrupt = (transmit + 4) & 8 ? UART1_IRQ : UART0_IRQ;
	received = taken = 0;
	uart_init(uart, options->rate);
	gpio_set_function(transmit, GPIO_FUNC_UART);
	gpio_set_function(receive, GPIO_FUNC_UART);
	irq_set_exclusive_handler(interrupt, uart_interrupt);
	irq_set_enabled(interrupt, true);
	uart_set_irqs_enabled(uart, true, false);
	return true;
}

static void usb_notify(void *unused)
{
	(void)unused;
	port_notify();
}

static bool pico_serial_open(const struct port_options *options)
{
	if (options->data || options->clock)
		return open_uart(options);
#ifdef mxDebug
	return false;
#else
	uart = NULL;
	stdio_set_chars_available_callback(usb_notify, NULL);
	return true;
#endif
}

static void pico_serial_close(void)
{
	if (!uart) {
		stdio_set_chars_available_callback(NULL, NULL);
		return;
	}
	irq_set_enabled(interrupt, false);
	irq_remove_handler(interrupt, uart_interrupt);
	uart_deinit(uart);
}

static uint32_t pico_serial_readable(void)
{
	return uart ? received - taken : tud_cdc_available();
}

static size_t pico_serial_read(void *into, size_t capacity)
{
	uint8_t *out = into;
	size_t length = 0;
	if (!uart) {
		int count = stdio_usb.in_chars(into, (int)capacity);
		return count > 0 ? (size_t)count : 0;
	}
	while (length < capacity && taken != received) {
		out[length++] = ring[taken % RING_LENGTH];
		/* Provisioning brings private keys. */
		ring[taken++ % RING_LENGTH] = 0;
	}
	return length;
}

static bool pico_serial_write(const void *data, size_t length)
{
	if (uart) {
		uart_write_blocking(uart, data, length);
		return true;
	}
	if (!tud_cdc_connected())
		return false;
	stdio_usb.out_chars(data, (int)length);
	return tud_cdc_connected();
}

const struct port_driver pico_serial_driver = {
	pico_serial_open, pico_serial_close, pico_serial_readable, pico_serial_read, pico_serial_write,
};

const struct port_driver *port_driver(enum port_kind kind)
{
	return kind == PORT_I2C ? &pico_i2c_driver : kind == PORT_SERIAL ? &pico_serial_driver : NULL;
}
