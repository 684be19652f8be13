/* Console on UART0's usual pin, GP0 at 115200 baud: USB carries MCTP, or xsbug. And the end of all. */
#include "pico-hal.h"
#include <hardware/gpio.h>
#include <hardware/uart.h>
#include <hardware/watchdog.h>
#include <pico/time.h>

#define CONSOLE_PIN 0u
#define BAUD 115200u

void console_write(const char *text)
{
	/* A UART of the responder's own on these pins has the word. */
	if (!uart_is_enabled(uart0)) {
		uart_init(uart0, BAUD);
		gpio_set_function(CONSOLE_PIN, GPIO_FUNC_UART);
	}
	else if (gpio_get_function(CONSOLE_PIN) != GPIO_FUNC_UART || gpio_get_function(CONSOLE_PIN + 1) == GPIO_FUNC_UART)
		return;
	for (; *text; text++) {
		if (*text == '\n')
			uart_putc_raw(uart0, '\r');
		uart_putc_raw(uart0, *text);
	}
}

void fatal(const char *reason, const char *detail)
{
	console_write("fatal: ");
	console_write(reason);
	if (detail) {
		console_write(": ");
		console_write(detail);
	}
	console_write("\n");
	uart_tx_wait_blocking(uart0);
	watchdog_reboot(0, 0, 10);
	for (;;)
		tight_loop_contents();
}

uint32_t clock_milliseconds(void)
{
	return to_ms_since_boot(get_absolute_time());
}
