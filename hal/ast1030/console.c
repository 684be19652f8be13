#include "ast1030.h"

/* UART5, a 16550 with registers four bytes apart; the emulator's first serial line. */
#define UART5 0x7E784000u
#define UART_DATA REGISTER(UART5 + 0x00)
#define UART_LINE_STATUS REGISTER(UART5 + 0x14)
#define TRANSMITTER_READY (1u << 5)

static void write_byte(char byte)
{
	while (!(UART_LINE_STATUS & TRANSMITTER_READY))
		;
	UART_DATA = (uint8_t)byte;
}

void console_write(const char *text)
{
	for (; *text; text++) {
		if (*text == '\n')
			write_byte('\r');
		write_byte(*text);
	}
}

void console_hex(uint32_t value)
{
	for (int shift = 28; shift >= 0; shift -= 4)
		write_byte("0123456789abcdef"[(value >> shift) & 0xF]);
}
