#pragma once
#include <pico/types.h>
typedef struct uart_inst uart_inst_t;
extern uart_inst_t *const uart0, *const uart1;
uint uart_init(uart_inst_t *uart, uint baud);
void uart_deinit(uart_inst_t *uart);
bool uart_is_enabled(uart_inst_t *uart);
bool uart_is_readable(uart_inst_t *uart);
char uart_getc(uart_inst_t *uart);
void uart_putc_raw(uart_inst_t *uart, char c);
void uart_set_irqs_enabled(uart_inst_t *uart, bool received, bool sendable);
void uart_tx_wait_blocking(uart_inst_t *uart);
void uart_write_blocking(uart_inst_t *uart, const uint8_t *from, size_t length);
