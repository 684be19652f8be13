#pragma once
#include <stddef.h>
#include <stdint.h>
#include "esp_err.h"
typedef int uart_port_t;
enum { UART_NUM_1 = 1 };
enum { UART_DATA_8_BITS = 3, UART_PARITY_DISABLE = 0, UART_STOP_BITS_1 = 1, UART_HW_FLOWCTRL_DISABLE = 0, UART_SCLK_DEFAULT = 4 };
#define UART_PIN_NO_CHANGE (-1)
typedef struct {
	int baud_rate, data_bits, parity, stop_bits, flow_ctrl, source_clk;
} uart_config_t;
esp_err_t uart_driver_install(uart_port_t port, int receiveLength, int transmitLength, int queueLength, void *queue, int flags);
esp_err_t uart_driver_delete(uart_port_t port);
esp_err_t uart_param_config(uart_port_t port, const uart_config_t *configuration);
esp_err_t uart_set_pin(uart_port_t port, int transmit, int receive, int rts, int cts);
int uart_read_bytes(uart_port_t port, void *into, uint32_t length, uint32_t ticks);
int uart_write_bytes(uart_port_t port, const void *data, size_t length);
