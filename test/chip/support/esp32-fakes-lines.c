/* UART, USB Serial/JTAG and FreeRTOS's stream buffers. */
#include "esp32-fakes.h"
#include <driver/uart.h>
#include <driver/usb_serial_jtag.h>
#include <freertos/stream_buffer.h>
#include <stdlib.h>
#include <string.h>

struct stream_buffer {
	size_t length, used;
	uint8_t bytes[];
};

StreamBufferHandle_t xStreamBufferCreate(size_t length, size_t triggerLevel)
{
	(void)triggerLevel;
	StreamBufferHandle_t buffer = calloc(1, sizeof *buffer + length);
	buffer->length = length;
	return buffer;
}

void vStreamBufferDelete(StreamBufferHandle_t buffer)
{
	free(buffer);
}

size_t xStreamBufferSend(StreamBufferHandle_t buffer, const void *data, size_t length, TickType_t ticks)
{
	(void)ticks;
	if (length > buffer->length - buffer->used)
		length = buffer->length - buffer->used;
	memcpy(buffer->bytes + buffer->used, data, length);
	buffer->used += length;
	return length;
}

size_t xStreamBufferReceive(StreamBufferHandle_t buffer, void *into, size_t capacity, TickType_t ticks)
{
	(void)ticks;
	size_t length = capacity < buffer->used ? capacity : buffer->used;
	memcpy(into, buffer->bytes, length);
	buffer->used -= length;
	memmove(buffer->bytes, buffer->bytes + length, buffer->used);
	return length;
}

size_t xStreamBufferBytesAvailable(StreamBufferHandle_t buffer)
{
	return buffer->used;
}

static esp_err_t install(void)
{
	fakes.installed = true;
	return ESP_OK;
}

/* Not under a task that reads. */
static esp_err_t uninstall(void)
{
	if (!fakes.installed || fakes.taskRuns)
		abort();
	fakes.installed = false;
	return ESP_OK;
}

static int receive(void *into, uint32_t length)
{
	size_t count = fakes.line ? strlen(fakes.line) : 0;
	if (count > length)
		count = length;
	if (count) {
		memcpy(into, fakes.line, count);
		fakes.line += count;
	}
	return (int)count;
}

static int send(const void *data, size_t length)
{
	if (fakes.held)
		return 0;
	memcpy(fakes.written + fakes.writtenLength, data, length);
	fakes.writtenLength += length;
	if (length > fakes.sendLargest)
		fakes.sendLargest = length;
	return (int)length;
}

esp_err_t uart_driver_install(uart_port_t port, int receiveLength, int transmitLength, int queueLength, void *queue, int flags)
{
	(void)port, (void)receiveLength, (void)transmitLength, (void)queueLength, (void)queue, (void)flags;
	return install();
}

esp_err_t uart_driver_delete(uart_port_t port)
{
	(void)port;
	return uninstall();
}

esp_err_t uart_param_config(uart_port_t port, const uart_config_t *configuration)
{
	(void)port;
	return configuration->baud_rate <= 5000000 ? ESP_OK : ESP_FAIL;
}

esp_err_t uart_set_pin(uart_port_t port, int transmit, int receivePin, int rts, int cts)
{
	(void)port;
	return transmit < 49 && receivePin < 49 && rts < 0 && cts < 0 ? ESP_OK : ESP_FAIL;
}

/* Waits, that is fails, unless there is all that was asked for; or takes what there is if it may not wait. */
int uart_read_bytes(uart_port_t port, void *into, uint32_t length, uint32_t ticks)
{
	(void)port;
	if (ticks && (fakes.line ? strlen(fakes.line) : 0) < length)
		return 0;
	return receive(into, length);
}

int uart_write_bytes(uart_port_t port, const void *data, size_t length)
{
	(void)port;
	return send(data, length);
}

esp_err_t usb_serial_jtag_driver_install(usb_serial_jtag_driver_config_t *configuration)
{
	return configuration->tx_buffer_size && configuration->rx_buffer_size ? install() : ESP_FAIL;
}

esp_err_t usb_serial_jtag_driver_uninstall(void)
{
	return uninstall();
}

int usb_serial_jtag_read_bytes(void *into, uint32_t length, uint32_t ticks)
{
	(void)ticks;
	return receive(into, length);
}

int usb_serial_jtag_write_bytes(const void *data, size_t length, uint32_t ticks)
{
	(void)ticks;
	return send(data, length);
}
