/*
 * A serial line: UART 1 on any two pins, or the USB Serial/JTAG of chips that have one, if no pins are given. Neither
 * driver of ESP-IDF tells the main loop that bytes came, so a task waits for them; what it has received waits in a stream
 * buffer, and once that is full in the driver, which for USB holds the host back.
 */
#include "esp32-hal.h"
#include <driver/uart.h>
#include <freertos/FreeRTOS.h>
#include <freertos/stream_buffer.h>
#include <freertos/task.h>
#include <soc/soc_caps.h>
#if SOC_USB_SERIAL_JTAG_SUPPORTED
#include <driver/usb_serial_jtag.h>
#endif

#define UART UART_NUM_1
/* Larger than the UART's FIFO of 128 bytes, which the driver demands, and room for a 1 KiB message with its framing. */
#define DRIVER_LENGTH 2048
#define BUFFER_LENGTH 4096u
#define PART_LENGTH 64u
#define USB_PART_LENGTH 512u
#define TASK_STACK_LENGTH 3072u
/* Above the task that runs JavaScript, which is at 4: bytes are moved while it computes. */
#define TASK_PRIORITY 5u
/* How soon the task sees that it is to end. */
#define POLL_MS 50u
#define WRITE_TIMEOUT_MS 1000u

/* What a line's driver does; lengths of reads and writes, 0 or less if nothing came or went in `ticks`. */
struct line {
	bool (*install)(const struct port_options *options);
	void (*uninstall)(void);
	int (*receive)(uint8_t *into, uint32_t length, TickType_t ticks);
	int (*send)(const uint8_t *data, size_t length, TickType_t ticks);
};

/* --- UART --- */

static bool uart_install(const struct port_options *options)
{
	const uart_config_t configuration = {
		.baud_rate = (int)options->rate,
		.data_bits = UART_DATA_8_BITS,
		.parity = UART_PARITY_DISABLE,
		.stop_bits = UART_STOP_BITS_1,
		.flow_ctrl = UART_HW_FLOWCTRL_DISABLE,
		.source_clk = UART_SCLK_DEFAULT,
	};
	if (uart_driver_install(UART, DRIVER_LENGTH, 0, 0, NULL, 0) != ESP_OK)
		return false;
	if (uart_param_config(UART, &configuration) == ESP_OK
	    && uart_set_pin(UART, options->data, options->clock, UART_PIN_NO_CHANGE, UART_PIN_NO_CHANGE) == ESP_OK)
		return true;
	uart_driver_delete(UART);
	return false;
}

static void uart_uninstall(void)
{
	uart_driver_delete(UART);
}

/* The driver waits for all it is asked for: so for one byte, and then for what there is. */
static int uart_receive(uint8_t *into, uint32_t length, TickType_t ticks)
{
	int first = uart_read_bytes(UART, into, 1, ticks);
	if (first <= 0)
		return first;
	int rest = uart_read_bytes(UART, into + 1, length - 1, 0);
	return rest > 0 ? 1 + rest : 1;
}

/* Without a ring to send from, the driver returns when the last byte is in the FIFO: nothing can hold a UART back. */
static int uart_send(const uint8_t *data, size_t length, TickType_t ticks)
{
	(void)ticks;
	return uart_write_bytes(UART, data, length);
}

static const struct line uart_line = { uart_install, uart_uninstall, uart_receive, uart_send };

/* --- USB Serial/JTAG --- */

#if SOC_USB_SERIAL_JTAG_SUPPORTED
static bool usb_install(const struct port_options *options)
{
	(void)options;
	usb_serial_jtag_driver_config_t configuration = { .tx_buffer_size = DRIVER_LENGTH, .rx_buffer_size = DRIVER_LENGTH };
	return usb_serial_jtag_driver_install(&configuration) == ESP_OK;
}

static void usb_uninstall(void)
{
	usb_serial_jtag_driver_uninstall();
}

static int usb_receive(uint8_t *into, uint32_t length, TickType_t ticks)
{
	return usb_serial_jtag_read_bytes(into, length, ticks);
}

/* The driver takes all of what it is given or nothing, and nothing that its ring could never hold. */
static int usb_send(const uint8_t *data, size_t length, TickType_t ticks)
{
	return usb_serial_jtag_write_bytes(data, length < USB_PART_LENGTH ? length : USB_PART_LENGTH, ticks);
}

static const struct line usb_line = { usb_install, usb_uninstall, usb_receive, usb_send };
#endif

/* NULL for pins that no line can have. */
static const struct line *choose_line(const struct port_options *options)
{
	if (options->data != options->clock)
		return options->rate != 0 ? &uart_line : NULL;
#if SOC_USB_SERIAL_JTAG_SUPPORTED
	if (options->data == 0)
		return &usb_line;
#endif
	return NULL;
}

/* --- the port --- */

static const struct line *line;         /* NULL unless open */
static StreamBufferHandle_t received;
static volatile bool ending, ended;

/* One part of the task's work: true if something came. */
static bool move(void)
{
	uint8_t part[PART_LENGTH];
	int length = line->receive(part, sizeof part, pdMS_TO_TICKS(POLL_MS));
	if (length <= 0)
		return false;
	for (size_t done = 0; done < (size_t)length && !ending;) {
		done += xStreamBufferSend(received, part + done, (size_t)length - done, pdMS_TO_TICKS(POLL_MS));
		port_notify();
	}
	return true;
}

static void receive_task(void *context)
{
	(void)context;
	while (!ending)
		move();
	ended = true;
	vTaskDelete(NULL);
}

static bool serial_open(const struct port_options *options)
{
	const struct line *chosen = choose_line(options);
	if (line || !chosen)
		return false;
	received = xStreamBufferCreate(BUFFER_LENGTH, 1);
	if (!received)
		return false;
	if (chosen->install(options)) {
		line = chosen;
		ending = ended = false;
		if (xTaskCreate(receive_task, "spdm serial", TASK_STACK_LENGTH, NULL, TASK_PRIORITY, NULL) == pdPASS)
			return true;
		line = NULL;
		chosen->uninstall();
	}
	vStreamBufferDelete(received);
	return false;
}

/* The task ends itself, never in the middle of a driver's call. */
static void serial_close(void)
{
	if (!line)
		return;
	ending = true;
	while (!ended)
		vTaskDelay(1);
	line->uninstall();
	line = NULL;
	vStreamBufferDelete(received);
}

static uint32_t serial_readable(void)
{
	return line ? (uint32_t)xStreamBufferBytesAvailable(received) : 0;
}

static size_t serial_read(void *into, size_t capacity)
{
	return line ? xStreamBufferReceive(received, into, capacity, 0) : 0;
}

/* Nobody at the other end of USB: the driver's ring stays full, and the bytes that are left are given up. */
static bool serial_write(const void *data, size_t length)
{
	const uint8_t *byte = data;
	for (size_t done = 0; line && done < length;) {
		int sent = line->send(byte + done, length - done, pdMS_TO_TICKS(WRITE_TIMEOUT_MS));
		if (sent <= 0)
			return false;
		done += (size_t)sent;
	}
	return line != NULL;
}

const struct port_driver esp32_serial_driver = { serial_open, serial_close, serial_readable, serial_read, serial_write };
