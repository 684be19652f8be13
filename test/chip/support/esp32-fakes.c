/* System, tasks and I2C. */
#include "esp32-fakes.h"
#include <driver/i2c_master.h>
#include <driver/i2c_slave.h>
#include <esp_rom_sys.h>
#include <esp_system.h>
#include <esp_timer.h>
#include <freertos/task.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "chip.h"

struct fakes fakes;

void port_notify(void)
{
	fakes.notified++;
}

/* --- system --- */

int64_t esp_timer_get_time(void)
{
	return fakes.microseconds++;
}

int esp_rom_printf(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int length = vprintf(format, arguments);
	va_end(arguments);
	return length;
}

void esp_restart(void)
{
	longjmp(fakes.restarted, 1);
}

/* Critical sections neither nest nor stay open. */
void fake_lock(portMUX_TYPE *lock)
{
	if ((*lock)++)
		abort();
}

void fake_unlock(portMUX_TYPE *lock)
{
	if (--*lock)
		abort();
}

static void (*task)(void *);

/* While somebody waits the other task runs, to its end: so it only may when it has been told to end. */
void vTaskDelay(TickType_t ticks)
{
	void (*body)(void *) = task;
	fakes.microseconds += ticks * 1000;
	task = NULL;
	if (body)
		body(NULL);
}

void vTaskDelete(TaskHandle_t which)
{
	(void)which;
	fakes.taskRuns = false;
}

BaseType_t xTaskCreate(void (*body)(void *), const char *name, uint32_t stackLength, void *context, UBaseType_t priority, TaskHandle_t *handle)
{
	(void)name, (void)stackLength, (void)context, (void)priority, (void)handle;
	task = body;
	fakes.taskRuns = true;
	return pdPASS;
}

/* --- I2C --- */

static i2c_slave_event_callbacks_t callbacks;
static unsigned devices;
static char handle;

static bool fails(void)
{
	return ++fakes.step == fakes.failingStep;
}

int gpio_get_level(gpio_num_t pin)
{
	(void)pin;
	return fakes.microseconds >= fakes.busyUntil;
}

esp_err_t i2c_new_slave_device(const i2c_slave_config_t *configuration, i2c_slave_dev_handle_t *device)
{
	if (fails() || fakes.targetFails || fakes.owner != NOBODY || configuration->receive_buf_depth < FRAME_LENGTH_MAX)
		return ESP_ERR_INVALID_STATE;
	fakes.owner = TARGET;
	memset(&callbacks, 0, sizeof callbacks);
	*device = (i2c_slave_dev_handle_t)&handle;
	return ESP_OK;
}

esp_err_t i2c_slave_register_event_callbacks(i2c_slave_dev_handle_t device, const i2c_slave_event_callbacks_t *given, void *context)
{
	(void)context;
	if (!device || fails())
		return ESP_FAIL;
	callbacks = *given;
	return ESP_OK;
}

/* When it fails the peripheral is still taken, as in ESP-IDF. */
esp_err_t i2c_del_slave_device(i2c_slave_dev_handle_t device)
{
	if (!device || fakes.owner != TARGET)
		abort();
	if (fails())
		return ESP_FAIL;
	fakes.owner = NOBODY;
	return ESP_OK;
}

void fake_receive(const uint8_t *bytes, size_t length)
{
	/* The driver's buffer, exactly as long, so that the sanitizer sees who reads on. */
	uint8_t *buffer = malloc(length ? length : 1);
	memcpy(buffer, bytes, length);
	i2c_slave_rx_done_event_data_t event = { buffer, (uint32_t)length };
	if (fakes.owner == TARGET && callbacks.on_receive)
		callbacks.on_receive((i2c_slave_dev_handle_t)&handle, &event, NULL);
	free(buffer);
}

esp_err_t i2c_new_master_bus(const i2c_master_bus_config_t *configuration, i2c_master_bus_handle_t *bus)
{
	(void)configuration;
	if (fails() || fakes.owner != NOBODY)
		return ESP_ERR_INVALID_STATE;
	fakes.owner = CONTROLLER;
	devices = 0;
	*bus = (i2c_master_bus_handle_t)&handle;
	return ESP_OK;
}

esp_err_t i2c_master_bus_add_device(i2c_master_bus_handle_t bus, const i2c_device_config_t *configuration, i2c_master_dev_handle_t *device)
{
	if (!bus || fails())
		return ESP_FAIL;
	devices++;
	fakes.sentTo = (uint8_t)configuration->device_address;
	*device = (i2c_master_dev_handle_t)&handle;
	return ESP_OK;
}

esp_err_t i2c_master_transmit(i2c_master_dev_handle_t device, const uint8_t *bytes, size_t length, int timeoutMs)
{
	if (!device || fakes.owner != CONTROLLER || timeoutMs <= 0)
		abort();
	bool failed = fails();
	fakes.microseconds += (int64_t)length * 90;
	if (failed || fakes.refusals) {
		fakes.refusals -= fakes.refusals != 0;
		return ESP_ERR_INVALID_RESPONSE;
	}
	memcpy(fakes.sent, bytes, length);
	fakes.sentLength = length;
	return ESP_OK;
}

esp_err_t i2c_master_bus_rm_device(i2c_master_dev_handle_t device)
{
	if (!device || fails())
		return ESP_ERR_INVALID_STATE;
	devices--;
	return ESP_OK;
}

esp_err_t i2c_del_master_bus(i2c_master_bus_handle_t bus)
{
	if (!bus || fails() || devices)
		return ESP_ERR_INVALID_STATE;
	fakes.owner = NOBODY;
	return ESP_OK;
}
